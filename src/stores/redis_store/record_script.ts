/**
 * What all operations of the script share. Numbers are texts: a conversion by Lua would lose digits. All keys begin with the store's name
 * in braces, so that a cluster keeps them on one server.
 *
 * - `:version` of all these, if it is not the first
 * - `:ids` the lives by job ids; `:job:LIFE` the record of a job; `:snapshot:LIFE`, `:entries:LIFE`, `:inbox:LIFE`, … its other parts
 * - `:age` all jobs by creation time and id, in lexicographic order
 * - `:due` the jobs that may be due now or later, in lexicographic order: holder, reason, priority, queue, flow, since, creation time, id,
 *   life. All jobs of a holder are held, or none is; from one group to the next it is one step, however many jobs it has
 * - `:ended` the jobs that may be purged, by the time of their end
 * - `:queues` the states of queues with limits
 * - `:owners` the states of owners; `:endings` by when all their leases end
 */
export const RECORD_SCRIPT = `
local P, op, now, from = KEYS[1], ARGV[1], ARGV[2], ARGV[3]
local has_clock = now == ""
if has_clock then
  local t = redis.call("TIME")
  now = string.format("%.0f", t[1] * 1000 + math.floor(t[2] / 1000))
end
local at = tonumber(now)
local argument = 3
local function take_argument()
  argument = argument + 1
  return ARGV[argument]
end
local function take_optional()
  return take_argument() == "1" and take_argument() or false
end
-- What is due at once is so by the server's clock, too, if the clock of whoever says so is ahead.
local function take_due()
  local due, is_at_once = take_optional(), take_argument() == "1"
  return due and (has_clock and is_at_once and tonumber(due) > at and now or due)
end
local ops = {}

local FIELDS = { "jobId", "createdAt", "flowId", "flowHash", "queue", "priority", "tags", "parentId", "status", "dueAt", "endedAt",
  "consumed", "sent", "revision", "epoch", "owner", "incarnation" }
local PARTS = { ":job:", ":snapshot:", ":entries:", ":inbox:", ":keys:", ":order:", ":used:", ":refused:" }
local function part(name, life) return P .. name .. life end
local function life_of(jobId) return redis.call("HGET", P .. ":ids", jobId) end
local function fields(life, ...) return redis.call("HMGET", part(":job:", life), ...) end

-- The state of an owner: incarnation, end of its lease, token, and the former incarnations with theirs.
local states = {}
local function state_of(owner)
  if states[owner] == nil then
    local text = redis.call("HGET", P .. ":owners", owner)
    states[owner] = text and cjson.decode(text) or false
  end
  return states[owner]
end
local function lease_end(owner, incarnation)
  local state = owner and state_of(owner)
  if not state then return false end
  if state[1] == incarnation then return state[2] ~= "0" and state[2] end
  for _, former in ipairs(state[4]) do
    if former[1] == incarnation then return former[2] end
  end
  return false
end
local function runs(lease) return lease and tonumber(lease) > at end

local function record_of(life)
  local record = fields(life, unpack(FIELDS))
  record[18] = life
  record[19] = lease_end(record[16], record[17])
  return record
end

-- Numbers as texts of which the smaller is the first: times, and priorities, which may be negative.
local function sortable(number)
  return string.format("%022.5f", math.min(math.max(tonumber(number), 0), 9e15))
end
local function group_of(holder, reason, priority) 
  return string.format("%016.0f%d%010.0f", tonumber(holder), reason, tonumber(priority) + 2147483648)
end
-- No text in UTF-8 has the byte 255, which follows all others.
local LAST = "\\255"

-- Where a job stands in the two indexes.
local function places_of(life)
  local f = fields(life, "jobId", "createdAt", "queue", "flowId", "flowHash", "priority", "dueAt", "endedAt", "consumed", "sent",
    "owner", "incarnation")
  local jobId, createdAt, dueAt, endedAt, owner = f[1], f[2], f[7], f[8], f[11]
  local unread = tonumber(f[10]) > tonumber(f[9])
  local reason, since = false, createdAt
  if unread then reason = 2
  elseif owner then reason = 1
  elseif dueAt then reason, since = 0, dueAt
  end
  local due = reason and table.concat({ group_of(f[12] or 0, reason, f[6]), f[3], LAST, f[4], LAST, f[5], LAST,
    sortable(since), sortable(createdAt), jobId, LAST, life })
  return due, not reason and endedAt
end
local function leave_places(due, ended, life)
  if due then redis.call("ZREM", P .. ":due", due) end
  if ended then redis.call("ZREM", P .. ":ended", life) end
end
local function enter_places(life)
  local due, ended = places_of(life)
  if due then redis.call("ZADD", P .. ":due", 0, due) end
  if ended then redis.call("ZADD", P .. ":ended", ended, life) end
end
-- A key of another kind ends a script, and what it has written stays. So before its first write each looks at the keys that it has not
-- read yet: asked for its length, the server refuses one of another kind.
local LENGTHS = { hash = "HLEN", list = "LLEN", zset = "ZCARD" }
local function expect_kind(kind, ...)
  for _, key in ipairs({ ... }) do redis.call(LENGTHS[kind], key) end
end
local function expect_indexes() expect_kind("zset", P .. ":due", P .. ":ended") end
-- Changes a record, and with it the places of the job.
local function change(life, run)
  local due, ended = places_of(life)
  expect_indexes()
  run(part(":job:", life))
  leave_places(due, ended, life)
  enter_places(life)
end
local function set_optional(key, name, value)
  if value then redis.call("HSET", key, name, value) else redis.call("HDEL", key, name) end
end

-- Tells what has happened, in the same step as it happens; returned as well for those who watch in this process.
local function tell(event)
  local text = cjson.encode(event)
  redis.call("PUBLISH", P .. ":events", from .. " " .. text)
  return text
end

local function push(key, first, last)
  for start = first, last, 1000 do
    redis.call("RPUSH", key, unpack(ARGV, start, math.min(start + 999, last)))
  end
end
`;
