--- `:checkhealth opensession`
local M = {}
local ASK_MS = 5000

function M.check()
  local health, text = vim.health, require("opensession.text").health
  local config, daemon = require("opensession.config"), require("opensession.daemon")
  health.start("opensession")
  if vim.fn.has("nvim-0.10") == 0 then
    return health.error(text.neovim_old, text.neovim_advice)
  end
  health.ok(text.neovim_ok:format(tostring(vim.version())))
  local problem = config.problem(vim.g.opensession or {})
  if problem then
    health.error(problem, text.options_advice)
  else
    health.ok(text.options_ok)
  end
  local name = require("opensession.picker").name()
  if name == "select" then
    health.info(text.picker_none)
  else
    health.ok(text.picker_ok:format(name))
  end
  local attached = vim.lsp.get_clients({ name = "opensession" })[1]
  if attached then
    health.ok(text.lsp_on:format(vim.tbl_count(attached.attached_buffers)))
  else
    health.info(text.lsp_off)
  end
  local binary = daemon.binary()
  if binary then
    health.ok(text.binary_ok:format(binary))
    local version = vim.system({ binary, "--version" }, { text = true, timeout = ASK_MS }):wait()
    if version.code == 0 then
      health.ok(text.version_ok:format(vim.trim(version.stdout)))
    else
      health.warn(text.version_bad, text.binary_advice)
    end
  else
    health.error(text.binary_missing:format(config.get().path), text.binary_advice)
  end
  local failure, status = daemon.ask("daemon/status", {}, ASK_MS)
  if failure then
    return health.error(text.daemon_bad:format(failure.message), text.daemon_advice)
  end
  health.ok(text.daemon_ok:format(status.version, status.sessions, status.agents, status.index.state))
  for _, warning in ipairs(status.warnings or {}) do
    health.warn(text.warning:format(warning.subject, warning.message), warning.remedy)
  end
  local _, problems = daemon.ask("problem/list", { limit = 1 }, ASK_MS)
  if problems and problems.total > 0 then
    health.warn(text.problems:format(problems.total), text.problems_advice)
  else
    health.ok(text.no_problems)
  end
end

return M
