#!/bin/bash
# The Debian package under a real systemd, in a container with a throw-away copy of this system: installed, run with the
# service's own restrictions, upgraded while packets flow, restarted, killed, removed and purged.
. "$(dirname "$0")/lib.sh"
need_root
if ! command -v systemd-nspawn >/dev/null; then
	skip "all: needs systemd-nspawn, to boot a system that can install packages"
	finish
fi
sed 's|@PREFIX@|/usr|' "$ROOT/packaging/tidegated.service" >"$WORK/tidegated.service"
check "the service's restrictions are worth 2.5 or better" \
	systemd-analyze security --offline=true --threshold=25 --no-pager "$WORK/tidegated.service" >"$WORK/exposure"
# The second has another number, and so what knows it is built anew.
mkdir -p "$WORK"/{first,second/user} "$WORK/second/asan/user"
(cd "$ROOT" && cp -a --parents build/user/*.o build/tidegate.* build/.made "$WORK") && mv "$WORK"/build/user/*.o "$WORK/second/user" &&
	mv "$WORK"/build/tidegate.* "$WORK/build/.made" "$WORK/second"
(cd "$ROOT" && grep -l TG_VERSION user/*.c) | sed "s|.*|$WORK/second/&|; s|c$|o|" | xargs rm -f
first=$("$ROOT/packaging/build-deb" 0.1.0 "$ROOT/build" "$WORK/first")
second=$(make -s -C "$ROOT" deb B="$WORK/second" VERSION=0.1.1 | tail -n 1)
check "the package is built" test -f "$first" -a -f "$second"
check "lintian has nothing to say" test -z "$(lintian --allow-root "$first" 2>&1)"

# What follows stays in the container's layer and in a bpffs of its own.
layer=$WORK/layer bpffs=$WORK/bpffs
mkdir "$layer" "$bpffs" && mount -t tmpfs layer "$layer" && mkdir "$layer"/{upper,work,root} && mount -t bpf bpf "$bpffs" || exit 1
leave() {
	umount "$layer/root" "$layer" "$bpffs" 2>/dev/null
	cleanup
}
trap leave EXIT
printf 'first=%q second=%q ROOT=%q report=/report\n' "$first" "$second" "$ROOT" |
	cat - "$ROOT/tests/netns/package_inside.sh" >"$WORK/inside.sh"
mount -t overlay -o "lowerdir=/,upperdir=$layer/upper,workdir=$layer/work" overlay "$layer/root" || exit 1
rm -f "$layer/root/usr/sbin/policy-rc.d" # which has services start and stop with their packages
cat >"$layer/root/etc/systemd/system/inside.service" <<-U
	[Unit]
	Requires=basic.target
	After=basic.target
	[Service]
	Type=oneshot
	ExecStart=/bin/bash $WORK/inside.sh
	ExecStopPost=/bin/systemctl --no-block poweroff
U
# /sys must not be read-only for the service's own restrictions to be what is tested.
SYSTEMD_NSPAWN_API_VFS_WRITABLE=1 timeout 120 systemd-nspawn --directory="$layer/root" --boot --machine="tgt$ID" --register=no --keep-unit \
	--link-journal=no --private-network --capability=all --system-call-filter=bpf --bind="$bpffs:/sys/fs/bpf" \
	--console=read-only systemd.unit=inside.service </dev/null >"$WORK/daemon.log" 2>&1
while read -r line; do
	case $line in
	"ok "*) ok "${line#ok }" ;;
	"not ok "*) not_ok "${line#not ok }" ;;
	*) echo "# $line" ;;
	esac
done < <(cat "$layer/upper/report" 2>/dev/null)
check "the container has done all" grep -qx end "$layer/upper/report"
finish
