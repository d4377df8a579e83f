--- Lists in snacks.nvim.
local picker = require("opensession.picker")

local M = {}

local function item(entry)
  return { text = (picker.line(entry)), entry = entry }
end

local function format(shown)
  local line, highlights = picker.line(shown.entry)
  local out, at = {}, 0
  for _, highlight in ipairs(highlights) do
    local first, last = highlight[1][1], highlight[1][2]
    if first > at then
      out[#out + 1] = { line:sub(at + 1, first) }
    end
    out[#out + 1] = { line:sub(first + 1, last), highlight[2] }
    at = last
  end
  if at < #line then
    out[#out + 1] = { line:sub(at + 1) }
  end
  return out
end

local function act(name)
  return function(self, shown)
    if name ~= "copy" then
      self:close()
    end
    if shown then
      picker.act(name, shown.entry)
    end
  end
end

local function options(spec)
  local keys = {
    ["<a-y>"] = { "opensession_copy", mode = { "n", "i" } },
    ["<a-h>"] = { "opensession_handoff", mode = { "n", "i" } },
    ["<a-r>"] = { "opensession_resume", mode = { "n", "i" } },
    ["<c-q>"] = { "opensession_quickfix", mode = { "n", "i" } },
  }
  return {
    title = spec.title,
    search = spec.query,
    format = format,
    preview = function(context)
      context.preview:reset()
      picker.preview(context.buf, context.win, context.item.entry)
    end,
    confirm = function(self, shown)
      self:close()
      if shown then
        spec.accept(shown.entry)
      end
    end,
    actions = {
      opensession_copy = act("copy"),
      opensession_handoff = act("handoff"),
      opensession_resume = act("resume"),
      opensession_quickfix = function(self)
        local entries = vim.tbl_map(function(shown)
          return shown.entry
        end, self:items())
        self:close()
        picker.quickfix(spec.title, entries)
      end,
    },
    win = { input = { keys = keys } },
  }
end

function M.live(spec)
  local opts = options(spec)
  opts.live = true
  opts.finder = function(_, context)
    return function(add)
      local async = require("snacks.picker.util.async").running()
      local found
      local cancel
      -- Finders run where the editor's functions may not be called.
      vim.schedule(function()
        cancel = spec.find(context.filter.search, function(error, entries)
          if error then
            picker.say(error)
          end
          found = entries or {}
          async:resume()
        end)
      end)
      async:on("abort", function()
        if cancel then
          cancel()
        end
      end)
      while not found do
        async:suspend()
      end
      for _, entry in ipairs(found) do
        add(item(entry))
      end
    end
  end
  require("snacks.picker").pick(opts)
end

function M.list(spec)
  local opts = options(spec)
  opts.items = vim.tbl_map(item, spec.entries)
  require("snacks.picker").pick(opts)
end

return M
