#!/bin/bash
# tidegate simulate: captures whose outcome is known beforehand, run by the packet program.
. "$(dirname "$0")/lib.sh"
need_root
CAPTURE=$WORK/capture.pcap

# capture [OPTION...]: from a script on standard input, see capture.py
capture() { "$ROOT/tests/netns/capture.py" "$CAPTURE" "$@"; }
simulate() { "$BUILD/tidegate" simulate "$CONFIG" --pcap "$CAPTURE" "$@"; }
# report FILTER [OPTION...]: what jq finds in the report
report() {
	local filter=$1
	shift
	simulate --json "$@" 2>"$WORK/stderr" | jq -c "$filter"
}
# is NAME EXPECTED FOUND
is() { if [ "$2" = "$3" ]; then ok "$1"; else not_ok "$1: expected $2, got $3"; fi; }
# ends NAME CODE COMMAND...
ends() {
	local name=$1 code=$2
	shift 2
	"$@" >"$WORK/stdout" 2>"$WORK/stderr"
	is "$name" "$code" $?
}

# 20 packets in 19 ms from the second's beginning against a burst of 5: 5 admitted, 15 not, whatever is then done to them.
configure <<'END'
interfaces: [{name: eth0}]
deny: [192.0.2.99]
allow: [192.0.2.98]
limits:
  - {name: drop, match: {destination_port: 1001}, per: source, capacity: 5, refill_amount: 5, refill_interval: 1s}
  - {name: mark, match: {destination_port: 1002}, per: source, capacity: 5, rate: 1/s, on_exceed: mark, mark: {dscp: cs1}}
  - {name: reject, match: {destination_port: 1003}, per: source, capacity: 5, rate: 1/s, on_exceed: reject}
  - {name: shadow, match: {destination_port: 1004}, per: source, capacity: 5, rate: 1/s, shadow: true}
  - {name: bytes, match: {destination_port: 1005}, per: source, unit: bytes, capacity: 5kB, rate: 1kB/s}
  - {name: tcp, match: {protocol: tcp}, per: everyone, unit: connections, capacity: 5, rate: 1/s}
END
verdicts() {
	cat <<'END'
0 20 1000000 udp 192.0.2.1 1001 300
0 20 1000000 udp 2001:db8::1 1001 300 1
0 20 1000000 udp 192.0.2.2 1002 300 2
0 20 1000000 udp 2001:db8::2 1002 300
0 20 1000000 udp 192.0.2.3 1003 300
0 20 1000000 udp 2001:db8:0:3::3 1003 300 1
0 20 1000000 udp 192.0.2.4 1004 300
0 20 1000000 udp 192.0.2.5 1005 1000
0 20 1000000 tcp 192.0.2.6 80 300
0 1 0 arp 0.0.0.0 0 60
0 2 0 cut 192.0.2.7 0 60
0 3 0 udp 192.0.2.98 1001 300
0 4 0 udp 192.0.2.99 1001 300
0 5 0 icmp 192.0.2.8 0 100
END
}
counts='.limits[] | [.name, .packets.admitted, .packets.dropped, .packets.marked, .packets.rejected, .packets.shadow_exceeded, .sources.seen, .sources.refused]'
# Of 15 rejected packets of a source 10 are answered, the most at once that the manual promises; the others are dropped.
expected='["drop",10,30,0,0,0,2,2]
["mark",10,0,30,0,0,2,0]
["reject",10,10,0,20,0,2,2]
["shadow",5,0,0,0,15,1,1]
["bytes",5,15,0,0,0,1,1]
["tcp",5,15,0,0,0,1,1]'
verdicts | capture
is "each verdict, IPv4 and IPv6, with and without tags" "$expected" "$(report "$counts")"
is "bytes of each verdict" '[[3000,9000,0,0],[3000,0,9000,0],[3000,3000,0,6000],[1500,0,0,0],[5000,15000,0,0],[1500,4500,0,0]]' \
	"$(report '[.limits[] | [.bytes.admitted, .bytes.dropped, .bytes.marked, .bytes.rejected]]')"
is "reasons" '{"admitted":90,"unlimited":5,"allowed":3,"arp":1,"limit":70,"rejected":20,"denied":4,"truncated_ipv4":2}' \
	"$(report '.reasons')"
is "passed, dropped and all" '[99,96,195]' "$(report '[.passed, .dropped, .packets]')"
is "who was refused, how much and when" \
	'["2001:db8::/64","drop",15,4500,5,1700000000005,1700000000019]' \
	"$(report '.refused_sources[] | select(.limit == "drop" and (.source | contains(":"))) |
		[.source, .limit, .refused_packets, .refused_bytes, .admitted_packets, .first_refused_ms, .last_refused_ms]')"
is "the most refused first, as many as asked for" '[15,15,15]' "$(report '[.refused_sources[].refused_packets]' -n 3)"
simulate >"$WORK/text"
# shellcheck disable=SC2016 # awk's own
check "text has each number" awk '
	$1 == "drop" && $2 == "packets" && $3 == 10 && $4 == 30 {found++}
	$1 == "2001:db8::/64" && $2 == "drop" && $3 == 15 && $4 == 5 && $6 == "22:13:20.005" && $8 == "22:13:20.019" {found++}
	$1 == "truncated_ipv4" && $2 == 2 {found++}
	END {exit found != 3}' "$WORK/text"

# The file's form makes no difference; a cut off one neither, as long as the headers are there.
for form in pcap pcap-be pcapng; do
	verdicts | capture --format "$form"
	is "$form" "$expected" "$(report "$counts")"
done
verdicts | capture --snaplen 66
is "packets cut off behind their headers" "$expected [5000,15000]" \
	"$(report "$counts") $(report '.limits[4].bytes | [.admitted, .dropped]')"
verdicts | capture --snaplen 30
is "packets cut off within their headers" '[0,194,[0,0]]' \
	"$(report '[.packets - .headers_cut - .reasons.not_ip, .headers_cut, (.limits[0].packets | [.admitted, .dropped])]')"
for link in raw sll sll2; do
	grep -v arp <(verdicts) | capture --link "$link"
	# An untagged Ethernet header is what they get: 4 bytes less than with a tag.
	is "$link" "$expected" "$(report "$counts")"
done
verdicts | capture --link 802.11
ends "another link type is refused" 1 simulate
check "and named" grep -q 'IEEE802_11.*there must be Ethernet' "$WORK/stderr"

verdicts | capture
is "a filter" '[47,40]' "$(report '[.packets, .limits[0].packets.admitted + .limits[0].packets.dropped]' \
	--filter '(udp port 1001 and src net 192.0.2.0/25) or (vlan and udp port 1001)')"
verdicts >"$WORK/script"
is "from standard input" "$expected" "$("$BUILD/tidegate" simulate "$CONFIG" --pcap - --json <"$CAPTURE" | jq -c "$counts")"

# The clock. A step each second: 2 at once, the third of them before the step, one after it; 1.0 s and 1.8 s come after 6.3 s as if
# they were 6.3 s and 7.1 s.
configure <<'END'
interfaces: [{name: eth0}]
limits: [{name: l, per: source, capacity: 2, refill_amount: 1, refill_interval: 1s}]
END
capture --as-given <<'END'
5200000000 2 0 udp 192.0.2.1 1 100
5100000000 1 0 udp 192.0.2.1 1 100
6300000000 1 0 udp 192.0.2.1 1 100
1000000000 1 0 udp 192.0.2.1 1 100
1800000000 1 0 udp 192.0.2.1 1 100
END
is "timestamps that go back" '[4,2,1,1,1700000005200,1700000007100]' \
	"$(report '[.passed, .dropped, .out_of_order, .clock_set_back, .first_ms, .last_ms]')"
# From 0.999999999 to 1.000000000 s there is a step if ns are read, and with us the first is the same as 0.999999.
printf '%s\n' '999999000 2 0 udp 192.0.2.1 1 100' '999999999 1 0 udp 192.0.2.1 1 100' '1000000000 1 0 udp 192.0.2.1 1 100' |
	capture --format pcapng
is "ns count" '[3,1,1700000000999,1700000001000]' "$(report '[.passed, .dropped, .limits[0].last_refused_ms, .last_ms]')"
is "and a day later all is full" '[4,0]' "$({
	echo '0 2 0 udp 192.0.2.1 1 100'
	echo '86400000000000 2 0 udp 192.0.2.1 1 100'
} | capture && report '[.passed, .dropped]')"

# Hooks: the first of the configuration unless told otherwise; what waits up to 550 ms at 10 a second is 5 packets.
configure <<'END'
interfaces: [{name: eth0, hooks: [tc-ingress, tc-egress]}]
limits:
  - {name: in, match: {hook: tc-ingress}, per: source, capacity: 7, rate: 1/m, on_exceed: reject}
  - {name: out, match: {hook: tc-egress}, per: source, capacity: 5, rate: 10/s, on_exceed: delay, max_delay: 550ms}
END
printf '%s\n' '0 20 0 udp 192.0.2.1 53 300' '0 20 0 udp 2001:db8::1 53 300 1' | capture
hooks='.hook, (.limits[] | [.held, .packets.admitted, .packets.dropped, .packets.delayed, .packets.rejected])'
is "tc-ingress, being first" '"tc-ingress" [true,14,6,0,20] [false,0,0,0,0]' "$(report "$hooks" | tr '\n' ' ' | sed 's/ $//')"
is "tc-egress" '"tc-egress" [false,0,0,0,0] [true,10,20,10,0]' "$(report "$hooks" --hook tc-egress | tr '\n' ' ' | sed 's/ $//')"

# 50 new sources a second for 200 s in a table of 1,024: it never fills, as the sweep takes full buckets out every second.
configure <<'END'
interfaces: [{name: eth0}]
table: {size: 1024}
limits: [{name: l, per: source, capacity: 1, rate: 1/s}]
END
for i in $(seq 0 9999); do echo "$((i * 20))000000 1 0 udp 10.9.$((i / 250)).$((i % 250)) 53 100"; done | capture
is "the sweep runs on the capture's clock" '[10000,0,10000]' "$(report '[.passed, .limits[0].shared_bucket_packets, .limits[0].sources.seen]')"
# 20 of 50 new sources get a bucket of their own at once, and 2 of 5 after 250 ms.
configure <<'END'
interfaces: [{name: eth0}]
limits: [{name: l, per: source, capacity: 1, rate: 1/m, new_sources: {rate: 10/s, burst: 20}}]
END
{
	for i in $(seq 50); do echo "0 1 0 udp 10.9.0.$i 53 100"; done
	for i in $(seq 5); do echo "250000000 1 0 udp 10.9.1.$i 53 100"; done
} | capture
is "new sources are held to their rate" '[33,55]' "$(report '.limits[0] | [.shared_bucket_packets, .sources.seen]')"

# Random traffic of 60 sources against buckets reckoned in Python.
configure <<'END'
interfaces: [{name: eth0}]
limits:
  - {name: stepped, match: {destination_port: 53}, per: source, prefix: {ipv4: 24, ipv6: 64}, capacity: 7, refill_amount: 3, refill_interval: 700ms}
  - {name: even, per: source, unit: bytes, capacity: 3000, rate: 2kB/s}
END
"$ROOT/tests/netns/buckets.py" "$WORK/reckoned" | capture --format pcapng
simulate --json -n 1000 | jq -r '.limits[] as $l | .refused_sources[] | select(.limit == $l.name) | [.source, .limit, .refused_packets, .admitted_packets] | @tsv' |
	sort >"$WORK/simulated"
check "as reckoned by hand, source by source" diff "$WORK/reckoned" "$WORK/simulated"
check "of sources there are some" between 15 "$(wc -l <"$WORK/simulated")" 120

# What cannot be.
printf '%s\n' '0 5 0 udp 192.0.2.1 53 300' | capture
head -c 800 "$CAPTURE" >"$WORK/cut.pcap"
printf '' | capture && cp "$CAPTURE" "$WORK/none.pcap"
: >"$WORK/empty.pcap"
head -c 5000 /dev/urandom >"$WORK/garbage.pcap"
ends "a capture of no packets" 0 simulate
is "says so" '[0,null,true,[]]' "$(report '[.packets, .first_ms, .complete, .refused_sources]')"
CAPTURE=$WORK/cut.pcap
ends "a truncated capture" 1 simulate --json
is "what came before is told" '[2,false]' "$(jq -c '[.packets, .complete]' "$WORK/stdout")"
check "and that it is truncated" grep -q 'truncated dump file' "$WORK/stderr"
for what in empty garbage missing; do
	CAPTURE=$WORK/$what.pcap
	ends "a capture that is $what" 1 simulate
	check "$what: nothing printed but an error" test ! -s "$WORK/stdout" -a "$(wc -l <"$WORK/stderr")" = 1
done
CAPTURE=$WORK
ends "a directory" 1 simulate
CAPTURE=$WORK/none.pcap
ends "no capture" 2 "$BUILD/tidegate" simulate "$CONFIG"
ends "an unknown hook" 2 simulate --hook nowhere
ends "a filter that is none" 2 simulate --filter 'udp prot 53'
check "is quoted" grep -q 'udp prot 53.*pcap-filter(7)' "$WORK/stderr"
echo 'limits: [{}]' >"$WORK/broken.yaml"
ends "a broken configuration" 3 "$BUILD/tidegate" simulate "$WORK/broken.yaml" --pcap "$CAPTURE"
chmod 755 "$WORK" && chmod 644 "$CONFIG" "$CAPTURE"
public_command
ends "no privilege" 4 setpriv --reuid=65534 --regid=65534 --clear-groups --inh-caps=-all "$WORK/tidegate" simulate "$CONFIG" --pcap "$CAPTURE"
check "says which" grep -q 'run as root or with CAP_BPF' "$WORK/stderr"

# Progress, on a terminal, of what takes over a second.
printf '%s\n' '0 4000 1000 udp 192.0.2.1 53 300' | CAPTURE=$WORK/slow.pcap capture
mkfifo "$WORK/fifo"
slowly() { { head -c 700000 && sleep 1.3 && cat; } <"$WORK/slow.pcap" >"$WORK/fifo" & PIDS+=($!); }
slowly
script -qec "'$BUILD/tidegate' simulate '$CONFIG' --pcap '$WORK/fifo'" /dev/null >"$WORK/stdout" </dev/null
check "progress on a terminal" grep -qE $'\r[0-9]+ packets' "$WORK/stdout"
slowly
CAPTURE=$WORK/fifo
ends "and none in a file" 0 simulate
check "none at all" test ! -s "$WORK/stderr"

# A daemon at work is left alone; and it does the same to real packets.
topology
configure <<'END'
interfaces: [{name: IFACE}]
limits: [{name: l, match: {protocol: udp, destination_port: 5353}, per: source, capacity: 100, refill_amount: 1, refill_interval: 1d}]
END
start || not_ok "the daemon starts"
burst 10.77.1.5 400
burst fd77:1::5 150
live=$(tg limits --json | jq -c '.limits[0] | [.packets, .bytes]')
before=$(find "$STATE" | sort)
CAPTURE=$WORK/capture.pcap
printf '%s\n' '0 400 1000 udp 10.77.1.5 5353 62' '0 150 1000 udp fd77:1::5 5353 62' | capture
is "as to real packets" "$live" "$(report '.limits[0] | [.packets, .bytes]')"
is "the daemon's counters stay" "$live" "$(tg limits --json | jq -c '.limits[0] | [.packets, .bytes]')"
is "as do its pins" "$before" "$(find "$STATE" | sort)"
stop
finish
