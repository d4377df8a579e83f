--- A daemon in this process: answers line by line on a Unix socket, as `handlers[method](params)` says.
local M = {}

function M.start(handlers)
  local path = vim.fn.tempname() .. ".sock"
  local server = assert(vim.uv.new_pipe(false))
  local self = { path = path, asked = {}, clients = {} }
  assert(server:bind(path))
  server:listen(8, function()
    local client = vim.uv.new_pipe(false)
    server:accept(client)
    self.clients[#self.clients + 1] = client
    local rest = ""
    client:read_start(function(_, chunk)
      rest = rest .. (chunk or "")
      while true do
        local line, after = rest:match("^(.-)\n(.*)$")
        if not line then
          return
        end
        rest = after
        local message = vim.json.decode(line)
        self.asked[#self.asked + 1] = message
        local handler = handlers[message.method]
        local answer, failure
        if handler then
          answer, failure = handler(message.params)
        end
        if message.id and answer ~= "never" then
          if not handler then
            failure = { code = -32601, message = "no method " .. message.method }
          end
          local reply = vim.json.encode({ jsonrpc = "2.0", id = message.id, result = answer, error = failure })
          -- In two pieces: a line need not come whole.
          local half = math.floor(#reply / 2)
          client:write(reply:sub(1, half))
          client:write(reply:sub(half + 1) .. "\n")
        end
      end
    end)
  end)
  --- Tells the newest client.
  function self.notify(method, params)
    self.clients[#self.clients]:write(vim.json.encode({ jsonrpc = "2.0", method = method, params = params }) .. "\n")
  end

  function self.stop()
    for _, client in ipairs(self.clients) do
      if not client:is_closing() then
        client:close()
      end
    end
    server:close()
  end
  return self
end

return M
