#!/bin/bash
# Runs in the fresh system of tests/system/run, whose sources are /src.
cd /src || exit 1
passed=0 failed=0 skipped=0
# check NAME COMMAND...: what it says is shown if it fails; the count that it ends with, if any, is added
check() {
	local name=$1 counts
	shift
	if "$@" >/tmp/said 2>&1 </dev/null; then
		passed=$((passed + 1)) && echo "ok $name ($SECONDS s)"
	else
		failed=$((failed + 1)) && echo "not ok $name: $*" && tail -n 40 /tmp/said
	fi
	grep -E '^([^ ]+: )+skipped ' /tmp/said
	read -ra counts < <(grep -E '^[0-9]+ passed, [0-9]+ failed, [0-9]+ skipped$' /tmp/said | tail -n 1 | tr -dc '0-9 ')
	passed=$((passed + ${counts[0]:-0})) failed=$((failed + ${counts[1]:-0})) skipped=$((skipped + ${counts[2]:-0}))
}
finish() {
	echo "$passed passed, $failed failed, $skipped skipped"
	[ "$failed" = 0 ]
	exit
}
# Needs no Internet where the packages are here already.
printf 'Dir::Cache::archives "/debs";\nAPT::Keep-Downloaded-Packages "true";\nAPT::Sandbox::User "root";\n' >/etc/apt/apt.conf.d/90kept
echo force-unsafe-io >/etc/dpkg/dpkg.cfg.d/90fast
check "make and sudo, as the README takes them for granted" sh -c 'apt-get -q update && apt-get -q -y install --no-install-recommends make sudo'
if [ -n "$WHOLE" ]; then groups="build package check"; else groups="build package"; fi
# shellcheck disable=SC2086 # several
check "packaging/deps installs what is missing" packaging/deps $groups
# shellcheck disable=SC2086
check "and then has nothing to do" packaging/deps -n $groups
[ $failed = 0 ] || finish
jobs=-j$(nproc)
if [ -n "$WHOLE" ]; then
	check "it builds without a warning" make "$jobs" WERROR=1 all tests
	check "tests" tests/run unit docs bpf netns/test_{rate,modes,tc,mark,foreign,library,exit_codes,capabilities,upgrade}.sh
else
	check "it builds without a warning" make "$jobs" WERROR=1 all build/tests/bpf/test_load build/tests/bpf/test_limits build/tests/netns/traffic \
		build/tests/netns/load
	check "tests" tests/run bpf/test_load bpf/test_limits
fi
check "the demo" tests/demo/run
if [ -n "$WHOLE" ]; then
	check "the source package" env PACKAGE_TESTS=check tests/system/test_source_package.sh
	check "make deb" make deb
else
	check "the package is made" packaging/build-deb 0.1.0 build build
fi
check "it installs, with what it needs" sh -c 'apt-get -q -y install ./build/*.deb'
check "its daemon limits" env TIDEGATED=/usr/sbin/tidegated tests/netns/test_modes.sh
check "its command reads a policy" tidegate check examples/first.yaml
check "the tests of the installed packages: limits" debian/tests/limits
check "the tests of the installed packages: library" debian/tests/library
check "it is removed" dpkg -P libtidegate-dev libtidegate1 tidegate
finish
