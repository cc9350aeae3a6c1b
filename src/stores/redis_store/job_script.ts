/** Operations on jobs and their journals. */
export const JOB_SCRIPT = `
local function add_flow(text)
  local name = redis.sha1hex(text)
  -- Two texts of one digest are kept apart all the same.
  while true do
    local known = redis.call("HGET", part(":flow:", name), "text")
    if known == text then break end
    if not known then
      redis.call("HSET", part(":flow:", name), "text", text)
      break
    end
    name = name .. "+"
  end
  redis.call("HINCRBY", part(":flow:", name), "jobs", 1)
  return name
end

local function drop_flow(name)
  local flow = part(":flow:", name)
  if redis.call("HINCRBY", flow, "jobs", -1) <= 0 then redis.call("UNLINK", flow) end
end

function ops.create()
  local token, flow, snapshot, jobId = take_argument(), take_argument(), take_argument(), take_argument()
  local taken = life_of(jobId)
  if taken then return { fields(taken, "token")[1] == token and "1" or "0", record_of(taken) } end
  expect_kind("zset", P .. ":age")
  expect_indexes()
  local life = tostring(redis.call("INCR", P .. ":lives"))
  local key = part(":job:", life)
  local values = { "jobId", jobId }
  for index = 2, 11 do
    local value
    if index == 10 then value = take_due()
    elseif index >= 8 and index ~= 9 then value = take_optional()
    else value = take_argument() end
    if value then
      table.insert(values, FIELDS[index])
      table.insert(values, value)
    end
  end
  local owner = take_optional()
  redis.call("HSET", key, "token", token, "flow", add_flow(flow), "consumed", "0", "sent", "0", "revision", "0", "snapshotRevision", "0",
    "epoch", owner and "1" or "0", unpack(values))
  if owner then redis.call("HSET", key, "owner", owner, "incarnation", take_argument()) end
  redis.call("SET", part(":snapshot:", life), snapshot)
  redis.call("HSET", P .. ":ids", jobId, life)
  redis.call("ZADD", P .. ":age", 0, sortable(fields(life, "createdAt")[1]) .. jobId)
  enter_places(life)
  local dueAt = fields(life, "dueAt")[1]
  return { "1", record_of(life), not owner and dueAt and tell({ type = "due", at = dueAt }) }
end

function ops.find()
  local life = life_of(take_argument())
  return life and record_of(life)
end

local function whole(life)
  local f = fields(life, "flow", "snapshotRevision")
  return { record_of(life), redis.call("HGET", part(":flow:", f[1]), "text"), redis.call("GET", part(":snapshot:", life)), f[2],
    redis.call("LRANGE", part(":entries:", life), 0, -1) }
end
function ops.load()
  local life = life_of(take_argument())
  return life and whole(life)
end

local function expect_inbox(life)
  expect_kind("hash", part(":used:", life), part(":refused:", life))
  expect_kind("list", part(":inbox:", life))
end
-- Moves the commands up to one out of the inbox, and remembers when that was.
local function consume(life, before, upTo)
  for sequence = before + 1, upTo do
    redis.call("HSET", part(":used:", life), sequence, now)
    redis.call("LPOP", part(":inbox:", life), 2)
  end
  for _ = 1, tonumber(take_argument()) do
    local sequence, reason = take_argument(), take_argument()
    local number = tonumber(sequence)
    if number > before and number <= upTo then redis.call("HSET", part(":refused:", life), sequence, reason) end
  end
end

function ops.append()
  local jobId, life, epoch, expected, call = take_argument(), take_argument(), take_argument(), take_argument(), take_argument()
  local current = life_of(jobId)
  if current ~= life then return { "fenced" } end
  local f = fields(life, "epoch", "revision", "owner", "call", "endedAt", "dueAt", "consumed", "sent", "createdAt")
  local owner, before, sent = f[3], tonumber(f[7]), tonumber(f[8])
  if f[1] ~= epoch or f[2] ~= expected or (not owner and epoch ~= "0") then
    -- A client that has lost the answer sends the call again.
    return f[4] == call and { "stored" } or { "fenced", f[2] }
  end
  local count = tonumber(take_argument())
  local first = argument + 1
  argument = argument + count
  local hasHead = take_argument() == "1"
  local revision = string.format("%.0f", tonumber(expected) + count)
  if not hasHead then
    push(part(":entries:", life), first, argument - 1)
    redis.call("HSET", part(":job:", life), "revision", revision, "call", call)
    return { "stored" }
  end
  local status, dueAt, endedAt, consumed, releases = take_argument(), take_due(), take_optional(), take_argument(), take_argument() == "1"
  if endedAt and not f[5] and sent > tonumber(consumed) then return { "unread" } end
  if tonumber(consumed) > before then expect_inbox(life) end
  change(life, function(key)
    push(part(":entries:", life), first, first + count - 1)
    redis.call("HSET", key, "revision", revision, "call", call, "status", status, "consumed", consumed)
    set_optional(key, "dueAt", dueAt)
    set_optional(key, "endedAt", endedAt)
    if releases then redis.call("HDEL", key, "owner", "incarnation") end
  end)
  consume(life, before, tonumber(consumed))
  local ended = endedAt and not f[5] and tell({ type = "ended", jobId = jobId })
  local due = false
  if owner and releases then
    if sent > tonumber(consumed) then due = f[9] else due = dueAt end
  end
  return { "stored", ended, due and tell({ type = "due", at = due }) }
end

function ops.compact()
  local jobId, life, revision, snapshot = take_argument(), take_argument(), take_argument(), take_argument()
  if life_of(jobId) ~= life then return end
  local f = fields(life, "snapshotRevision", "revision")
  local dropped = tonumber(revision) - tonumber(f[1])
  if dropped <= 0 or tonumber(revision) > tonumber(f[2]) then return end
  redis.call("LTRIM", part(":entries:", life), dropped, -1)
  redis.call("SET", part(":snapshot:", life), snapshot)
  redis.call("HSET", part(":job:", life), "snapshotRevision", revision)
end

function ops.replace_flow()
  local jobId, life, epoch, expected = take_argument(), take_argument(), take_argument(), take_argument()
  if life_of(jobId) ~= life then return { "fenced" } end
  local f = fields(life, "epoch", "revision", "owner", "flow")
  if f[1] ~= epoch or f[2] ~= expected or (not f[3] and epoch ~= "0") then return { "fenced", f[2] } end
  local flow, hash = take_argument(), take_argument()
  change(life, function(key)
    drop_flow(f[4])
    redis.call("HSET", key, "flow", add_flow(flow), "flowHash", hash, "snapshotRevision", expected)
  end)
  redis.call("SET", part(":snapshot:", life), take_argument())
  redis.call("DEL", part(":entries:", life))
  return { "stored" }
end

local function remove(life)
  local f = fields(life, "jobId", "createdAt", "flow")
  local due, ended = places_of(life)
  expect_kind("hash", P .. ":ids")
  expect_kind("zset", P .. ":age")
  expect_indexes()
  drop_flow(f[3])
  leave_places(due, ended, life)
  redis.call("HDEL", P .. ":ids", f[1])
  redis.call("ZREM", P .. ":age", sortable(f[2]) .. f[1])
  for _, name in ipairs(PARTS) do redis.call("UNLINK", part(name, life)) end
end
function ops.delete()
  local jobId, life = take_argument(), take_argument()
  if life_of(jobId) ~= life then return "0" end
  remove(life)
  return "1"
end

-- Deletes some of the jobs that have ended; says how many, and how many of those that it has looked at are left.
function ops.purge()
  local before, status, limit, skipped, most = take_argument(), take_optional(), tonumber(take_argument()), take_argument(), take_argument()
  local deleted, left = 0, 0
  local lives = redis.call("ZRANGE", P .. ":ended", "-inf", "(" .. before, "BYSCORE", "LIMIT", skipped, most)
  for _, life in ipairs(lives) do
    if deleted == limit then break end
    if not status or fields(life, "status")[1] == status then
      remove(life)
      deleted = deleted + 1
    else left = left + 1
    end
  end
  return { tostring(deleted), tostring(left), tostring(#lives) }
end

-- A part of all jobs, in the order of creation or in the reverse one.
function ops.list()
  local is_reverse, createdAt = take_argument() == "1", take_optional()
  local from = createdAt and "(" .. sortable(createdAt) .. take_argument()
  local range = is_reverse and { from or "+", "-", "BYLEX", "REV" } or { from or "-", "+", "BYLEX" }
  table.insert(range, "LIMIT")
  table.insert(range, 0)
  table.insert(range, take_argument())
  local jobs = {}
  for _, place in ipairs(redis.call("ZRANGE", P .. ":age", unpack(range))) do
    table.insert(jobs, record_of(life_of(string.sub(place, 23))))
  end
  return jobs
end
function ops.count() return tostring(redis.call("ZCARD", P .. ":age")) end
`;
