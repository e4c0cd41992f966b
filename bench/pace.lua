-- For wrk: each connection asks every 10 ms, as a client that reads what it gets, and at the end JSON of what it saw.
function delay()
	return 10
end

function done(summary, latency, requests)
	local errors = summary.errors
	print(string.format('{"requests": %d, "us": %d, "p50_us": %d, "p99_us": %d, "failed": %d}', summary.requests,
		summary.duration, latency:percentile(50), latency:percentile(99),
		errors.connect + errors.read + errors.write + errors.status + errors.timeout))
end
