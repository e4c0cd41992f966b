#!/bin/bash
# Room in the table for every limit: whatever one of them is owed, new sources of the others get buckets. And how many buckets a limit
# has is exact: after floods, reloads, another size, a kill.
. "$(dirname "$0")/lib.sh"
topology
need() { tg limits "$1" --json | jq ".limits[0].$2"; }
# rows LIMIT: the buckets that are there, one by one
rows() { tg top --limit "$1" -n 2000 --noheadings -o source | grep -c .; }
# exact LIMIT N: the count, the buckets themselves and the metric agree
exact() {
	local count rows metric
	sleep 0.3 # what the metrics and the commands show may be a quarter of a second old
	count=$(need "$1" buckets) rows=$(rows "$1") metric=$(in_b curl -s "http://$METRICS/metrics" | awk "/^tidegate_buckets{limit=\"$1\"}/ {print \$2}")
	echo "# $1: $count counted, $rows there, $metric in the metric, want $2"
	[ "$count" = "$2" ] && [ "$rows" = "$2" ] && [ "$metric" = "$2" ]
}
# whole NAME FROM: a source that was never seen has all of dns's bucket
whole() { check "$1" test "$(admitted "$2" 60)" = 20; }
scatter() { in_a "$ROOT/tests/netns/scatter.py" "$VA" "$MAC" "$@"; }
policy() {
	configure <<-Y
		interfaces: [{name: IFACE}]
		table: { size: $1 }
		limits:
		  - {name: dns, match: {protocol: udp, destination_port: 5353}, capacity: 20, rate: 1/h}
		  - {name: login, match: {protocol: udp, destination_port: 5354}, capacity: 5, rate: 5/h, new_sources: {rate: 1000/s, burst: 1000}}
		  ${2:-}
	Y
}

policy 1024
check "check warns that the slow limit's sources take its room" sh -c "'$BUILD/tidegate' check '$CONFIG' 2>&1 |
	grep -q 'limits\[1\].new_sources: in the 12m until one packet is refilled it lets in 720000 sources, .* login has room for 768 in the table (256 of its own)'"
check "and says how the table is divided" sh -c "'$BUILD/tidegate' check '$CONFIG' 2>/dev/null | grep -q '^table: 1024 buckets kept at once: 256 for each limit, 512 for whoever comes$'"
start || not_ok "the daemon starts"
check "each limit has its part" test "$(need dns buckets_reserved) $(need login buckets_reserved)" = "256 256"
check "limits shows it" test "$(tg limits --noheadings -o limit,buckets,reserved | tr -s ' ' | tr '\n' ',')" = "dns 0 256,login 0 256,"
check "so does the metric" test "$(in_b curl -s "http://$METRICS/metrics" | grep -c '^tidegate_buckets_reserved{limit="[a-z]*"} 256$')" = 2
check "nothing is wrong" test "$(tg status --json | jq -r .health)" = ok

# A slow limit under spoofed sources, more than the table holds.
in_a "$TRAFFIC" send "$VA" "$MAC" 10.77.40.0 10.77.0.2 5354 3000 1500 $((3 * SLOW)) 62 >/dev/null
check "the slow limit has what is open and its own part" exact login 768
check "status says so" sh -c "nsenter --net=/run/netns/$B '$BUILD/tidegate' --control '$CONTROL' status |
	grep -q '^table: 768 of 1024 buckets used, 512 reserved for limits; FULL for login: new sources share overflow buckets'"
check "and health" test "$(tg status --json | jq -r .health)" = "the table is full for login: new sources share buckets"
check "as JSON" test "$(tg status --json | jq -c '[.table.full, .table.full_limits, .table.reserved]')" = '[true,["login"],512]'
whole "a new source of the other limit is limited alone" 10.77.7.1
check "a new source of the full one is told that it shares" test "$(tg why 10.77.230.7 --json | jq -c '[.limits[].overflow]')" = '[false,true]'
sleep $((2 * SLOW))
check "passes of the daemon leave what is owed" exact login 768
check "one line in the log" test "$(grep -c 'the table is full for limit login: of its 1024 buckets, those reserved for this limit (256)' "$WORK/daemon.log")" = 1
check "none for the other" test "$(grep -c 'full for limit dns' "$WORK/daemon.log")" = 0

# The count is kept over all that can happen to the policy.
tg reset --limit login >/dev/null
check "reset takes no bucket out by itself" between 1 "$(need login buckets)" 768
in_a "$TRAFFIC" send "$VA" "$MAC" 10.77.60.0 10.77.0.2 5354 3000 1500 $((3 * SLOW)) 62 >/dev/null
check "and after it others come in" exact login 768
tg set login rate=6/h >/dev/null
check "set" exact login 768
stop KILL
in_a "$TRAFFIC" send "$VA" "$MAC" 10.77.80.0 10.77.0.2 5354 100 1500 1 62 >/dev/null
start || not_ok "the daemon starts again"
check "a kill and the next daemon" exact login 768
whole "which leaves the others' part" 10.77.7.2
check "the other limit's count" exact dns 2
policy 512
check "a smaller table is taken" tg reload
check "what does not fit is left out, of the limit that holds too much" exact login $((512 - 128))
check "and not of the other" exact dns 2
check "used is what is there" test "$(tg status --json | jq -c '[.table.size, .table.buckets]')" = "[512,386]"
check "the other one's debt goes with it" test "$(admitted 10.77.7.2 60)" = 0
whole "and its part" 10.77.7.3
policy 4096
check "a larger table" tg reload
check "has them all" exact login 384
check "and room" test "$(tg status --json | jq -r .health)" = ok
policy 4096 "- {name: more, match: {protocol: udp, destination_port: 5355}, capacity: 5, rate: 5/h, table_share: 25%}"
check "a limit more, with a share of its own" tg reload
check "divides the table anew" test "$(need dns buckets_reserved) $(need login buckets_reserved) $(need more buckets_reserved)" = "512 512 1024"
check "diff says what a share changes" sh -c "sed 's/25%/12.5%/' '$CONFIG' >'$WORK/other.yaml' && nsenter --net=/run/netns/$B '$BUILD/tidegate' --control '$CONTROL' diff '$WORK/other.yaml' |
	grep -q '12.5% of the table is its own; now: 25% of the table is its own'"
check "what they hold stays" exact login 384
sed -i '/name: login/d' "$CONFIG"
check "a limit that goes" tg reload
check "gives all of its buckets back" test "$(tg status --json | jq .table.buckets)" = "$(need dns buckets)"
policy 4096
check "and comes back" tg reload
check "with none" exact login 0
tg set login table_share=10% 2>"$WORK/err"
check "set does not divide the table: exit 2" test $? = 2
check "and says what it can set" grep -q '"table_share" cannot be set while a limit holds; what can is capacity' "$WORK/err"
stop

# A part is full while most of the table is free: quiet buckets go from half of the limit's own room on.
configure <<-Y
	interfaces: [{name: IFACE}]
	table: { size: 4096, reserve: 90% }
	limits:
	  - {name: dns, match: {protocol: udp, destination_port: 5353}, capacity: 20, rate: 10/s, table_share: 5%}
	  - {name: login, match: {protocol: udp, destination_port: 5354}, capacity: 5, rate: 5/h, table_share: 5%}
	  - {name: other, match: {protocol: udp, destination_port: 5355}, capacity: 5, rate: 5/h}
Y
start || not_ok "the daemon starts"
in_a "$TRAFFIC" send "$VA" "$MAC" 10.77.40.0 10.77.0.2 5354 2000 2000 $((2 * SLOW)) 62 >/dev/null
check "one limit has its 5 % and all that is open" exact login $((204 + 410))
in_a "$TRAFFIC" send "$VA" "$MAC" 10.77.60.0 10.77.0.2 5353 2000 2000 $((2 * SLOW)) 62 >/dev/null
emptied() {
	for _ in $(seq $((50 * SLOW))); do
		[ "$(need dns buckets)" -lt 102 ] && return
		sleep 0.1
	done
	return 1
}
check "the other one's quiet buckets go" emptied
check "a new source of it has its own" test "$(tg why 10.77.230.7 --json | jq -c '[.limits[].overflow]')" = '[false,true,false]'
stop

# One host with many ports, and one site of IPv6.
configure <<-Y
	interfaces: [{name: IFACE}]
	table: { size: 1024 }
	limits:
	  - {name: dns, match: {protocol: udp, destination_port: 5353}, capacity: 20, rate: 1/h}
	  - {name: ports, per: [source, destination_port], match: {protocol: udp, destination_port: 20000-30000}, capacity: 1, rate: 1/h}
Y
start || not_ok "the daemon starts"
scatter ports 10.77.0.9 20001 3000
check "one host takes the room of one limit" exact ports 768
whole "a new source of the other limit has its own" 10.77.7.1
check "and the host itself" test "$(admitted 10.77.0.9 60)" = 20
stop
policy 1024
start || not_ok "the daemon starts"
scatter networks fd77:0:0::/48 5354 3000
check "one /48 takes the room of one limit: $(need login buckets)" between 700 "$(need login buckets)" 768
whole "a new IPv4 source of the other limit has its own" 10.77.7.1
whole "and a new one of that /48" fd77:0:0:77::1
stop
finish
