--- The highlight groups, each linked to one that every colour scheme has.
local LINKS = {
  Title = "Title",
  Prompt = "Title",
  Agent = "Identifier",
  Tool = "Function",
  Thinking = "Comment",
  Ok = "DiagnosticOk",
  Error = "DiagnosticError",
  Live = "DiagnosticInfo",
  Hit = "Search",
  Added = "Added",
  Removed = "Removed",
  Meta = "NonText",
}

for name, link in pairs(LINKS) do
  vim.api.nvim_set_hl(0, "OpenSession" .. name, { link = link, default = true })
end
