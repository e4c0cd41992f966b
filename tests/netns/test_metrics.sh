#!/bin/bash
# The counters agree with what was sent, over HTTP, and HTTP does only what it should.
. "$(dirname "$0")/lib.sh"
topology
configure <<-Y
	interfaces: [{name: IFACE}]
	allow: [10.77.5.0/24, "fd77:5::/32"]
	deny: [10.77.6.6, 10.77.5.128/25, 10.77.7.0/24]
	limits:
	  - {name: "source", per: source, capacity: 10, refill_amount: 1, refill_interval: 1d}
	  - {name: "all", match: {protocol: udp, destination_port: 5353}, per: everyone, capacity: 15, refill_amount: 1, refill_interval: 1d}
Y
start || not_ok "the daemon starts"
metric() { in_b curl -s "http://$METRICS/metrics" | awk -v name="$1" 'index($0, name) == 1 {n += $NF} END {print n + 0}'; }
check "allowed: all pass" test "$(admitted 10.77.5.1 30)" = 30
check "allowed, IPv6" test "$(admitted fd77:5::1 30)" = 30
check "denied inside an allowed prefix, being longer" test "$(admitted 10.77.5.200 30)" = 0
check "denied: none pass" test "$(admitted 10.77.6.6 30)" = 0
check "why knows the lists" test "$(tg why 10.77.6.6 --json | jq -c '[.allowed, .denied]')" = '[false,true]'
check "10 of a source" test "$(admitted 10.77.1.1 30)" = 10
check "5 more for all together" test "$(admitted 10.77.1.2 30)" = 5
check "a packet that all refuse costs its source nothing" test "$(tg why 10.77.1.2 --json | jq '.limits[0].remaining')" = 5
check "packets dropped by source" test "$(metric 'tidegate_limit_packets_total{limit="source",verdict="dropped"}')" = 20
check "packets dropped by all" test "$(metric 'tidegate_limit_packets_total{limit="all",verdict="dropped"}')" = 25
check "admitted means passed" test "$(metric 'tidegate_limit_packets_total{limit="source",verdict="admitted"}')" -ge 15
check "bytes too" test "$(metric 'tidegate_limit_bytes_total{limit="all",verdict="admitted"}')" = $((15 * 62))
check "reason denied" test "$(metric "tidegate_dropped_packets_total{interface=\"$VB\",hook=\"xdp\",reason=\"denied\"}")" = 60
in_b curl -s "http://$METRICS/metrics" >"$WORK/metrics"
check "received = passed + dropped" test "$(awk '/^tidegate_received/ {r += $NF} /^tidegate_(passed|dropped)_packets/ {r -= $NF} END {print r}' "$WORK/metrics")" = 0
check "received at least what was sent" test "$(metric tidegate_received_packets_total)" -ge 180
for name in buckets table_size policy_generation 'policy_reloads_total{result="ok"}' 'build_info{version=' \
	"interface_attached{interface=\"$VB\",hook=\"xdp\",mode=\"native\"}" 'new_sources_total{limit="source"}' \
	'new_sources_refused_total{limit="source"}'; do
	check "there is tidegate_$name" grep -qF "tidegate_$name" "$WORK/metrics"
done
status_of() { in_b curl -s -o /dev/null -w '%{http_code}' "$@"; }
check "/healthz" test "$(in_b curl -s "http://$METRICS/healthz")" = ok
check "HEAD" test "$(status_of -I "http://$METRICS/metrics")" = 200
check "other paths: 404" test "$(status_of "http://$METRICS/../etc/passwd")" = 404
check "POST: not allowed" test "$(status_of -d x "http://$METRICS/metrics")" = 501 -o "$(status_of -d x "http://$METRICS/metrics")" = 405
check "not reachable from outside" test "$(in_a curl -s -m 2 -o /dev/null -w '%{http_code}' http://10.77.0.2:9469/metrics)" = 000
stop
start --metrics none || not_ok "the daemon starts without metrics"
check "--metrics none listens nowhere" test "$(status_of -m 2 "http://$METRICS/metrics")" = 000
stop
finish
