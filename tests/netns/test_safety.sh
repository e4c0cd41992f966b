#!/bin/bash
# What the daemon refuses to trust, what it gives up, and what a thousand clients can do to it.
. "$(dirname "$0")/lib.sh"
topology
configure <<-Y
	interfaces: [{name: IFACE}]
	limits: [{name: l, per: source, capacity: 10, refill_amount: 1, refill_interval: 1d}]
Y
# refused COMMAND...: exit 4, and the log says what to do
refused() {
	: >"$WORK/daemon.log"
	"$@" 2>>"$WORK/daemon.log"
	[ $? = 4 ] && grep -q "chmod go-w" "$WORK/daemon.log"
}
chmod o+w "$CONFIG"
check "a configuration that everybody may write is refused" refused start
chmod o-w "$CONFIG" && chmod o+w "$WORK"
check "and so is one that everybody may replace" refused start
chmod +t "$WORK"
check "a sticky directory is none for the socket" refused start
chmod o-w,-t "$WORK"
start || not_ok "the daemon starts"

mask=$(awk '/^CapEff/ {print $2}' "/proc/$DAEMON/status")
check "it keeps CAP_NET_ADMIN, CAP_PERFMON and CAP_BPF" test "$mask" = 000000c000001000
check "and can get no others" grep -qP '^CapBnd:\t000000c000001000$' "/proc/$DAEMON/status"
check "with them it reloads" tg reload
generation=$(tg status --json | jq .generation)
chmod o+w "$CONFIG"
check "a reload refuses what everybody may write" refused tg reload
check "apply too" refused tg apply "$CONFIG"
check "and what is in force stays" test "$(tg status --json | jq .generation)" = "$generation"
chmod o-w "$CONFIG"

chmod 755 "$WORK" && chmod 666 "$CONTROL" && cp "$BUILD/tidegate" "$WORK"
as_group() { setpriv --reuid=65534 --regid=65534 --groups=0 "$WORK/tidegate" --control "$CONTROL" "$@"; }
for command in status limits top "why 10.0.0.1" "deny list" version; do
	# shellcheck disable=SC2086
	check "a member of its group may: $command" as_group $command >/dev/null
done
for command in "set l capacity=20" reload "diff $CONFIG" "apply $CONFIG" confirm rollback "deny add 10.0.0.1" "deny del 10.0.0.1" \
	"reset --all" detach; do
	# shellcheck disable=SC2086
	as_group $command >/dev/null 2>"$WORK/said"
	check "and may not: $command" test $? = 4
	check "  and is told who may" grep -q root "$WORK/said"
done
check "nothing of that was done" test "$(tg status --json | jq .generation)" = "$generation"

# A thousand at once, each with half a request; most are members of the group, and root still gets through.
nsenter --net="/run/netns/$B" setpriv --reuid=65534 --regid=65534 --groups=0 /usr/bin/python3 - "$CONTROL" >"$WORK/told" <<-'P' &
	import socket, sys, time
	clients = []
	for i in range(1000):
	    s = socket.socket(socket.AF_UNIX)
	    s.connect(sys.argv[1])
	    clients.append(s)
	    try:
	        s.send(b'{"command": "sta')
	    except OSError:
	        pass
	told = 0
	for s in clients:
	    s.settimeout(0.001)
	    try:
	        told += b"too many clients" in s.recv(4096)
	    except OSError:
	        pass
	print(told, flush=True)
	time.sleep(300)
P
PIDS+=($!)
for _ in $(seq $((100 * SLOW))); do
	[ -s "$WORK/told" ] && break
	sleep 0.1
done
check "of a thousand clients those that there is no room for are told to come later" between 740 "$(cat "$WORK/told")" 800
check "root gets through a thousand clients" timeout $((5 * SLOW)) "$BUILD/tidegate" --control "$CONTROL" status >/dev/null
check "and changes what it wants" timeout $((5 * SLOW)) "$BUILD/tidegate" --control "$CONTROL" set l capacity=20 >/dev/null
kill "${PIDS[0]}"
wait "${PIDS[0]}" 2>/dev/null
PIDS=()
check "when they are gone all is as before" tg status >/dev/null
check "with no descriptors left over" test "$(find "/proc/$DAEMON/fd" -mindepth 1 | wc -l)" -lt 100

# Garbage of every length, and requests that come a byte at a time.
in_b /usr/bin/python3 - "$CONTROL" >"$WORK/garbage" <<-'P'
	import json, random, socket, sys
	random.seed(7)
	answered = 0
	for i in range(2000):
	    s = socket.socket(socket.AF_UNIX)
	    s.settimeout(2)
	    s.connect(sys.argv[1])
	    try:
	        s.sendall(random.randbytes(random.randrange(1, 2000)) + b"\n")
	        answered += s.recv(100000).startswith(b'{"code":')
	    except OSError:
	        pass
	    s.close()
	s = socket.socket(socket.AF_UNIX)
	s.settimeout(2)
	s.connect(sys.argv[1])
	for byte in b'{"command": "version"}\n':
	    s.send(bytes([byte]))
	print(answered, json.loads(s.recv(4096))["code"])
P
check "garbage is answered as such, a slow request as others" test "$(cat "$WORK/garbage")" = "2000 0"

# Where the operator is logged in from. The second way is that of sudo, which takes the variable away.
here="10.77.3.7 50022 10.77.0.2 22"
cat >"$WORK/new.yaml" <<-Y
	interfaces: [{name: $VB}]
	allow: [10.77.4.0/24, 10.77.5.5]
	deny: [10.77.5.0/24]
	limits:
	  - {name: ssh, match: {protocol: tcp, destination_port: 22}, capacity: 5, rate: 1/s}
	  - {name: other, match: {protocol: tcp, destination_port: 80}, capacity: 5, rate: 1/s}
	  - {name: dry, match: {protocol: tcp}, shadow: true, capacity: 5, rate: 1/s}
	  - {name: elsewhere, match: {protocol: tcp, not: {source: 10.77.3.0/24}}, capacity: 5, rate: 1/s}
Y
# warned FROM WORDS COMMAND...: whether the command, typed over a connection FROM, warns with these words
warned() {
	local from=$1 words=$2
	shift 2
	SSH_CONNECTION=$from "$@" 2>&1 >/dev/null | grep -q "you are logged in from $words"
}
silent() { ! SSH_CONNECTION=$1 "${@:2}" 2>&1 >/dev/null | grep "you are logged in"; }
check "check warns whom a limit would count" warned "$here" "10.77.3.7, whose packets to port 22 count against ssh;" tg check "$WORK/new.yaml"
check "check warns whom deny has" warned "10.77.5.6 50022 10.77.0.2 22" "10.77.5.6, and all its packets would be dropped" tg check "$WORK/new.yaml"
check "not whom allow has" silent "10.77.4.6 50022 10.77.0.2 22" tg check "$WORK/new.yaml"
check "nor whom it has within what deny has" silent "10.77.5.5 50022 10.77.0.2 22" tg check "$WORK/new.yaml"
check "diff warns" warned "$here" "10.77.3.7," tg diff "$WORK/new.yaml"
check "reload warns" warned "$here" "10.77.3.7, whose packets to port 22 count against l;" tg reload
check "deny add warns" warned "$here" "within 10.77.3.0/24, whose" tg deny add 10.77.3.0/24
check "of others it does not" silent "10.77.4.6 50022 10.77.0.2 22" tg deny add 10.77.3.0/25
tg deny del 10.77.3.0/24 >/dev/null && tg deny del 10.77.3.0/25 >/dev/null
sudo_like() { SSH_CONNECTION=$here bash -c 'env -u SSH_CONNECTION "$@"; exit' - "$@"; }
check "so it does through sudo" warned "" "10.77.3.7," sudo_like "$BUILD/tidegate" check "$WORK/new.yaml"

# An operator who cuts the connection that the command came over, and therefore cannot confirm.
in_b python3 -c '
import socket
server = socket.create_server(("10.77.0.2", 2222))
peer = server.accept()[0]
while line := peer.recv(100):
    peer.send(line)' 2>/dev/null &
PIDS+=($!)
sed -i 's/deny: .*/deny: [10.77.0.1]/; s/allow: .*//' "$WORK/new.yaml"
cat >"$WORK/session.py" <<-'P'
	import socket, subprocess, sys, time
	s = socket.create_connection(("10.77.0.2", 2222), timeout=1)
	def works():
	    try:
	        s.send(b"x")
	        return bool(s.recv(100))
	    except TimeoutError:
	        return False
	print(works())
	subprocess.run(sys.argv[1:], check=True, stdout=subprocess.DEVNULL)
	print(works())
	s.settimeout(10)
	time.sleep(2.5)
	print(works())
P
sleep 0.3
in_a python3 "$WORK/session.py" "$BUILD/tidegate" --control "$CONTROL" apply "$WORK/new.yaml" --confirm 3s >"$WORK/session"
check "a policy that cuts the operator off is taken back by itself" test "$(xargs <"$WORK/session")" = "True False True"
stop
finish
