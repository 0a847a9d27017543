# SPDX-License-Identifier: Apache-2.0
"""How the other tools are run, and which of their figures is taken."""
import json
import os
import re
import shutil
import socket
import subprocess
import tempfile
import time

SBIN = os.pathsep + '/usr/sbin:/sbin'


def find(name):
    return shutil.which(name, path=os.environ.get('PATH', '') + SBIN)


def free_port():
    with socket.socket() as s:
        s.bind(('127.0.0.1', 0))
        return s.getsockname()[1]


class Place:
    """One CPU and a scheduling policy, for a child process and for an agent's job alike."""

    def __init__(self, cpu, fifo):
        self.cpu, self.fifo = cpu, fifo

    def enter(self):
        os.sched_setaffinity(0, {self.cpu})
        if self.fifo:
            os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(self.fifo))

    def job(self):
        members = {'cpus': str(self.cpu)}
        if self.fifo:
            members.update(policy='fifo', priority=self.fifo)
        return members


class Server:
    """A server process for the length of one run."""

    def __init__(self, words, place, port):
        self.process = subprocess.Popen(words, preexec_fn=place.enter, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.port = port

    def __enter__(self):
        for _ in range(200):
            with open('/proc/net/tcp', encoding='ascii') as f:
                if re.search(r':%04X 00000000:0000 0A' % self.port, f.read()):
                    return self
            time.sleep(0.02)
        raise RuntimeError('the server did not begin to listen')

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()


def run(words, place, seconds):
    return subprocess.run(words, preexec_fn=place.enter, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, check=True,
                          timeout=60 + 3 * seconds).stdout


def netperf(server, client, seconds, size):
    """Transactions a second.  Classic TCP_RR: no time stamps, no histogram."""
    port = free_port()
    with Server([find('netserver'), '-4', '-L', '127.0.0.1', '-p', str(port), '-D'], server, port):
        text = run([find('netperf'), '-4', '-H', '127.0.0.1', '-p', str(port), '-l', str(seconds), '-t', 'TCP_RR', '-P', '0',
                    '--', '-r', '%d,%d' % (size, size)], client, seconds)
    return float(text.split('\n', maxsplit=1)[0].split()[-1])


def sockperf(server, client, seconds, size):
    """Transactions a second in its valid window: start-up and tail left out."""
    port = free_port()
    common = ['-i', '127.0.0.1', '-p', str(port), '--tcp']
    with Server([find('sockperf'), 'server'] + common, server, port):
        text = run([find('sockperf'), 'ping-pong', '-t', str(seconds), '-m', str(size), '--full-rtt'] + common, client, seconds)
    valid = re.search(r'\[Valid Duration\] RunTime=([\d.]+) sec; SentMessages=\d+; ReceivedMessages=(\d+)', text)
    return int(valid[2]) / float(valid[1])


def iperf3(server, client, seconds, direction):
    """Bits a second at the receiver, after one second of warm-up."""
    port = free_port()
    with Server([find('iperf3'), '-s', '-B', '127.0.0.1', '-p', str(port), '-1'], server, port):
        words = [find('iperf3'), '-c', '127.0.0.1', '-p', str(port), '-t', str(seconds), '-O', '1', '-J']
        text = run(words + (['-R'] if direction == 'down' else []), client, seconds)
    return json.loads(text)['end']['sum_received']['bits_per_second']


class Cyclictest:
    """One thread, histogram in nanoseconds."""

    def __init__(self, place, seconds, interval_us):
        self.file = tempfile.NamedTemporaryFile(suffix='.json')
        words = [find('cyclictest'), '-q', '-m', '-t1', '-a', str(place.cpu), '-i', str(interval_us), '-D', str(seconds), '-N',
                 '-h', '1000000', '--json=' + self.file.name]
        self.process = subprocess.Popen(words + (['-p', str(place.fifo)] if place.fifo else ['--policy=other']),
                                        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def result(self):
        """{latency in ns: count}; what lay beyond the histogram is under the maximum."""
        self.process.wait()
        thread = json.load(self.file)['thread']['0']
        self.file.close()
        counts = {int(ns): count for ns, count in thread['histogram'].items()}
        beyond = thread['cycles'] - sum(counts.values())
        if beyond > 0:
            counts[thread['max']] = counts.get(thread['max'], 0) + beyond
        return counts


TUNED_VERIFY = """
from tuned.daemon.application import Application
daemon = Application('latency-performance')._daemon
daemon._unit_manager.create(daemon._profile.units)
daemon._unit_manager.verify_tuning(True)
"""


def tuned_verify():
    """(what it is called, words...), or None.  Nothing is changed: without its daemon tuned only verifies."""
    adm = find('tuned-adm')
    if not adm:
        return None
    if subprocess.run([adm, 'active'], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False).returncode == 0:
        return 'tuned-adm verify', adm, 'verify'
    # Its modules are those of the distribution's interpreter.
    words = ['/usr/bin/python3', '-Es', '-c', TUNED_VERIFY]
    if subprocess.run(words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False).returncode:
        return None
    return 'tuned\'s verify without daemon and D-Bus', *words
