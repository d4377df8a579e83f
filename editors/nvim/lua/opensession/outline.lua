--- What a session's text says of itself. The daemon writes it: prompts at the margin, events indented by two (four within
--- subagents), bodies two deeper.
local M = {}

--- The event that begins in `line`: number, indent, label, rest; nil when none does.
function M.event(line)
  local spaces, number, label, rest = line:match("^( *)#(%d+) (%S+)(.*)$")
  if not spaces or #spaces > 4 or #spaces % 2 ~= 0 then
    return nil
  end
  return tonumber(number), #spaces, label, rest
end

--- Events in order; outputs may hold lines that look like one, but numbers only grow.
function M.events(lines)
  local found, last = {}, 0
  for row, line in ipairs(lines) do
    local number, indent, label, rest = M.event(line)
    if number and number > last then
      last = number
      found[#found + 1] = {
        row = row,
        event = number,
        indent = indent,
        label = label,
        is_prompt = indent == 0 and label == "you",
        is_edit = label == "edit",
        failed = label == "error" or (label == "output" and rest:match("^%s+failed") ~= nil),
      }
    end
  end
  return found
end

--- The row of an event, or of the one before it where it is not shown by itself.
function M.row(events, number)
  local row
  for _, event in ipairs(events) do
    if event.event > number then
      break
    end
    row = event.row
  end
  return row
end

--- The event whose text holds `row`.
function M.at(events, row)
  local found
  for _, event in ipairs(events) do
    if event.row > row then
      break
    end
    found = event
  end
  return found
end

--- The row of the next event (the one before, backwards) that `is` says.
function M.neighbour(events, row, direction, is)
  local found
  for _, event in ipairs(events) do
    if event[is] then
      if direction > 0 and event.row > row then
        return event.row
      elseif direction < 0 and event.row < row then
        found = event.row
      end
    end
  end
  return found
end

--- `foldexpr` of each row: turns are of level 1, bodies of level 2.
function M.levels(lines, events)
  local levels, by_row, level = {}, {}, "0"
  for _, event in ipairs(events) do
    by_row[event.row] = event
  end
  for row in ipairs(lines) do
    local event = by_row[row]
    if not event then
      levels[row] = level
    elseif event.is_prompt then
      levels[row], level = ">1", "1"
    else
      levels[row], level = ">2", "2"
    end
  end
  return levels
end

--- `session`, `event` of an address; nil when it is none.
function M.address(uri)
  local session, rest = uri:match("^opensession://session/([%w-]+)(.*)$")
  if not session then
    return nil
  end
  local number = rest:match("#e?(%d+)$")
  return session, tonumber(number)
end

--- The file and line that stand at column `column` of `line` (from 1): `src/lock.rs:88`.
function M.file_at(line, column)
  local at = 1
  while true do
    local first, last = line:find("[%w_~./@+-]+%.?[%w_:]*", at)
    if not first then
      return nil
    end
    if column >= first and column <= last then
      local path, number = line:sub(first, last):match("^(.-):(%d+)")
      return path or line:sub(first, last):gsub("[:.]+$", ""), tonumber(number)
    end
    at = last + 1
  end
end

return M
