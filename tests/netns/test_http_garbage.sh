#!/bin/bash
# HTTP under AddressSanitizer: requests with bytes changed, put in and taken out never stop the daemon or have it answer whom it should not.
. "$(dirname "$0")/lib.sh"
TIDEGATED=$BUILD/asan/tidegated
topology
configure <<-Y
	interfaces: [{name: IFACE}]
	limits: [{name: each, per: [source, destination_port], capacity: 10, refill_amount: 10, refill_interval: 1s}]
Y
start || not_ok "the daemon starts"
burst 10.77.1.1 5
in_b python3 -B "$ROOT/tests/netns/http_garbage.py" "${METRICS%:*}" "${METRICS#*:}" 2000 >"$WORK/garbage" || not_ok "the daemon went away"
cat "$WORK/garbage"
for status in 200 400 404 405 421; do check "some are answered $status" grep -q "^$status [0-9]" "$WORK/garbage"; done
check "none with success that was not for us" grep -q '^strangers 0$' "$WORK/garbage"
check "none fails inside" test "$(grep -c '^500 ' "$WORK/garbage")" = 0
check "it answers still" test "$(in_b curl -s -m 10 "http://$METRICS/healthz")" = ok
check "it ends well" stop
check "nothing is wrong with its memory" test "$(grep -c Sanitizer "$WORK/daemon.log")" = 0
finish
