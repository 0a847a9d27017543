#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# A tuning that is kept: stored and taken away byte by byte, applied as the boot would, verified, watched by the guard.
#   keep.sh VLAT ASK        (ASK: a plain client, tests/e2e/ask.c)
# In a /run, a /etc and a network namespace of its own.
set -u
vlat=$1
ask=$2
. "$(dirname "$0")/alone.sh"
cp -a /etc "$work/etc" && mount --bind "$work/etc" /etc || exit 99
ip link set lo up 2>/dev/null
mkdir "$VLAT_STATE" "$work/bin"
swap=/proc/sys/vm/swappiness
swap_before=$(cat $swap)
guard=
clean() {
	[ -z "$guard" ] || kill "$guard" 2>/dev/null
	"$vlat" revert >/dev/null 2>&1
	echo "$swap_before" >$swap
	umount /etc
	rm -rf "$work"
}
trap clean EXIT

# All names, modes, owners and contents below /etc
etc() {
	(cd /etc && find . -printf '%p %y %m %u %g %l\n' | sort && find . -type f -exec cksum {} + | sort)
}

# Nothing is stored, nothing in force.
run 2 verify
said "nothing to verify"
run 2 tune --stored
said "no tuning is stored here"
run 2 tune vm-host --persist
run 2 tune vm-host --stored
etc >"$work/etc.before"

# Without systemd it is stored, and what must be called at boot is said.
echo 60 >$swap
run 0 tune vm-host --only mem.swap --apply --persist
said "There is no systemd here"
said "tune --stored"
run 0 status
said "stored: vm-host"
run 0 verify
said " 0 differ"
run 0 revert
etc >"$work/etc.after"
diff "$work/etc.before" "$work/etc.after" >"$work/out" || bad "revert left something in /etc"
[ "$(cat $swap)" = 60 ] || bad "swappiness is $(cat $swap), not 60"

# Where /etc cannot be written nothing is half done: the tuning is in force, and not stored.
mount -o remount,ro,bind /etc
run 2 tune vm-host --only mem.swap --apply --persist
said "in force (run .*), but not stored for the next boots"
said "Read-only file system"
mount -o remount,rw,bind /etc
run 0 verify
run 0 revert
etc >"$work/etc.after"
diff "$work/etc.before" "$work/etc.after" >"$work/out" || bad "something was left in a read-only /etc"

# Ended by its name, a tuning leaves what is stored; stored again and reverted, nothing is left.
run 0 tune vm-host --only mem.swap --apply --persist
run 0 revert "$("$vlat" status --json | sed -n '/"why": "tune/{x;p;d};h' | sed -n 's/.*"run": "\(.*\)",/\1/p' | head -1)"
run 0 status
said "stored: vm-host"
run 0 tune realtime --only mem.swap --apply --persist
run 0 status
said "stored: realtime"
run 0 revert
etc >"$work/etc.after"
diff "$work/etc.before" "$work/etc.after" >"$work/out" || bad "storing twice left something"

# Where systemd runs (as far as vlat can tell), a unit is installed.
mkdir -p /run/systemd/system
printf '#!/bin/sh\necho "$@" >>%s\n' "$work/told" >"$work/bin/systemctl"
chmod +x "$work/bin/systemctl"
PATH="$work/bin:$PATH"
run 0 tune vm-host --only mem.swap --apply --persist
said "vlat-tune.service applies it"
[ "$(cat "$work/told")" = "daemon-reload" ] || bad "systemctl was not told"
[ -e /etc/systemd/system/multi-user.target.wants/vlat-tune.service ] || bad "the unit is not enabled"
grep -q "^Environment=\"VLAT_STATE=$VLAT_STATE\"" /etc/systemd/system/vlat-tune.service || bad "the unit does not know VLAT_STATE"

# The machine goes down hard and comes up: what was volatile is void, what lasts is there, and the boot applies it.
killed "$(holder)"
echo 60 >$swap
run 0 tune --stored
said "as /etc/vlat/tune.json wants it"
[ "$(cat $swap)" = 10 ] || bad "the stored tuning did not set swappiness: $(cat $swap)"
[ -e /etc/systemd/system/vlat-tune.service ] || bad "the boot took the unit away"
run 0 verify

# As systemd starts it: in the foreground, telling when it is in force, putting all back when it is asked to end.
kill "$(holder)"
is_back() { [ "$(cat $swap)" = 60 ]; }
within is_back || bad "a holder asked to end left swappiness at $(cat $swap)"
"$ask" notify "$work/notify" "$vlat" tune --stored >"$work/out" 2>&1 || bad "the service manager was not told"
said "READY=1"
[ "$(cat $swap)" = 60 ] || bad "the unit's process, asked to end, left swappiness at $(cat $swap)"

# Who may write there could tune the host: refused.
chmod 666 /etc/vlat/tune.json
run 3 tune --stored
said "chmod go-w"
chmod 644 /etc/vlat/tune.json

# The guard, scraped.  Then somebody changes a setting, as sysctl.d says.
run 0 tune --stored
"$vlat" guard --listen "unix:/run/guard.sock" --interval 1s >"$work/guard" 2>&1 &
guard=$!
answers() { "$ask" get /run/guard.sock /metrics >"$work/out" 2>&1; }
within answers || bad "the guard does not answer"
said "^HTTP/1.1 200 OK"
said "^vlat_tuning_in_force 1"
said "^vlat_tuning_drifted_settings 0"
said "^vlat_tuning_persisted 1"
"$ask" get /run/guard.sock /etc/passwd >"$work/out"
said "^HTTP/1.1 404"
echo "vm.swappiness = 33" >/etc/sysctl.d/99-foreign.conf
echo 33 >$swap
run 1 status
said "drifted  $swap: is 33 now"
said "probably sysctl: /etc/sysctl.d/99-foreign.conf says this value"
run 1 verify
said "differs  $swap"
is_told() { answers && grep -q "^vlat_tuning_drifted_settings 1" "$work/out"; }
within is_told
said "^vlat_tuning_drifted_settings 1"
said "^vlat_verify_success 0"
kill "$guard"
wait "$guard" || bad "the guard did not end well: $(cat "$work/guard")"
guard=
[ ! -e /run/guard.sock ] || bad "the guard left its socket"
rm /etc/sysctl.d/99-foreign.conf

# All of it away again: only the foreign value stays.
run 4 revert
[ "$(cat $swap)" = 33 ] || bad "a foreign value was overwritten"
[ "$(wc -l <"$work/told")" = 2 ] || bad "systemctl was not told that the unit is gone"
etc >"$work/etc.after"
diff "$work/etc.before" "$work/etc.after" >"$work/out" || bad "revert left something in /etc"
run 0 status
said "nothing is in force"
exit $failed
