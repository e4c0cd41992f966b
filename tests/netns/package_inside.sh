# shellcheck shell=bash
# Runs in the container of test_package.sh, which puts before it: first and second (packages), with ROOT, BUILD and WORK of container.sh.
traffic=$BUILD/tests/netns/traffic
mac=$(ip -br link show eth0 | awk '{print $3}')
# admitted PACKETS: of so many from one source, with 10 tokens and one more a day
admitted() {
	rm -f /tmp/count # or its last word would be taken for the next
	"$traffic" count eth0 5353 5 >/tmp/count &
	until grep -q ready /tmp/count; do sleep 0.02; done
	nsenter --net=/run/netns/peer "$traffic" send outside "$mac" 10.77.3.1 10.77.0.2 5353 1 0 "$1" 62 >/dev/null
	sleep 0.2
	kill %1 && wait %1 2>/dev/null
	awk '$1 ~ /^[0-9]+$/ {n += $2} END {print n + 0}' /tmp/count
}
version_is() { tidegate status --json | grep -q "\"version\":\"$1\""; }
pid() { systemctl show -P MainPID tidegated; }
ready() {
	for _ in $(seq 100); do
		systemctl is-active -q tidegated && return
		sleep 0.05
	done
	journalctl -u tidegated --no-pager | tail -n 20
	return 1
}

check "it installs" dpkg -i "$first"
check "the service is enabled" systemctl is-enabled -q tidegated
check "and does not start before there is a configuration" test "$(systemctl is-active tidegated)" = inactive
check "the group is there" getent group tidegate
cat >"$WORK/service.yaml" <<Y
interfaces: [{name: eth0, hooks: [xdp, tc-ingress]}]
limits: [{name: l, per: source, match: {hook: xdp}, capacity: 10, refill_amount: 1, refill_interval: 1d}]
Y
cp "$WORK/service.yaml" /etc/tidegate/tidegate.yaml
systemctl start tidegated
check "it starts with the service's restrictions" ready
check "it runs the first version" version_is 0.1.0
check "it has CAP_NET_ADMIN, CAP_PERFMON and CAP_BPF" grep -qP '^CapEff:\t000000c000001000$' "/proc/$(pid)/status"
check "and may get no others" grep -qP '^CapBnd:\t000000c000001000$' "/proc/$(pid)/status"
check "nor by what it runs" grep -qP '^NoNewPrivs:\t1$' "/proc/$(pid)/status"
check "its system calls are filtered" grep -qP '^Seccomp:\t2$' "/proc/$(pid)/status"
check "it limits" test "$(admitted 30)" = 10
check "it reloads" systemctl reload tidegated
check "it saves a setting" tidegate set l capacity=11 --save
check "in the file" grep -q 'capacity: 11' /etc/tidegate/tidegate.yaml
check "set back" tidegate set l capacity=10 --save
useradd -G tidegate looker
echo 'wibble: 1' >>/etc/tidegate/tidegate.yaml
systemctl reload tidegated # which asks, and does not wait
for _ in $(seq 100); do
	journalctl -u tidegated -o cat | grep -q "is not valid" && break
	sleep 0.05
done
sed -i '$d' /etc/tidegate/tidegate.yaml
check "the journal knows how grave a message is" grep -q "is not valid" <(journalctl -u tidegated -p 3..3 -o cat)
check "and has all that is less" grep -qx "ready" <(journalctl -u tidegated -p 6..6 -o cat)
check "its group may look" setpriv --reuid=looker --regid=looker --init-groups tidegate status >/dev/null
setpriv --reuid=looker --regid=looker --init-groups tidegate set l capacity=99 2>/tmp/refused
check "and change nothing" test $? = 4
check "and is told so" grep -q 'only root' /tmp/refused
check "others may not even look" test "$(setpriv --reuid=nobody --regid=nogroup --clear-groups tidegate status >/dev/null 2>&1; echo $?)" = 4
tidegate deny add 10.77.9.9 >/dev/null

"$traffic" count eth0 5353 10 >/tmp/during &
until grep -q ready /tmp/during; do sleep 0.02; done
nsenter --net=/run/netns/peer "$traffic" send outside "$mac" 10.77.3.1 10.77.0.2 5353 1 2000 4 62 >/dev/null &
links=$(stat -c %i /sys/fs/bpf/tidegate/{xdp,tc-ingress}-* | sort)
check "it upgrades" dpkg -i "$second"
check "and runs again" ready
check "the second version" version_is 0.1.1
check "the links are the same" test "$(stat -c %i /sys/fs/bpf/tidegate/{xdp,tc-ingress}-* | sort)" = "$links"
wait %2
sleep 0.2
kill %1 && wait %1 2>/dev/null
check "no packet slipped through in the meantime" test "$(awk '$1 ~ /^[0-9]+$/ {n += $2} END {print n + 0}' /tmp/during)" = 0
check "the bucket is as empty as before" test "$(admitted 5)" = 0
check "entries are kept" grep -q 10.77.9.9 <(tidegate deny list)
systemctl restart tidegated
check "it restarts" ready
check "and the bucket is still empty" test "$(admitted 5)" = 0
before=$(pid)
systemctl kill -s KILL tidegated
for _ in $(seq 100); do
	[ "$(pid)" != "$before" ] && [ "$(pid)" != 0 ] && break
	sleep 0.05
done
check "killed, it comes back by itself" ready
check "with the bucket as it was" test "$(admitted 5)" = 0
check "it passes its own test" "$ROOT/debian/tests/limits"
check "it is removed" dpkg -r tidegate
check "with what it had in the kernel" test ! -e /sys/fs/bpf/tidegate
check "so that nothing is limited" test "$(admitted 30)" = 30
check "its configuration stays" test -e /etc/tidegate/tidegate.yaml
check "it is purged" dpkg -P tidegate
check "to nothing" test -z "$(find /etc /usr /lib /run /var/lib /var/log -name '*tidegate*')"

groupdel tidegate
check "make install" make -s -C "$ROOT" B="$BUILD" -o all install
mkdir -p /etc/tidegate && cp "$WORK/service.yaml" /etc/tidegate/tidegate.yaml
echo 'TIDEGATED_OPTIONS="--log-level debug"' >/etc/default/tidegate
systemctl start tidegated
check "alone gives a service that starts" ready
check "with the options that it is given" grep -q -- '--log-level debug' <(tr '\0' ' ' <"/proc/$(pid)/cmdline")
check "and limits" test "$(admitted 30)" = 10
