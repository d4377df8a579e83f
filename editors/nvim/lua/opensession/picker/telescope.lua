--- Lists in telescope.nvim.
local picker = require("opensession.picker")

local M = {}

local function open(spec, finder)
  local actions, state = require("telescope.actions"), require("telescope.actions.state")
  require("telescope.pickers")
    .new({}, {
      prompt_title = spec.title,
      default_text = spec.query,
      finder = finder,
      -- The daemon's order rules.
      sorter = spec.find and require("telescope.sorters").empty() or require("telescope.config").values.generic_sorter({}),
      previewer = require("telescope.previewers").new_buffer_previewer({
        define_preview = function(self, entry)
          picker.preview(self.state.bufnr, self.state.winid, entry.value)
        end,
      }),
      attach_mappings = function(buffer, map)
        actions.select_default:replace(function()
          local chosen = state.get_selected_entry()
          actions.close(buffer)
          if chosen then
            spec.accept(chosen.value)
          end
        end)
        for keys, name in pairs({ ["<M-y>"] = "copy", ["<M-h>"] = "handoff", ["<M-r>"] = "resume" }) do
          map({ "i", "n" }, keys, function()
            local chosen = state.get_selected_entry()
            if name ~= "copy" then
              actions.close(buffer)
            end
            if chosen then
              picker.act(name, chosen.value)
            end
          end)
        end
        map({ "i", "n" }, "<C-q>", function()
          local entries = {}
          for made in state.get_current_picker(buffer).manager:iter() do
            entries[#entries + 1] = made.value
          end
          actions.close(buffer)
          picker.quickfix(spec.title, entries)
        end)
        return true
      end,
    })
    :find()
end

local function entry_maker(entry)
  return {
    value = entry,
    ordinal = (picker.line(entry)),
    display = function()
      return picker.line(entry)
    end,
  }
end

--- A finder whose answers come when they come: a later question takes the earlier one back.
local function live_finder(find)
  local cancel
  return setmetatable({
    close = function()
      if cancel then
        cancel()
      end
    end,
  }, {
    __call = function(_, prompt, process_result, process_complete)
      if cancel then
        cancel()
      end
      cancel = find(prompt or "", function(error, entries)
        if error then
          picker.say(error)
        end
        for index, entry in ipairs(entries or {}) do
          local made = entry_maker(entry)
          made.index = index
          if process_result(made) then
            return
          end
        end
        process_complete()
      end)
    end,
  })
end

function M.live(spec)
  open(spec, live_finder(spec.find))
end

function M.list(spec)
  open(spec, require("telescope.finders").new_table({ results = spec.entries, entry_maker = entry_maker }))
end

return M
