-- The command and the <Plug> mappings. Everything else loads when it is used.
if vim.g.loaded_opensession then
  return
end
vim.g.loaded_opensession = true

vim.api.nvim_create_user_command("OpenSession", function(arguments)
  require("opensession.commands").run(arguments)
end, {
  nargs = "*",
  bang = true,
  range = true,
  desc = "Sessions of coding agents",
  complete = function(lead, line, position)
    return require("opensession.commands").complete(lead, line, position)
  end,
})

for _, name in ipairs({ "search", "handoff", "browse", "who" }) do
  vim.keymap.set("n", ("<Plug>(opensession-%s)"):format(name), ("<Cmd>OpenSession %s<CR>"):format(name))
end

vim.api.nvim_create_autocmd("BufReadCmd", {
  group = vim.api.nvim_create_augroup("opensession", {}),
  pattern = "opensession://*",
  callback = function(event)
    require("opensession.buffer").read(event.buf, event.match)
  end,
})
