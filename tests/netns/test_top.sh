#!/bin/bash
# `tidegate top` on a terminal, as one would use it, and where there is none; and the health line of `status`.
. "$(dirname "$0")/lib.sh"
topology
configure <<-Y
	interfaces: [{name: IFACE}]
	table: {size: 128}
	limits:
	  - {name: web, match: {destination_port: 5353}, per: source, capacity: 10, rate: 5/s}
	  - {name: dry, match: {destination_port: 5353}, per: source, capacity: 5, rate: 1/s, shadow: true}
Y
start || not_ok "the daemon starts"
health() { tg status --json | jq -r .health; }
check "all is well" test "$(health)" = ok
check "in words" grep -qx "health: ok" <(tg status)

tmux() { command tmux -L "tgt$ID" -f /dev/null "$@"; }
shown() { tmux capture-pane -p; }
# becomes PATTERN: whether the screen comes to have it within three seconds
becomes() {
	for _ in $(seq $((60 * SLOW))); do
		shown | grep -qE "$1" && return
		sleep 0.05
	done
	shown
	return 1
}
# and waits, since a new one would meet the old one's socket
finish_screen() {
	tmux kill-server 2>/dev/null
	while tmux list-sessions >/dev/null 2>&1; do sleep 0.05; done
}
leave() {
	finish_screen
	cleanup
}
trap leave EXIT
# not by flow: what is killed would be the shell about it
nsenter --net="/run/netns/$A" "$TRAFFIC" send "$VA" "$MAC" 10.77.3.1 10.77.0.2 5353 20 400 $((60 * SLOW)) 62 >/dev/null &
PIDS+=($!)
sleep 0.5
tmux new-session -d -x 150 -y 24 "nsenter --net=/run/netns/$B $BUILD/tidegate --control $CONTROL top; echo ended with \$?; sleep 60"
check "rows with rates" becomes '^10\.77\.3\.[0-9]+/32 +web +[0-9]+ +[0-9.]+ +[0-9]+ +[0-9.]+ +[0-9]+/10 +(exceeded|open)$'
check "the state of the whole" becomes '^tidegate .* generation 1 .* table 40 of 128 .* 40 rows'
check "and the health line" becomes '^health: ok$'
tmux send-keys s
check "by source" becomes '^10\.77\.3\.1/32 +dry'
check "shadow limits are told apart" becomes 'dry .*\(shadow\)$'
tmux send-keys l
check "of one limit" becomes '20 rows +limit web'
tmux send-keys l l /
tmux send-keys 3.17
check "search as one types" becomes '^search: 3\.17_'
tmux send-keys Enter
check "leaves what fits" becomes '2 rows'
tmux send-keys Escape
check "Escape ends it" becomes '40 rows'
tmux send-keys p
check "pause" becomes PAUSED
sleep 0.5
before=$(shown)
sleep 1.5
check "holds the screen still" test "$(shown)" = "$before"
tmux send-keys p
check "and goes on" becomes '^10\.77'
tmux send-keys End
check "to the end of the list" becomes '^10\.77\.3\.9/32 +web'
tmux send-keys '?'
check "help" becomes 'quit$'
tmux send-keys s
tmux resize-window -x 80 -y 10
check "a smaller window has fewer rows" becomes '^10\.77\.3\.1/32 +dry +[0-9]+ +[0-9.]+ '
check "and no more lines than it" test "$(shown | wc -l)" -le 10
for width in $(seq 81 140); do tmux resize-window -x "$width" -y 12; done
check "sixty sizes in a row do no harm" becomes '^health: ok'
tmux send-keys q
check "quit" becomes 'ended with 0'
finish_screen

# colours: only where they are wanted
colours() { tmux capture-pane -p -e | grep -q $'\e\\[[0-9;]*3[13]'; }
run_top() { tmux new-session -d -x 150 -y 24 "env $1 TERM=screen-256color nsenter --net=/run/netns/$B $BUILD/tidegate --control $CONTROL top" && becomes '^10\.77'; }
run_top X=
check "in colour" colours
finish_screen
run_top NO_COLOR=1
check "NO_COLOR is honoured" test "$(colours && echo coloured)" = ''
finish_screen
check "not on a terminal: one snapshot" test "$(tg top | wc -l)" = 21
check "of the first rows" test "$(tg top -n 3 | wc -l)" = 4
check "without any control characters" test "$(tg top | tr -d '[:print:]\n' | wc -c)" = 0
tmux new-session -d -x 150 -y 30 "TERM=dumb nsenter --net=/run/netns/$B $BUILD/tidegate --control $CONTROL top -n 3; sleep 60"
check "nor on one that can do nothing" becomes '^SOURCE'
finish_screen
check "an unknown limit is said before the screen is taken" test "$(script -qec "$BUILD/tidegate --control $CONTROL top --limit nosuch" /dev/null >/dev/null; echo $?)" = 6

tmux new-session -d -x 150 -y 24 "nsenter --net=/run/netns/$B $BUILD/tidegate --control $CONTROL top; echo ended with \$?; sleep 60"
becomes '^10\.77'
flow 10.77.8.1 400 4000 1
check "a full table is seen on the screen" becomes '^health: the table is full: new sources share buckets'
check "and in status" grep -q "the table is full" <(health)
kill "${PIDS[0]}"
echo 'wibble: 1' >>"$CONFIG"
tg reload 2>/dev/null
check "nor is a reload that failed" grep -q "the last reload failed" <(health)
sed -i '$d' "$CONFIG"
tg reload >/dev/null
check "until one succeeds" test "$(health | grep -c reload)" = 0
tg apply "$CONFIG" --confirm 60s >/dev/null
check "nor what is not confirmed" grep -q "not confirmed: goes back in [56][0-9] s" <(health)
tg confirm >/dev/null
stop
check "a daemon that ends ends the screen, with a word on it" becomes 'has ended$'
check "and exit 5" becomes 'ended with 5'
finish
