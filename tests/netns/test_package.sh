#!/bin/bash
# The Debian package under a real systemd, in a container with a throw-away copy of this system: installed, run with the
# service's own restrictions, upgraded while packets flow, restarted, killed, removed and purged.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/container.sh"
sed 's|@PREFIX@|/usr|; s|@DEFAULTS@|/etc/default/tidegate|' "$ROOT/packaging/tidegated.service" >"$WORK/tidegated.service"
check "the service's restrictions are worth 2.5 or better" \
	systemd-analyze security --offline=true --threshold=25 --no-pager "$WORK/tidegated.service" >"$WORK/exposure"
# The second has another number, and so what knows it is built anew.
mkdir "$WORK/built"
cp -a "$BUILD/user" "$BUILD/lib" "$BUILD/bpf" "$WORK/built/"
(cd "$ROOT" && grep -rl --include='*.c' TG_VERSION user) | sed "s|.*|$WORK/built/&|; s|c$|o|" | xargs rm -f
first=$("$ROOT/packaging/build-deb" 0.1.0 "$WORK/first" "$BUILD")
second=$("$ROOT/packaging/build-deb" 0.1.1 "$WORK/second" "$WORK/built")
check "the package is built" test -f "$first" -a -f "$second"
check "lintian has nothing to say" test -z "$(lintian --allow-root "$first" 2>&1)"

run_container < <(
	echo "first=\$WORK${first#"$WORK"} second=\$WORK${second#"$WORK"}"
	cat "$ROOT/tests/netns/package_inside.sh"
)
finish
