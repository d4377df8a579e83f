--- Buffers: `opensession://session/<id>#<event>` and handoffs.
local daemon = require("opensession.daemon")
local outline = require("opensession.outline")
local text = require("opensession.text")

local M = {}
--- Changes of a live session that come within so many milliseconds are shown together.
local FOLLOW_MS = 300
local NAMESPACE = vim.api.nvim_create_namespace("opensession")
local SESSION_NAME = "opensession://session/%s"

--- Events and folds of session buffers, by buffer: as variables of the buffer they would be copied for every line.
local known = {}

--- What a buffer says of itself: session, title, next.
local function state(buffer)
  return vim.b[buffer].opensession or {}
end

--- Opens an address in the current window.
function M.open(uri, command)
  vim.cmd({ cmd = command or "edit", args = { vim.fn.fnameescape(uri) } })
end

--- `BufReadCmd`: fills the buffer. An event's number moves the cursor there; the buffer holds the whole session.
function M.read(buffer, uri)
  local session, event = outline.address(uri)
  if not session then
    return daemon.say({ message = text.bad_address:format(uri) })
  end
  vim.bo[buffer].buftype = "nofile"
  vim.bo[buffer].swapfile = false
  vim.bo[buffer].bufhidden = "hide"
  M.set_lines(buffer, { text.loading })
  M.load(buffer, session, event, nil)
end

--- Loads a session into a buffer; `done` is called when its text is there.
function M.load(buffer, session, event, from, done)
  return daemon.request("session/document", { session = session, from = from }, function(error, document)
    if not vim.api.nvim_buf_is_valid(buffer) then
      return
    end
    if error then
      M.set_lines(buffer, { "OpenSession: " .. error.message })
      return daemon.say(error)
    end
    -- An event past what one text holds: the text that begins with it.
    if event and document.next and event >= document.next and from ~= event then
      return M.load(buffer, session, event, event, done)
    end
    M.fill(buffer, document, event)
    if done then
      done()
    end
  end)
end

function M.fill(buffer, document, event)
  local lines = vim.split(document.text, "\n", { plain = true })
  local events = outline.events(document.outline)
  if not known[buffer] then
    vim.api.nvim_create_autocmd("BufWipeout", {
      buffer = buffer,
      callback = function()
        known[buffer] = nil
      end,
    })
  end
  known[buffer] = { events = events, levels = outline.levels(#lines, events) }
  M.set_lines(buffer, lines)
  vim.b[buffer].opensession = { session = document.session, title = document.title, next = document.next }
  if vim.bo[buffer].filetype ~= "opensession" then
    vim.bo[buffer].filetype = "opensession"
  end
  M.colour(buffer, lines, events)
  local row = event and outline.row(events, event)
  for _, window in ipairs(vim.fn.win_findbuf(buffer)) do
    if row then
      vim.api.nvim_win_set_cursor(window, { row, 0 })
      vim.api.nvim_win_call(window, function()
        vim.cmd("normal! zvzz")
      end)
    end
  end
end

--- Colours the lines of edits; outputs hold the like, so that their looks alone do not tell.
function M.colour(buffer, lines, events)
  vim.api.nvim_buf_clear_namespace(buffer, NAMESPACE, 0, -1)
  for _, event in ipairs(events) do
    if event.is_edit then
      local indent = #lines[event.row]:match("^ *") + 3
      for row = event.row + 1, event.last do
        local sign = lines[row]:sub(indent, indent)
        local group = (sign == "+" and "OpenSessionAdded") or (sign == "-" and "OpenSessionRemoved")
        if group then
          vim.api.nvim_buf_set_extmark(buffer, NAMESPACE, row - 1, 0, { end_col = #lines[row], hl_group = group })
        end
      end
    end
  end
end

function M.set_lines(buffer, lines)
  vim.bo[buffer].modifiable = true
  vim.api.nvim_buf_set_lines(buffer, 0, -1, false, lines)
  vim.bo[buffer].modifiable = false
  vim.bo[buffer].modified = false
end

--- `foldexpr` of session buffers.
function M.fold()
  local levels = (known[vim.api.nvim_get_current_buf()] or {}).levels
  return levels and levels[vim.v.lnum] or "0"
end

function M.events(buffer)
  return (known[buffer] or {}).events or {}
end

local function here()
  return M.events(vim.api.nvim_get_current_buf())
end

--- Moves to the next event of a sort.
function M.go(direction, is)
  for _ = 1, vim.v.count1 do
    local row = outline.neighbour(here(), vim.api.nvim_win_get_cursor(0)[1], direction, is)
    if not row then
      return vim.api.nvim_echo({ { text.nothing_here } }, false, {})
    end
    vim.cmd("normal! m'")
    vim.api.nvim_win_set_cursor(0, { row, 0 })
  end
  vim.cmd("normal! zv")
end

--- `gd`: an address, else the file under the cursor, at its line.
function M.definition()
  local line = vim.api.nvim_get_current_line()
  local column = vim.api.nvim_win_get_cursor(0)[2] + 1
  local uri = line:match("opensession://session/[%w-]+#?%d*")
  if uri then
    return M.event_in_full(uri)
  end
  local path, number = outline.file_at(line, column)
  if not path or path == "" then
    return
  end
  daemon.request("session/get", { session = state(0).session }, function(error, detail)
    if error then
      return daemon.say(error)
    end
    if not vim.startswith(path, "/") and not vim.startswith(path, "~") then
      path = vim.fs.joinpath(detail.session.cwd or vim.fn.getcwd(), path)
    end
    path = vim.fn.expand(path)
    if vim.fn.filereadable(path) == 0 then
      return vim.api.nvim_echo({ { text.nothing_here } }, false, {})
    end
    vim.cmd({ cmd = "edit", args = { vim.fn.fnameescape(path) } })
    if number then
      vim.api.nvim_win_set_cursor(0, { math.min(number, vim.api.nvim_buf_line_count(0)), 0 })
    end
  end)
end

--- `K`: the event under the cursor in full, in a floating preview.
function M.hover()
  local event = outline.at(here(), vim.api.nvim_win_get_cursor(0)[1])
  if event then
    M.event_in_full(("opensession://session/%s#%d"):format(state(0).session, event.event))
  end
end

function M.event_in_full(uri)
  local session, event = outline.address(uri)
  local name = event and ("%s#%d"):format(session, event) or session
  daemon.request("session/document", { session = name }, function(error, document)
    if error then
      return daemon.say(error)
    end
    local lines = vim.split(document.text, "\n", { plain = true })
    vim.lsp.util.open_floating_preview(lines, "", { border = "rounded", focus_id = "opensession", wrap = false })
  end)
end

--- `gO`: prompts, edits and failures in the location list.
function M.outline()
  local lines = vim.api.nvim_buf_get_lines(0, 0, -1, false)
  local items = {}
  local buffer, session = vim.api.nvim_get_current_buf(), state(0).session:sub(1, 8)
  for _, event in ipairs(here()) do
    if event.is_prompt or event.is_edit or event.failed then
      items[#items + 1] = { bufnr = buffer, module = session, lnum = event.row, text = lines[event.row] }
    end
  end
  vim.fn.setloclist(0, {}, " ", { title = state(0).title, items = items })
  vim.cmd.lopen()
end

--- `R`: follows a live session from its end; again: no more. The view moves only where the cursor is at the end.
function M.follow()
  local buffer = vim.api.nvim_get_current_buf()
  if known[buffer] and known[buffer].unfollow then
    known[buffer].unfollow()
    known[buffer].unfollow = nil
    return vim.api.nvim_echo({ { text.follows_no_more } }, false, {})
  end
  local session, waiting = state(buffer).session, false
  local function to_end()
    for _, window in ipairs(vim.fn.win_findbuf(buffer)) do
      vim.api.nvim_win_set_cursor(window, { vim.api.nvim_buf_line_count(buffer), 0 })
    end
  end
  local function read()
    waiting = false
    if not vim.api.nvim_buf_is_valid(buffer) then
      return
    end
    local window = vim.fn.win_findbuf(buffer)[1]
    local at_end = window and vim.api.nvim_win_get_cursor(window)[1] == vim.api.nvim_buf_line_count(buffer)
    local unfollow = (known[buffer] or {}).unfollow
    M.load(buffer, session, nil, nil, function()
      known[buffer].unfollow = unfollow
      if at_end then
        to_end()
      end
    end)
  end
  M.load(buffer, session, nil, nil, function()
    to_end()
    known[buffer].unfollow = daemon.follow(session, function()
      if not waiting then
        waiting = true
        vim.defer_fn(read, FOLLOW_MS)
      end
    end)
    vim.api.nvim_echo({ { text.follows } }, false, {})
  end)
end

--- The address of the event under the cursor.
function M.address()
  local session = state(0).session
  local event = outline.at(here(), vim.api.nvim_win_get_cursor(0)[1])
  return event and (SESSION_NAME .. "#%d"):format(session, event.event) or SESSION_NAME:format(session)
end

--- Markdown in a scratch buffer that can be changed; `gd` opens what is cited. `sessions`: the text's own one, or the two
--- that it compares.
function M.markdown(words, sessions)
  local buffer = vim.api.nvim_create_buf(true, true)
  vim.api.nvim_buf_set_lines(buffer, 0, -1, false, vim.split(words, "\n", { plain = true }))
  vim.b[buffer].opensession = { session = sessions[1] }
  vim.api.nvim_set_current_buf(buffer)
  vim.keymap.set("n", "gd", function()
    local row, column = unpack(vim.api.nvim_win_get_cursor(0))
    local lines = vim.api.nvim_buf_get_lines(buffer, 0, -1, false)
    local session, event, first = outline.citation_at(lines[row], column + 1)
    if not event then
      return vim.api.nvim_echo({ { text.nothing_here } }, false, {})
    end
    if session == "" then
      local second = #sessions > 1 and outline.side(lines, row, first) == "B"
      session = sessions[second and 2 or 1]
    end
    M.open(("opensession://session/%s#%d"):format(session, event))
  end, { buffer = buffer, desc = "OpenSession: the cited event" })
  -- Last: what it sets off is other people's, and may fail.
  vim.bo[buffer].filetype = "markdown"
end

return M
