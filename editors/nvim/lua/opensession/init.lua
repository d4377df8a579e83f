--- Sessions of coding agents in Neovim: search, handoff, browse, resume. Everything is asked of the daemon.
local M = {}

--- Changes options; see |opensession-options|. Not needed: `vim.g.opensession` is read too.
function M.setup(options)
  require("opensession.config").set(options)
end

--- Searches as you type. `options.query`, `options.all`.
function M.search(options)
  require("opensession.commands").search(options or {})
end

--- Opens the handoff of `session` (the last one here when absent). `options.budget`.
function M.handoff(session, options)
  require("opensession.commands").handoff(session, options or {})
end

--- Opens `opensession://session/<id>#<event>`.
function M.open(uri)
  require("opensession.buffer").open(uri)
end

--- Asks the daemon: `callback(error, answer)`. Gives a function that takes the request back.
function M.request(method, params, callback)
  return require("opensession.daemon").request(method, params, callback)
end

return M
