#!/bin/bash
# A deny list of 1,000,000 prefixes: a change of numbers builds no list again, and no configuration is kept twice.
. "$(dirname "$0")/lib.sh"
not_emulated "a million prefixes, which an emulated machine takes minutes to read"
topology
PREFIXES=1000000
LIST=$WORK/deny.txt
# A /32 for each number up to PREFIXES, in 11.0.0.0/8: more than all that is sent from 10.77.0.0/16.
awk -v n=$PREFIXES 'BEGIN {
	for (i = 0; i < n - 2; i++)
		printf "11.%d.%d.%d\n", i / 65536, i / 256 % 256, i % 256
	print "10.77.9.1"
	print "10.77.9.2/32"
}' >"$LIST"
configure <<-Y
	interfaces: [{name: IFACE}]
	sets: {bad: {file: deny.txt}}
	deny: [bad]
	limits: [{name: l, per: source, capacity: 100, refill_amount: 1, refill_interval: 1d}]
Y
memory() { awk -v key="$1:" '$1 == key {print int($2 / 1024)}' "/proc/$DAEMON/status"; } # MiB
# timed COMMAND...: runs it; prints how many ms it took
timed() {
	local begin
	begin=$(milliseconds)
	"$@" >/dev/null || return
	echo $(($(milliseconds) - begin))
}
begin=$(milliseconds)
start || not_ok "the daemon starts"
echo "# start: $(($(milliseconds) - begin)) ms; VmRSS $(memory VmRSS) MiB, VmHWM $(memory VmHWM) MiB"
check "the list decides" test "$(admitted 10.77.9.1 20)" = 0
check "and for nobody else" test "$(admitted 10.77.9.3 20)" = 20
least=999999
for i in 1 2 3 4 5 6 7 8 9; do
	took=$(timed tg set l capacity=$((100 + i))) || not_ok "set $i"
	echo "# set $i: $took ms; VmRSS $(memory VmRSS) MiB, VmHWM $(memory VmHWM) MiB"
	[ "$took" -ge "$least" ] || least=$took
done
check "a change of numbers takes $least ms, not the seconds that a list takes" test "$least" -lt $((2000 * SLOW))
check "nine changes later $(memory VmRSS) MiB, $(memory VmHWM) MiB at most" test "$(memory VmHWM)" -lt 200
check "the list decides still" test "$(admitted 10.77.9.2 20)" = 0
check "and why says so" test "$(tg why 10.77.9.2 --json | jq .denied)" = true
check "for nobody else" test "$(admitted 10.77.9.4 20)" = 20
echo "# reload of the same: $(timed tg reload) ms; VmRSS $(memory VmRSS) MiB, VmHWM $(memory VmHWM) MiB"
check "a reload of the same keeps the list" test "$(admitted 10.77.9.1 20)" = 0
for i in $(seq 3); do tg reload >/dev/null || not_ok "reload $i"; done
check "reloads of the same: $(memory VmRSS) MiB" test "$(memory VmRSS)" -lt 200
echo 10.77.9.2 >"$LIST"
echo "# reload of a list of one: $(timed tg reload) ms; VmRSS $(memory VmRSS) MiB"
check "what left the list is let in" test "$(admitted 10.77.9.1 20)" = 20
check "what stayed is not" test "$(admitted 10.77.9.2 20)" = 0
check "a change of numbers then" tg set l capacity=90
check "keeps the short list" test "$(admitted 10.77.9.2 20)" = 0
check "which is all of it" test "$(admitted 10.77.9.1 20)" = 20
check "rollback" tg rollback
check "and another, to the long list" tg rollback
check "denies again what is on it" test "$(admitted 10.77.9.1 20)" = 0
finish
