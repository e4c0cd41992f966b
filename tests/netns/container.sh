#!/bin/bash
# Sourced after lib.sh: a container with a real systemd and a throw-away copy of this system, its own network and bpffs.
need_root
not_emulated "not tried in an emulated machine, where a copy of this system would have to boot and install packages"
if ! command -v systemd-nspawn >/dev/null; then
	skip "all: needs systemd-nspawn, to boot a system that can install packages"
	finish
fi
if ! command -v dpkg-buildpackage >/dev/null || ! command -v dh >/dev/null; then
	skip "all: needs dpkg-buildpackage and debhelper, to make the Debian package"
	finish
fi
layer=$WORK/layer bpffs=$WORK/bpffs
mkdir "$layer" "$bpffs" && mount -t tmpfs layer "$layer" && mkdir "$layer"/{upper,work,root} && mount -t bpf bpf "$bpffs" || exit 1
leave_container() {
	umount "$layer/root" "$layer" "$bpffs" 2>/dev/null
	cleanup
}
trap leave_container EXIT

# run_container: boots, runs the script on standard input, whose "ok" and "not ok" lines on /report count, and ends. In it, eth0 is
# 10.77.0.2, joined to `outside`, 10.77.0.1, in the network namespace peer. In it $ROOT, $BUILD and $WORK are elsewhere, and so are there
# whatever they are below here: /tmp, or another file system.
run_container() {
	local there=/opt/tidegate-test
	{
		printf 'ROOT=%s BUILD=%s WORK=%s\n' "$there/sources" "$there/built" "$there/work"
		cat "$ROOT/tests/netns/container_inside.sh"
	} >"$WORK/begin.sh"
	cat - >"$WORK/inside.sh"
	mount -t overlay -o "lowerdir=/,upperdir=$layer/upper,workdir=$layer/work" overlay "$layer/root" || exit 1
	rm -f "$layer/root/usr/sbin/policy-rc.d" # which has services start and stop with their packages
	cat >"$layer/root/etc/systemd/system/inside.service" <<-U
		[Unit]
		Requires=basic.target
		After=basic.target
		[Service]
		Type=oneshot
		ExecStart=/bin/bash -c ". $there/work/begin.sh && . $there/work/inside.sh && echo end"
		ExecStopPost=/bin/systemctl --no-block poweroff
	U
	# /sys must not be read-only for the service's own restrictions to be what is tested.
	SYSTEMD_NSPAWN_API_VFS_WRITABLE=1 timeout 200 systemd-nspawn --directory="$layer/root" --boot --machine="tgt$ID" --register=no --keep-unit \
		--link-journal=no --private-network --capability=all --system-call-filter=bpf --bind="$bpffs:/sys/fs/bpf" \
		--bind-ro="$ROOT:$there/sources" --bind-ro="$BUILD:$there/built" --bind="$WORK:$there/work" \
		--console=read-only systemd.unit=inside.service </dev/null >"$WORK/daemon.log" 2>&1
	while read -r line; do
		case $line in
		"ok "*) ok "${line#ok }" ;;
		"not ok "*) not_ok "${line#not ok }" ;;
		*) echo "# $line" ;;
		esac
	done < <(cat "$layer/upper/report" 2>/dev/null)
	check "the container has done all" grep -qx end "$layer/upper/report"
}
