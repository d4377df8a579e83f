--- Lists to choose from, through the picker that is there.
local config = require("opensession.config")
local daemon = require("opensession.daemon")
local text = require("opensession.text")
require("opensession.highlights")

local M = {}
--- Digits of a session's id that are shown.
local ID_DIGITS = 8
local MODULES = { { "snacks", "snacks.picker" }, { "fzf-lua", "fzf-lua" }, { "telescope", "telescope" } }

--- The picker that is used: `snacks`, `fzf-lua`, `telescope` or `select`.
function M.name()
  local wanted = config.get().picker
  if wanted ~= "auto" then
    return wanted
  end
  for _, module in ipairs(MODULES) do
    if pcall(require, module[2]) then
      return module[1]
    end
  end
  return "select"
end

local function backend()
  return require("opensession.picker." .. M.name():gsub("-", "_"))
end

--- A list that is asked for anew as the user types. `find(query, callback)` gives a function that takes it back.
function M.live(spec)
  local find = spec.find
  spec.find = function(query, callback)
    return find(query, function(error, entries, answer)
      -- An empty list is one entry that says why; without a picker it is said.
      if entries and #entries == 0 and M.name() ~= "select" then
        entries = { { label = text.why_empty(query, answer) } }
      end
      callback(error, entries, answer)
    end)
  end
  M.list(spec, "live")
end

--- A list of `entries`.
function M.list(spec, kind)
  local accept = spec.accept or M.open
  spec.accept = function(entry)
    if entry.uri then
      accept(entry)
    end
  end
  backend()[kind or "list"](spec)
end

function M.open(entry)
  require("opensession.buffer").open(entry.uri)
end

--- `head  label  note`, and where the matches are in it: pairs of bytes, from 0, the end exclusive.
function M.line(entry)
  local label = entry.label:gsub("%s", " ")
  local head = entry.head and entry.head:gsub("%s", " ") .. "  " or ""
  local highlights = {}
  if head ~= "" then
    highlights[1] = { { 0, #head - 2 }, "OpenSessionMeta" }
  end
  for _, range in ipairs(entry.ranges or {}) do
    local first, last = vim.str_byteindex(label, range[1]), vim.str_byteindex(label, range[2])
    highlights[#highlights + 1] = { { #head + first, #head + last }, "OpenSessionHit" }
  end
  local line = head .. label
  if entry.note then
    highlights[#highlights + 1] = { { #line + 2, #line + 2 + #entry.note }, "OpenSessionMeta" }
    line = ("%s  %s"):format(line, entry.note)
  end
  return line, highlights
end

--- Says why a list is empty.
function M.empty(query, answer)
  vim.notify(text.why_empty(query, answer))
end

--- Runs what an extra key of a picker does with an entry.
function M.act(name, entry)
  if entry.uri then
    M.actions[name](entry)
  end
end

M.actions = {
  copy = function(entry)
    local id = entry.event and ("%s#%d"):format(entry.session, entry.event) or entry.session
    vim.fn.setreg("+", id)
    vim.fn.setreg('"', id)
    vim.api.nvim_echo({ { text.copied:format(id) } }, false, {})
  end,
  handoff = function(entry)
    require("opensession.commands").handoff(entry.session, {})
  end,
  resume = function(entry)
    require("opensession.commands").resume(entry.session)
  end,
}

--- Every entry of a list as the quickfix list.
function M.quickfix(title, entries)
  local items = {}
  for _, entry in ipairs(entries) do
    if entry.uri then
      local id = entry.session:sub(1, ID_DIGITS) .. (entry.event and ("#%d"):format(entry.event) or "")
      items[#items + 1] = { filename = entry.uri, module = id, text = (M.line(entry)) }
    end
  end
  vim.fn.setqflist({}, " ", { title = title, items = items })
  vim.cmd("botright copen")
end

--- Fills a preview buffer with the session, at the event.
function M.preview(buffer, window, entry)
  vim.bo[buffer].buftype = "nofile"
  if not entry.session then
    return
  end
  return require("opensession.buffer").load(buffer, entry.session, entry.event, nil, function()
    if window and vim.api.nvim_win_is_valid(window) and entry.event then
      local row = require("opensession.outline").row(require("opensession.buffer").events(buffer), entry.event)
      if row and vim.api.nvim_win_get_buf(window) == buffer then
        vim.api.nvim_win_set_cursor(window, { row, 0 })
        vim.api.nvim_win_call(window, function()
          vim.cmd("normal! zR")
          vim.cmd("normal! zt")
        end)
      end
    end
  end)
end

M.say = daemon.say

return M
