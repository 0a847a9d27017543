# SPDX-License-Identifier: Apache-2.0
# In the lab: what a tuning that lost its power has left is told and closed.  Then the host is tuned until the power is cut.
#   undo_live.sh VLAT DIR tune|hold|end    tune: and reverted, again and again; hold: once; end: not
# The journals are on the disk that is mounted at DIR; facts as name=value lines.
vlat=$1
step=$3
export VLAT_STATE="$2/state"
interval=/proc/sys/vm/stat_interval

echo "runs-left=$(ls "$VLAT_STATE/runs" | wc -l)"
echo "interval=$(cat $interval)"
"$vlat" status >/tmp/status
echo "status=$?"
cat /tmp/status
"$vlat" revert --verbose >/tmp/revert
echo "revert=$?"
cat /tmp/revert
echo "undone=$(grep -c '^  undone ' /tmp/revert)"
echo "void=$(grep -c '^  void ' /tmp/revert)"
"$vlat" status >/tmp/status
echo "status-then=$?"
echo "runs-then=$(ls "$VLAT_STATE/runs" | wc -l)"
[ "$step" != end ] || exit 0

ip link set lo up
tune() {
	"$vlat" tune vm-host --apply >/tmp/tune 2>&1 && [ "$(cat $interval)" != 1 ] && return
	echo "FAILED: not tuned"
	cat /tmp/tune
	exit 1
}
if [ "$step" = hold ]; then
	tune
	echo "held=$(ls "$VLAT_STATE/runs" | wc -l)"
	exec sleep 600
fi
round=0
while :; do
	echo "tuning=$round"
	tune
	echo "reverting=$round"
	"$vlat" revert >/tmp/revert 2>&1 || { echo "FAILED: not reverted"; cat /tmp/revert; exit 1; }
	round=$((round + 1))
done
