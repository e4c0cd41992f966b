#!/bin/bash
# A change of table.size: what the smaller table has no room for is counted as taken out, so that the table is not said to be full for ever.
. "$(dirname "$0")/lib.sh"
topology
policy() {
	configure <<-Y
		interfaces: [{name: IFACE}]
		table: { size: $1 }
		limits: [{name: l, capacity: 2, rate: 5/h}]
	Y
}
used() { tg status --json | jq .table.buckets; }
is_used() { test "$(used)" = "$1"; }
# eventually COMMAND...: within the time that the housekeeping takes
eventually() { for _ in $(seq $((150 * SLOW))); do "$@" && return; sleep 0.1; done; return 1; }

policy 8192
start || not_ok "the daemon starts"
flow 10.77.40.0 6000 6000 1
check "6,000 sources have buckets: $(used)" is_used 6000
policy 1024
check "reloads" tg reload
check "the smaller table has 1,024 of them: $(used)" eventually is_used 1024
check "and is full" test "$(tg status --json | jq .table.full)" = true
check "the limit's own count says the same" test "$(tg limits --json | jq '.limits[0].buckets')" = 1024
check "gives them their tokens back" tg reset --all
check "and they are taken out: $(used)" eventually is_used 0
burst 10.77.0.8 1
burst 10.77.0.9 1
check "two new sources: $(used)" eventually is_used 2
check "the table has room" test "$(tg status --json | jq .table.full)" = false
policy 4096
check "reloads" tg reload
check "a larger table has both: $(used)" eventually is_used 2
finish
