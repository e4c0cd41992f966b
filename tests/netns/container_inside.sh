# shellcheck shell=bash
# What comes first in the container of container.sh.
exec >>/report 2>&1
check() {
	local name=$1
	shift
	if "$@"; then echo "ok $name"; else echo "not ok $name: $*"; fi
}
export DEBIAN_FRONTEND=noninteractive PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
ip netns add peer
ip link add outside netns peer type veth peer name eth0
ip addr add 10.77.0.2/16 dev eth0
ip link set eth0 up
ip -n peer addr add 10.77.0.1/16 dev outside
ip -n peer link set outside up
ip -n peer link set lo up
