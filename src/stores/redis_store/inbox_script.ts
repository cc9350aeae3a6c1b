/**
 * Operations on inboxes. `:inbox:LIFE` has the keys and texts of the commands that are not consumed, in turn; `:keys:LIFE` the number,
 * the hash and whether it reopens of each command by its key, `:order:LIFE` these keys in order, `:used:LIFE` when commands were consumed
 * and `:refused:LIFE` why they could not be carried out, by their numbers.
 */
export const INBOX_SCRIPT = `
local function sent_with(life, key)
  local sent = redis.call("HGET", part(":keys:", life), key)
  if sent then return string.match(sent, "^(%d+) (%x+)$") end
end
local function life_for()
  local jobId, asked = take_argument(), take_optional()
  local life = life_of(jobId)
  if life and (not asked or asked == life) then return life, jobId end
end

-- Forgets keys that were consumed long ago. Commands are consumed in order, so the first that must be remembered ends the search.
local function forget(life, sent, retention)
  local sequence = sent - redis.call("LLEN", part(":order:", life)) + 1
  while true do
    local used = redis.call("HGET", part(":used:", life), sequence)
    if not used or tonumber(used) + retention > at then return end
    redis.call("HDEL", part(":used:", life), sequence)
    redis.call("HDEL", part(":refused:", life), sequence)
    redis.call("HDEL", part(":keys:", life), redis.call("LPOP", part(":order:", life)))
    sequence = sequence + 1
  end
end

function ops.send()
  local life, jobId = life_for()
  if not life then return { "unknown" } end
  local key, hash, text, reopens = take_argument(), take_argument(), take_argument(), take_argument() == "1"
  local _, known = sent_with(life, key)
  if known then return { known == hash and "known" or "differs" } end
  local f = fields(life, "endedAt", "consumed", "sent", "reopened")
  local consumed, sent = tonumber(f[2]), tonumber(f[3])
  if f[1] and not reopens and tonumber(f[4] or 0) <= consumed then return { "ended" } end
  if sent - consumed >= tonumber(take_argument()) then return { "full" } end
  expect_inbox(life)
  expect_kind("list", part(":order:", life))
  expect_indexes()
  forget(life, sent, tonumber(take_argument()))
  local sequence = string.format("%.0f", sent + 1)
  change(life, function(record)
    redis.call("HSET", record, "sent", sequence)
    if reopens then redis.call("HSET", record, "reopened", sequence) end
  end)
  redis.call("RPUSH", part(":inbox:", life), key, text)
  redis.call("RPUSH", part(":order:", life), key)
  redis.call("HSET", part(":keys:", life), key, sequence .. " " .. hash)
  return { "stored", tell({ type = "command", jobId = jobId }) }
end

function ops.outcome()
  local life = life_for()
  local sequence = life and sent_with(life, take_argument())
  if not sequence then return false end
  if tonumber(sequence) > tonumber(fields(life, "consumed")[1]) then return { "stored" } end
  local reason = redis.call("HGET", part(":refused:", life), sequence)
  return reason and { "refused", reason } or { "done" }
end

-- The number of the first of some commands, and their keys and texts in turn.
local function commands_after(life, after)
  local consumed = tonumber(fields(life, "consumed")[1])
  local skipped = math.max(after - consumed, 0)
  return { string.format("%.0f", consumed + skipped + 1), redis.call("LRANGE", part(":inbox:", life), 2 * skipped, -1) }
end
function ops.inbox()
  local jobId, life, after = take_argument(), take_argument(), tonumber(take_argument())
  return { now, life_of(jobId) == life and commands_after(life, after) }
end

-- The jobs that an incarnation has claimed, for all reasons or for one.
local function claimed_by(owner, incarnation, reason)
  local first = string.format("%016.0f", tonumber(incarnation)) .. reason
  local lives = {}
  for _, place in ipairs(redis.call("ZRANGE", P .. ":due", "[" .. first, "(" .. first .. LAST, "BYLEX")) do
    local life = string.match(place, "%d+$")
    if fields(life, "owner")[1] == owner then table.insert(lives, life) end
  end
  return lives
end
function ops.commands()
  local jobs = {}
  for _, life in ipairs(claimed_by(take_argument(), take_argument(), "2")) do
    table.insert(jobs, { fields(life, "jobId")[1], life, commands_after(life, 0) })
  end
  return { now, jobs }
end
function ops.held()
  local jobs = {}
  for _, life in ipairs(claimed_by(take_argument(), take_argument(), "")) do
    local f = fields(life, "jobId", "epoch")
    table.insert(jobs, { f[1], life, f[2] })
  end
  return jobs
end
`;
