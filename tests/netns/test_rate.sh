#!/bin/bash
# The rate admitted over 10 s: within 2 % of the configured one, never above capacity + refill.
. "$(dirname "$0")/lib.sh"
# Where a slow machine has the sender stand still for a while, a small bucket would be full and tokens be lost: there it holds those of
# some seconds more.
MORE=$((SLOW - 1))
topology

# hold NAME MODE FROM LEAST MOST PACKETS LENGTH RATE: a source that sends far too much for 10 s, of which the bucket takes RATE a second
hold() {
	local name=$1 mode=$2 from=$3 least=$4 most=$5 packets=$6 length=$7 rate=$8 n begin late
	start || { not_ok "$name: the daemon starts" && return; }
	check "$name: attached $mode" test "$(tg status --json | jq -r '.interfaces[0].mode')" = "$mode"
	count 5353 60
	begin=$(milliseconds)
	flow "$from" 1 "$packets" 10 "$length"
	late=$((($(milliseconds) - begin) / 100 - 100))
	n=$(counted | total)
	check "$name: $n packets admitted" between $((least + rate * MORE)) "$n" $((most + rate * MORE + rate * late / 10))
	stop
}

for mode in native generic; do
	# 50 at once, then 20 every 100 ms: in 10 s 2,000 more; 20 for a tick that falls on either end
	configure <<-Y
		interfaces: [{name: IFACE, xdp_mode: $mode}]
		limits: [{name: l, per: source, capacity: $((50 + 200 * MORE)), refill_amount: 20, refill_interval: 100ms}]
	Y
	hold "$mode, IPv4, stepped 200/s" $mode 10.77.1.1 2010 2070 2000 62 200
	hold "$mode, IPv6, stepped 200/s" $mode fd77:1::1 2010 2070 2000 62 200
done
configure <<-Y
	interfaces: [{name: IFACE}]
	limits: [{name: l, per: source, capacity: $((10 + 300 * MORE)), rate: 300/s}]
Y
hold "continuous 300/s" native 10.77.1.2 2950 3010 3000 62 300
# 1000-byte frames: 30 of them, then 200 a second
configure <<-Y
	interfaces: [{name: IFACE}]
	limits: [{name: l, per: source, unit: bytes, capacity: $((30000 + 200000 * MORE)), rate: 200kB/s}]
Y
hold "continuous 200 kB/s" native 10.77.1.3 1990 2030 2000 1000 200
finish
