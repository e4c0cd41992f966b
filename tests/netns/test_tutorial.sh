#!/bin/bash
# Every command of docs/tutorial.md, run by a newcomer who has only that, says what the tutorial shows.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/container.sh"
"$ROOT/packaging/build-deb" 0.1.0 "$WORK" "$BUILD" >/dev/null || not_ok "the package is built"
run_container <<-'S'
	mkdir -p /clone/build && cd /clone && cp $WORK/tidegate_0.1.0_*.deb build/
	command -v sudo >/dev/null || { printf '#!/bin/sh\nexec "$@"\n' >/usr/local/bin/sudo && chmod +x /usr/local/bin/sudo; }
	ln -sf $ROOT/docs/tutorial.md tutorial.md
	/usr/bin/python3 $ROOT/tests/netns/tutorial.py tutorial.md
S
check "and the tutorial has commands" test "$passed" -gt 20
finish
