-- wrk script: the reports of report.lua, and at the end the latencies that wrk reports, in us.
local here = debug.getinfo(1, "S").source:sub(2):match("^(.*/)") or "./"
dofile(here .. "report.lua")

function done(summary, latency)
  local errors = summary.errors
  local failed = errors.connect + errors.read + errors.write + errors.status + errors.timeout
  print(string.format('{"answers":%d,"failed":%d,"p50":%d,"p90":%d,"p99":%d,"p99_9":%d,"max":%d}',
    summary.requests, failed, latency:percentile(50), latency:percentile(90),
    latency:percentile(99), latency:percentile(99.9), latency.max))
end
