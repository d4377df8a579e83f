--- JSON-RPC 2.0 over a Unix socket: a message a line.
local M = {}

--- A connection to `path`. `on_ready(error, connection)` is called once; the connection's `on_close` when it ends.
function M.connect(path, on_ready)
  local pipe = assert(vim.uv.new_pipe(false))
  local self = { pending = {}, next_id = 0, subscriptions = {}, on_close = nil, is_closed = false }
  local rest = {}

  function self.close(reason)
    if self.is_closed then
      return
    end
    self.is_closed = true
    if not pipe:is_closing() then
      pipe:close()
    end
    local pending = self.pending
    self.pending = {}
    for _, callback in pairs(pending) do
      callback({ message = reason or require("opensession.text").closed })
    end
    if self.on_close then
      self.on_close()
    end
  end

  local function take(line)
    local ok, message = pcall(vim.json.decode, line, { luanil = { object = true, array = true } })
    if not ok or type(message) ~= "table" then
      return self.close(message)
    end
    if message.method then
      local on_update = self.subscriptions[(message.params or {}).subscription]
      return on_update and on_update(message.params.result)
    end
    local callback = self.pending[message.id]
    self.pending[message.id or 0] = nil
    if callback then
      callback(message.error, message.result)
    end
  end

  --- Asks; gives a function that takes the request back.
  function self.request(method, params, callback)
    self.next_id = self.next_id + 1
    local id = self.next_id
    self.pending[id] = callback
    self.send({ jsonrpc = "2.0", id = id, method = method, params = params or vim.empty_dict() })
    return function()
      if self.pending[id] then
        self.pending[id] = nil
        self.send({ jsonrpc = "2.0", method = "$/cancelRequest", params = { id = id } })
      end
    end
  end

  function self.send(message)
    if self.is_closed then
      return
    end
    pipe:write(vim.json.encode(message) .. "\n", function(error)
      if error then
        vim.schedule(function()
          self.close(error)
        end)
      end
    end)
  end

  pipe:connect(path, function(error)
    if error then
      pipe:close()
      return vim.schedule(function()
        on_ready(error)
      end)
    end
    pipe:read_start(function(read_error, chunk)
      if read_error or not chunk then
        return vim.schedule(function()
          self.close(read_error)
        end)
      end
      local lines = vim.split(chunk, "\n", { plain = true })
      rest[#rest + 1] = lines[1]
      for index = 2, #lines do
        local line = table.concat(rest)
        rest = { lines[index] }
        if line ~= "" then
          vim.schedule(function()
            take(line)
          end)
        end
      end
    end)
    vim.schedule(function()
      on_ready(nil, self)
    end)
  end)
  return self
end

return M
