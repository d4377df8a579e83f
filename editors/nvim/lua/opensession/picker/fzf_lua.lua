--- Lists in fzf-lua. Each line begins with its entry's number, which is hidden.
local picker = require("opensession.picker")

local M = {}
local ACTIONS = { ["alt-y"] = "copy", ["alt-h"] = "handoff", ["alt-r"] = "resume" }

local function options(spec, entries)
  local function chosen(selected)
    return entries[tonumber((selected[1] or ""):match("^(%d+)\t"))]
  end
  local actions = {
    ["default"] = function(selected)
      local entry = chosen(selected)
      if entry then
        spec.accept(entry)
      end
    end,
  }
  for key, name in pairs(ACTIONS) do
    actions[key] = function(selected)
      local entry = chosen(selected)
      if entry then
        picker.actions[name](entry)
      end
    end
  end
  return {
    prompt = spec.title .. "> ",
    query = spec.query,
    fzf_opts = { ["--delimiter"] = "\t", ["--with-nth"] = "2..", ["--no-sort"] = true },
    actions = actions,
  }
end

local function lines(entries)
  local out = {}
  for number, entry in ipairs(entries) do
    out[number] = ("%d\t%s"):format(number, (picker.line(entry)))
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
