--- Without a picker plugin: `vim.ui.input`, then `vim.ui.select`.
local picker = require("opensession.picker")
local text = require("opensession.text")

local M = {}
local NUMBER_CELLS = 8

function M.live(spec)
  local function ask(query)
    spec.find(query, function(error, entries, answer)
      if error then
        return picker.say(error)
      elseif #entries == 0 then
        return picker.empty(query, answer)
      end
      M.list({ title = spec.title, entries = entries, accept = spec.accept })
    end)
  end
  if spec.query ~= "" then
    return ask(spec.query)
  end
  vim.ui.input({ prompt = text.search_prompt }, function(query)
    if query then
      ask(query)
    end
  end)
end

function M.list(spec)
  vim.ui.select(spec.entries, {
    prompt = spec.title,
    kind = "opensession",
    format_item = function(entry)
      -- One line of the screen each, beside the number that the editor puts before it.
      return text.cut((picker.line(entry)), vim.o.columns - NUMBER_CELLS)
    end,
  }, function(entry)
    if entry then
      spec.accept(entry)
    end
  end)
end

return M
