--- Options: the defaults, then `vim.g.opensession`, then `setup{}`.
local M = {}

M.defaults = {
  path = "opensession", -- the binary: a name on $PATH, or a path
  picker = "auto", -- auto, snacks, fzf-lua, telescope, select
  scope = "workspace", -- workspace, all
  budget = "standard", -- brief, standard, full
  limit = 40, -- sessions listed
}

local CHOICES = {
  picker = { "auto", "snacks", "fzf-lua", "telescope", "select" },
  scope = { "workspace", "all" },
  budget = { "brief", "standard", "full" },
}

local given = {}

--- What is wrong with `options`; nil when nothing is.
function M.problem(options)
  if type(options) ~= "table" then
    return require("opensession.text").options_no_table
  end
  for name, value in pairs(options) do
    local default = M.defaults[name]
    if default == nil then
      return require("opensession.text").unknown_option(name)
    elseif type(value) ~= type(default) then
      return require("opensession.text").wrong_type(name, type(default))
    elseif CHOICES[name] and not vim.tbl_contains(CHOICES[name], value) then
      return require("opensession.text").wrong_value(name, table.concat(CHOICES[name], ", "))
    end
  end
end

function M.set(options)
  local problem = M.problem(options or {})
  if problem then
    error("opensession: " .. problem, 3)
  end
  given = options or {}
end

function M.get()
  local global = vim.g.opensession or {}
  if M.problem(global) then
    global = {}
  end
  return vim.tbl_extend("force", M.defaults, global, given)
end

return M
