# SPDX-License-Identifier: Apache-2.0
# In the lab: the rings of the card that carries the default route, by way of a bridge.
# nic.sh VLAT; facts as name=value lines.
vlat=$1
export VLAT_STATE=/tmp/vlat-state
mkdir -p $VLAT_STATE

# ethtool -g, of which a machine that builds this may have none: what the driver says (ETHTOOL_GRINGPARAM).
ring() {
	perl -MSocket -e 'socket(S, PF_INET, SOCK_DGRAM, 0); $ring = pack("L9", 0x10);
		$ask = pack("a16 Q x16", "eth0", unpack("Q", pack("P", $ring)));
		ioctl(S, 0x8946, $ask) or die "$!\n"; print((unpack("L9", $ring))[5], "\n")'
}
tune() { "$vlat" tune vm-host --cpus 1 --only net.ring --apply "$@" >/tmp/said 2>&1; }
holder() { "$vlat" status --json | awk '/"pid":/ { gsub(/[^0-9]/, ""); print; exit }'; }
runs() { ls $VLAT_STATE/runs 2>/dev/null | wc -l; }
clock_runs() { grep -qx vlat-confirm /proc/[0-9]*/comm 2>/dev/null; }
alive() { case $(sed -n 's/^State:.//p' /proc/"$1"/status 2>/dev/null) in [!ZX]*) true ;; *) false ;; esac; }

modprobe bridge
ip link set lo up
ip link add br0 type bridge
ip link set eth0 master br0
ip link set eth0 up
ip link set br0 up
ip addr add 192.0.2.2/24 dev br0
ip route add default via 192.0.2.1
echo "ring-before=$(ring)"
"$vlat" plan vm-host --only net.ring >&2

tune
echo "refused=$? $(tr '\n' ' ' </tmp/said)"
echo "ring-refused=$(ring)"
echo "runs-refused=$(runs)"

# Nobody confirms it.  On a slow machine the time may be over before it is all done: then it is put back just so.
tune --confirm-within 10
echo "unconfirmed=$? $(tr '\n' ' ' </tmp/said)" >&2
for _ in $(seq 300); do
	[ "$(runs)" != 0 ] && clock_runs || break # nobody else puts it back
	sleep 1
done
echo "runs-unconfirmed=$(runs)"
echo "ring-unconfirmed=$(ring)"
"$vlat" history >/tmp/history 2>&1
cat /tmp/history >&2
echo "history=$(grep -c vm-host /tmp/history)"

# Somebody does; the clock is nobody's child by then, and has no terminal.
tune --confirm-within 10m
echo "tuned=$?"
cat /tmp/said >&2
clock=$(sed -n 's/.*"pid": *\([0-9]*\).*/\1/p' /run/vlat.confirm)
echo "clock=$(awk '{ print ($6 == $1 || $4 == 1) ? "own" : "ours", $7 }' /proc/"$clock"/stat)"
"$vlat" confirm >&2
echo "confirmed=$?"
echo "ring-confirmed=$(ring)"
# Again: there is nothing left to do, so there is nothing to refuse.
"$vlat" revert >&2
echo "revert=$?"
echo "ring-reverted=$(ring)"

# The holder is killed: what it did is put back from the journal alone.
tune --confirm-within 10m
echo "again=$?"
"$vlat" confirm >&2
kill -9 "$(holder)"
echo "ring-killed=$(ring)"
"$vlat" revert >&2
echo "revert-killed=$?"
echo "ring-end=$(ring)"

# The driver is loaded again and has forgotten it: the holder sets it once more, as it was confirmed; and it is put back in the end.
tune --confirm-within 10m
"$vlat" confirm >&2
held=$(holder)
modprobe -r igb
echo "status-without=$("$vlat" status >&2; echo $?)"
modprobe igb
for _ in $(seq 120); do
	[ "$(ring)" != 512 ] && alive "$held" || break
	sleep 1
done
echo "ring-again=$(ring)"
"$vlat" status >&2
echo "status-again=$?"
# The same while the holder cannot see to it: the card has drifted.
kill -STOP "$held"
modprobe -r igb
modprobe igb
"$vlat" status >/tmp/said 2>&1
echo "status-forgotten=$? $(tr '\n' ' ' </tmp/said)"
kill -CONT "$held"
for _ in $(seq 120); do
	[ "$(ring)" != 512 ] && alive "$held" || break
	sleep 1
done
echo "ring-remembered=$(ring)"
"$vlat" revert >/tmp/said 2>&1
echo "revert-again=$?"
cat /tmp/said >&2
echo "ring-back=$(ring)"

# The holder is killed, and the driver forgets it after that: so it is as it was.
tune --confirm-within 10m
"$vlat" confirm >&2
kill -9 "$(holder)"
modprobe -r igb
modprobe igb
"$vlat" revert >/tmp/said 2>&1
echo "revert-reloaded=$?"
cat /tmp/said >&2
echo "ring-reloaded=$(ring)"
echo "runs-left=$(runs)"
