#!/bin/bash
# shellcheck disable=SC2120 # options are optional
# Sourced by the tests and the demo. After `topology`: a client namespace $A with $VA, a server namespace $B with $VB
# where the daemon runs, joined by a veth. Names are unique to this process; all goes away on any exit.
set -u
ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
BUILD=${TG_BUILD:-$ROOT/build}
ID=$$
WORK=$(mktemp -d "/var/tmp/tidegate-test.$$.XXXXXX") || exit 1
A=tgt${ID}a B=tgt${ID}b VA=tga$ID VB=tgb$ID
STATE=/sys/fs/bpf/tgt$ID CONTROL=$WORK/control.sock METRICS=127.0.0.1:9469 CONFIG=$WORK/tidegate.yaml
DAEMON='' MAC='' PIDS=()
passed=0 failed=0 skipped=0
TRAFFIC=$BUILD/tests/netns/traffic LOAD=$BUILD/tests/netns/load
SLOW=${TG_SLOW:-1} # times as long as on a real machine, see tests/run

cleanup() {
	trap '' INT TERM
	[ -z "$DAEMON" ] || kill -KILL "$DAEMON" 2>/dev/null
	[ ${#PIDS[@]} = 0 ] || kill -TERM "${PIDS[@]}" 2>/dev/null
	wait 2>/dev/null
	for pin in "$STATE"/xdp-*; do [ ! -e "$pin" ] || rm -f "$pin"; done
	rm -rf "$STATE"
	ip netns del "$A" 2>/dev/null
	ip netns del "$B" 2>/dev/null
	rm -rf "$WORK"
}
trap cleanup EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

ok() { passed=$((passed + 1)) && echo "ok $*"; }
not_ok() {
	failed=$((failed + 1))
	echo "not ok $*"
	tail -n 5 "$WORK/daemon.log" 2>/dev/null
}
skip() { skipped=$((skipped + 1)) && echo "skipped $*"; }
# check NAME COMMAND...: one test, passed if the command succeeds
check() {
	local name=$1
	shift
	if "$@"; then ok "$name"; else not_ok "$name: $*"; fi
}
# between LEAST VALUE MOST
between() { [ "$2" -ge "$1" ] && [ "$2" -le "$3" ]; }
finish() {
	echo "$passed passed, $failed failed, $skipped skipped"
	[ "$failed" = 0 ]
	exit
}

# unable: prints why this process cannot do what the tests do; nothing if it can
unable() {
	if [ "$(id -u)" != 0 ]; then
		echo "needs root, to make network namespaces and load BPF programs"
	elif ! unshare --net --mount true 2>/dev/null; then
		echo "needs to make network namespaces, which this container does not allow"
	elif ! "$(command -v /usr/sbin/bpftool || echo bpftool)" prog list >/dev/null 2>&1; then
		echo "needs to load BPF programs, which this container or kernel does not allow"
	fi
}
need_root() {
	local why
	why=$(unable)
	if [ -n "$why" ]; then
		skip "all: $why"
		finish
	fi
}

# For a test that is about no kernel, or asks too much of an emulated machine. The argument says why.
not_emulated() {
	if [ -n "${TG_EMULATED:-}" ]; then
		skip "all: $1"
		finish
	fi
}

topology() {
	need_root
	mountpoint -q /sys/fs/bpf || mount -t bpf bpf /sys/fs/bpf
	ip netns add "$A" && ip netns add "$B" || exit 1
	ip link add "$VA" netns "$A" type veth peer name "$VB" netns "$B" || exit 1
	ip -n "$A" addr add 10.77.0.1/16 dev "$VA" && ip -n "$B" addr add 10.77.0.2/16 dev "$VB"
	ip -n "$A" addr add fd77::1/64 dev "$VA" nodad && ip -n "$B" addr add fd77::2/64 dev "$VB" nodad
	for ns in "$A" "$B"; do ip -n "$ns" link set lo up; done
	ip -n "$A" link set "$VA" up && ip -n "$B" link set "$VB" up
	MAC=$(ip -n "$B" -br link show "$VB" | awk '{print $3}')
	sleep 0.3
}

# Since Linux 6.6.
has_tcx() { in_b "$ROOT/tests/netns/tcx.py" "$VB" >/dev/null; }

# `ip netns exec` would hide the host's bpffs behind a fresh /sys.
in_a() { nsenter --net="/run/netns/$A" "$@"; }
in_b() { nsenter --net="/run/netns/$B" "$@"; }
tg() { in_b "$BUILD/tidegate" --control "$CONTROL" "$@"; }
# The configuration from standard input; IFACE stands for the server's interface.
configure() { sed "s/IFACE/$VB/g" >"$CONFIG"; }
# one_limit CAPACITY: a policy of one limit, to standard output
one_limit() {
	cat <<-Y
		interfaces: [{name: $VB}]
		limits: [{name: l, per: source, capacity: $1, refill_amount: 1, refill_interval: 1d}]
	Y
}

# A policy of examples/, with nothing replaced but the interface's name.
example() {
	not_emulated "floods of up to 20,000 packets a second, more than an emulated machine makes; limits and programs have tests of their own there"
	sed "s/\beth0\b/$VB/" "$ROOT/examples/$1" >"$CONFIG"
}

# start [OPTION...]: runs the daemon until it is ready; returns its exit status if it ends before
start() {
	# not by in_b: a function in the background would be a shell of its own, and $! that shell's
	nsenter --net="/run/netns/$B" "${TIDEGATED:-$BUILD/tidegated}" --config "$CONFIG" --control "$CONTROL" --state "$STATE" --metrics "$METRICS" "$@" \
		>>"$WORK/daemon.log" 2>&1 &
	DAEMON=$!
	for _ in $(seq $((200 * SLOW))); do
		if tg status >/dev/null 2>&1; then return 0; fi
		if ! kill -0 "$DAEMON" 2>/dev/null; then
			wait "$DAEMON"
			status=$?
			DAEMON=
			return "$status"
		fi
		sleep 0.05
	done
	return 99
}
# stop [SIGNAL]: ends the daemon and returns its exit status
stop() {
	kill "-${1:-TERM}" "$DAEMON"
	wait "$DAEMON" 2>/dev/null
	status=$?
	DAEMON=
	return "$status"
}

# Makes $WORK/tidegate a command that any user can run, wherever this tree is.
public_command() { chmod 755 "$WORK" && cp "$BUILD/tidegate" "$WORK/"; }
# compile_bpf SOURCE OBJECT [OPTION...]: a packet program of the test's own
compile_bpf() { "$("$ROOT/packaging/clang")" -O2 -g -target bpf -idirafter "/usr/include/$(gcc -print-multiarch)" "${@:3}" -c "$1" -o "$2"; }

# count PORT SECONDS [udp|tcp|icmp]: starts counting what arrives; `counted` prints it ("INDEX PACKETS FIRST LAST" for each source)
count() {
	rm -f "$WORK/count"
	nsenter --net="/run/netns/$B" "$TRAFFIC" count "$VB" "$1" "$2" "${3:-udp}" >"$WORK/count" &
	COUNTER=$!
	for _ in $(seq 100); do
		grep -q ready "$WORK/count" 2>/dev/null && return
		sleep 0.02
	done
}
counted() {
	sleep 0.1
	kill -TERM "$COUNTER" 2>/dev/null
	# not `wait`: in a pipeline this is a shell of its own, which has no such child
	for _ in $(seq 500); do
		grep -q '^end' "$WORK/count" && break
		sleep 0.02
	done
	grep -v -e ready -e end "$WORK/count"
}
# held TOKENS RATE [FIRST LAST]: whether the sources counted in $WORK/received (those with indices from FIRST to LAST) got what a bucket
# of TOKENS with RATE admits in the time from the first to the last packet, within 2 % and 2 packets. A slow machine only takes longer;
# if it can take so long that all of $OFFERED packets are within the rate, that is what they are to get.
held() {
	awk -v tokens="$1" -v rate="$2" -v least="${3:-0}" -v most="${4:-65535}" -v offered="${OFFERED:-1e12}" '
		$1 < least || $1 > most {next}
		{n += $2; if (!first || $3 < first) first = $3; if ($4 > last) last = $4}
		END {
			promised = tokens + rate * (last - first) / 1000
			printf "# %d packets in %.1f s, promised %.0f\n", n, (last - first) / 1000, promised
			due = offered < promised ? offered : promised
			exit !(n <= promised * 1.02 + 2 && n >= due * 0.98 - 2)
		}' "$WORK/received"
}
# ms, on the clock of refills, with a fraction; and whole. Not by Python, which a slow machine takes a second to start.
now() { "$LOAD" now; }
milliseconds() { now | cut -d. -f1; }
# step [SECONDS]: how many steps a refill at every SECONDS (1) has had by now; and the same, after waiting for the middle between two, so
# that a flood begins far from either.
step() { echo $(($(milliseconds) / (1000 * ${1:-1}))); }
middle() {
	local length=$((1000 * ${1:-1})) left
	left=$(((length * 14 / 10 - $(milliseconds) % length) % length))
	sleep "$((left / 1000)).$(printf '%03d' $((left % 1000)))"
	step "$@"
}
# stepped ADMITTED TOKENS AMOUNT SINCE UNTIL: whether a bucket of TOKENS that gets AMOUNT at every step admitted what it should have
# between two steps, if packets enough came all the time; the last step may have come after them.
stepped() {
	local steps=$(($5 - $4))
	echo "# $1 in $steps steps, promised $(($2 + $3 * (steps - 1))) to $(($2 + $3 * steps))"
	between $(($2 + $3 * (steps - 1))) "$1" $(($2 + $3 * steps))
}
total() { awk '{n += $2} END {print n + 0}'; }
# burst FROM PACKETS [PORT]: as fast as it goes, from one source
burst() { in_a "$TRAFFIC" send "$VA" "$MAC" "$1" "$(peer_of "$1")" "${3:-5353}" 1 0 "$2" 62 >/dev/null; }
# flow FROM SOURCES RATE SECONDS [LENGTH]: RATE packets a second in all
flow() { in_a "$TRAFFIC" send "$VA" "$MAC" "$1" "$(peer_of "$1")" 5353 "$2" "$3" "$4" "${5:-62}" >/dev/null; }
# send KIND FROM SOURCES PORT RATE SECONDS [LENGTH [SOURCE_PORT]]: as traffic.c has it
send() { in_a "$TRAFFIC" send "$VA" "$MAC" "$2" "$(peer_of "$2")" "$4" "$3" "$5" "$6" "${7:-74}" "$1" "${8:-40000}" >/dev/null; }
# held_flood NAME TOKENS RATE PORT COUNTED SEND'S...: whether a flood gets what a bucket of TOKENS with RATE admits, counted at PORT (0: any)
held_flood() {
	local name=$1 tokens=$2 rate=$3 port=$4 counted=$5
	shift 5
	count "$port" 60 "$counted"
	send "$@"
	counted >"$WORK/received"
	check "$name" held "$tokens" "$rate"
}
# steps NAME TOKENS AMOUNT SEND'S...: what a flood of connections gets from a bucket of TOKENS that gets AMOUNT every second
steps() {
	local name=$1 tokens=$2 amount=$3 since until
	shift 3
	count "$4" 60 tcp
	since=$(middle)
	send "$@"
	until=$(step)
	counted >"$WORK/received"
	check "$name" stepped "$(total <"$WORK/received")" "$tokens" "$amount" "$since" "$until"
}
peer_of() { case $1 in *:*) echo fd77::2 ;; *) echo 10.77.0.2 ;; esac; }
# admitted FROM PACKETS: how many of a burst arrive
admitted() {
	count 5353 20
	burst "$1" "$2"
	counted | total
}
# At TC, where packet sockets see what arrives before the limiter and what leaves after it.
# ingress FROM PACKETS [PORT]: how many of a burst from the client get past tc-ingress of the server's interface
ingress() {
	in_b nft list table inet seen >/dev/null 2>&1 || in_b nft -f - <<-N
		table inet seen {
			counter passed {}
			chain pre { type filter hook prerouting priority -300; meta l4proto udp counter name passed; }
		}
	N
	in_b nft reset counters >/dev/null
	burst "$@"
	sleep 0.1
	in_b nft -j list counters | jq '.nftables[].counter // empty | .packets'
}
# egress FROM PACKETS [PORT]: how many of a burst of the server get past tc-egress, and so to the client
egress() {
	local to=10.77.0.1 mac
	case $1 in *:*) to=fd77::1 ;; esac
	mac=$(ip -n "$A" -br link show "$VA" | awk '{print $3}')
	rm -f "$WORK/count"
	nsenter --net="/run/netns/$A" "$TRAFFIC" count "$VA" "${3:-5353}" 20 >"$WORK/count" &
	COUNTER=$!
	until grep -q ready "$WORK/count" 2>/dev/null; do sleep 0.02; done
	in_b "$TRAFFIC" send "$VB" "$mac" "$1" "$to" "${3:-5353}" 1 0 "$2" 62 >/dev/null
	counted | total
}
