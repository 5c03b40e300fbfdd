-- wrk script: a QoS report with a body of its own per request, head and body as qosflood sends
-- them. Built by concatenation, which costs wrk less than its own wrk.format.
local n = 0
local head

function init()
  head = "POST /api/v1/metrics/qos HTTP/1.1\r\nHost: " .. wrk.headers["Host"]
    .. "\r\nUser-Agent: wrk\r\nAccept: */*\r\nContent-Type: application/json\r\nContent-Length: "
end

function request()
  n = n + 1
  local client = n % 200
  local line = client % 50
  local body = '{"sessionId":"qosflood-20250101-000000-abcdef-' .. client .. '-0","bridgeId":"bridge-'
    .. line % 4 .. '","productionId":"production-' .. line % 10 .. '","lineId":"line-' .. line
    .. '","direction":"ingress","mos":4.' .. n % 100 .. ',"packetLoss":0.' .. n % 97
    .. ',"roundTripTime":' .. 20 + n % 83 .. '.5,"observedAt":' .. 1735689600000 + n .. '}'
  return head .. #body .. "\r\n\r\n" .. body
end
