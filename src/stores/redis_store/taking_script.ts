/** Operations on owners, and on jobs that are due. The rules of leases are those of the lease kit; here their results are stored. */
export const TAKING_SCRIPT = `
function ops.owner() return { now, redis.call("HGET", P .. ":owners", take_argument()) } end
function ops.incarnation() return redis.call("INCR", P .. ":incarnations") end
-- Sets the state of an owner, unless somebody has changed it since it was read; forgets owners whose leases ended long ago.
function ops.set_owner()
  local owner, expected, state, latest, forgotten = take_argument(), take_optional(), take_argument(), take_argument(), take_argument()
  if redis.call("HGET", P .. ":owners", owner) ~= expected then return "0" end
  expect_kind("zset", P .. ":endings")
  redis.call("HSET", P .. ":owners", owner, state)
  redis.call("ZADD", P .. ":endings", latest, owner)
  for _, name in ipairs(redis.call("ZRANGE", P .. ":endings", "-inf", forgotten, "BYSCORE", "LIMIT", 0, 1000)) do
    if name ~= owner then
      redis.call("HDEL", P .. ":owners", name)
      redis.call("ZREM", P .. ":endings", name)
    end
  end
  return "1"
end
function ops.survived() return redis.call("LRANGE", P .. ":survived", 0, -1) end
function ops.survive()
  local incarnation, most = take_argument(), tonumber(take_argument())
  if redis.call("LPOS", P .. ":survived", incarnation) then return end
  redis.call("RPUSH", P .. ":survived", incarnation)
  if most > 0 then redis.call("LTRIM", P .. ":survived", -most, -1) end
end

local function has_lease(owner, incarnation)
  local state = state_of(owner)
  return state and state[1] == incarnation and tonumber(state[2]) > at
end
-- Ends for good a lease that was found to have ended: a clock that is behind must not renew it.
local function end_lease(owner, incarnation)
  local state = owner and state_of(owner)
  if not state or state[1] ~= incarnation or state[2] == "0" or tonumber(state[2]) > at then return end
  state[2], state[3] = "0", ""
  redis.call("HSET", P .. ":owners", owner, cjson.encode(state))
end

-- The state of a queue with limits, and until when the leases of its holders run or ran: those that have ended end for good.
function ops.queue()
  local text = redis.call("HGET", P .. ":queues", take_argument())
  local owner, incarnation = take_argument(), take_argument()
  if not has_lease(owner, incarnation) then return { now, "0" } end
  local leases = {}
  for index, holder in ipairs(text and cjson.decode(text).holders or {}) do
    local number = string.format("%.0f", holder.incarnation)
    leases[index] = lease_end(holder.owner, number)
    end_lease(holder.owner, number)
  end
  return { now, "1", text, leases }
end
-- Where only jobs with commands are asked for, a call that was refused may have been left out of the state.
local function is_last_call(queue, incarnation, call, unread)
  local text = redis.call("HGET", P .. ":queues", queue)
  for _, holder in ipairs(text and cjson.decode(text).holders or {}) do
    if string.format("%.0f", holder.incarnation) == incarnation then
      return holder.call == tonumber(call) or (unread and holder.call < tonumber(call))
    end
  end
  return false
end
function ops.set_queue()
  local queue, expected, state, frees = take_argument(), take_optional(), take_argument(), take_argument()
  if redis.call("HGET", P .. ":queues", queue) ~= expected then return { "0" } end
  redis.call("HSET", P .. ":queues", queue, state)
  return { "1", frees == "1" and tell({ type = "due", at = now }) }
end

local function claim_all(lives, owner, incarnation)
  local survived = redis.call("LRANGE", P .. ":survived", 0, -1)
  expect_indexes()
  local formers = {}
  for index, life in ipairs(lives) do
    local f = fields(life, "owner", "incarnation")
    formers[index] = f[2]
    end_lease(f[1], f[2])
  end
  local jobs = {}
  for index, life in ipairs(lives) do
    change(life, function(key)
      redis.call("HSET", key, "owner", owner, "incarnation", incarnation)
      redis.call("HINCRBY", key, "epoch", 1)
    end)
    jobs[index] = { formers[index], whole(life) }
  end
  return { now, jobs, survived }
end

function ops.claim()
  local owner, incarnation = take_argument(), take_argument()
  local lives = {}
  if has_lease(owner, incarnation) then
    for _ = 1, tonumber(take_argument()) do
      local jobId, life, epoch = take_argument(), take_argument(), take_argument()
      local f = life_of(jobId) == life and fields(life, "epoch", "owner", "incarnation")
      if f and f[1] == epoch and ((f[2] == owner and f[3] == incarnation) or not runs(lease_end(f[2], f[3]))) then
        table.insert(lives, life)
      end
    end
  end
  return claim_all(lives, owner, incarnation)
end

local function take_set()
  local set, count = {}, tonumber(take_argument())
  for _ = 1, count do set[take_argument()] = true end
  return set, count
end
local function take_filter()
  local flows = take_argument() == "1" and take_set()
  local queues = take_argument() == "1" and take_set()
  local exceptFlows = take_set()
  local exceptJobs, excepted = take_set()
  local unread = take_argument() == "1"
  return function(queue, flowId, flowHash, reason)
    return (not unread or reason == "2") and (not flows or flows[flowId]) and (not queues or queues[queue]) and not exceptFlows[flowHash]
  end, exceptJobs, excepted, unread
end

local GROUP = "^(%d%d%d%d%d%d%d%d%d%d%d%d%d%d%d%d)(%d)(%d%d%d%d%d%d%d%d%d%d)([^\\255]*)\\255([^\\255]*)\\255([^\\255]*)\\255"
-- Calls back with each group that is asked for: its prefix, its reason, its priority, until when its holder's lease runs or ran, and its holder. Of a holder whose
-- lease runs, one group is enough where only jobs that are due are wanted.
local function each_group(is_asked_for, skips_held, visit)
  local start = "-"
  while true do
    local first = redis.call("ZRANGE", P .. ":due", start, "+", "BYLEX", "LIMIT", 0, 1)[1]
    if not first then return end
    local _, length, holder, reason, priority, queue, flowId, flowHash = string.find(first, GROUP)
    local lease = false
    if tonumber(holder) > 0 then
      local f = fields(string.match(first, "%d+$"), "owner", "incarnation")
      lease = lease_end(f[1], f[2])
    end
    if skips_held and runs(lease) then start = "(" .. holder .. LAST
    else
      local prefix = string.sub(first, 1, length)
      if is_asked_for(queue, flowId, flowHash, reason) then visit(prefix, reason, priority, lease, tonumber(holder)) end
      start = "(" .. prefix .. LAST
    end
  end
end
local function parse(place, length)
  local since, created = string.sub(place, length + 1, length + 22), string.sub(place, length + 23, length + 44)
  local jobId, life = string.match(place, "^(.*)\\255(%d+)$", length + 45)
  return { since = tonumber(since), created = tonumber(created), jobId = jobId, life = life }
end

-- The order of bytes: that of Lua depends on the server's locale.
local function precedes(a, b)
  for index = 1, math.min(#a, #b) do
    local one, other = string.byte(a, index), string.byte(b, index)
    if one ~= other then return one < other end
  end
  return #a < #b
end
local function comes_first(a, b)
  if a.priority ~= b.priority then return a.priority < b.priority end
  if a.since ~= b.since then return a.since < b.since end
  if a.created ~= b.created then return a.created < b.created end
  return precedes(a.jobId, b.jobId)
end

function ops.take()
  local owner, incarnation, limit = take_argument(), take_argument(), tonumber(take_argument())
  local queue, call = take_optional(), take_argument()
  local is_asked_for, exceptJobs, excepted, unread = take_filter()
  local found = {}
  if has_lease(owner, incarnation) and (not queue or is_last_call(queue, incarnation, call, unread)) then
    each_group(is_asked_for, true, function(prefix, reason, priority, lease)
      local last = reason == "0" and prefix .. sortable(at) .. LAST or prefix .. LAST
      for _, place in ipairs(redis.call("ZRANGE", P .. ":due", "[" .. prefix, "(" .. last, "BYLEX", "LIMIT", 0, limit + excepted)) do
        local job = parse(place, #prefix)
        if not exceptJobs[job.jobId] then
          job.priority, job.place = priority, place
          if reason == "1" then job.since = math.max(tonumber(lease or 0), job.created) end
          table.insert(found, job)
        end
      end
    end)
    table.sort(found, comes_first)
  end
  local lives = {}
  for index = 1, math.min(limit, #found) do
    local job = found[index]
    -- A job whose record somebody has deleted keeps the others from nothing.
    if fields(job.life, "jobId")[1] then table.insert(lives, job.life)
    else redis.call("ZREM", P .. ":due", job.place)
    end
  end
  return claim_all(lives, owner, incarnation)
end

-- The time, and the instant from which something is due.
function ops.next_due()
  local is_asked_for, exceptJobs, excepted = take_filter()
  local exceptIncarnation = tonumber(take_optional() or -1)
  local next, text = math.huge, false
  each_group(is_asked_for, false, function(prefix, reason, _, lease, holder)
    if holder == exceptIncarnation then return end
    for _, place in ipairs(redis.call("ZRANGE", P .. ":due", "[" .. prefix, "(" .. prefix .. LAST, "BYLEX", "LIMIT", 0, excepted + 1)) do
      local job = parse(place, #prefix)
      if not exceptJobs[job.jobId] then
        local due
        if runs(lease) then due = lease
        elseif reason == "0" then due = fields(job.life, "dueAt")[1]
        else
          -- An instant that has passed, not the present one: the clock of whoever asks may be behind, and never reach that.
          local since = reason == "1" and math.max(tonumber(lease or 0), job.created) or job.created
          due = string.format("%.17g", math.min(since, at))
        end
        if tonumber(due) < next then next, text = tonumber(due), due end
        return
      end
    end
  end)
  return { now, text }
end

function ops.time() return now end

-- The version of the server, what it does when its memory is full, whether the user may write but not tell, and the version of the keys.
function ops.open()
  local about = redis.pcall("INFO", "memory")
  local may = redis.acl_check_cmd
  local is_silent = may and may("HSET", P .. ":ids", "", "") and not may("PUBLISH", P .. ":events", "")
  return { redis.REDIS_VERSION or "", type(about) == "string" and string.match(about, "maxmemory_policy:([%w-]+)") or "",
    is_silent and "1" or "", redis.call("GET", P .. ":version") or "1" }
end
`;
