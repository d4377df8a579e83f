--- nvim --headless -l tests/run.lua
--- With OPENSESSION_BIN the real daemon is asked too.
local root = vim.fs.dirname(vim.fs.dirname(vim.fs.normalize(debug.getinfo(1, "S").source:sub(2))))
if root == "" or root == "." then
  root = vim.fn.getcwd()
end
vim.opt.runtimepath:prepend(root)
package.path = root .. "/tests/?.lua;" .. package.path
vim.cmd("filetype plugin on | syntax on")
vim.cmd.source(root .. "/plugin/opensession.lua")

local failures, count = 0, 0
local function test(name, run)
  count = count + 1
  local ok, message = xpcall(run, debug.traceback)
  print(("%s %d - %s"):format(ok and "ok" or "not ok", count, name))
  if not ok then
    failures = failures + 1
    print("  " .. message:gsub("\n", "\n  "))
  end
end
local function same(actual, expected)
  assert(vim.deep_equal(actual, expected), ("got %s\nexpected %s"):format(vim.inspect(actual), vim.inspect(expected)))
end
local function eventually(condition, what)
  assert(vim.wait(5000, condition, 5), "never: " .. what)
end

local outline = require("opensession.outline")
local text = require("opensession.text")
local daemon = require("opensession.daemon")
local picker = require("opensession.picker")

local DOCUMENT = [[
session 4f2a91c7  Fix the flaky lock test
  Claude Code, opus-4, app@main, 2026-11-22 14:05 +09:00

#1 you 14:05  The lock test fails one time in ten.
  #7 Bash  cargo test lock
  #8 output  failed, exit 101, 4.1s
    #2 looks like an event
    at src/lock.rs:88:5

#9 you 14:31  Run it a hundred times
  #12 edit  src/lock.rs +2 -1
    @@ -88 +88 @@
    + b]]
local OUTLINE = {
  { event = 1, line = 3, last = 3, kind = "prompt" },
  { event = 7, line = 4, last = 4, kind = "command" },
  { event = 8, line = 5, last = 7, kind = "output", failed = true },
  { event = 9, line = 9, last = 9, kind = "prompt" },
  { event = 12, line = 10, last = 12, kind = "edit", path = "src/lock.rs" },
}
local EVENTS = outline.events(OUTLINE)
local SESSION = {
  id = "4f2a91c7aa", short_id = "4f2a91c7", agent = "claude-code", title = "Fix the flaky lock test", state = "live",
  repository = "app", branch = "main", updated = "2026-11-22T12:00:00Z",
}
local handlers = {
  ["daemon/hello"] = function()
    return { version = "0.1.0", protocol = 1 }
  end,
  ["session/list"] = function()
    return { sessions = { SESSION }, total = 1 }
  end,
  ["search/query"] = function(params)
    if params.query == "slow" then
      return "never"
    elseif params.query == "none" then
      return { sessions = {}, searched = 308 }
    end
    local hit = { event = 8, kind = "output", text = "🔒 잠금 실패", ranges = { { 2, 4 } } }
    return { sessions = { { session = SESSION, hits = { hit } } }, searched = 1 }
  end,
  ["search/complete"] = function(params)
    local is_quoted = vim.startswith(params.query, "'")
    return { start = is_quoted and 0 or 6, ["end"] = 6, items = { { text = is_quoted and "'a b'" or "error", kind = "value" } } }
  end,
  ["session/document"] = function(params)
    if params.session == "missing" then
      return nil, { code = 1, message = "no session missing", data = { hint = "opensession log lists them" } }
    end
    return { session = "4f2a91c7aa", title = SESSION.title, text = DOCUMENT, outline = OUTLINE }
  end,
  ["handoff/create"] = function(params)
    local body = "# Handoff\n\n- failed [#8], budget " .. params.budget
    return { sessions = { SESSION }, text = body, redactions = vim.empty_dict() }
  end,
  ["session/export"] = function(params)
    if params.to then
      return { session = SESSION, path = params.to, events = 12, redactions = { jwt = 2 }, format = params.format }
    end
    return { session = SESSION, text = "# Export\n", events = 12 }
  end,
  ["session/diff"] = function(params)
    local sides = { a = { id = params.a }, b = { id = params.b } }
    return { comparison = sides, markdown = "# A: x, B: y\n\nB, first prompt [#8]:" }
  end,
  ["session/subscribe"] = function()
    return 5
  end,
  ["session/unsubscribe"] = function()
    return true
  end,
  ["file/sessions"] = function()
    local touched = { session = SESSION, event = 12, edits = 1, added = 2, removed = 1, ts = "2026-11-22T12:00:00Z" }
    return { path = "src/lock.rs", sessions = { touched }, total = 1 }
  end,
}
local fake = require("fake_daemon").start(handlers)
vim.env.OPENSESSION_SOCKET = fake.path

test("events are found where the daemon says", function()
  same(outline.row(EVENTS, 10), 10)
  same(outline.row(EVENTS, 0), nil)
  same(outline.at(EVENTS, 8).event, 8)
  same(outline.neighbour(EVENTS, 4, 1, "is_prompt"), 10)
  same(outline.neighbour(EVENTS, 11, -1, "failed"), 6)
end)

test("turns fold at level 1, bodies at level 2", function()
  local levels = outline.levels(13, EVENTS)
  same(table.concat(levels, " "), "0 0 0 >1 >2 >2 2 2 2 >1 >2 2 2")
end)

test("addresses and files are read", function()
  same({ outline.address("opensession://session/4f2a#131") }, { "4f2a", 131 })
  same({ outline.address("opensession://session/4f2a/Fix it.session#e7") }, { "4f2a", 7 })
  same(outline.address("file:///x"), nil)
  same({ outline.file_at("    at src/lock.rs:88:5", 10) }, { "src/lock.rs", 88 })
  same(outline.file_at("nothing", 40), nil)
end)

test("citations belong to the side that they stand under", function()
  local lines = { "A, first prompt [#1]:", "- `go B: x`: A 2 runs [#8]; B 1 run [#11]", "Only B, 1:", "- `ls`: ok [#4]" }
  local function cited(row, column)
    local session, event, first = outline.citation_at(lines[row], column)
    return { session, event, outline.side(lines, row, first) }
  end
  same(cited(1, 18), { "", 1, "A" })
  same(cited(2, 1), { "", 8, "A" })
  same(cited(2, 38), { "", 11, "B" })
  same(cited(4, 1), { "", 4, "B" })
  same({ outline.citation_at("[4f2a91c7#7]", 5) }, { "4f2a91c7", 7, 2 })
  same({ outline.citation_at("failed [#8]: `make`", 16) }, { "", 8, 9 })
  same({ outline.citation_at("no citation", 3) }, {})
end)

test("ages are short", function()
  local now = 1795348800 -- 2026-11-22T12:00:00Z
  same(text.age("2026-11-22T11:59:30Z", now), "now")
  same(text.age("2026-11-22T11:56:00.120Z", now), "4m")
  same(text.age("2026-11-20T11:00:00Z", now), "2d")
  same(text.age("2026-10-14T12:00:00Z", now), "Oct 14")
  same(text.age("2025-10-14T12:00:00Z", now), "2025-10-14")
  same(text.age(nil, now), "-")
end)

test("options are validated", function()
  local config = require("opensession.config")
  assert(not pcall(config.set, { picker = "none" }))
  assert(not pcall(config.set, { unknown = 1 }))
  config.set({ picker = "select", scope = "all" })
  same(config.get().budget, "standard")
end)

test("matches are highlighted by byte, whatever the script", function()
  local entry = { head = "잠금 순서", label = "🔒 잠금 실패", ranges = { { 2, 4 } }, note = "note" }
  local line, highlights = picker.line(entry)
  local parts = vim.tbl_map(function(highlight)
    return line:sub(highlight[1][1] + 1, highlight[1][2])
  end, highlights)
  same(parts, { "잠금 순서", "잠금", "note" })
  same(text.cut("잠금 순서 바꾸기", 10), "잠금 순서…")
  same(text.cut("short", 10), "short")
end)

test("the daemon is asked over one connection, and its errors have hints", function()
  local error = daemon.ask("session/document", { session = "missing" })
  same({ error.code, error.data.hint }, { 1, "opensession log lists them" })
  local _, document = daemon.ask("session/document", { session = "4f2a" })
  same(document.title, SESSION.title)
  same(#fake.clients, 1)
end)

test("a request that is taken back is told so, and answers nothing", function()
  local answered = false
  local cancel = require("opensession").request("search/query", { query = "slow" }, function()
    answered = true
  end)
  cancel()
  eventually(function()
    return vim.iter(fake.asked):any(function(message)
      return message.method == "$/cancelRequest"
    end)
  end, "cancel arrives")
  assert(not answered)
end)

test("a search without a picker opens at the event", function()
  local choices
  vim.ui.select = function(items, options, choose)
    choices = vim.tbl_map(options.format_item, items)
    choose(items[1])
  end
  vim.cmd("OpenSession search lock is:error")
  eventually(function()
    return vim.bo.filetype == "opensession"
  end, "the session opens")
  assert(choices[1]:match("잠금") and choices[1]:match("#8  "), choices[1])
  eventually(function()
    return vim.api.nvim_win_get_cursor(0)[1] == 6
  end, "the cursor is at the event")
  same(vim.bo.modifiable, false)
  same(vim.api.nvim_buf_get_name(0), "opensession://session/4f2a91c7aa#8")
end)

test("a session's buffer folds and moves, by local maps only", function()
  same({ vim.fn.foldlevel(4), vim.fn.foldlevel(7) }, { 1, 2 })
  local marks = vim.api.nvim_buf_get_extmarks(0, vim.api.nvim_get_namespaces().opensession, 0, -1, { details = true })
  same({ #marks, marks[1][2], marks[1][4].hl_group }, { 1, 12, "OpenSessionAdded" })
  vim.api.nvim_win_set_cursor(0, { 4, 0 })
  vim.cmd("normal ]]")
  same(vim.api.nvim_win_get_cursor(0)[1], 10)
  vim.cmd("normal [e")
  same(vim.api.nvim_win_get_cursor(0)[1], 6)
  vim.cmd("normal ]c")
  same(vim.api.nvim_win_get_cursor(0)[1], 11)
  same(require("opensession.buffer").address(), "opensession://session/4f2a91c7aa#12")
  for _, map in ipairs(vim.api.nvim_get_keymap("n")) do
    assert(not (map.desc or ""):match("OpenSession"), "global mapping " .. map.lhs)
  end
end)

test("a handoff opens as Markdown that can be changed", function()
  vim.cmd("OpenSession handoff 4f2a91c7 brief")
  eventually(function()
    return vim.bo.filetype == "markdown"
  end, "the handoff opens")
  same(vim.api.nvim_buf_get_lines(0, 2, 3, false), { "- failed [#8], budget brief" })
  same({ vim.bo.modifiable, vim.bo.buftype }, { true, "nofile" })
  vim.api.nvim_win_set_cursor(0, { 3, 11 })
  vim.cmd("normal gd")
  eventually(function()
    return vim.bo.filetype == "opensession"
  end, "the citation opens")
end)

test("a session is exported into a buffer, and to a file as its name says", function()
  vim.cmd("OpenSession export 4f2a91c7")
  eventually(function()
    return vim.api.nvim_buf_get_lines(0, 0, 1, false)[1] == "# Export"
  end, "the export opens")
  vim.cmd("OpenSession export 4f2a91c7 /tmp/x.hail.jsonl")
  eventually(function()
    return fake.asked[#fake.asked].params.to ~= nil
  end, "the export is asked for")
  same(fake.asked[#fake.asked].params.format, "hail")
end)

test("two sessions are compared, and citations lead to their side", function()
  vim.cmd("OpenSession diff aaaa bbbb")
  eventually(function()
    return vim.api.nvim_buf_get_lines(0, 0, 1, false)[1] == "# A: x, B: y"
  end, "the comparison opens")
  vim.api.nvim_win_set_cursor(0, { 3, 0 })
  vim.cmd("normal gd")
  eventually(function()
    return vim.api.nvim_buf_get_name(0) == "opensession://session/bbbb#8"
  end, "the other side's event opens")
end)

test("a session that is followed is read anew when it changes", function()
  local buffer = vim.api.nvim_get_current_buf()
  eventually(function()
    return vim.bo.filetype == "opensession"
  end, "the session is there")
  vim.cmd("normal R")
  eventually(function()
    return fake.asked[#fake.asked].method == "session/subscribe"
  end, "it is subscribed to")
  local longer = DOCUMENT .. "\n#20 you  and more"
  handlers["session/document"] = function()
    return { session = "4f2a91c7aa", title = SESSION.title, text = longer, outline = OUTLINE }
  end
  vim.wait(50)
  fake.notify("session/update", { subscription = 5, result = { type = "events", session = "4f2a91c7aa", events = {} } })
  eventually(function()
    return vim.api.nvim_buf_line_count(buffer) == 14
  end, "the new event is there")
  same(vim.api.nvim_win_get_cursor(0)[1], 14)
  vim.cmd("normal R")
  eventually(function()
    return fake.asked[#fake.asked].method == "session/unsubscribe"
  end, "it is followed no more")
end)

test("who lists the sessions of a file, at the last edit", function()
  vim.cmd("OpenSession who src/lock.rs")
  eventually(function()
    return vim.api.nvim_buf_get_name(0):match("#12$") ~= nil
  end, "the edit opens")
end)

test("an empty answer says what was searched", function()
  local said
  local notify = vim.notify
  vim.notify = function(message)
    said = message
  end
  vim.cmd("OpenSession search none")
  eventually(function()
    return said ~= nil
  end, "something is said")
  vim.notify = notify
  assert(said:match("308"), said)
end)

test("subcommands, budgets and ids complete", function()
  same(vim.fn.getcompletion("OpenSession ha", "cmdline"), { "handoff" })
  same(vim.fn.getcompletion("OpenSession handoff 4", "cmdline"), { "4f2a91c7" })
  same(vim.fn.getcompletion("OpenSession handoff br", "cmdline"), { "brief" })
  same(vim.fn.getcompletion("OpenSession handoff flaky", "cmdline"), { "4f2a91c7" })
  same(vim.fn.getcompletion("OpenSession diff nowhere", "cmdline"), {})
end)

test("fields and values of a query complete at its end", function()
  same(vim.fn.getcompletion("OpenSession search 잠금 is:", "cmdline"), { "is:error" })
  same(fake.asked[#fake.asked].params.query, "잠금 is:")
  same(vim.fn.getcompletion("OpenSession search 'a b", "cmdline"), {})
end)

test("the tags of the help are those of its text", function()
  local lines = vim.fn.readfile(root .. "/doc/opensession.txt")
  local wanted = {}
  for _, line in ipairs(lines) do
    for tag in line:gmatch("%*([%w:.-]+)%*") do
      wanted[#wanted + 1] = tag
    end
  end
  table.sort(wanted)
  local known = vim.tbl_map(function(line)
    return vim.split(line, "\t")[1]
  end, vim.fn.readfile(root .. "/doc/tags"))
  table.sort(known)
  same(known, wanted)
end)

test("a lost connection fails what waits, and is made again", function()
  local failure
  require("opensession").request("search/query", { query = "slow" }, function(error)
    failure = error
  end)
  eventually(function()
    return fake.asked[#fake.asked].params.query == "slow"
  end, "the request arrives")
  fake.clients[#fake.clients]:close()
  eventually(function()
    return failure ~= nil
  end, "the request fails")
  same(failure.message, text.closed)
  same(daemon.ask("session/list", {}), nil)
end)

test("a missing binary is said, not thrown", function()
  daemon.disconnect()
  vim.env.OPENSESSION_SOCKET = nil
  require("opensession.config").set({ path = "/nonexistent/opensession", picker = "select" })
  local error = daemon.ask("session/list", {})
  same(error.message, text.no_binary:format("/nonexistent/opensession"))
end)

fake.stop()
local binary = vim.env.OPENSESSION_BIN
if binary and binary ~= "" then
  require("opensession.config").set({ path = binary, picker = "select", scope = "all" })
  test("the real daemon: list, document, handoff, search, who", function()
    local error, page = daemon.ask("session/list", { filter = { scope = { all = true } }, limit = 5 })
    same(error, nil)
    local session = assert(page.sessions[1])
    vim.cmd.edit("opensession://session/" .. session.id)
    eventually(function()
      return vim.bo.filetype == "opensession"
    end, "the session opens")
    local lines = vim.api.nvim_buf_get_lines(0, 0, -1, false)
    assert(vim.startswith(lines[1], "session " .. session.short_id), lines[1])
    assert(#require("opensession.buffer").events(vim.api.nvim_get_current_buf()) > 1)
    vim.cmd("OpenSession handoff " .. session.short_id .. " brief")
    eventually(function()
      return vim.bo.filetype == "markdown"
    end, "the handoff opens")
    local found
    require("opensession.commands").find("the", { all = true }, function(failure, entries)
      found = failure or entries
    end)
    eventually(function()
      return found ~= nil
    end, "hits")
    assert(found[1] and found[1].uri, vim.inspect(found))
  end)
  test("the real daemon: health", function()
    vim.cmd("checkhealth opensession")
    local report = table.concat(vim.api.nvim_buf_get_lines(0, 0, -1, false), "\n")
    assert(report:match("daemon %d") and not report:match("ERROR"), report)
  end)
else
  print("# skipped: the real daemon (OPENSESSION_BIN is not set)")
end

print(("1..%d"):format(count))
os.exit(failures == 0 and 0 or 1)
