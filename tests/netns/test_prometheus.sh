#!/bin/bash
# A real Prometheus scrapes the daemon: every value arrives, under names and labels that it takes, and the rules and the
# dashboard's expressions work on them.
. "$(dirname "$0")/lib.sh"
not_emulated "Prometheus and what it scrapes are the same on every kernel"
topology
for program in prometheus promtool; do
	if ! command -v $program >/dev/null; then
		skip "all: $program is missing (Debian's package prometheus)"
		finish
	fi
done

# A name that the kernel takes, and that a label must escape: a quote, a backslash and a byte that is no text.
ODD=$'od"\\\xff'$ID
ip link add "$ODD" netns "$B" type veth peer name tgp"$ID" netns "$B" || not_ok "an interface with an odd name"
configure <<-Y
	interfaces: [{name: IFACE}, {name: 'od*', hooks: [tc-ingress, tc-egress]}]
	deny: [10.77.6.6]
	limits:
	  - {name: each, capacity: 10, refill_amount: 1, refill_interval: 1d}
	  - {name: in-shadow, per: everyone, shadow: true, capacity: 1, refill_amount: 1, refill_interval: 1d}
	  - {name: all.of_them, per: everyone, unit: bytes, capacity: 1MB, refill_amount: 1, refill_interval: 1d}
Y
start || not_ok "the daemon starts"
burst 10.77.1.1 30
burst fd77::5 15
burst 10.77.6.6 7
echo nonsense >>"$CONFIG"
tg reload 2>/dev/null
in_b curl -s "http://$METRICS/metrics" >"$WORK/metrics"
check "promtool check metrics has nothing to say" test "$(promtool check metrics <"$WORK/metrics" 2>&1)" = ""

PROMETHEUS=127.0.0.1:9470
cat >"$WORK/prometheus.yml" <<-Y
	global: {scrape_interval: 1s, evaluation_interval: 1s}
	rule_files: [$ROOT/packaging/tidegate.rules.yml]
	scrape_configs:
	  - job_name: tidegate
	    static_configs: [{targets: ["$METRICS"]}]
Y
nsenter --net="/run/netns/$B" prometheus --config.file="$WORK/prometheus.yml" --storage.tsdb.path="$WORK/tsdb" \
	--web.listen-address=$PROMETHEUS >"$WORK/prometheus.log" 2>&1 &
PIDS+=($!)

# Asks its API with `agree`, until it holds or for 30 s: the two read the counters at different moments.
for _ in $(seq 60); do
	in_b python3 -B "$ROOT/tests/netns/prometheus.py" "http://$METRICS/metrics" "http://$PROMETHEUS" >"$WORK/agree" 2>&1
	grep -q '^not ok' "$WORK/agree" || ! grep -q '^ok' "$WORK/agree" || break
	sleep 0.5
done
while IFS= read -r line; do
	case $line in
	"ok "*) ok "${line#ok }" ;;
	*) not_ok "${line#not ok }" ;;
	esac
done <"$WORK/agree"
[ "$passed" -gt 10 ] || tail -n 5 "$WORK/prometheus.log"

firing() { in_b curl -s "http://$PROMETHEUS/api/v1/rules" | jq -e --arg name "$1" '[.data.groups[].rules[] | select(.name == $name) | .state, .health] == ["'"$2"'", "ok"]' >/dev/null; }
until_firing() {
	for _ in $(seq 60); do
		firing "$1" "$2" && return
		sleep 0.5
	done
	return 1
}
check "the failed reload is not yet a change: no alert" firing TidegateReloadFailed inactive
tg reload 2>/dev/null
check "a failed reload raises the alert" until_firing TidegateReloadFailed firing
check "and no other is raised" test "$(in_b curl -s "http://$PROMETHEUS/api/v1/alerts" | jq -c '[.data.alerts[].labels.alertname]')" = '["TidegateReloadFailed"]'
stop KILL
check "a daemon that is gone: an alert is pending" until_firing TidegateDown pending
finish
