--- `:OpenSession` and its subcommands.
local config = require("opensession.config")
local daemon = require("opensession.daemon")
local text = require("opensession.text")

local M = {}
local BUDGETS = { "brief", "standard", "full" }
local COMPLETION_MS = 500
--- Ids offered at most.
local IDS = 20
--- The title before a hit has so many cells at most, that of a session in a list so many.
local TITLE_CELLS = 20
local LISTED_TITLE_CELLS = 48

--- Runs a command line.
function M.run(arguments)
  local words = vim.deepcopy(arguments.fargs)
  local name = table.remove(words, 1)
  if not name then
    return M.choose(arguments.bang)
  end
  local options = { all = arguments.bang }
  if name == "search" then
    options.query = table.concat(words, " ")
    M.search(options)
  elseif name == "handoff" then
    if vim.tbl_contains(BUDGETS, words[#words]) then
      options.budget = table.remove(words)
    end
    M.handoff(words[1], options)
  elseif name == "browse" then
    M.browse(options)
  elseif name == "resume" then
    M.resume(words[1], options)
  elseif name == "export" then
    M.export(words[1], words[2], options)
  elseif name == "diff" then
    M.diff(words[1], words[2], options)
  elseif name == "who" then
    M.who(words[1], options)
  elseif name == "status" then
    M.status()
  elseif name == "log" then
    M.log()
  else
    vim.notify(text.unknown_command:format(name, table.concat(text.subcommands, ", ")), vim.log.levels.ERROR)
  end
end

--- What can stand at the end of a query whose last word is `lead`: fields, their values, words of sessions.
local function complete_query(query, lead)
  local _, completions = daemon.ask("search/complete", { query = query, scope = daemon.scope() }, COMPLETION_MS)
  if not completions then
    return {}
  end
  -- The editor puts a candidate in the place of `lead`, the daemon's begins at `start`.
  local kept = completions.start - (vim.fn.strchars(query) - vim.fn.strchars(lead))
  if kept < 0 then
    return {}
  end
  local before = vim.fn.strcharpart(lead, 0, kept)
  return vim.tbl_map(function(item)
    return before .. item.text
  end, completions.items)
end

--- Ids that begin with `lead`; where there are none, those of sessions with it in their titles.
local function complete_session(lead)
  local _, page = daemon.ask("session/list", { filter = { scope = daemon.scope() }, limit = 200 }, COMPLETION_MS)
  local by_id, by_title = {}, {}
  for _, session in ipairs((page or {}).sessions or {}) do
    if vim.startswith(session.short_id, lead) then
      by_id[#by_id + 1] = session.short_id
    elseif vim.fn.tolower(session.title):find(vim.fn.tolower(lead), 1, true) then
      by_title[#by_title + 1] = session.short_id
    end
  end
  return vim.list_slice(#by_id > 0 and by_id or by_title, 1, IDS)
end

--- Completes subcommands, fields of queries and their values, ids, budgets and files.
function M.complete(lead, line, position)
  line = position and line:sub(1, position) or line
  local words = vim.split(vim.trim(line), "%s+")
  local name = words[2]
  local candidates
  if not name or (#words == 2 and lead ~= "") then
    candidates = text.subcommands
  elseif name == "search" then
    return complete_query(line:match("search%s+(.*)$") or "", lead)
  elseif name == "who" or (name == "export" and (#words > 3 or (#words == 3 and lead == ""))) then
    return vim.fn.getcompletion(lead, "file")
  elseif name == "handoff" then
    candidates = BUDGETS
  elseif vim.tbl_contains({ "resume", "export", "diff" }, name) then
    candidates = {}
  end
  local begun = vim.tbl_filter(function(candidate)
    return vim.startswith(candidate, lead)
  end, candidates or {})
  if candidates and candidates ~= text.subcommands and (#begun == 0 or lead == "") then
    vim.list_extend(begun, complete_session(lead))
  end
  return begun
end

function M.choose(all)
  vim.ui.select(text.subcommands, {
    prompt = text.choose_command,
    format_item = function(name)
      return ("%-8s %s"):format(name, text.summaries[name])
    end,
  }, function(name)
    if name then
      M.run({ fargs = { name }, bang = all })
    end
  end)
end

--- An entry of a list for a session.
local function session_entry(session)
  local icon = text.icons[session.state]
  return {
    label = (icon and icon .. " " or "") .. text.cut(session.title, LISTED_TITLE_CELLS),
    note = text.session_note(session, os.time()),
    session = session.id,
    title = session.title,
    uri = ("opensession://session/%s"):format(session.id),
  }
end

--- What stands before a hit: `◉ Fix the flaky lock test  claude-code  2h  #131`.
local function hit_head(session, hit)
  local title = text.cut(session.title, TITLE_CELLS)
  local icon = text.icons[session.state]
  local parts = { (icon and icon .. " " or "") .. title, session.agent, text.age(session.updated, os.time()) }
  parts[#parts + 1] = ("#%d"):format(hit.event)
  return table.concat(parts, "  ")
end

--- Entries of a list for the hits of an answer.
local function hit_entries(answer)
  local entries = {}
  for _, found in ipairs(answer.sessions) do
    for _, hit in ipairs(found.hits) do
      local holder = hit.session or found.session.id
      entries[#entries + 1] = {
        label = hit.text,
        ranges = hit.ranges,
        head = hit_head(found.session, hit),
        session = holder,
        event = hit.event,
        title = found.session.title,
        uri = ("opensession://session/%s#%d"):format(holder, hit.event),
      }
    end
  end
  return entries
end

--- Asks for what fits `query`: `callback(error, entries, answer)`. Without words: the newest sessions.
function M.find(query, options, callback)
  local scope, limit = daemon.scope(options.all), config.get().limit
  if vim.trim(query) == "" then
    return daemon.request("session/list", { filter = { scope = scope }, limit = limit }, function(error, page)
      callback(error, not error and vim.tbl_map(session_entry, page.sessions) or nil, page)
    end)
  end
  local params = { query = query, options = { scope = scope, limit = limit, hits_per_session = 3, typing = true } }
  return daemon.request("search/query", params, function(error, answer)
    callback(error, not error and hit_entries(answer) or nil, answer)
  end)
end

function M.search(options)
  require("opensession.picker").live({
    title = text.search_title,
    query = options.query or "",
    find = function(query, callback)
      return M.find(query, options, callback)
    end,
  })
end

function M.browse(options)
  daemon.request("session/list", { filter = { scope = daemon.scope(options.all) }, limit = 200 }, function(error, page)
    if error then
      return daemon.say(error)
    elseif #page.sessions == 0 then
      return vim.notify(text.no_session)
    end
    require("opensession.picker").list({ title = text.browse_title, entries = vim.tbl_map(session_entry, page.sessions) })
  end)
end

function M.handoff(session, options)
  local params = { budget = options.budget or config.get().budget, scope = daemon.scope(options.all) }
  local here = vim.b.opensession
  session = session or (here and here.session)
  if session then
    params.sessions = { session }
  end
  daemon.request("handoff/create", params, function(error, answer)
    if error then
      return daemon.say(error)
    end
    require("opensession.buffer").markdown(answer.text, { (answer.sessions[1] or {}).id })
  end)
end

--- A session to choose, but for `except`: `accept(entry)`.
function M.pick(title, options, except, accept)
  daemon.request("session/list", { filter = { scope = daemon.scope(options.all) }, limit = 200 }, function(error, page)
    if error then
      return daemon.say(error)
    end
    local entries = vim.tbl_filter(function(entry)
      return entry.session ~= except
    end, vim.tbl_map(session_entry, page.sessions))
    if #entries == 0 then
      return vim.notify(text.no_session)
    end
    require("opensession.picker").list({ title = title, entries = entries, accept = accept })
  end)
end

--- Writes a session to a file, whose name says how; without a file, as Markdown into a buffer.
function M.export(session, file, options)
  session = session or (vim.b.opensession or {}).session
  if not session then
    return M.pick(text.export_title, options, nil, function(entry)
      M.export(entry.session, file, options)
    end)
  end
  local format = "markdown"
  if file then
    file = vim.fn.fnamemodify(file, ":p")
    local formats = { md = "markdown", markdown = "markdown", html = "html", json = "json", jsonl = "hail", hail = "hail" }
    format = formats[vim.fn.fnamemodify(file, ":e")]
    if not format then
      return vim.notify(text.export_format:format(file), vim.log.levels.ERROR)
    elseif vim.uv.fs_stat(file) and vim.fn.confirm(text.export_over:format(file), "&Yes\n&No", 2) ~= 1 then
      return
    end
  end
  local params = { session = session, format = format, to = file, force = file ~= nil, scope = daemon.scope(options.all) }
  daemon.request("session/export", params, function(error, answer)
    if error then
      return daemon.say(error)
    elseif answer.text then
      return require("opensession.buffer").markdown(answer.text, { answer.session.id })
    elseif not answer.path then
      return vim.notify(text.export_too_long)
    end
    local redacted = 0
    for _, count in pairs(answer.redactions or {}) do
      redacted = redacted + count
    end
    vim.api.nvim_echo({ { text.exported:format(answer.events, answer.path, redacted) } }, false, {})
  end)
end

--- Compares two sessions; those that are not named are chosen.
function M.diff(a, b, options)
  if not a then
    return M.pick(text.diff_first, options, nil, function(entry)
      M.diff(entry.session, nil, options)
    end)
  elseif not b then
    return M.pick(text.diff_second:format(a:sub(1, 8)), options, a, function(entry)
      M.diff(a, entry.session, options)
    end)
  end
  local params = { a = a, b = b, markdown = true, scope = daemon.scope(options.all) }
  daemon.request("session/diff", params, function(error, answer)
    if error then
      return daemon.say(error)
    end
    local comparison = answer.comparison
    require("opensession.buffer").markdown(answer.markdown, { comparison.a.id, comparison.b.id })
  end)
end

--- Continues a session in a terminal: `opensession resume` knows the command and its directory.
function M.resume(session, options)
  options = options or {}
  if not session then
    return M.pick(text.resume_title, options, nil, function(entry)
      M.resume(entry.session, options)
    end)
  end
  daemon.request("session/get", { session = session, scope = daemon.scope(options.all) }, function(error, detail)
    if error then
      return daemon.say(error)
    elseif not detail.resume then
      return vim.notify(text.cannot_resume:format(detail.session.agent))
    end
    vim.cmd.new()
    local command = { daemon.binary() or config.get().path, "resume", detail.session.id }
    if vim.fn.has("nvim-0.11") == 1 then
      vim.fn.jobstart(command, { term = true })
    else
      vim.fn.termopen(command)
    end
    vim.cmd.startinsert()
  end)
end

function M.who(path, options)
  path = path and vim.fn.fnamemodify(path, ":p") or vim.api.nvim_buf_get_name(0)
  if path == "" or path:match("^%w+://") then
    return vim.notify(text.no_file)
  end
  daemon.request("file/sessions", { path = path, limit = 50, scope = daemon.scope(options.all) }, function(error, answer)
    if error then
      return daemon.say(error)
    elseif #answer.sessions == 0 then
      return vim.notify(text.nobody:format(vim.fn.fnamemodify(path, ":t")))
    end
    local entries = vim.tbl_map(function(touched)
      local entry = session_entry(touched.session)
      entry.session = touched.holder or touched.session.id
      entry.event = touched.event
      entry.uri = ("opensession://session/%s#%d"):format(entry.session, touched.event)
      entry.note = ("%s  %s  +%d -%d"):format(touched.session.agent, text.age(touched.ts, os.time()), touched.added, touched.removed)
      return entry
    end, answer.sessions)
    require("opensession.picker").list({ title = text.who_title:format(vim.fn.fnamemodify(path, ":t")), entries = entries })
  end)
end

function M.status()
  daemon.run({ "--color", "never", "daemon", "status" }, function(error, output)
    -- Piped, a name and its value have a tab between them.
    local words = vim.trim(error or output):gsub("([^\n\t]+)\t", function(name)
      return ("%-10s"):format(name)
    end)
    vim.notify(words, error and vim.log.levels.WARN or vim.log.levels.INFO)
  end)
end

function M.log()
  daemon.request("daemon/status", {}, function(error, status)
    if error then
      return daemon.say(error)
    end
    vim.cmd({ cmd = "split", args = { vim.fn.fnameescape(status.log) } })
    vim.bo.readonly = true
    vim.cmd("normal! G")
  end)
end

return M
