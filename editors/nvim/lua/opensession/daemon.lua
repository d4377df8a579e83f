--- The daemon: found, started, connected to. One connection, opened by the first question.
local text = require("opensession.text")

local M = {}

--- Version of the interface that is spoken here.
M.PROTOCOL = 1
local ANSWER_MS = 60000

local connection
local waiting

--- The binary's full path; nil when there is none.
function M.binary()
  local found = vim.fn.exepath(vim.fn.expand(require("opensession.config").get().path))
  return found ~= "" and found or nil
end

--- Asks the daemon, which is started when it does not run: `callback(error, answer)`, the error a table with `message`.
--- Gives a function that takes the request back.
function M.request(method, params, callback)
  local cancelled, cancel = false, nil
  M.connect(function(error, connected)
    if cancelled then
      return
    elseif error then
      return callback({ message = error })
    end
    cancel = connected.request(method, params, callback)
  end)
  return function()
    cancelled = true
    if cancel then
      cancel()
    end
  end
end

--- Calls `on_update` whenever a session has changed; gives a function that ends it.
function M.follow(session, on_update)
  local subscription
  local cancel = M.request("session/subscribe", { session = session }, function(error, id)
    if error then
      return M.say(error)
    end
    subscription = id
    connection.subscriptions[id] = on_update
  end)
  return function()
    if not subscription then
      return cancel()
    end
    if connection and connection.subscriptions[subscription] then
      connection.subscriptions[subscription] = nil
      connection.request("session/unsubscribe", { subscription }, function() end)
    end
  end
end

--- Asks and waits: for health and tests.
function M.ask(method, params, milliseconds)
  local done, error, answer = false, nil, nil
  M.request(method, params, function(failure, result)
    done, error, answer = true, failure, result
  end)
  if not vim.wait(milliseconds or ANSWER_MS, function()
    return done
  end, 5) then
    return { message = text.no_answer }
  end
  return error, answer
end

--- Forgets the connection.
function M.disconnect()
  if connection then
    connection.close()
  end
end

--- `callback(error, connection)`
function M.connect(callback)
  if connection and not connection.is_closed then
    return callback(nil, connection)
  end
  if waiting then
    waiting[#waiting + 1] = callback
    return
  end
  waiting = { callback }
  local function finish(error, connected)
    local callbacks = waiting
    waiting, connection = nil, connected
    for _, each in ipairs(callbacks) do
      each(error, connected)
    end
  end
  local function greet(connected)
    connected.request("daemon/hello", {}, function(error, hello)
      if error then
        return finish(error.message)
      elseif hello.protocol ~= M.PROTOCOL then
        connected.close()
        return finish(text.other_protocol:format(hello.version, hello.protocol, M.PROTOCOL))
      end
      finish(nil, connected)
    end)
  end
  local rpc = require("opensession.rpc")
  M.socket(function(error, path)
    if error then
      return finish(error)
    end
    rpc.connect(path, function(failure, connected)
      if not failure then
        return greet(connected)
      elseif not (failure:match("ENOENT") or failure:match("ECONNREFUSED")) then
        return finish(failure)
      end
      M.run({ "daemon", "start" }, function(refusal)
        if refusal then
          return finish(text.did_not_start:format(refusal))
        end
        rpc.connect(path, function(again, started)
          if again then
            return finish(again)
          end
          greet(started)
        end)
      end)
    end)
  end)
end

--- Names the socket: the binary says where it is.
function M.socket(callback)
  local forced = vim.env.OPENSESSION_SOCKET
  if forced and forced ~= "" then
    return callback(nil, forced)
  end
  M.run({ "daemon", "path" }, function(error, output)
    callback(error, output and vim.trim(output))
  end)
end

--- Runs the binary: `callback(error, output)`.
function M.run(words, callback)
  local binary = M.binary()
  if not binary then
    return callback(text.no_binary:format(require("opensession.config").get().path))
  end
  vim.system(vim.list_extend({ binary }, words), { text = true, timeout = ANSWER_MS / 2 }, function(result)
    vim.schedule(function()
      if result.code == 0 then
        callback(nil, result.stdout)
      else
        callback(vim.trim(result.stderr or "") ~= "" and vim.trim(result.stderr) or ("exit " .. result.code))
      end
    end)
  end)
end

--- Where sessions are looked for.
function M.scope(all)
  if all or require("opensession.config").get().scope == "all" then
    return { all = true }
  end
  return { cwd = vim.fn.getcwd() }
end

--- Says an error of the daemon, with its hint.
function M.say(error)
  local hint = type(error.data) == "table" and error.data.hint
  vim.notify("OpenSession: " .. error.message .. (hint and (" (%s)"):format(hint) or ""), vim.log.levels.ERROR)
end

return M
