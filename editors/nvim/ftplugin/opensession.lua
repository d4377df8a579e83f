if vim.b.did_ftplugin then
  return
end
vim.b.did_ftplugin = 1

vim.wo[0][0].foldmethod = "expr"
vim.wo[0][0].foldexpr = "v:lua.require'opensession.buffer'.fold()"
vim.wo[0][0].foldlevel = 1
vim.wo[0][0].wrap = false
vim.bo.iskeyword = vim.bo.iskeyword .. ",-"

if vim.g.opensession_no_mappings then
  return
end

local buffer = require("opensession.buffer")
local function map(keys, run, description)
  vim.keymap.set("n", keys, run, { buffer = true, desc = "OpenSession: " .. description })
end

for keys, move in pairs({
  ["]]"] = { 1, "is_prompt", "next prompt" },
  ["[["] = { -1, "is_prompt", "previous prompt" },
  ["]e"] = { 1, "failed", "next error" },
  ["[e"] = { -1, "failed", "previous error" },
  ["]c"] = { 1, "is_edit", "next edit" },
  ["[c"] = { -1, "is_edit", "previous edit" },
}) do
  map(keys, function()
    buffer.go(move[1], move[2])
  end, move[3])
end
map("gd", buffer.definition, "file at line")
map("K", buffer.hover, "event in full")
map("gO", buffer.outline, "outline")
map("R", buffer.follow, "follow")
map("q", "<Cmd>bdelete<CR>", "close")
map("<LocalLeader>h", function()
  require("opensession").handoff(vim.b.opensession.session)
end, "handoff")
map("<LocalLeader>r", function()
  require("opensession.commands").resume(vim.b.opensession.session)
end, "resume")
map("<LocalLeader>y", function()
  vim.fn.setreg(vim.v.register, buffer.address())
  vim.api.nvim_echo({ { require("opensession.text").copied:format(buffer.address()) } }, false, {})
end, "copy the event's address")
