#!/bin/bash
# The demo, interrupted half-way as by Ctrl-C: nothing of it stays behind. (`make demo` runs it whole.)
. "$(dirname "$0")/lib.sh"
need_root
# not in the background: bash starts such commands deaf to SIGINT
timeout --signal=INT $((6 * SLOW)) "$ROOT/tests/demo/run" >"$WORK/demo" 2>&1
check "interrupted" test $? = 124
id=$(grep -o 'tgb[0-9]*' "$WORK/demo" | head -n 1)
id=${id#tgb}
check "it had begun" test -n "$id"
check "no namespace is left" test -z "$(ip netns | grep "^tgt${id}[ab]\b")"
check "no pin" test ! -e "/sys/fs/bpf/tgt$id"
check "no process" test -z "$(pgrep -f "tgt$id")"
check "no file" test -z "$(find /var/tmp -maxdepth 1 -name "tidegate-test.$id.*")"
finish
