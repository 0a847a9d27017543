#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""
tuned's daemon, for `tuned-adm verify` of the profiles that tuned ships, on a machine that it does not tune.

It runs in namespaces of its own (mounts, processes) with a /run and an /etc/tuned of their own and a D-Bus of its own; and
the one call by which a daemon that starts applies its profile is left out.  `tuned-adm verify` is what it always is: the
client, D-Bus, the daemon, each setting of the profile read and held against what is.  How it comes out (mostly: it differs)
is of no account, how many settings were judged stands in the daemon's log.

Given as a program it is what runs in there.
"""
import os
import re
import subprocess
import sys
import time

import rivals

START_S = 60
# Those for the machines that vlat is for.  The realtime ones and cpu-partitioning verify by scripts of their own, too.
PROFILES = ['virtual-host', 'realtime-virtual-host', 'cpu-partitioning', 'network-latency', 'latency-performance']
DAEMON = """
import runpy, sys
from tuned.units.manager import Manager
Manager.start_tuning = lambda self: None
sys.argv = sys.argv[1:]
runpy.run_path(sys.argv[0], run_name='__main__')
"""
LOG = '/run/tuned/log'


def keep_settings(folder):
    """What the files right in it say: a profile's variables, the daemon's own options."""
    kept = []
    for name in os.listdir(folder) if os.path.isdir(folder) else []:
        path = os.path.join(folder, name)
        if os.path.isfile(path):
            with open(path, encoding='utf-8') as file:
                kept.append((path, re.sub(r'(?m)^dynamic_tuning.*', 'dynamic_tuning = 0', file.read())))
    return kept


def make_places(profile):
    subprocess.run(['mount', '--make-rprivate', '/'], check=True)
    files = keep_settings('/etc/tuned')
    for folder in '/run', '/etc/tuned', '/var/log/tuned':
        if os.path.isdir(folder):
            subprocess.run(['mount', '-t', 'tmpfs', 'tmpfs', folder], check=True)
    for folder in '/run/dbus', '/run/tuned':
        os.mkdir(folder)
    files = [file for file in files if os.path.basename(file[0]) not in ('active_profile', 'profile_mode', 'post_loaded_profile')]
    for path, text in files + [('/etc/tuned/active_profile', profile + '\n'), ('/etc/tuned/profile_mode', 'manual\n')]:
        with open(path, 'w', encoding='utf-8') as file:
            file.write(text)


def start(profile):
    """True when the daemon answers with the profile."""
    subprocess.run([rivals.find('dbus-daemon'), '--system', '--fork', '--nopidfile'], check=True)
    # Its modules are those of the distribution's interpreter.
    subprocess.run(['/usr/bin/python3', '-Es', '-c', DAEMON, rivals.find('tuned'), '-d', '-P', '/run/tuned/tuned.pid',
                    '--log=' + LOG], check=True, stdout=subprocess.DEVNULL)
    end = time.monotonic() + START_S
    while time.monotonic() < end:
        said = subprocess.run([rivals.find('tuned-adm'), 'active'], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
                              check=False)
        if re.search(r'active profile: %s$' % re.escape(profile), said.stdout, re.M):
            return True
        time.sleep(0.5)
    return False


def judged():
    """How many settings the last verification judged; what it skipped because the machine does not have it is not counted."""
    with open(LOG, encoding='utf-8', errors='replace') as file:
        last = file.read().split('verifying profile(s)')[-1]
    return len(re.findall(r'verify: (?:passed|failed)', last))


def inside(once, profile):
    """A line in, a run of tuned-adm verify, a line out: what it took, and how many settings it judged."""
    make_places(profile)
    if not start(profile):
        print('no: the daemon does not take it up here', flush=True)
        return
    print('ready', flush=True)
    for _ in sys.stdin:
        run = subprocess.run([once, '0', rivals.find('tuned-adm'), 'verify'], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                             stderr=subprocess.DEVNULL, text=True, check=True)
        print(run.stdout.split('\n')[0].split()[0], judged(), flush=True)


class Tuned:
    """tuned-adm verify of a profile, by a daemon that lives as long as this; .why says why there is none."""

    def __init__(self, once, profile, first=None):
        self.process, self.why = None, None
        lacks = [name for name in ('tuned', 'tuned-adm', 'dbus-daemon', 'unshare') if not rivals.find(name)]
        if lacks or os.geteuid():
            self.why = 'there is no %s' % lacks[0] if lacks else 'only root can start it apart'
            return
        self.process = subprocess.Popen([rivals.find('unshare'), '-mp', '--fork', '--kill-child', '--mount-proc', sys.executable,
                                         os.path.abspath(__file__), once, profile], stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, preexec_fn=first)
        said = self.process.stdout.readline().strip()
        if said != 'ready':
            self.why = said[len('no: '):] if said.startswith('no: ') else 'namespaces of its own cannot be had here'

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process:
            self.process.stdin.close()
            self.process.kill()
            self.process.wait()

    def verify(self):
        """(seconds, settings judged)"""
        self.process.stdin.write('verify\n')
        self.process.stdin.flush()
        took, settings = self.process.stdout.readline().split()
        return float(took), int(settings)


if __name__ == '__main__':
    inside(*sys.argv[1:])
