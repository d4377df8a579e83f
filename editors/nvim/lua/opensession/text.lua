--- Every word that is shown, in one place.
local M = {}

M.subcommands = { "search", "handoff", "browse", "resume", "export", "diff", "who", "status", "log" }
M.summaries = {
  search = "Search sessions as you type",
  handoff = "A summary for the next agent, of the last session here",
  browse = "Sessions, newest first",
  resume = "Continue a session in its agent",
  export = "A session as a file, or as Markdown in a buffer",
  diff = "Two sessions compared",
  who = "Sessions that changed this file",
  status = "How the daemon is",
  log = "The daemon's log",
}
M.choose_command = "OpenSession"
M.search_prompt = "Search sessions: "
M.search_title = "Search Sessions"
M.browse_title = "Sessions"
M.resume_title = "Resume"
M.who_title = "Sessions that changed %s"
M.diff_first = "Diff: the first session"
M.diff_second = "Diff: compared with %s"
M.export_title = "Export"
M.export_format = "%s: the name ends in .md, .html, .json or .hail.jsonl"
M.export_over = "%s is there: write over it?"
M.exported = "Exported %d events to %s; secrets taken out: %d"
M.export_too_long = "The session is too long for a buffer: name a file"
M.follows = "Follows the session; R again: no more"
M.follows_no_more = "Does not follow any more"
M.no_hit = "No session matches %s"
M.no_hit_searched = "searched %d sessions"
M.no_hit_without = "without %s: %d"
M.no_hit_near = "did you mean %s?"
M.no_hit_elsewhere = "in all repositories, with `!`: %d"
M.no_hit_reading = "still reading"
M.no_session = "No session here; :OpenSession! browse lists those of all repositories"
M.nobody = "No session changed %s"
M.no_file = "This buffer is no file"
M.no_binary = "%s was not found; install it, or set the option path"
M.no_answer = "The daemon did not answer"
M.closed = "The daemon closed the connection"
M.did_not_start = "The daemon did not start: %s"
M.other_protocol = "Daemon %s speaks protocol %d, this plugin %d"
M.cannot_resume = "%s cannot resume this session"
M.copied = "Copied %s"
M.nothing_here = "Nothing further"
M.loading = "Reading…"
M.bad_address = "%s is no address of a session"
M.options_no_table = "options are a table"
M.unknown_command = "There is no %s; there are %s"
M.states = { live = "live", waiting = "waiting", interrupted = "interrupted" }
M.icons = { live = "◉", waiting = "◌" }
M.now = "now"

function M.unknown_option(name)
  return ("there is no option %s"):format(name)
end

function M.wrong_type(name, wanted)
  return ("option %s is a %s"):format(name, wanted)
end

function M.wrong_value(name, wanted)
  return ("option %s is one of %s"):format(name, wanted)
end

M.health = {
  neovim_ok = "Neovim %s",
  neovim_old = "Neovim is older than 0.10",
  neovim_advice = "Install Neovim 0.10 or newer",
  options_ok = "options are valid",
  options_advice = "See :help opensession-options",
  binary_ok = "binary %s",
  binary_missing = "%s was not found",
  binary_advice = { "cargo install --locked --path cli", "or set the option `path`; see :help opensession-install" },
  version_ok = "%s",
  version_bad = "the binary does not tell its version",
  daemon_ok = "daemon %s, %d sessions of %d agents, index %s",
  daemon_bad = "the daemon does not answer: %s",
  daemon_advice = { "opensession daemon start", "opensession doctor" },
  warning = "%s: %s",
  problems = "%d lines or files of sessions cannot be read",
  problems_advice = "opensession doctor --problems",
  no_problems = "every session found is readable",
  picker_ok = "picker: %s",
  picker_none = "no picker plugin: vim.ui.select is used, without live search",
  picker_advice = "Install snacks.nvim, fzf-lua or telescope.nvim",
  lsp_on = "language server attached to %d buffers",
  lsp_off = "language server not in use: see :help opensession-lsp",
}

--- `4m`, `2h`, `3d`; after a week `Oct 14`, in other years `2025-10-14`.
function M.age(time, now)
  local year, month, day, hour, minute, second = (time or ""):match("^(%d+)-(%d+)-(%d+)T(%d+):(%d+):(%d+)")
  if not year then
    return "-"
  end
  local utc = os.time({ year = year, month = month, day = day, hour = hour, min = minute, sec = second, isdst = false })
  local here = os.time(os.date("!*t", now)) -- the same clock, read as local time
  local seconds = math.max(0, here - utc)
  if seconds < 60 then
    return M.now
  elseif seconds < 3600 then
    return ("%dm"):format(math.floor(seconds / 60))
  elseif seconds < 86400 then
    return ("%dh"):format(math.floor(seconds / 3600))
  elseif seconds < 604800 then
    return ("%dd"):format(math.floor(seconds / 86400))
  end
  local then_ = os.date("*t", now - seconds)
  if then_.year == os.date("*t", now).year then
    return tostring(os.date("%b ", now - seconds)) .. then_.day
  end
  return ("%04d-%02d-%02d"):format(then_.year, then_.month, then_.day)
end

--- Why nothing was found: what was searched, which part to leave out.
function M.why_empty(query, answer)
  if query == "" then
    return M.no_session
  end
  local empty = type(answer.empty) == "table" and answer.empty or {}
  local parts = { M.no_hit:format(query) }
  if (empty.elsewhere or 0) > 0 then
    parts[#parts + 1] = M.no_hit_elsewhere:format(empty.elsewhere)
  end
  parts[#parts + 1] = M.no_hit_searched:format(answer.searched or 0)
  for _, without in ipairs(vim.list_slice(empty.without or {}, 1, 3)) do
    if without.sessions > 0 then
      parts[#parts + 1] = M.no_hit_without:format(without.part, without.sessions)
    end
    if (without.near or {})[1] then
      parts[#parts + 1] = M.no_hit_near:format(without.near[1].value)
    end
  end
  if answer.reading then
    parts[#parts + 1] = M.no_hit_reading
  end
  return table.concat(parts, "; ")
end

--- Text cut to so many cells of the screen.
function M.cut(words, cells)
  if vim.fn.strdisplaywidth(words) <= cells then
    return words
  end
  local count = vim.fn.strchars(words)
  while count > 0 and vim.fn.strdisplaywidth(vim.fn.strcharpart(words, 0, count)) >= cells do
    count = count - 1
  end
  return vim.fn.strcharpart(words, 0, count) .. "…"
end

--- What stands beside a session: `claude-code  app@main  2h live`.
function M.session_note(session, now)
  local place = session.repository
  if session.branch then
    place = ("%s@%s"):format(place or "", session.branch)
  end
  return table.concat({ session.agent, place or "-", M.age(session.updated, now) }, "  ")
end

return M
