#!/bin/bash
# Upgrades: under a flood, with buckets and entries kept; from a layout whose buckets are not known; after starts that failed; and a
# newer version's state, which an older one leaves alone.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/upgrade.sh"
two_interfaces
FORMER=/sys/fs/bpf/tgt${ID}former
trap 'rm -f "$FORMER"; cleanup' EXIT

# under a flood
policy 100 '  - {name: k, per: key, capacity: 5, refill_amount: 1, refill_interval: 1d}'
charge() { tg charge k alice --state "$STATE" >/dev/null; }
older || not_ok "the older version starts"
check "drained before the upgrade" test "$(admitted 10.77.1.1 200)" = 100
tg deny add 10.77.9.9 >/dev/null || not_ok "deny add"
links >"$WORK/links"
ln "$STATE/program-xdp" "$FORMER"
for _ in 1 2 3; do charge || not_ok "an application charges"; done
count 5353 60
flow 10.77.1.2 1 2000 4 &
PIDS+=($!)
sleep 0.7
stop USR1
newer || not_ok "the newer version starts"
wait "${PIDS[-1]}"
check "flooded through the upgrade: what the bucket holds, not more" test "$(counted | total)" = 100
check "upgraded: the layout is the newer one" test "$(layout)" = "$NEWER_LAYOUT"
check "upgraded: the links are the same" test "$(links)" = "$(cat "$WORK/links")"
check "upgraded: nothing waits any more" test -z "$(find "$STATE" -name 'next*')"
check "upgraded: drained stays drained" test "$(admitted 10.77.1.1 40)" = 0
check "upgraded: the denied one is denied" test "$(admitted 10.77.9.9 40)" = 0
for _ in 1 2; do charge || not_ok "upgraded: an application gets what is left"; done
charge
check "upgraded: and not more" test $? = 10
counts "upgraded"
policy 30
check "upgraded: a reload" tg reload
whole "upgraded and reloaded" 30
stop KILL
newer || not_ok "it starts again"
counts "upgraded and killed"
check "upgraded and killed: drained stays drained" test "$(admitted 10.77.1.1 40)" = 0
stop USR1

# back to the older version
pins >"$WORK/pins"
start_fails "an older version meets a newer one's pins" 4 older
check "  it says what to do" grep -q "newer version.*tidegate detach" "$WORK/daemon.log"
check "  it leaves all as it was" test "$(pins)" = "$(cat "$WORK/pins")"
whole "  and in force" 30
"$BUILD/tidegate" --control "$CONTROL" detach --state "$STATE" >/dev/null
check "detach of any layout: nothing is left" test $? = 0 -a ! -e "$STATE"
whole "detached" 40

# of a layout whose buckets are not known, with starts that fail
policy 10
older || not_ok "the older version starts"
check "drained before" test "$(admitted 10.77.2.1 40)" = 10
stop USR1
as_layout 1
pins >"$WORK/pins"
nsenter --net="/run/netns/$B" python3 -c 'import socket, time; s = socket.socket(); s.bind(("127.0.0.1", 9555)); s.listen(); print(flush=True); time.sleep(60)' >"$WORK/bound" &
PIDS+=($!)
until [ -s "$WORK/bound" ]; do sleep 0.05; done
failed_start() {
	check "$1: all is as it was" test "$(pins)" = "$(cat "$WORK/pins")"
	whole "$1: the old policy" 10
	check "$1: drained stays drained" test "$(admitted 10.77.2.1 40)" = 0
}
policy 20
start_fails "port taken" 1 newer --metrics 127.0.0.1:9555
failed_start "port taken"
sed -i 's/name: second/name: nowhere/; s/IFACE/nowhere2/; s/name: '"$VB"'/name: nowhere2/' "$CONFIG"
start_fails "interface missing" 6 newer
failed_start "interface missing"
policy 20
sed -i 's/{name: second}/{name: second, xdp_mode: generic}/' "$CONFIG"
start_fails "wrong xdp_mode" 1 newer
failed_start "wrong xdp_mode"
policy 20 'deny: [10.77.3.0/24]'
newer || not_ok "then a good start"
whole "then a good start" 20
check "then a good start: denied" test "$(admitted 10.77.3.1 40)" = 0
counts "then a good start"
check "then a good start: nothing waits" test -z "$(find "$STATE" -name 'next*')"
stop USR1

# Links whose maps are gone, as an older version could leave them behind.
for pin in "$STATE"/*; do case ${pin##*/} in xdp-* | program-*) ;; *) rm -f "$pin" ;; esac; done
policy 25
newer || not_ok "maps gone: it starts"
whole "maps gone" 25
counts "maps gone"

# A link that runs anything else is not healthy, though its interface is; the next change puts it right.
"$ROOT/tests/netns/link_update.py" "$(find "$STATE" -name 'xdp-*' | head -n 1)" "$FORMER" || not_ok "update the link"
check "another program on a link: not healthy" test "$(tg status --json | jq -c '[.health == "ok", ([.interfaces[].healthy] | sort)]')" = '[false,[false,true]]'
check "another program on a link: a reload" tg reload
whole "another program on a link: put right" 25
counts "another program on a link: put right"
stop USR1

# What cannot be read because descriptors are short is not taken for gone.
links >"$WORK/links"
for n in 4 6 8 9 10 11 12 13 14 16 20 30 40 60 90 300; do
	(
		ulimit -n "$n"
		nsenter --net="/run/netns/$B" timeout -s KILL 4 "$NEWER" --config "$CONFIG" --control "$CONTROL" --state "$STATE" --metrics none
	) >/dev/null 2>&1
	[ $? = 137 ] && break
done
check "few descriptors: starts fail, until there are enough ($n)" between 8 "$n" 299
check "few descriptors: the links are the same" test "$(links)" = "$(cat "$WORK/links")"
sanitizers
finish
