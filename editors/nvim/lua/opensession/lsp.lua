--- The language server: who changed this file, as lens and hover; sessions as workspace symbols.
local M = {}

--- A configuration for `vim.lsp.start`; `vim.lsp.config("opensession", …)` takes it too (Neovim 0.11).
function M.config(options)
  return vim.tbl_deep_extend("force", {
    name = "opensession",
    cmd = { require("opensession.config").get().path, "lsp" },
    root_dir = vim.fs.root(0, ".git") or vim.fn.getcwd(),
    init_options = { codeLens = true, hover = true, scope = require("opensession.config").get().scope },
  }, options or {})
end

--- Starts it for buffers of files as they are opened. What attaches it is yours to remove: the group is `group`.
function M.enable(options)
  local group = vim.api.nvim_create_augroup("opensession.lsp", {})
  vim.api.nvim_create_autocmd("BufReadPost", {
    group = group,
    callback = function(event)
      if vim.bo[event.buf].buftype == "" then
        vim.lsp.start(M.config(options), { bufnr = event.buf })
      end
    end,
  })
  vim.lsp.commands["opensession.open"] = function(command)
    require("opensession").open(command.arguments[1])
  end
  return group
end

return M
