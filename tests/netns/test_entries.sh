#!/bin/bash
# `tidegate allow` and `deny`: entries come, hold, end, and outlast reloads and daemons.
. "$(dirname "$0")/lib.sh"
topology
configure <<-Y
	interfaces: [{name: IFACE}]
	allow: [10.77.20.0/24]
	deny: [10.77.30.0/24, 10.77.31.1]
	limits: [{name: l, per: source, capacity: 5, refill_amount: 1, refill_interval: 1d}]
Y
# code COMMAND...: its exit code; what it prints goes to $WORK/out
code() {
	"$@" >"$WORK/out" 2>&1
	echo $?
}
said() { grep -q -- "$1" "$WORK/out"; }
listed() { tg "$1" list --json | jq -r '.entries[] | select(.origin == "dynamic") | .prefix' | tr '\n' ' '; }
decides() { tg why "$1" --json | jq -c '[.allowed, .denied, .list.list, .list.prefix, .list.origin, .list.note]'; }
# lines N: that many different prefixes, from 11.0.0.0/32 on
lines() { awk -v n="$1" 'BEGIN { for (i = 0; i < n; i++) printf "11.%d.%d.%d\n", i / 65536, i / 256 % 256, i % 256 }'; }
start || not_ok "the daemon starts"

check "no entry yet" test "$(listed allow)$(listed deny)" = ""
check "allow for a while" tg allow add 10.77.7.0/24 --for $((4 * SLOW))s --note "load test, #7"
check "deny" tg deny add 10.77.8.8
check "the allowed source is not limited" test "$(admitted 10.77.7.1 30)" = 30
check "the denied one is dropped" test "$(admitted 10.77.8.8 30)" = 0
check "others are limited" test "$(admitted 10.77.9.9 30)" = 5
check "why: allowed by the entry" test "$(decides 10.77.7.1)" = '[true,false,"allow","10.77.7.0/24","dynamic","load test, #7"]'
check "why: denied by the entry" test "$(decides 10.77.8.8)" = '[false,true,"deny","10.77.8.8/32","dynamic",""]'
check "why: by the configuration" test "$(decides 10.77.30.1)" = '[false,true,"deny","10.77.30.0/24","config",null]'
tg why 10.77.8.8 >"$WORK/out"
check "why in words" said "on the deny list by 10.77.8.8/32, a dynamic entry"
check "why: by none" test "$(tg why 10.77.9.9 --json | jq -c .list)" = null
sleep $((4 * SLOW))
check "as it ends the limit holds" test "$(admitted 10.77.7.2 30)" = 5
check "and it is listed no more" test "$(listed allow)" = ""
check "the other is" test "$(listed deny)" = "10.77.8.8/32 "

# both places together
check "a longer entry in a denied prefix" tg allow add 10.77.30.16/28
check "holds" test "$(admitted 10.77.30.17 30)" = 30
check "beside it the configuration holds" test "$(admitted 10.77.30.1 30)" = 0
check "a shorter entry" tg deny add 10.77.20.0/22
check "does not hold over a longer configured one" test "$(admitted 10.77.20.1 30)" = 30
check "but beside it" test "$(admitted 10.77.21.1 30)" = 0
check "a longer entry in a shorter one" tg allow add 10.77.21.7
check "holds" test "$(admitted 10.77.21.7 30)" = 30
check "beside it the shorter one holds" test "$(admitted 10.77.21.8 30)" = 0
check "del of an address in a shorter entry: 6" test "$(code tg deny del 10.77.21.8)" = 6
check "off" tg allow del 10.77.21.7
check "the shorter one holds" test "$(admitted 10.77.21.7 30)" = 0
check "allow of a prefix that is denied by configuration" tg allow add 10.77.31.1
check "comes first" test "$(admitted 10.77.31.1 30)" = 30
check "deny of a prefix that an entry allows: 4" test "$(code tg deny add 10.77.30.16/28)" = 4
check "says why" said "10.77.30.16/28 is not added, because the allow list has it and comes first"
check "deny of a prefix that the configuration allows: 4" test "$(code tg deny add 10.77.20.0/24)" = 4
check "neither is listed" test "$(listed deny)" = "10.77.8.8/32 10.77.20.0/22 "
check "off" tg allow del 10.77.30.16/28
check "one prefix on both lists: deny" tg deny add 10.77.30.16/28
check "and allow" tg allow add 10.77.30.16/28
check "allow comes first" test "$(admitted 10.77.30.18 30)" = 30
check "off one list" tg allow del 10.77.30.16/28
check "the other one holds" test "$(admitted 10.77.30.18 30)" = 0
check "IPv6" tg deny add ::/0
check "is dropped" test "$(admitted fd77::9 30)" = 0
check "and IPv4 is not meant" test "$(admitted 10.77.9.10 30)" = 5
check "IPv6 off" tg deny del ::/0

# what a listing has
tg deny add 10.77.8.8 --for 1h --note again >"$WORK/out"
check "adding again says so" said "was on the deny list"
check "new end, new note" test "$(tg deny list --json | jq -c '.entries[] | select(.prefix == "10.77.8.8/32")
	| [.list, .note, (.expires_in_ms > 3590000 and .expires_in_ms <= 3600000), (.added | test("^20..-..-..T..:..:..Z$"))]')" = '["deny","again",true,true]'
check "the configuration's are listed" test "$(tg deny list --json | jq -c '[.entries[] | select(.origin == "config")][0]')" = \
	'{"prefix":"10.77.30.0/24","list":"deny","origin":"config","expires_in_ms":null}'
tg deny list >"$WORK/out"
check "as a table" said "^10.77.8.8/32 .*dynamic .*again$"

# whatever becomes of the daemon
tg allow add 10.77.7.0/24 --for $((3 * SLOW))s >/dev/null
tg deny add fd77::8 --note "IPv6" >/dev/null
check "reload" tg reload
check "reloaded: denied" test "$(admitted 10.77.8.8 30)" = 0
check "reloaded: denied, IPv6" test "$(admitted fd77::8 30)" = 0
stop KILL
check "killed: denied" test "$(admitted 10.77.8.8 30)" = 0
check "killed: allowed until" test "$(admitted 10.77.7.3 30)" = 30
sleep $((3 * SLOW))
check "killed: it ends all the same" test "$(admitted 10.77.7.4 30)" = 5
start || not_ok "a second daemon starts"
check "restarted: the entries are there" test "$(listed deny)" = "10.77.8.8/32 10.77.20.0/22 10.77.30.16/28 fd77::8/128 "
check "restarted: with their notes" test "$(tg deny list --json | jq -c '[.entries[] | .note // empty]')" = '["again","","","IPv6"]'
check "restarted: and ends" test "$(tg deny list --json | jq '[.entries[].expires_in_ms | select(. != null)] | length')" = 1
check "restarted: denied" test "$(admitted 10.77.8.8 30)" = 0
stop TERM
check "stopped: nothing enforces" test "$(admitted 10.77.8.8 30)" = 30
start || not_ok "a third daemon starts"
check "stopped and started: denied" test "$(admitted 10.77.8.8 30)" = 0
check "stopped and started: a del works" tg deny del 10.77.8.8
check "which holds" test "$(admitted 10.77.8.8 30)" = 5
check "detach takes all away" tg detach
wait "$DAEMON"
DAEMON=
check "no pins" test ! -e "$STATE"
start || not_ok "a fourth daemon starts"
check "nothing is left" test "$(listed allow)$(listed deny)" = ""

# what is refused
for bad in 10.0.0.0/99 nonsense ""; do
	check "\"$bad\" is refused with 2" test "$(code tg deny add "$bad")" = 2
done
for bad in soon 0 0s -1s -2 1000000d; do
	check "--for $bad is refused with 2" test "$(code tg deny add 10.0.0.1 "--for=$bad")" = 2
done
check "a note of 95 bytes is taken" test "$(code tg deny add 10.0.0.1 --note "$(printf '%095d' 7)")" = 0
check "and kept" test "$(tg deny list --json | jq '.entries[] | select(.origin == "dynamic") | .note | length')" = 95
check "one of 96 is refused with 2" test "$(code tg deny add 10.0.0.2 --note "$(printf '%096d' 7)")" = 2
check "saying the most" said "at most 95 bytes"
check "del of what is not there: 6" test "$(code tg deny del 10.0.0.3)" = 6
check "del of what is on the other list: 6" test "$(code tg allow del 10.0.0.1)" = 6
check "del of a shorter prefix around it: 6" test "$(code tg deny del 10.0.0.0/9)" = 6
check "of what is not there nothing is said if that is wanted" test "$(code tg deny del 10.0.0.3 --if-present)$(cat "$WORK/out")" = 0
check "del of what the configuration has: 6" test "$(code tg deny del 10.77.30.0/24)" = 6
check "no action: 2" test "$(code tg deny)" = 2
check "unknown action: 2" test "$(code tg deny drop 10.0.0.1)" = 2
check "an option that is another's: 2" test "$(code tg deny list --for 1s)" = 2
check "no daemon: 5" test "$(code tg --control "$WORK/none.sock" deny add 10.0.0.1)" = 5
printf '10.1.0.0/16\n# nothing\n10.1.0.1/99 \n\n  10.2.0.0/16 # good\nbad\n' >"$WORK/lines"
check "bad lines: 2" test "$(code tg deny add - <"$WORK/lines")" = 2
check "the first is named" said "standard input:3: .*10.1.0.1/99"
check "and the second" said "standard input:6: "
check "and nothing has been added" test "$(listed deny)" = "10.0.0.1/32 "
sed -i '3d;6d' "$WORK/lines"
check "without them all are added" test "$(code tg deny add - --note file <"$WORK/lines")" = 0
check "and listed by address" test "$(listed deny)" = "10.0.0.1/32 10.1.0.0/16 10.2.0.0/16 "
check "del reads lines as well" test "$(code tg deny del - <"$WORK/lines")" = 0
check "and says when one is not there: 6" test "$(code tg deny del - <"$WORK/lines")" = 6

# as ban tools write it
ends() { tg deny list --json | jq --arg p "$1" '.entries[] | select(.prefix == $p) | .expires_in_ms / 1000 | ceil'; }
tg deny del 10.0.0.1 >/dev/null
check "host bits are masked" test "$(code tg deny add 10.5.6.7/16 --for 600)" = 0
check "with a word about it" said "10.5.0.0/16 is meant"
check "seconds" test "$(ends 10.5.0.0/16)" = 600
check "hours, minutes, seconds" tg deny add ::ffff:10.0.0.8 --for 4999h59m53s
check "of an IPv4 address in the form of IPv6" test "$(ends 10.0.0.8/32)" = 17999993
check "for ever" tg deny add 10.0.0.9 --for -1
check "does not end" test "$(tg deny list --json | jq '.entries[] | select(.prefix == "10.0.0.9/32") | .expires_in_ms')" = null
printf '10.0.1.1 600 jail one\n10.0.1.2\t2h\n10.0.1.3 -1 jail one # told by hand\n10.0.1.4\n' >"$WORK/lines"
check "lines with an end and a note" test "$(code tg deny add - --for 1h --note rest <"$WORK/lines")" = 0
check "each with its own, else the command's" test "$(tg deny list --json | jq -c '[.entries[] | select(.prefix | startswith("10.0.1.")) |
	[.prefix[7:8], ((.expires_in_ms // 0) / 1000 | ceil), .note]]')" = '[["1",600,"jail one"],["2",7200,"rest"],["3",0,"jail one"],["4",3600,"rest"]]'
printf '10.0.2.1 soon\n10.0.2.2\n' >"$WORK/lines"
check "a line with a wrong end: 2" test "$(code tg deny add - <"$WORK/lines")" = 2
check "is named, and nothing added" test "$(said 'standard input:1: --for "soon"' && listed deny | grep -c 10.0.2)" = 0
check "list --note" test "$(tg deny list --note "jail one" --json | jq -r '[.entries[].prefix] | join(" ")')" = "10.0.1.1/32 10.0.1.3/32"
check "as a table" test "$(tg deny list --note "jail one" --noheadings | wc -l)" = 2
check "del --note" test "$(code tg deny del --note "jail one")" = 0
check "says how many" said "^2 prefixes taken off"
check "del --note of none: 6" test "$(code tg deny del --note "jail one")" = 6
check "or nothing" test "$(code tg deny del --note "jail one" --if-present)" = 0
check "neither prefix nor note: 2" test "$(code tg deny del)" = 2
check "both: 2" test "$(code tg deny del 10.0.1.2 --note rest)" = 2
lines 100000 >"$WORK/lines"
check "100,000 that are not there: 6" test "$(code tg deny del - <"$WORK/lines")" = 6
check "in one line" test "$(grep -c error "$WORK/out")$(said '100000 of 100000 prefixes are not among' && echo yes)" = 1yes
check "gone" tg deny del - <<<"$(listed deny | tr ' ' '\n')"

# what programs deny gives way to what is allowed, however short
check "allow" tg allow add 10.88.0.0/16
check "a program denies what a configured prefix allows: 4" test "$(code tg deny add 10.77.20.9 --auto)" = 4
check "and what an entry allows: 4" test "$(code tg deny add 10.88.1.1 --auto)" = 4
printf '10.88.1.1\n10.89.1.1 600 jail\n10.88.1.2\n10.90.1.1\n' >"$WORK/lines"
check "of lines the others are added: 4" test "$(code tg deny add - --auto <"$WORK/lines")" = 4
check "and counted" said "2 prefixes are not added, because the allow list has them and comes first; 10.88.1.1/32"
check "two are listed" test "$(tg deny list --json | jq -c '[.entries[] | select(.auto) | .prefix]')" = '["10.89.1.1/32","10.90.1.1/32"]'
check "denied" test "$(decides 10.89.1.1)" = '[false,true,"deny","10.89.1.1/32","dynamic","jail"]'
check "a human may deny in an allowed prefix" tg deny add 10.88.1.1
check "which a program does not change" tg deny add 10.88.1.2 --note mine
check "4 of the allowed" test "$(code tg deny add 10.88.1.2 --auto --for 1s)" = 4
check "allow around what a program denied" tg allow add 10.89.0.0/16
check "takes it off" test "$(listed deny)" = "10.88.1.1/32 10.88.1.2/32 10.90.1.1/32 "
check "a human's entry that is not allowed" tg deny add 10.91.1.1 --note mine
check "a program adds it again" tg deny add 10.91.1.1 --auto --for 1s --note theirs
check "it stays as it was" test "$(decides 10.91.1.1)" = '[false,true,"deny","10.91.1.1/32","dynamic","mine"]'
sed -i 's|allow: .*|allow: [10.77.20.0/24, 10.90.0.0/16]|' "$CONFIG"
check "reload with the last one allowed" tg reload
for _ in $(seq $((50 * SLOW))); do [[ $(listed deny) == *10.90* ]] || break; sleep 0.1; done
check "takes it off" test "$(listed deny)" = "10.88.1.1/32 10.88.1.2/32 10.91.1.1/32 "
check "killed and started: what a program denied is known" tg deny add 10.92.1.1 --auto
stop KILL
start || not_ok "the daemon starts"
check "still a program's" tg allow add 10.92.0.0/16
check "gives way" test "$(listed deny)" = "10.88.1.1/32 10.88.1.2/32 10.91.1.1/32 "
check "gone" tg deny del - <<<"$(listed deny | tr ' ' '\n')"
check "gone" tg allow del - <<<"$(listed allow | tr ' ' '\n')"

# many
SECONDS=0
lines 100000 | tg deny add - --for 1h --note "feed" >"$WORK/out"
took=$SECONDS
check "100,000 in seconds: $SECONDS" test $SECONDS -le $((20 * SLOW))
check "said so" said "^100000 prefixes added"
SECONDS=0
check "100,000 listed" test "$(listed deny | wc -w)" = 100000
check "listed in seconds: $SECONDS" test $SECONDS -le $((20 * SLOW))
check "each once, by address" cmp <(listed deny | tr ' ' '\n') <(lines 100000 | sed 's,$,/32,')
check "as a table" test "$(tg deny list | grep -c feed)" = 100000
# ask REQUEST: the daemon's answer
ask() {
	python3 - "$CONTROL" "$1" <<-'P'
		import socket, sys
		s = socket.socket(socket.AF_UNIX)
		s.connect(sys.argv[1])
		s.sendall(sys.argv[2].encode() + b"\n")
		print(s.makefile().readline())
	P
}
next=$(ask '{"command": "entries_list", "list": "deny"}' | jq -r .result.next)
check "a page ends where the next begins" tg deny del "${next#* }"
check "even if that has gone meanwhile" test "$(ask "{\"command\": \"entries_list\", \"list\": \"deny\", \"after\": \"$next\"}" |
	jq -r '.result.entries[0].prefix')" = "$(lines 100000 | grep -x -A 1 "${next:2:-3}" | tail -n 1)/32"
check "back" tg deny add "${next#* }" --for 1h --note feed
stop KILL
start || not_ok "the daemon starts with 100,000 entries"
check "100,000 adopted" test "$(listed deny | wc -l -w | awk '{print $2}')" = 100000
check "one of them decides" test "$(decides 11.1.2.3)" = '[false,true,"deny","11.1.2.3/32","dynamic","feed"]'
# Until what comes next has been seen none may end: longer than a slow machine takes to add them.
lasting=$((10 * SLOW - 7 + 2 * took))
check "there is room for 131072" test "$(lines 131072 | code tg deny add - --for ${lasting}s)" = 0
check "and no more: 1" test "$(code tg deny add 12.0.0.1)" = 1
check "saying what to do" said "room for 131072 .* take some out"
check "the full table can be changed" test "$(code tg deny add 11.0.0.1 --note changed)" = 0
sleep $lasting
check "room as soon as they have ended" test "$(code tg deny add 12.0.0.1)" = 0
check "only what lasts is listed" test "$(listed deny)" = "11.0.0.1/32 12.0.0.1/32 "
lines 20000 | tg deny add - --for 1s >/dev/null
sleep $((6 * SLOW))
stop KILL
start || not_ok "the daemon starts"
check "what has ended was taken out" test "$(grep -o 'adopted [0-9]* allow' "$WORK/daemon.log" | tail -n 1)" = "adopted 1 allow"
stop
finish
