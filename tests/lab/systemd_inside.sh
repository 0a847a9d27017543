# SPDX-License-Identifier: Apache-2.0
# What the machine of systemd.sh does at each boot. It says name=value; each "wanted" is what must be said, in this order.
export PATH=/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/root
stage=$(cat /stage)
echo $((stage + 1)) >/stage
echo "stage $stage: $(systemctl is-system-running) $(cut -d ' ' -f 1 /proc/uptime)"

etc() { (cd /etc && find . -printf '%p %y %m %u %g %l\n' | sort && find . -type f -exec cksum {} + | sort -k 3); }
say() { echo "$of.$1=$2"; }
show() { systemctl show -P "$2" "$1"; }
# The one whose unit is in /etc: as it is, and when somebody starts it.
own() { systemctl is-active tuned; systemctl start tuned; systemctl is-active tuned; }
late() { cat /sys/fs/cgroup/late.slice/cpuset.cpus; }
rival() { echo "$(systemctl is-active irqbalance),$(systemctl is-enabled irqbalance)"; }
quietly() { "$@" >/run/out 2>&1; code=$?; sed 's/^/  | /' /run/out; return $code; }
run() { # NAME COMMAND...
	name=$1
	shift
	quietly "$@"
	say "$name" $?
}
same() { etc >/run/etc; if diff /before /run/etc; then say same yes; else say same no; fi; }
controllers() { cat /sys/fs/cgroup/cgroup.subtree_control; }
tune() { run apply vlat tune vm-host --cpus 1 --apply --persist --take-over; }
early() { # UNIT: vlat's was up before it
	[ "$(show vlat-tune ActiveEnterTimestampMonotonic)" -le "$(show "$1" ActiveEnterTimestampMonotonic)" ] && echo "$1"
}
metrics() {
	perl -MIO::Socket::UNIX -e '$s = IO::Socket::UNIX->new(Peer => "/run/vlat/guard.sock") or die "$!\n";
		print $s "GET /metrics HTTP/1.0\r\n\r\n"; print grep { /^vlat_tuning/ } <$s>'
}

# All that the boot starts is started, or what it began is not to be compared.
until [ "$(systemctl list-jobs --no-legend | wc -l)" = 0 ]; do sleep 0.2; done

case $stage in
0)
	of=store
	etc >/before
	controllers >/controllers.before
	say rival "$(rival)"
	# wanted: store.rival=active,enabled
	tune
	# wanted: store.apply=0
	say rival "$(rival)"
	# wanted: store.rival=inactive,masked-runtime
	say own "$(own | xargs)"
	# wanted: store.own=inactive inactive
	say enabled "$(systemctl is-enabled vlat-tune)"
	# wanted: store.enabled=enabled
	run analyze systemd-analyze verify --man=no vlat-tune.service vlat-guard.service
	# wanted: store.analyze=0
	run verify vlat verify
	# wanted: store.verify=0
	systemctl daemon-reload
	systemctl set-property --runtime system.slice CPUWeight=50
	systemctl daemon-reexec
	run verify vlat verify
	# wanted: store.verify=0
	systemctl reboot
	;;
1)
	of=kept
	say unit "$(show vlat-tune ActiveState),$(show vlat-tune SubState),$(show vlat-tune Result)"
	# wanted: kept.unit=active,running,success
	say before "$(early test-network) $(early libvirtd)"
	# wanted: kept.before=test-network libvirtd
	say rival "$(rival)"
	# wanted: kept.rival=inactive,masked-runtime
	say own "$(own | xargs)"
	# wanted: kept.own=inactive inactive
	run verify vlat verify
	# wanted: kept.verify=0
	run guard systemctl start vlat-guard
	# wanted: kept.guard=0
	systemctl status vlat-guard --no-pager | head -n 20
	metrics >/run/metrics
	sed 's/^/  | /' /run/metrics
	say metrics "$(sed -n 's/^vlat_tuning_in_force //p' /run/metrics),$(sed -n 's/^vlat_tuning_persisted //p' /run/metrics)"
	# wanted: kept.metrics=1,1
	systemctl stop vlat-guard
	# A slice that comes now, as user.slice does at the first login, is confined like those that were there.
	systemd-run --quiet --slice=late.slice --unit=late sleep infinity
	for _ in $(seq 300); do [ "$(late)" != 0 ] || break; sleep 1; done
	say late "$(late)"
	# wanted: kept.late=0
	run verify vlat verify
	# wanted: kept.verify=0
	systemctl start hold
	run revert vlat revert
	# wanted: kept.revert=4
	say foreign "$(grep -c 'system.slice has come to need cpuset since, so it stays on' /run/out)"
	# wanted: kept.foreign=1
	systemctl stop hold late
	same
	# wanted: kept.same=yes
	say rival "$(rival)"
	# wanted: kept.rival=active,enabled
	say own "$(own | xargs),$(ls /run/systemd/system/ | grep -c tuned)"
	# wanted: kept.own=active active,0
	journalctl -b -u vlat-tune --no-pager | tail -n 20
	systemctl daemon-reload
	say failed "$(systemctl --failed --no-legend | wc -l)"
	# wanted: kept.failed=0
	say controllers "$(cmp /controllers.before /sys/fs/cgroup/cgroup.subtree_control && echo same)"
	# wanted: kept.controllers=same
	tune
	# wanted: kept.apply=0
	echo '{ "what": ' >/etc/vlat/tune.json
	systemctl reboot
	;;
2)
	of=bad
	say unit "$(show vlat-tune ActiveState),$(show vlat-tune Result)"
	# wanted: bad.unit=failed,exit-code
	say target "$(systemctl is-active multi-user.target)"
	# wanted: bad.target=active
	say rival "$(rival)"
	# wanted: bad.rival=active,enabled
	journalctl -b -u vlat-tune --no-pager | tail -n 20
	say why "$(journalctl -b -u vlat-tune --no-pager | grep -c '/etc/vlat/tune.json')"
	# wanted: bad.why=1
	run revert vlat revert --force /etc/vlat/tune.json
	# wanted: bad.revert=0
	same
	# wanted: bad.same=yes
	systemctl poweroff
	;;
esac
