-- wrk's script for all loads: wrk ... -s load.lua URL -- METHOD BYTES PREFIX [HEADER VALUE]...
-- Every PUT has a name of its own. GET with a PREFIX asks for any of the 1000 members of any of BYTES collections below it. The last line is JSON for rows.py.
local threads = 0

function setup(thread)
	thread:set("number", threads)
	threads = threads + 1
end

function init(args)
	method, prefix, count = args[1], args[3], 0
	body = method == "PUT" and string.rep("x", tonumber(args[2])) or nil
	headers = {}
	for i = 4, #args, 2 do
		headers[args[i]] = args[i + 1]
	end
	math.randomseed(number)
	members = method == "GET" and prefix ~= "" and tonumber(args[2])
	if method == "GET" and not members then
		fixed = wrk.format("GET", nil, headers)
	end
end

function request()
	if fixed then
		return fixed
	end
	if members then
		return wrk.format(method, prefix .. math.random(0, members - 1) .. "/" .. math.random(0, 999), headers)
	end
	count = count + 1
	return wrk.format(method, prefix .. number .. "-" .. count, headers, body)
end

function done(summary, latency, requests)
	local errors = summary.errors
	print(string.format('{"requests": %d, "seconds": %f, "bytes": %d, "refused": %d, "broken": %d, "p99": %f}',
		summary.requests, summary.duration / 1e6, summary.bytes, errors.status,
		errors.connect + errors.read + errors.write + errors.timeout, latency:percentile(99) / 1e3))
end
