#!/bin/bash
# Interfaces that come, go, come back, get another name, are bridged; patterns; the same buckets behind all of them.
. "$(dirname "$0")/lib.sh"
topology
configure <<-Y
	interfaces: [{name: IFACE}, {name: late0}, {name: "glob*"}]
	limits: [{name: l, per: source, capacity: 10, refill_amount: 1, refill_interval: 1d}]
Y
start || not_ok "the daemon starts although late0 is not there"
state_of() { tg status --json | jq -r "[.interfaces[] | select(.interface == \"$1\") | .healthy | tostring] | first // \"absent\""; }
# waits until an interface is in that state
becomes() {
	for _ in $(seq 100); do
		[ "$(state_of "$1")" = "$2" ] && return 0
		sleep 0.02
	done
	return 1
}
# pair NAME NETWORK: a second way from the client to the server
pair() {
	ip link add "$1" netns "$B" type veth peer name "p$1" netns "$A" || return
	ip -n "$A" addr add "10.$2.0.1/16" dev "p$1" && ip -n "$B" addr add "10.$2.0.2/16" dev "$1"
	ip -n "$A" link set "p$1" up && ip -n "$B" link set "$1" up
	sleep 0.2
}
# over NAME NETWORK PACKETS: how many of a burst by that way arrive, from 10.77.9.9
over() {
	local mac
	mac=$(ip -n "$B" -br link show "$1" | awk '{print $3}')
	rm -f "$WORK/count"
	nsenter --net="/run/netns/$B" "$TRAFFIC" count "$1" 5353 20 >"$WORK/count" &
	COUNTER=$!
	until grep -q ready "$WORK/count" 2>/dev/null; do sleep 0.02; done
	in_a "$TRAFFIC" send "p$1" "$mac" 10.77.9.9 "10.$2.0.2" 5353 1 0 "$3" 62 >/dev/null
	counted | total
}
check "status says what is waited for" test "$(tg status --json | jq -c .waiting_for)" = '["late0"]'
check "in words as well" sh -c "'$BUILD/tidegate' --control '$CONTROL' status | grep -q '^late0 *not there'"
pair late0 78
check "an interface that appears is taken up" becomes late0 true
check "and limited" test "$(over late0 78 30)" = 10
check "its source has no second bucket on another interface" test "$(admitted 10.77.9.9 5)" = 0
pair globA 79
check "a pattern takes up what fits" becomes globA true
check "where the same bucket is empty too" test "$(over globA 79 5)" = 0
check "nothing is waited for" test "$(tg status --json | jq -c .waiting_for)" = '[]'
tg reset --all >/dev/null
ip -n "$B" link del late0
check "one that vanishes is let go" becomes late0 absent
check "with its pin" test "$(find "$STATE" -name 'xdp-*' | wc -l)" = 2
pair late0 78
check "one that comes back is taken up" becomes late0 true
check "and limited again" test "$(over late0 78 30)" = 10
ip -n "$B" link set globA down
ip -n "$B" link set globA name other
check "one whose new name is not meant is let go" becomes globA absent
check "and runs no program of ours" test "$(ip -n "$B" -j link show other | jq -r '.[0].xdp.mode // 0')" = 0
ip -n "$B" link set other name globB
check "and taken up under a name that is" becomes globB true
ip -n "$B" link set globB netns "$A"
check "one moved to another namespace is let go" becomes globB absent
check "and runs no program of ours there" test "$(ip -n "$A" -j link show globB | jq -r '.[0].xdp.mode // 0')" = 0
# bridges
tg reset --all >/dev/null
ip -n "$B" link add globbr type bridge && ip -n "$B" link set globbr up
check "a bridge is taken up (generic XDP)" becomes globbr true
ip -n "$B" link set late0 master globbr
# the kernel may take on eight packets together, which are all charged at the port before the first comes to the bridge
check "a port of a bridge that is limited as well: each packet is charged twice" between 5 "$(over late0 78 30)" 9
check "and the port is healthy" test "$(state_of late0)" = true
ip -n "$B" link del globbr
check "a bridge that goes is let go" becomes globbr absent
tg reset --all >/dev/null
ip -n "$B" link add bridge0 type bridge && ip -n "$B" link set bridge0 up && ip -n "$B" link set late0 master bridge0
check "a port alone is charged once" test "$(over late0 78 30)" = 10
ip -n "$B" link set late0 nomaster
ip -n "$B" link add globbr type bridge && ip -n "$B" link set late0 master globbr
tg reload >/dev/null
check "twice is warned of" grep -q "packets of late0 are received by globbr as well, and are charged twice" "$WORK/daemon.log"
ip -n "$B" link del globbr
# another's program
ip -n "$B" link add globF type dummy 2>/dev/null || ip -n "$B" link add globX type bridge
LATE=$(ip -n "$B" -br link | awk '/^glob/ {print $1; exit}')
check "any device that fits the pattern is taken up" becomes "$LATE" true
tg reload >/dev/null
check "a reload keeps all that is there" test "$(tg status --json | jq '[.interfaces[].healthy] | all and length == 3')" = true
pair late1 80
check "what nothing fits is left alone" test "$(state_of late1)" = absent
check "with no program" test "$(ip -n "$B" -j link show late1 | jq -r '.[0].xdp.mode // 0')" = 0
stop KILL
ip -n "$B" link del late0
check "a daemon starts after one that was killed" start
check "and knows which is gone" test "$(state_of late0)" = absent
pair late0 78
check "and takes it up when it comes" becomes late0 true
stop
check "all is detached at the end" test "$(ip -n "$B" -j link show | jq '[.[] | select(.xdp)] | length')" = 0
sed -i 's/interfaces: .*/interfaces: [{name: "nothing*"}]/' "$CONFIG"
check "a pattern that fits nothing yet is waited with" start
check "and attaches nothing" test "$(tg status --json | jq '.interfaces | length')" = 0
ip -n "$B" link add nothing0 type bridge
check "until something comes" becomes nothing0 true
stop
sed -i 's/interfaces: .*/interfaces: [{name: nosuch0}]/' "$CONFIG"
start
check "a name alone that is not there: exit 6" test $? = 6
finish
