--- Lists in fzf-lua. Each line begins with its entry's number, which is hidden.
local picker = require("opensession.picker")

local M = {}
local ACTIONS = { ["alt-y"] = "copy", ["alt-h"] = "handoff", ["alt-r"] = "resume" }

--- The entry of a line.
local function entry_of(line, entries)
  return entries[tonumber((line or ""):match("^(%d+)\t"))]
end

--- A previewer that shows the session at the event.
local function previewer(entries)
  local Previewer = require("fzf-lua.previewer.builtin").base:extend()
  function Previewer:new(o, opts, window)
    Previewer.super.new(self, o, opts, window)
    setmetatable(self, Previewer)
    return self
  end
  function Previewer:populate_preview_buf(line)
    local entry = entry_of(line, entries)
    if entry then
      local buffer = self:get_tmp_buffer()
      self:set_preview_buf(buffer)
      picker.preview(buffer, self.win.preview_winid, entry)
    end
  end
  return Previewer
end

local function options(spec, entries)
  local actions = {
    ["default"] = function(selected)
      local entry = entry_of(selected[1], entries)
      if entry then
        spec.accept(entry)
      end
    end,
  }
  for key, name in pairs(ACTIONS) do
    actions[key] = function(selected)
      local entry = entry_of(selected[1], entries)
      if entry then
        picker.act(name, entry)
      end
    end
  end
  actions["ctrl-q"] = function()
    picker.quickfix(spec.title, entries)
  end
  return {
    prompt = spec.title .. "> ",
    query = spec.query,
    previewer = previewer(entries),
    fzf_opts = { ["--ansi"] = true, ["--delimiter"] = "\t", ["--with-nth"] = "2..", ["--no-sort"] = true },
    actions = actions,
  }
end

--- An entry's line, in the colours of its highlights.
local function coloured(entry)
  local ansi = require("fzf-lua.utils").ansi_from_hl
  local line, highlights = picker.line(entry)
  local out, at = {}, 0
  for _, highlight in ipairs(highlights) do
    local first, last = highlight[1][1], highlight[1][2]
    out[#out + 1] = line:sub(at + 1, first)
    out[#out + 1] = (ansi(highlight[2], line:sub(first + 1, last)))
    at = last
  end
  return table.concat(out) .. line:sub(at + 1)
end

local function lines(entries)
  local out = {}
  for number, entry in ipairs(entries) do
    out[number] = ("%d\t%s"):format(number, coloured(entry))
  end
  return out
end

function M.live(spec)
  local entries = {}
  local opts = options(spec, entries)
  opts.exec_empty_query = true
  require("fzf-lua").fzf_live(function(query)
    local words = type(query) == "table" and query[1] or query
    return function(write)
      spec.find(words or "", function(error, found)
        if error then
          picker.say(error)
        end
        for index in pairs(entries) do
          entries[index] = nil
        end
        for index, entry in ipairs(found or {}) do
          entries[index] = entry
        end
        for _, line in ipairs(lines(entries)) do
          write(line)
        end
        write(nil)
      end)
    end
  end, opts)
end

function M.list(spec)
  require("fzf-lua").fzf_exec(lines(spec.entries), options(spec, spec.entries))
end

return M
