-- As many requests as the connections carry, each with other usages. See bench/README.md.
--
--   wrk -t1 -c64 -d30s --latency -s bench/wrk/usages.lua http://127.0.0.1:3000/api/usages
--
-- USAGES: how many in a request; 1 is a single usage, more an array. Default 1.

local usages = tonumber(os.getenv("USAGES") or "1")
local patients = 50000
local medications = { "Albuterol", "Budesonide", "Formoterol", "Salmeterol", "Tiotropium" }
local daySeconds = 86400

-- Requests are made beforehand, so that Lua takes nothing from the rate; their usages come from this many.
local requestsMade = math.max(100, math.floor(20000 / usages))

local threads = 0

function setup(thread)
  threads = threads + 1
  thread:set("number", threads)
end

local function usage()
  local usedAt = os.date("!%Y-%m-%dT%H:%M:%SZ", os.time() - math.random(0, daySeconds - 1))
  return string.format(
    '{"patientId":"%d","medication":"%s","timestamp":"%s"}',
    100000 + math.random(0, patients - 1),
    medications[math.random(#medications)],
    usedAt
  )
end

local function body()
  if usages == 1 then return usage() end
  local items = {}
  for i = 1, usages do items[i] = usage() end
  return "[" .. table.concat(items, ",") .. "]"
end

local requests = {}
local at = 0

function init()
  math.randomseed(os.time() + number)
  for i = 1, requestsMade do
    requests[i] = wrk.format("POST", nil, { ["Content-Type"] = "application/json" }, body())
  end
end

function request()
  at = at % requestsMade + 1
  return requests[at]
end

function done(summary)
  local seconds = summary.duration / 1e6
  io.write(string.format("usages a second: %.0f\n", summary.requests * usages / seconds))
  if summary.errors.status > 0 then
    io.write(string.format("ANSWERS THAT WERE NOT 2xx: %d of %d\n", summary.errors.status, summary.requests))
  end
end
