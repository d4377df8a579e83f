--- Where a session's events stand in its text, as the daemon says: rows from 1.
local M = {}

--- The daemon's outline: row, last, event, is_prompt, is_edit, failed, path.
function M.events(outline)
  return vim.tbl_map(function(entry)
    return {
      row = entry.line + 1,
      last = entry.last + 1,
      event = entry.event,
      is_prompt = entry.kind == "prompt",
      is_edit = entry.kind == "edit",
      failed = entry.failed == true,
      path = entry.path,
    }
  end, outline or {})
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

--- `foldexpr` of each of `count` rows: turns are of level 1, bodies of level 2.
function M.levels(count, events)
  local levels, next_event, level = {}, 1, "0"
  for row = 1, count do
    local event = events[next_event]
    if event and event.row == row then
      next_event = next_event + 1
      level = event.is_prompt and "1" or "2"
      levels[row] = ">" .. level
    else
      levels[row] = level
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

--- The citation at column `column` of a line, else the first after it, else the last before it: session (`""` for the
--- text's own), event, and where it begins.
function M.citation_at(line, column)
  local at, session, event, begins = 1, nil, nil, nil
  while true do
    local first, last, id, number = line:find("(%x*)#(%d+)", at)
    if not first then
      return session, event, begins
    end
    session, event, begins = id, tonumber(number), first
    if column <= last + 1 then
      return session, event, begins
    end
    at = last + 1
  end
end

--- The side, `A` or `B`, of a comparison's citation in row `row` at column `column`: what its line says before it, else
--- the heading above.
function M.side(lines, row, column)
  local side
  for word in (" " .. lines[row]:sub(1, column - 1):gsub("`[^`]*`", "")):gmatch("[%s;]([AB])[:, ]") do
    side = word
  end
  while not side and row >= 1 do
    side = lines[row]:match("^Only ([AB]), ")
    if lines[row]:match("^#") or lines[row]:match("^Both, ") then
      break
    end
    row = row - 1
  end
  return side or "A"
end

return M
