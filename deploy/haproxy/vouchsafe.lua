-- vouchsafe: asks the mediator's /check whether a request comes from an attested app.
--   http-request lua.vouchsafe_check POLICY
-- sets the Vouchsafe-* headers of one that does, and txn.vouchsafe to "passed"; answers any other.

local MEDIATOR = "http://127.0.0.1:8102" -- a plain listener: what is said there about the request
                                         -- counts because it comes from one of trusted_proxies
local TIMEOUT_MS = 5000

-- What the mediator looks at. Every line of each goes along: two of one are refused there.
local ASKED = { "oauth-client-attestation", "oauth-client-attestation-pop", "dpop", "authorization" }
-- What the API learns, and what the app does when it is refused.
local TOLD = { "vouchsafe-client-id", "vouchsafe-jkt", "vouchsafe-coverage", "vouchsafe-streak",
               "vouchsafe-version", "vouchsafe-status" }
local ANSWERED = { "content-type", "www-authenticate", "oauth-client-attestation-challenge",
                   "dpop-nonce", "retry-after" }

-- HAProxy counts a header's lines from 0.
local function lines_of(headers, name)
  local lines, i = {}, 0
  while headers[name] and headers[name][i] do
    lines[#lines + 1] = headers[name][i]
    i = i + 1
  end
  return lines
end

local function question(txn)
  local headers = txn.http:req_get_headers()
  local asked = {
    ["x-original-method"] = { txn.sf:method() },
    ["x-original-uri"] = { txn.sf:pathq() },
    ["x-forwarded-for"] = { txn.sf:src() },
  }
  for _, name in ipairs(ASKED) do
    local lines = lines_of(headers, name)
    if #lines > 0 then asked[name] = lines end
  end
  return asked
end

local function refuse(txn, status, headers, body)
  local reply = txn:reply { status = status }
  for _, name in ipairs(ANSWERED) do
    for _, value in ipairs(lines_of(headers, name)) do reply:add_header(name, value) end
  end
  reply:add_header("cache-control", "no-store")
  reply:set_body(body)
  txn:done(reply)
end

core.register_action("vouchsafe_check", { "http-req" }, function(txn, policy)
  local answer = core.httpclient():get {
    url = MEDIATOR .. "/check/" .. policy,
    headers = question(txn),
    timeout = TIMEOUT_MS,
  }
  local status = answer and answer.status or 0
  if status == 401 or status == 403 then
    refuse(txn, status, answer.headers, answer.body or "")
  elseif status ~= 204 then
    refuse(txn, 503, {}, "")
  else
    for _, name in ipairs(TOLD) do
      local lines = lines_of(answer.headers, name)
      if lines[1] then txn.http:req_set_header(name, lines[1]) end
    end
    txn:set_var("txn.vouchsafe", "passed")
  end
end, 1)
