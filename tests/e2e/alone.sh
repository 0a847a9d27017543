# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=sh disable=SC2034,SC2154
# What the shell tests of vlat on the running machine share; read by `. alone.sh` when $vlat is set.  The test goes on in mount and
# network namespaces of its own, with an empty /run, so that no other vlat's locks are in the way; $work is a folder for it, with
# the journals in it.  A test says how it cleans up, and exits with $failed.
[ "$(id -u)" = 0 ] || { echo "skipped: this test changes the machine, which needs root"; exit 77; }
if [ "${VLAT_TEST_ALONE:-}" != "$0" ]; then
	unshare -mn true 2>/dev/null || { echo "skipped: no mount or network namespace can be made here"; exit 77; }
	VLAT_TEST_ALONE=$0 exec unshare -mn "$0" "$@"
fi
unset VLAT_TEST_ALONE
mount -t tmpfs tmpfs /run || exit 99
work=$(mktemp -d /tmp/vlat-test-XXXXXX) || exit 99
export VLAT_STATE="$work/state"
failed=0
: >"$work/out"
trap 'exit 1' INT TERM

bad() {
	echo "FAILED: $1" >&2
	cat "$work/out" >&2
	failed=1
}
# run CODE WORDS...: vlat WORDS, its exit code checked, its output in $work/out
run() {
	want=$1
	shift
	"$vlat" "$@" </dev/null >"$work/out" 2>&1
	got=$?
	[ $got -eq "$want" ] || bad "vlat $*: exit $got, not $want"
}
said() {
	grep -q -- "$1" "$work/out" || bad "vlat did not say: $1"
}
# within COMMAND...: tried until it succeeds, for some minutes
within() {
	for _ in $(seq 1200); do
		"$@" && return
		sleep 0.1
	done
	return 1
}
# ended PID: it runs no longer; a dead one may wait for its parent.  called PID NAME: it has become that program.
ended() {
	case $(sed 's/.*) //; s/ .*//' "/proc/$1/stat" 2>/dev/null) in '' | Z | X) true ;; *) false ;; esac
}
called() { [ "$(cat "/proc/$1/comm" 2>/dev/null)" = "$2" ]; }
# killed PID: so that nobody sees it alive afterwards
killed() {
	kill -9 "$1" && within ended "$1" || bad "process $1 cannot be killed"
}
# The process that holds the tuning in force; what is stored for the next boots is a run as well, but held by none.
holder() {
	"$vlat" status --json | awk '/"pid":/ { gsub(/[^0-9]/, ""); pid = $0 } /"lasting": false/ { print pid; exit }'
}
