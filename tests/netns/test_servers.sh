#!/bin/bash
# The servers of examples/, each limiting by API key, behind the protection against floods by address.
. "$(dirname "$0")/lib.sh"
topology
configure <<-Y
	interfaces: [{name: IFACE}]
	limits:
	  - {name: api-key, per: key, capacity: 3, rate: 2/s}
	  - {name: flood, per: source, match: {protocol: udp}, capacity: 100, rate: 100/s}
Y
cp -r "$ROOT/examples/server-c" "$WORK"
check "the server in C builds" make -s -B -C "$WORK/server-c" TREE="$ROOT" BUILT="$BUILD"
export LD_LIBRARY_PATH=$BUILD TIDEGATE_LIBRARY=$BUILD/libtidegate.so.1

get() { in_a curl -s -m 10 -o /dev/null -w '%{http_code}' "$@"; }
# try NAME COMMAND...: a server on port 8080
try() {
	local name=$1 url=http://10.77.0.2:8080
	shift
	nsenter --net="/run/netns/$B" "$@" 8080 api-key "$STATE" &
	server=$!
	PIDS+=("$server")
	for _ in $(seq 100); do
		[ "$(get $url/waiting)" = 200 ] && break
		sleep 0.05
	done
	check "$name: without a daemon it says so" test "$(in_a curl -s -w ' %{http_code}' -H 'X-Api-Key: a' $url/ | grep -c 'no daemon has put limits in force.*')" = 1
	start || not_ok "$name: the daemon starts"
	check "$name: no key" test "$(get $url/)" = 401
	check "$name: a key" test "$(get -H 'X-Api-Key: bob' $url/)" = 200
	# a flood from elsewhere goes on all the time, and is stopped in XDP
	nsenter --net="/run/netns/$A" "$TRAFFIC" send "$VA" "$MAC" 10.77.9.9 10.77.0.2 5353 1 20000 8 62 >/dev/null &
	flood=$!
	PIDS+=("$flood")
	check "$name: twenty requests at once: some are refused" test "$(in_a curl -s -m 60 -w '\n%{http_code}\n' -H 'X-Api-Key: dan' "$url/#[1-20]" | grep -cx 429)" -ge 1
	if [ -n "${TG_EMULATED:-}" ]; then
		skip "$name: how long clients wait: these servers let them wait two seconds at most, in which an emulated machine does not do enough"
	else
		clients "$name"
	fi
	wait "$flood"
	check "$name: behind it, the flood was dropped" test "$(tg limits flood --json | jq '.limits[0].packets.dropped')" -gt $((10000 / SLOW))
	kill "$server"
	wait "$server" 2>/dev/null
	stop
}
# clients NAME: many at once, that wait or will not, obey, and go away
clients() {
	local name=$1 line url=http://10.77.0.2:8080
	local before=$((passed + failed))
	while read -r line; do
		case $line in
		"ok "*) ok "$name: ${line#ok }" ;;
		"not ok "*) not_ok "$name: ${line#not ok }" ;;
		*) echo "$line" ;;
		esac
	done < <(in_a "$ROOT/tests/netns/burst.py" $url alice 12 2>&1 && in_a "$ROOT/tests/netns/leave.py" 10.77.0.2 8080 carol 2>&1 && echo "ok the end")
	# a check that did not come would not be missed
	check "$name: all checks were made" test $((passed + failed - before)) = 13
}
try C "$WORK/server-c/server"
try Python /usr/bin/python3 "$ROOT/examples/server-python/server.py"
finish
