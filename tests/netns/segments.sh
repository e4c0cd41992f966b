#!/bin/bash
# Sourced after lib.sh by tests of packets that are several on the wire.
# charged LIMIT: packets and bytes
charged() { tg limits "$1" --json | jq -r '.limits[0] | "\(.packets.admitted) \(.bytes.admitted)"'; }
# stream FROM-NS TO-NS ADDRESS BYTES: prints what the sender's TCP sent
stream() {
	rm -f "$WORK/serve" # with the word of the one before
	nsenter --net="/run/netns/$2" "$ROOT/tests/netns/stream.py" serve "$3" >"$WORK/serve" &
	PIDS+=($!)
	for _ in $(seq 200); do grep -q ready "$WORK/serve" 2>/dev/null && break; sleep 0.05; done
	nsenter --net="/run/netns/$1" timeout 60 "$ROOT/tests/netns/stream.py" tcp "$3" "$4"
	wait "${PIDS[-1]}"
	unset "PIDS[-1]"
}
