#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""
tuned's daemon, for `tuned-adm verify`, on a machine that it does not tune: in
namespaces of its own (mounts, processes) with a /run and an /etc/tuned of their
own, a D-Bus of their own, and a profile that asks for what is, so that starting
it changes nothing.  Given as a program it is what runs in there.
"""
import os
import re
import subprocess
import sys
import time

import rivals

SETTINGS = 100  # about as many as an audit judges on a small host
START_S = 60
# Each write of these does something, or reads back otherwise.
LEFT_OUT = re.compile(r'drop_caches|compact_memory|sysrq|random|ns_last|hostname|domainname|panic|core_pattern|modprobe|stat_refresh')


def sysctls():
    """What is set now, of numbers that anybody may read and root may write."""
    found = []
    for area in 'vm', 'kernel', 'net/core':
        folder = '/proc/sys/' + area
        for name in sorted(os.listdir(folder)):
            path = os.path.join(folder, name)
            if LEFT_OUT.search(name) or not os.path.isfile(path) or os.stat(path).st_mode & 0o644 != 0o644:
                continue
            try:
                with open(path) as file:
                    value = file.read().strip()
            except OSError:
                continue
            if re.fullmatch(r'\d+', value):
                found.append('%s.%s=%s' % (area.replace('/', '.'), name, value))
    return found[:SETTINGS]


def make_places():
    subprocess.run(['mount', '--make-rprivate', '/'], check=True)
    for folder in '/run', '/etc/tuned', '/var/log/tuned':
        kept = []
        if not os.path.isdir(folder):
            continue
        if folder == '/etc/tuned':
            kept = [(name, open(os.path.join(folder, name)).read()) for name in ('tuned-main.conf', 'bootcmdline')
                    if os.path.exists(os.path.join(folder, name))]
        subprocess.run(['mount', '-t', 'tmpfs', 'tmpfs', folder], check=True)
        for name, text in kept:
            with open(os.path.join(folder, name), 'w') as file:
                file.write(re.sub(r'(?m)^dynamic_tuning.*', 'dynamic_tuning = 0', text))
    for folder in '/run/dbus', '/run/tuned', '/etc/tuned/as-it-is':
        os.mkdir(folder)
    for path, text in (('active_profile', 'as-it-is\n'), ('profile_mode', 'manual\n'),
                       ('as-it-is/tuned.conf', '[main]\nsummary=as it is\n[sysctl]\n' + '\n'.join(sysctls()) + '\n')):
        with open('/etc/tuned/' + path, 'w') as file:
            file.write(text)


def start():
    """True when the daemon answers."""
    subprocess.run([rivals.find('dbus-daemon'), '--system', '--fork', '--nopidfile'], check=True)
    subprocess.run([rivals.find('tuned'), '-d', '-P', '/run/tuned/tuned.pid', '--log=/run/tuned/log'], check=True,
                   stdout=subprocess.DEVNULL)
    end = time.monotonic() + START_S
    while time.monotonic() < end:
        said = subprocess.run([rivals.find('tuned-adm'), 'active'], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
                              check=False)
        if 'as-it-is' in said.stdout:
            return True
        time.sleep(0.5)
    return False


def inside(once):
    """A line in, a run of tuned-adm verify, a line out."""
    make_places()
    if not start():
        print('no: the daemon does not answer', flush=True)
        return
    print('ready', flush=True)
    for _ in sys.stdin:
        run = subprocess.run([once, '0', rivals.find('tuned-adm'), 'verify'], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                             stderr=subprocess.DEVNULL, text=True, check=True)
        print(run.stdout.split('\n')[0], flush=True)


class Tuned:
    """tuned-adm verify by a daemon that lives as long as this; .why says why there is none."""

    def __init__(self, once):
        self.process, self.why = None, None
        lacks = [name for name in ('tuned', 'tuned-adm', 'dbus-daemon', 'unshare') if not rivals.find(name)]
        if lacks or os.geteuid():
            self.why = 'there is no %s' % lacks[0] if lacks else 'only root can start it apart'
            return
        # Its modules are those of the distribution's interpreter, this file needs none.
        self.process = subprocess.Popen([rivals.find('unshare'), '-mp', '--fork', '--kill-child', '--mount-proc', sys.executable,
                                         os.path.abspath(__file__), once], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        stderr=subprocess.DEVNULL, text=True)
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
        """Seconds."""
        self.process.stdin.write('verify\n')
        self.process.stdin.flush()
        return float(self.process.stdout.readline().split()[0])


if __name__ == '__main__':
    inside(sys.argv[1])
