#!/bin/bash
# The status page: HTTP gives to whom it should and no more, and a browser shows what the daemon says, whatever names it is given.
. "$(dirname "$0")/lib.sh"
topology
# What may hold nearly anything: the path of the configuration, the name of an interface, a note.
mkdir "$WORK/<img src=x onerror=hacked=1>'\"&" || not_ok "an odd directory"
CONFIG="$WORK/<img src=x onerror=hacked=1>'\"&/tidegate.yaml"
ODD="<s>\"'\\&x$((ID % 10000))"
NOTE="<script>hacked=1</script>\"'&\\"
BASE=http://$METRICS
ip link add "$ODD" netns "$B" type veth peer name tgp"$ID" netns "$B" || not_ok "an interface with an odd name"
configure <<-Y
	interfaces: [{name: IFACE}, {name: '<s>*'}]
	allow: [10.77.0.1]
	deny: [10.77.6.6]
	limits:
	  - {name: each, capacity: 10, refill_amount: 10, refill_interval: 1s}
	  - {name: bytes-together, per: everyone, unit: bytes, capacity: 1MB, rate: 1MB/s}
	  - {name: in-shadow, per: everyone, shadow: true, capacity: 10, refill_amount: 1, refill_interval: 1d}
	  - {name: penalised, match: {source: 10.77.3.3}, capacity: 1, rate: 1/s, backoff: {initial: 10m, factor: 1, max: 10m}}
	  - {name: by.port_1, match: {protocol: tcp}, per: [source, destination_port], unit: connections, capacity: 5, refill_amount: 1, refill_interval: 1m}
Y
start || not_ok "the daemon starts"
check "an entry with an odd note" tg deny add 10.77.9.9 --for 10m --note "$NOTE"
burst 10.77.2.1 30
burst 10.77.2.2 25
burst fd77::5 20

get() { in_b curl -s -m 10 "$@"; }
status_of() { get -o /dev/null -w '%{http_code}' "$@"; }
answers() { test "$(status_of "${@:2}")" = "$1"; }
for path in / /page.css /page.js /format.js /limits.js /plot.js /sources.js /icon.svg /metrics /healthz /api/status /api/limits; do
	check "$path" answers 200 "$BASE$path"
	get -D "$WORK/headers" -o "$WORK/body" "$BASE$path"
	get -I -o "$WORK/head" "$BASE$path"
	check "$path: HEAD says how long it is, about" grep -qi '^content-length: [1-9]' "$WORK/head"
done
check "HEAD has no body" test "$(in_b python3 -c "
import socket
s = socket.create_connection(('127.0.0.1', 9469))
s.sendall(b'HEAD / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n')
print(b''.join(iter(lambda: s.recv(4096), b'')).split(b'\r\n\r\n', 1)[1])")" = "b''"
safe() {
	get -D "$WORK/headers" -o /dev/null "$@"
	local header
	for header in "Content-Security-Policy: default-src 'none'; " 'X-Content-Type-Options: nosniff' 'X-Frame-Options: DENY' \
		'Referrer-Policy: no-referrer' 'Cross-Origin-Resource-Policy: same-origin' 'Cache-Control: no-store' 'Content-Type: '; do
		grep -qF "$header" "$WORK/headers" || return
	done
	! grep -qE "unsafe|Access-Control|[ ;]\*" "$WORK/headers"
}
for path in / /page.js /metrics /api/why?address=10.77.9.9 /api/nothing /nothing; do check "$path: safe headers" safe "$BASE$path"; done
check "what is refused: safe headers" safe -X DELETE "$BASE/"
check "each as what it is" test "$(for path in / /page.js /page.css /icon.svg /api/status /metrics; do
	get -o /dev/null -w '%{content_type},' "$BASE$path"
done)" = "text/html; charset=utf-8,text/javascript; charset=utf-8,text/css; charset=utf-8,image/svg+xml; charset=utf-8,application/json,text/plain; version=0.0.4; charset=utf-8,"

for method in POST PUT DELETE PATCH OPTIONS TRACE; do
	check "$method: not allowed" test "$(status_of -X $method "$BASE/") $(status_of -X $method "$BASE/api/top") $(status_of -X $method "$BASE/metrics")" = "405 405 405"
done
for command in reset reload set detach entries_add apply rollback version; do check "no way to $command" answers 404 "$BASE/api/$command"; done
for host in localhost localhost:1 LocalHost 127.0.0.1 127.9.9.9:80 '[::1]' '[::1]:9469'; do check "Host: $host" answers 200 -H "Host: $host" "$BASE/"; done
for host in evil.example localhost.evil.example 127.0.0.1.evil.example '10.77.0.2' '[::2]' '[::ffff:127.0.0.1]' '::1' '[::1' '127.1' '0x7f000001' ''; do
	check "Host: $host: could be a trap" test "$(status_of -H "Host: $host" "$BASE/")$(status_of -H "Host: $host" "$BASE/api/top")$(status_of -H "Host: $host" "$BASE/metrics")" = 421421421
done
check "no Host at all" answers 421 -0 -H 'Host:' "$BASE/"
check "other sites' pages may not ask" test "$(status_of -H 'Sec-Fetch-Site: cross-site' "$BASE/api/top")$(status_of -H 'Sec-Fetch-Site: same-site' "$BASE/api/why?address=::1")" = 403403
check "ours may, and links may lead here" test "$(status_of -H 'Sec-Fetch-Site: same-origin' "$BASE/api/status")$(status_of -H 'Sec-Fetch-Site: cross-site' "$BASE/")" = 200200
check "a long header" answers 400 -H "X: $(head -c 9000 /dev/zero | tr '\0' x)" "$BASE/"
check "a long body" answers 413 --data-binary "$(head -c 9000 /dev/zero | tr '\0' x)" "$BASE/"
check "a long path" answers 400 "$BASE/$(head -c 9000 /dev/zero | tr '\0' x)"

# The same words as the control socket's. Times differ from one moment to the next.
# asked PATH: what the page is told, once the table may be looked through again
asked() {
	local told
	for _ in $(seq 50); do
		told=$(get "$BASE/api/$1")
		case $told in *"a moment ago"*) sleep 0.1 ;; *) break ;; esac
	done
	echo "$told"
}
same() { diff <(asked "$1" | jq -S "$TIMELESS") <(tg "${@:2}" --json | jq -S "$TIMELESS") >"$WORK/diff" || { cat "$WORK/diff" && false; }; }
TIMELESS='walk(if type == "object" then del(.uptime_ms, .expires_in_ms, .reset_ms, .retry_after_ms, .exceeded_ago_ms, .remaining, .state, .packets, .bytes, .received, .passed, .reasons) else . end)'
check "status" same status status
check "limits" same limits limits
check "limits, one of them" same limits?limit=each limits each
check "top" same top top
check "top, of one limit, by what is admitted" same 'top?limit=each&by=admitted&n=2' top --limit each --by admitted -n 2
check "why" same why?address=10.77.2.1 why 10.77.2.1
check "why, denied" same why?address=10.77.9.9 why 10.77.9.9
refused() { test "$(get -w ' %{http_code}' "$BASE/api/$2" | jq -rc 'if type == "object" then .error | length > 20 else . end' | xargs)" = "true $1"; }
for query in top?n=0 top?n=1001 top?n=1e3 top?n=-1 top?by=nothing top?nonsense=1 'top?n=1&n=2' 'status?limit=each' why 'why?address=' \
	'why?address=10.0.0.0/8' 'why?address=x' 'why?address=%ff' 'top?limit=%ff'; do
	check "$query: refused, with a reason" refused 400 "$query"
done
check "top?limit=unknown: no such limit" refused 404 'top?limit=unknown'
# A table of some size, asked for over and over in no time.
in_a "$TRAFFIC" send "$VA" "$MAC" 10.77.100.1 10.77.0.2 5353 20000 0 1 62 >/dev/null
sleep 1
check "the table is not looked through all the time" test "$(get -o /dev/null -w '%{http_code}\n' "$BASE/api/top?n=[1-400]" | sort -u | xargs)" = "200 503"
sleep 1
check "but again after a while" answers 200 "$BASE/api/top"
check "reset of those" tg reset --all >/dev/null

stop
start || not_ok "the daemon starts again"
burst 10.77.2.1 30
burst 10.77.2.2 25
burst fd77::5 20
burst 10.77.3.3 5
if [ -n "${TG_EMULATED:-}" ]; then
	skip "the page in a browser: a browser is too slow in an emulated machine, and the same on every kernel"
elif command -v chromedriver >/dev/null && command -v chromium >/dev/null; then
	nsenter --net="/run/netns/$A" "$TRAFFIC" send "$VA" "$MAC" 10.77.1.1 10.77.0.2 5353 1 200 120 62 >/dev/null &
	TRAFFIC_PID=$!
	PIDS+=("$TRAFFIC_PID")
	mkdir "$WORK/browser"
	sed '/bytes-together\|in-shadow\|penalised\|by.port/d; s/- {name: each.*/- {name: added, match: {protocol: tcp}, capacity: 5, rate: 1\/s, on_exceed: reject}\n  &/' "$CONFIG" >"$WORK/next.yaml"
	NOTE=$NOTE INTERFACES="$VB $ODD" TRAFFIC=$TRAFFIC_PID NEXT=$WORK/next.yaml TIDEGATE="$BUILD/tidegate --control $CONTROL" \
		nsenter --net="/run/netns/$B" "$ROOT/tests/netns/page.py" "$BASE" "$WORK/browser" "$DAEMON" \
		>"$WORK/browser/said" 2>"$WORK/browser/errors" &
	BROWSER=$!
	PIDS+=("$BROWSER")
	wait "$BROWSER"
	status=$?
	while IFS= read -r line; do
		case $line in
		"ok "*) ok "${line#ok }" ;;
		"not ok "*) not_ok "${line#not ok }" ;;
		*) not_ok "$line" ;;
		esac
	done <"$WORK/browser/said"
	check "the browser got to the end" test "$status" = 0 || cat "$WORK/browser/errors"
else
	skip "the page in a browser: Debian's chromium and chromium-driver are missing"
fi
stop

start --metrics 0.0.0.0:9469 || not_ok "the daemon starts for all addresses"
from_a() { in_a curl -s -m 5 -o "$WORK/body" -w '%{http_code}' "$@"; }
check "from elsewhere: metrics, by any name" test "$(from_a http://10.77.0.2:9469/metrics)$(from_a -H 'Host: prometheus.example' http://10.77.0.2:9469/metrics)" = 200200
check "from elsewhere: no addresses" test "$(from_a http://10.77.0.2:9469/api/top)$(from_a 'http://10.77.0.2:9469/api/why?address=10.77.1.1')$(from_a http://10.77.0.2:9469/page.js)$(from_a http://10.77.0.2:9469/)" = 403403403403
check "and it is said what to do" grep -q 'ssh -L 9469:127.0.0.1:9469' "$WORK/body"
check "nor on loopback then" answers 403 "$BASE/api/top"
check "metrics have no address in them" test "$(get "$BASE/metrics" | grep -cE '10\.77|fd77')" = 0
stop
# A thousand connections that say nothing, in a process that has so many descriptors.
start || not_ok "the daemon starts once more"
descriptors() { find "/proc/$DAEMON/fd" -mindepth 1 2>/dev/null | wc -l; }
before=$(descriptors)
: >"$WORK/crowd"
nsenter --net="/run/netns/$B" python3 -c "
import resource, socket, sys, time
resource.setrlimit(resource.RLIMIT_NOFILE, (2048, 2048))
crowd = []
for _ in range(1000):
    s = socket.socket()
    s.settimeout(0.05)
    try:
        s.connect(('127.0.0.1', 9469))
    except OSError:
        pass
    crowd.append(s)
print('ready', flush=True)
time.sleep(60)" >>"$WORK/crowd" &
CROWD=$!
PIDS+=("$CROWD")
for _ in $(seq 200); do grep -q ready "$WORK/crowd" && break; sleep 0.1; done
check "a crowd takes no more than its share of descriptors" between $((before + 100)) "$(descriptors)" $((before + 270))
check "the control socket is not held up" timeout 5 "$BUILD/tidegate" --control "$CONTROL" status >"$WORK/status"
kill "$CROWD"
until_served() {
	for _ in $(seq 20); do
		[ "$(status_of -m 3 "$BASE/healthz")" = 200 ] && return
	done
	return 1
}
check "when the crowd has gone, HTTP answers again" until_served
check "and its descriptors are free" test "$(sleep 1; descriptors)" -le $((before + 2))
stop
start --metrics '[::1]:9469' || not_ok "the daemon starts on ::1"
check "IPv6 loopback has the page" answers 200 'http://[::1]:9469/'
stop
start --metrics localhost:9469 || not_ok "the daemon starts on localhost"
check "localhost has the page" answers 200 http://localhost:9469/api/status
stop
finish
