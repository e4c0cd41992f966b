#!/bin/bash
# XDP on devices one upon the other: a bridge and its ports, a macvlan and the device it is on. The kernel takes a program only from
# below to above, so all start in whatever order they were made, and again; where one comes too late, it is said which two and what to write.
. "$(dirname "$0")/lib.sh"
topology
# bridged BRIDGE PORT...: the ports, made after the bridge or before
port() { ip -n "$B" link add "$1" type veth peer name "p$1" && ip -n "$B" link set "$1" up && ip -n "$B" link set "p$1" up; }
ip -n "$B" link add sbr type bridge && ip -n "$B" link set sbr up
port sp1 && port sp2
ip -n "$B" link set sp1 master sbr && ip -n "$B" link set sp2 master sbr
port sp3
ip -n "$B" link add sbs type bridge && ip -n "$B" link set sbs up && ip -n "$B" link set sp3 master sbs
port sq
stacked="sbr sbs sp1 sp2 sp3"
if ip -n "$B" link add smv link sq type macvlan 2>/dev/null; then
	ip -n "$B" link set smv up
	stacked="$stacked smv sq"
else
	skip "macvlan: the kernel has none"
fi
limits="limits: [{name: l, per: everyone, capacity: 5, refill_amount: 1, refill_interval: 1d}]"
attached() { tg status --json | jq -r '[.interfaces[] | select(.healthy) | .interface] | sort | join(" ")'; }
status() { tg status --json | jq -c "$1"; }
names() { printf '{name: %s}, ' "$@"; }
backwards=$(xargs -n 1 echo <<<"$stacked" | tac | paste -sd' ')
# shellcheck disable=SC2086 # words
for form in "$(names $stacked)" "$(names $backwards)" '{name: "s*"}' '{name: sbr}, {name: "s*"}'; do
	echo "interfaces: [$form]
$limits" >"$CONFIG"
	for time in "at first" "again"; do
		start || not_ok "the daemon starts: $form"
		check "all have a program $time: $form" test "$(attached | xargs -n 1 echo | grep -v '^p' | paste -sd' ')" = "$(xargs -n 1 echo <<<"$stacked" | sort | paste -sd' ')"
		stop
	done
done
# what stays attached is taken over
echo "on_stop: keep
interfaces: [$(names sbr sp1)]
$limits" >"$CONFIG"
start && stop
start || not_ok "the daemon starts again"
check "what has stayed is taken over" test "$(attached)" = "sbr sp1"
sed -i 's/on_stop: keep//' "$CONFIG"
tg reload >/dev/null
stop

echo "interfaces: [{name: sbr}]
$limits" >"$CONFIG"
start || not_ok "the daemon starts"
echo "interfaces: [{name: sbr}, {name: sp1}]
$limits" >"$CONFIG"
tg reload >"$WORK/out" 2>&1
check "a port below a bridge that has its program is refused, and both are named" grep -q "sp1 cannot get an XDP program while sbr, the bridge above it, has one" "$WORK/out"
check "the policy before goes on" test "$(attached)" = sbr
echo "interfaces: [{name: sbr}, {name: sp1, hooks: [tc-ingress]}]
$limits" >"$CONFIG"
check "what is told to write works" tg reload
check "with both" test "$(attached)" = "sbr sp1"
echo "interfaces: [{name: sbr}, {name: 'sp*'}]
$limits" >"$CONFIG"
check "a pattern" tg reload
check "leaves out the ports, and says so" test "$(status '[([.missing[] | [.interface, .reason]] | sort), (.health | test("sp2 cannot get .* sbr, the bridge"))]')" = \
	'[[["sp1","refused"],["sp2","refused"]],true]'
check "not one below no bridge that has one" test "$(attached)" = "sbr sp3"
stop

if [ "$stacked" != "${stacked/smv/}" ]; then
	echo "interfaces: [{name: smv}]
$limits" >"$CONFIG"
	start || not_ok "the daemon starts"
	echo "interfaces: [{name: smv}, {name: sq}]
$limits" >"$CONFIG"
	tg reload >"$WORK/out" 2>&1
	check "a device below a macvlan that has its program is refused, and both are named" grep -q "sq cannot get an XDP program while smv" "$WORK/out"
	echo "interfaces: [{name: sq}]
$limits" >"$CONFIG"
	tg reload >"$WORK/out" 2>&1
	check "and alone as well" grep -q "sq cannot get an XDP program" "$WORK/out"
	stop
fi
finish
