#!/bin/bash
# The Debian package under a real systemd, in a container with a throw-away copy of this system: installed, run with the
# service's own restrictions, upgraded while packets flow, restarted, killed, removed and purged.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/container.sh"
sed 's|@PREFIX@|/usr|' "$ROOT/packaging/tidegated.service" >"$WORK/tidegated.service"
check "the service's restrictions are worth 2.5 or better" \
	systemd-analyze security --offline=true --threshold=25 --no-pager "$WORK/tidegated.service" >"$WORK/exposure"
# The second has another number, and so what knows it is built anew.
mkdir -p "$WORK"/{first,second}
cp -a "$ROOT/build/user" "$ROOT/build/bpf" "$WORK/second/"
(cd "$ROOT" && grep -rl --include='*.c' TG_VERSION user) | sed "s|.*|$WORK/second/&|; s|c$|o|" | xargs rm -f
first=$("$ROOT/packaging/build-deb" 0.1.0 "$ROOT/build" "$WORK/first")
second=$(make -s -C "$ROOT" deb B="$WORK/second" VERSION=0.1.1 | tail -n 1)
check "the package is built" test -f "$first" -a -f "$second"
check "lintian has nothing to say" test -z "$(lintian --allow-root "$first" 2>&1)"

run_container < <(
	printf 'first=%q second=%q ROOT=%q\n' "$first" "$second" "$ROOT"
	cat "$ROOT/tests/netns/package_inside.sh"
)
finish
