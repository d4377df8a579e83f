--- Buffers: `opensession://session/<id>#<event>` and handoffs.
local daemon = require("opensession.daemon")
local outline = require("opensession.outline")
local text = require("opensession.text")

local M = {}
local SESSION_NAME = "opensession://session/%s"

--- What is known of a session buffer: session, title, cwd, events, levels, next.
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
  local events = outline.events(lines)
  M.set_lines(buffer, lines)
  vim.b[buffer].opensession = { session = document.session, title = document.title, next = document.next }
  vim.b[buffer].opensession_levels = outline.levels(lines, events)
  if vim.bo[buffer].filetype ~= "opensession" then
    vim.bo[buffer].filetype = "opensession"
  end
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

function M.set_lines(buffer, lines)
  vim.bo[buffer].modifiable = true
  vim.api.nvim_buf_set_lines(buffer, 0, -1, false, lines)
  vim.bo[buffer].modifiable = false
  vim.bo[buffer].modified = false
end

--- `foldexpr` of session buffers.
function M.fold()
  return (vim.b.opensession_levels or {})[vim.v.lnum] or "0"
end

function M.events(buffer)
  return outline.events(vim.api.nvim_buf_get_lines(buffer, 0, -1, false))
end

--- Moves to the next event of a sort.
function M.go(direction, is)
  for _ = 1, vim.v.count1 do
    local row = outline.neighbour(M.events(0), vim.api.nvim_win_get_cursor(0)[1], direction, is)
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
  local event = outline.at(M.events(0), vim.api.nvim_win_get_cursor(0)[1])
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
  for _, event in ipairs(outline.events(lines)) do
    if event.is_prompt or event.is_edit or event.failed then
      items[#items + 1] = { bufnr = vim.api.nvim_get_current_buf(), lnum = event.row, text = lines[event.row] }
    end
  end
  vim.fn.setloclist(0, {}, " ", { title = state(0).title, items = items })
  vim.cmd.lopen()
end

--- `R`: follows a live session from its end; again: no more.
function M.follow()
  local buffer = vim.api.nvim_get_current_buf()
  M.load(buffer, state(buffer).session, nil, nil, function()
    vim.api.nvim_win_set_cursor(0, { vim.api.nvim_buf_line_count(buffer), 0 })
  end)
end

--- The address of the event under the cursor.
function M.address()
  local session = state(0).session
  local event = outline.at(M.events(0), vim.api.nvim_win_get_cursor(0)[1])
  return event and (SESSION_NAME .. "#%d"):format(session, event.event) or SESSION_NAME:format(session)
end

--- A handoff in a scratch buffer that can be changed.
function M.handoff(answer)
  local buffer = vim.api.nvim_create_buf(true, true)
  vim.api.nvim_buf_set_lines(buffer, 0, -1, false, vim.split(answer.text, "\n", { plain = true }))
  vim.bo[buffer].filetype = "markdown"
  vim.b[buffer].opensession = { session = (answer.sessions[1] or {}).id }
  vim.api.nvim_set_current_buf(buffer)
  vim.keymap.set("n", "gd", function()
    local column = vim.api.nvim_win_get_cursor(0)[2] + 1
    local line = vim.api.nvim_get_current_line()
    local at = 1
    while true do
      local first, last, session, event = line:find("(%x*)#(%d+)", at)
      if not first then
        return vim.api.nvim_echo({ { text.nothing_here } }, false, {})
      elseif column <= last + 1 then
        return M.open(("opensession://session/%s#%s"):format(session ~= "" and session or state(0).session, event))
      end
      at = last + 1
    end
  end, { buffer = buffer, desc = "OpenSession: the cited event" })
end

return M
