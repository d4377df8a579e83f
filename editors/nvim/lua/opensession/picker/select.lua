--- Without a picker plugin: `vim.ui.input`, then `vim.ui.select`.
local picker = require("opensession.picker")
local text = require("opensession.text")

local M = {}

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
      return (picker.line(entry))
    end,
  }, function(entry)
    if entry then
      spec.accept(entry)
    end
  end)
end

return M
