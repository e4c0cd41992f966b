#!/bin/bash
# Interfaces that come and go all the time, so that the kernel interrupts lists of them: what is attached stays attached, by XDP and TCX
# of one daemon, and by filters of clsact of another on the other ends of the same veths.
. "$(dirname "$0")/lib.sh"
not_emulated "120 veths, and 50 changes a second for 20 s"
TIDEGATED=${CHURN_TIDEGATED:-$BUILD/asan/tidegated}
topology
for i in $(seq 60); do
	echo "link add h$i type veth peer name k$i"
	echo "link set h$i up"
	echo "link set k$i up"
done >"$WORK/links"
ip -n "$B" -batch "$WORK/links" || not_ok "60 veths"
configure <<-Y
	interfaces: [{name: "h*", hooks: [xdp, tc-ingress]}]
	limits: [{name: l, per: source, capacity: 5, rate: 1/s}]
Y
start || not_ok "the first daemon starts"
FIRST=$DAEMON
PIDS+=("$FIRST")
sed 's/"h\*", hooks: .*\]}/"k*", hooks: [tc-ingress]}/' "$CONFIG" >"$WORK/clsact.yaml"
TIDEGATE_LACKS=tcx nsenter --net="/run/netns/$B" "$TIDEGATED" --config "$WORK/clsact.yaml" --control "$WORK/clsact.sock" \
	--state "${STATE}clsact" --metrics none >>"$WORK/clsact.log" 2>&1 &
PIDS+=($!)
trap 'cleanup; rm -rf "${STATE}clsact"' EXIT
second() { in_b "$BUILD/tidegate" --control "$WORK/clsact.sock" "$@"; }
healthy() { jq '[.interfaces[] | select(.healthy)] | length'; }
for _ in $(seq $((200 * SLOW))); do second status >/dev/null 2>&1 && break; sleep 0.05; done
TC=$(has_tcx && echo tcx || echo clsact)
check "the first has 60 by XDP and 60 by TC" test "$(tg status --json | jq -c "[.interfaces[].mode] | [length, (map(select(. == \"$TC\")) | length)]")" = '[120,60]'
check "the second has 60 by clsact" test "$(second status --json | jq -c '[.interfaces[].mode] | [length, unique]')" = '[60,["clsact"]]'
# a pin that is made anew has another number
pins() { find "$STATE" "${STATE}clsact" -name '*-[0-9]*' -printf '%f %i\n' | grep -v program | sort; }
pins >"$WORK/before"
handles() { for i in $(seq 60); do in_b tc filter show dev "k$i" ingress; done | grep -c 'tidegate_entry'; }
check "each has its filter" test "$(handles)" = 60
# churn SECONDS: veths that no configuration means come and go, together more than 50 times a second
churn() {
	local name
	for name in y z w v; do
		for _ in $(seq 5000); do echo "link add ${name}0 type veth peer name ${name}1"; echo "link del ${name}0"; done |
			timeout "$1" ip -n "$B" -batch - &
	done
	wait
}
last_index() {
	ip -n "$B" link add last type veth peer name last1
	ip -n "$B" -o link show last | cut -d: -f1
	ip -n "$B" link del last
}
FROM=$(last_index)
interrupted=0 least=60
churn 20 2>/dev/null &
CHURN=$!
while kill -0 "$CHURN" 2>/dev/null; do
	# as ip says of its own list
	list=$(ip -n "$B" -o link show 2>&1)
	case $list in *interrupted*) interrupted=$((interrupted + 1)) && continue ;; esac
	n=$(grep ' h[0-9]*@' <<<"$list" | grep -c xdp)
	[ "$n" -ge "$least" ] || least=$n
	sleep 0.02
done
TO=$(last_index)
check "at least 50 veths came and went each second" test "$((TO - FROM))" -ge 2000
echo "# $interrupted lists of ip's were interrupted"
check "no moment with less than 60 by XDP" test "$least" = 60
pins >"$WORK/after"
check "all is pinned as before" cmp "$WORK/before" "$WORK/after"
check "nothing was detached" test "$(cat "$WORK/daemon.log" "$WORK/clsact.log" | grep -cE 'let go|detached')" = 0
check "each has its filter still" test "$(handles)" = 60
sleep 1.5
check "the first is well" test "$(tg status --json | jq -r .health) $(tg status --json | healthy)" = "ok 120"
check "the second is well" test "$(second status --json | jq -r .health) $(second status --json | healthy)" = "ok 60"
# Without descriptors nothing can be listed, and no client of HTTP be accepted. The control connection is made before.
cat >"$WORK/ask.py" <<-'P'
	import json, resource, socket, subprocess, sys, time
	path, pid, namespace, (host, port) = sys.argv[1], int(sys.argv[2]), sys.argv[3], sys.argv[4].split(":")
	connection = socket.socket(socket.AF_UNIX)
	connection.connect(path)
	stream = connection.makefile("rw")
	def status():
	    stream.write('{"command": "status"}\n')
	    stream.flush()
	    return json.loads(stream.readline())["result"]
	status()
	before = resource.prlimit(pid, resource.RLIMIT_NOFILE, (8, resource.prlimit(pid, resource.RLIMIT_NOFILE)[1]))
	waiting = socket.create_connection((host, port), 10)
	waiting.sendall(b"GET /healthz HTTP/1.0\r\nHost: 127.0.0.1\r\n\r\n")
	subprocess.run(["ip", "-n", namespace, "link", "add", "other0", "type", "veth", "peer", "name", "other1"], check=True)
	subprocess.run(["ip", "-n", namespace, "link", "del", "other0"], check=True)
	time.sleep(1.5)
	failed = status()
	resource.prlimit(pid, resource.RLIMIT_NOFILE, before)
	answer = waiting.recv(100).decode()
	time.sleep(2.5)
	mended = status()
	print(json.dumps({"failed": failed["problems"], "kept": len(failed["interfaces"]), "health": mended["health"], "mended": len(mended["interfaces"]), "http": answer[:15]}))
P
nsenter --net="/run/netns/$B" python3 "$WORK/ask.py" "$CONTROL" "$FIRST" "$B" "$METRICS" >"$WORK/answer"
check "without descriptors: said" grep -q 'the interfaces cannot be listed: Too many open files; what is attached stays' "$WORK/answer"
check "without descriptors: all stays" test "$(jq -c '[.kept, .mended]' "$WORK/answer")" = '[120,120]'
check "with descriptors again: who waited for HTTP is answered" test "$(jq -r .http "$WORK/answer")" = "HTTP/1.0 200 OK"
check "with descriptors again: well" test "$(jq -r .health "$WORK/answer")" = ok
check "is logged once" test "$(grep -c 'cannot be listed: Too many' "$WORK/daemon.log")" = 1
pins >"$WORK/after"
check "all is pinned as before all that" cmp "$WORK/before" "$WORK/after"
finish
