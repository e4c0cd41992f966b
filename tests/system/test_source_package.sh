#!/bin/bash
# The source package, as an archive would have it: made by dpkg-buildpackage from nothing but the sources, to the same bytes wherever and
# whenever it is built; lintian -I has nothing to say. PACKAGE_TESTS=check: it runs its own tests, too.
. "$(dirname "$0")/../netns/lib.sh"
not_emulated "compiles everything twice"
for program in dpkg-buildpackage dh lintian; do
	if ! command -v $program >/dev/null; then
		skip "all: no $program here; make deps installs it"
		finish
	fi
done
# So that both are of the same sources, whatever is changed here meanwhile.
mkdir "$WORK/sources"
tar -C "$ROOT" --exclude=./build --exclude=./.git -cf - . | tar -C "$WORK/sources" -xf - && chmod -R u+w "$WORK/sources"
# package FOLDER OPTIONS COMMAND...: builds there, with the command before dpkg-buildpackage
package() {
	local folder=$1 options=$2
	shift 2
	mkdir -p "$(dirname "$folder")" && cp -r "$WORK/sources" "$folder"
	(cd "$folder" && MAKEFLAGS='' DEB_BUILD_OPTIONS="parallel=$(nproc) $options" "$@" dpkg-buildpackage -us -uc) >"$WORK/log" 2>&1 || tail -n 40 "$WORK/log"
}
one=$WORK/one/tidegate two=$WORK/another/folder/tidegate-0
package "$one" "${PACKAGE_TESTS:-nocheck}"
check "source and binary packages are made" test "$(find "$WORK/one" -maxdepth 1 -name '*.dsc' -o -maxdepth 1 -name '*.tar.xz' -o -maxdepth 1 -name '*.deb' | wc -l)" = 7
said=$(cd "$WORK/one" && lintian -I --allow-root ./*.changes 2>&1)
check "lintian -I has nothing to say" test -z "$said"
[ -z "$said" ] || printf '%s\n' "$said"
check "the programs are hardened" env TG_BUILD="$one/debian/build" "$ROOT/tests/docs/test_hardening.py"
umask 002
package "$two" nocheck env TZ=Asia/Tokyo LC_ALL=C HOME=/nonexistent
for package in "$WORK"/one/*.deb; do
	name=$(basename "$package")
	check "the same bytes in another folder, later: $name" cmp "$package" "$WORK/another/folder/$name"
done
finish
