# SPDX-License-Identifier: Apache-2.0
"""What is compared with what, and which number is wanted."""
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time

import rivals
from agentlib import Agent, at_least, quantile, serve
from ratio import median, ratio
from rivals import Place
from tuned import PROFILES, Tuned

FIFO = 40
LIMIT_BYTES = 16 << 20
LIMIT_START_S = 0.3
LIMIT_GUARD = 0.001     # of one CPU
GUARD_S = 120
LIMIT_AUDIT_S, LIMIT_AUDIT_KB, LIMIT_LARGE_S = 0.05, 12 << 10, 1.5
LIMIT_PLAN_S, LIMIT_STEP_S, LIMIT_APPLY_S = 0.06, 0.001, 2
STEPS = 2000
NOBODY = 65534
NAMES = ['tcp-rr', 'tcp-stream', 'wakeup', 'freeze', 'memory', 'start', 'guard', 'audit', 'tune', 'vm-hello']


def allowed_fifo():
    """The priority that both arms run at, or 0 with the reason printed."""
    before = os.sched_getscheduler(0), os.sched_getparam(0)
    try:
        os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(FIFO))
        os.sched_setscheduler(0, *before)
        return FIFO
    except PermissionError:
        print('SCHED_FIFO is not allowed here: both arms run under SCHED_OTHER, and other work disturbs both')
        return 0


def steal_ticks():
    with open('/proc/stat', encoding='ascii') as f:
        return int(f.readline().split()[8])


class Bench:
    def __init__(self, agent, pairs, seconds):
        self.agent, self.pairs, self.seconds = agent, pairs, seconds
        self.fifo = allowed_fifo()
        cpus = sorted(os.sched_getaffinity(0))
        self.last, self.other = cpus[-1], cpus[-2] if len(cpus) > 1 else None
        self.latency = self.hold_latency()
        self.estimate = None    # of the last comparison

    @staticmethod
    def hold_latency():
        """What cyclictest does for itself holds for both arms: no deep idle states while this is open."""
        try:
            fd = os.open('/dev/cpu_dma_latency', os.O_WRONLY)
            os.write(fd, bytes(4))
            return fd
        except OSError:
            return None

    def run(self, name):
        steal = steal_ticks()
        good = getattr(self, name.replace('-', '_'))()
        stolen = steal_ticks() - steal
        if stolen:
            print('  (%.2f s of CPU time were stolen by the hypervisor meanwhile)' % (stolen / os.sysconf('SC_CLK_TCK')))
        return good

    def places(self):
        """(words, server, client): two CPUs, where there are two, and one."""
        one = Place(self.last, self.fifo)
        if self.other is not None:
            yield 'CPUs %d and %d' % (self.other, self.last), Place(self.other, self.fifo), one
        yield 'both on CPU %d' % self.last, one, one

    def versus(self, what, unit, scale, ours, theirs, wanted, higher=True):
        """Alternate, print, judge by the estimate: wanted is the least (or, unless higher, the greatest) ratio."""
        pairs = []
        for i in range(self.pairs):
            if i % 2:
                b, a = theirs(), ours()
            else:
                a, b = ours(), theirs()
            pairs.append((a, b))
            print('  %-60s pair %2d of %d: %.3f ' % (what, i + 1, self.pairs, a / b), end='\r', file=sys.stderr, flush=True)
        estimate, low, high = ratio(pairs)
        self.estimate = estimate
        good = estimate >= wanted if higher else estimate <= wanted
        interval = '[%.3f, %.3f]' % (low, high) if low else '[too few pairs]'
        print('%-66s %9.4g %9.4g %-7s ratio %.3f %s  wanted %s %.2f: %s' % (
            what, median([a for a, _ in pairs]) / scale, median([b for _, b in pairs]) / scale, unit, estimate, interval,
            '>=' if higher else '<=', wanted, 'reached' if good else 'MISSED'))
        return good

    def pair_of_agents(self, workload, server, client, **members):
        listener, caller = Agent(self.agent), Agent(self.agent)
        try:
            port = serve(listener, workload, **dict(members, **server.job()))
            caller.job(workload, 'client', peer='127.0.0.1', port=port, **dict(members, **client.job()))
            return caller.expect('result', 30 + 2 * members['duration_s'])
        finally:
            caller.close()
            listener.close()

    def tcp_rr(self):
        good, found = True, False
        for tool, call, size in ('netperf', rivals.netperf, 1), ('sockperf', rivals.sockperf, 14):
            if not rivals.find(tool) or (tool == 'netperf' and not rivals.find('netserver')):
                print('tcp-rr beside %s: skipped, there is no %s on PATH' % (tool, tool))
                continue
            found = True
            for words, server, client in self.places():
                def ours(server=server, client=client, size=size):
                    return self.pair_of_agents('tcp-rr', server, client, duration_s=self.seconds, warmup_s=0.3,
                                               request_bytes=size, response_bytes=size)['transactions_per_s']

                def theirs(server=server, client=client, size=size, call=call):
                    return call(server, client, self.seconds, size)
                good &= self.versus('tcp-rr beside %s, %d byte, %s' % (tool, size, words), 'k/s', 1e3, ours, theirs, 0.98)
        return good if found else True

    def tcp_stream(self):
        if not rivals.find('iperf3'):
            print('tcp-stream beside iperf3: skipped, there is no iperf3 on PATH')
            return True
        good = True
        # Never both on one CPU: under SCHED_FIFO iperf3's two ends poll each other to a standstill there.
        for words, server, client in list(self.places())[:1]:
            if server is client:
                server = client = Place(self.last, 0)
            for direction in 'up', 'down':
                def ours(server=server, client=client, direction=direction):
                    return self.pair_of_agents('tcp-stream', server, client, duration_s=self.seconds, warmup_s=1,
                                               direction=direction)['throughput_bps']

                def theirs(server=server, client=client, direction=direction):
                    return rivals.iperf3(server, client, self.seconds, direction)
                good &= self.versus('tcp-stream %s beside iperf3, %s' % (direction, words), 'Gbit/s', 1e9, ours, theirs, 0.98)
        return good

    def wakeup_job(self, duration_s):
        agent = Agent(self.agent)
        agent.job('wakeup', duration_s=duration_s, warmup_s=0, interval_us=1000, lock_memory=bool(self.fifo),
                  **Place(self.last, self.fifo).job())
        return agent

    def wakeup_ours(self):
        agent = self.wakeup_job(self.seconds)
        histogram = agent.expect('result', 30 + self.seconds)['response']['histogram']
        agent.close()
        # The middle of a bucket, which is at most 1/64 wide.
        return quantile(histogram, 0.5) * (1 + 1 / 128)

    def wakeup_theirs(self):
        counts = rivals.Cyclictest(Place(self.last, self.fifo), self.seconds, 1000).result()
        return self.counts_quantile(counts, 0.5)

    @staticmethod
    def counts_quantile(counts, q):
        left = max(1, int(sum(counts.values()) * q + 0.5))
        for ns in sorted(counts):
            left -= counts[ns]
            if left <= 0:
                return ns
        return 0

    def wakeup(self):
        if not rivals.find('cyclictest'):
            print('wakeup beside cyclictest: skipped, there is no cyclictest on PATH')
            return True
        return self.versus('wakeup beside cyclictest, median, 1 ms, CPU %d' % self.last, 'us', 1e3, self.wakeup_ours,
                           self.wakeup_theirs, 1.05, higher=False)

    @staticmethod
    def freeze_at(pid, after_s, length_s):
        def act():
            time.sleep(after_s)
            os.kill(pid, signal.SIGSTOP)
            time.sleep(length_s)
            os.kill(pid, signal.SIGCONT)
        thread = threading.Thread(target=act)
        thread.start()
        return thread

    def freeze(self):
        """Half a second of standstill in the middle of three: who has seen it?"""
        agent = self.wakeup_job(3)
        thread = self.freeze_at(agent.pid, 1.2, 0.5)
        ours = agent.expect('result', 30)['response']['histogram']
        thread.join()
        agent.close()
        late = at_least(ours, 10e6)
        print('freeze of 500 ms in 3 s of wakeup at 1000/s:        samples   10 ms late or more   p99')
        print('  vlat-agent                                          %5d   %5d                %8.3f ms' % (
            ours['count'], late, quantile(ours, 0.99) / 1e6))
        if rivals.find('cyclictest'):
            test = rivals.Cyclictest(Place(self.last, self.fifo), 3, 1000)
            thread = self.freeze_at(test.process.pid, 1.2, 0.5)
            counts = test.result()
            thread.join()
            print('  cyclictest                                          %5d   %5d                %8.3f ms' % (
                sum(counts.values()), sum(n for ns, n in counts.items() if ns >= 10e6), self.counts_quantile(counts, 0.99) / 1e6))
        else:
            print('  cyclictest: skipped, it is not on PATH')
        return ours['count'] == 3000 and late >= 450

    def memory_of(self, workload):
        """The longest job there is, for a moment: buffers are made for the whole of it at its beginning."""
        members = {'duration_s': 86400, 'warmup_s': 0, 'direction': 'both'}
        agents = [Agent(self.agent)]
        caller = agents[0]
        if workload in ('wakeup', 'memory'):
            # What `memory` goes round in is asked for; the smallest set shows the rest.
            caller.job(workload, set_kb=16, ladder=False, **members)
        else:
            agents.append(Agent(self.agent))
            caller.job(workload, 'client', peer='127.0.0.1', port=serve(agents[1], workload, **members), **members)
        time.sleep(1)
        peaks = []
        for agent in agents:
            agent.send({'type': 'stop'})
            peaks.append(agent.expect('result')['max_rss_bytes'])
            agent.close()
        return max(peaks)

    def memory(self):
        good = True
        for workload in 'tcp-rr', 'tcp-crr', 'udp-rr', 'tcp-stream', 'wakeup', 'memory':
            peak = self.memory_of(workload)
            reached = peak <= LIMIT_BYTES
            good &= reached
            print('peak memory of a job of 24 h, %-12s %6.2f MiB  wanted <= 16: %s' % (workload, peak / (1 << 20),
                                                                                   'reached' if reached else 'MISSED'))
        return good

    def start(self):
        """From the start of `vlat measure` to its end with one sample taken, which is after the first sample."""
        vlat = os.path.join(os.path.dirname(self.agent), '..', 'vlat')
        if not os.access(vlat, os.X_OK):
            print('start: skipped, there is no %s' % vlat)
            return True
        words = [vlat, 'measure', 'wakeup', '--warmup', '0', '--interval', '10000', '--duration', '10ms', '--json']
        took = []
        for _ in range(2 * self.pairs):
            began = time.monotonic()
            run = subprocess.run(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, check=False)
            took.append(time.monotonic() - began)
            if run.returncode or json.loads(run.stdout)['response']['count'] != 1:
                print('start: %s' % (run.stderr.strip() or run.stdout[:200]))
                return False
        reached = median(took) <= LIMIT_START_S
        print('vlat start to first native sample, median of %-3d  %6.0f ms (%.0f to %.0f)  wanted <= %.0f: %s' % (
            len(took), 1e3 * median(took), 1e3 * min(took), 1e3 * max(took), 1e3 * LIMIT_START_S,
            'reached' if reached else 'MISSED'))
        return reached

    def guard(self):
        """The CPU time of `vlat guard` beside whatever tuning is in force, as getrusage(2) says at its end: what a look adds."""
        vlat = os.path.join(os.path.dirname(self.agent), '..', 'vlat')
        if os.geteuid() != 0 or not os.access(vlat, os.X_OK):
            print('guard: skipped, %s' % ('it needs root' if os.geteuid() else 'there is no %s' % vlat))
            return True
        with tempfile.TemporaryDirectory() as folder:
            began = time.monotonic()
            child = subprocess.Popen([vlat, '-q', 'guard', '--listen', 'unix:%s/guard.sock' % folder])
            time.sleep(GUARD_S)
            child.terminate()
            used = os.wait4(child.pid, 0)[2]
            child.returncode = 0
            took = time.monotonic() - began
        share = (used.ru_utime + used.ru_stime) / took
        reached = share < LIMIT_GUARD
        print('vlat guard, CPU time over %-3.0f s                    %6.4f %%  wanted < %.1f %%: %s' % (
            took, 100 * share, 100 * LIMIT_GUARD, 'reached' if reached else 'MISSED'))
        return reached

    def go_first(self):
        """For both arms, on whatever CPU: other work on the machine waits."""
        if self.fifo:
            os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(self.fifo))

    def once(self, uid, *words, first=None):
        """What a run took: seconds, seconds of CPU, peak in kB.  Exit status 1 of an audit only says that something differs."""
        tool = os.path.join(os.path.dirname(self.agent), '..', '..', 'bench', 'once')
        run = subprocess.run([tool, str(uid), *words], stdout=subprocess.PIPE, text=True, check=True, preexec_fn=first)
        took, cpu, peak, code = run.stdout.split()
        if int(code) > 1:
            raise RuntimeError('%s: exit status %s' % (' '.join(words), code))
        return float(took), float(cpu), int(peak)

    def audit_here(self, vlat):
        """As nobody where that is allowed; from a folder that nobody may enter, too."""
        uid = NOBODY if os.geteuid() == 0 else os.geteuid()
        with tempfile.TemporaryDirectory() as folder:
            os.chmod(folder, 0o755)
            copy = shutil.copy(vlat, folder)
            runs = [self.once(uid, copy, 'audit', '--json') for _ in range(2 * self.pairs)]
        took, peak = median([t for t, _, _ in runs]), max(p for _, _, p in runs)
        good = took <= LIMIT_AUDIT_S and peak <= LIMIT_AUDIT_KB
        print('audit of this host as user %-5d, median of %-3d    %6.1f ms, at most %.1f MiB  wanted <= %.0f ms, 12 MiB: %s' % (
            uid, len(runs), 1e3 * took, peak / 1024, 1e3 * LIMIT_AUDIT_S, 'reached' if good else 'MISSED'))
        return good

    def audit_large(self, vlat, make_host):
        """256 and 1024 CPUs: time by CPU seconds, which others' work does not stretch."""
        times = {}
        with tempfile.TemporaryDirectory() as folder:
            for cpus in 256, 1024:
                capture = os.path.join(folder, '%d.tar.zst' % cpus)
                subprocess.run([make_host, 'cpus-%d' % cpus, capture], check=True)
                runs = [self.once(os.geteuid(), vlat, 'audit', '--json', '--root', capture) for _ in range(self.pairs)]
                times[cpus] = median([t for t, _, _ in runs]), median([c for _, c, _ in runs])
        growth = times[1024][1] / times[256][1]
        fast, linear = times[1024][0] <= LIMIT_LARGE_S, growth <= 4 * 1.1
        print('audit of a capture of 1024 CPUs, median of %-3d      %6.0f ms  wanted <= %.0f: %s' % (
            self.pairs, 1e3 * times[1024][0], 1e3 * LIMIT_LARGE_S, 'reached' if fast else 'MISSED'))
        print('  CPU time beside that of 256 CPUs                  %6.2f times  wanted <= 4 (and a tenth for noise): %s' % (
            growth, 'reached' if linear else 'MISSED'))
        return fast and linear

    @staticmethod
    def audit_judged(vlat):
        """(knobs, settings) that an audit of this host judges: neither missing on this machine nor unreadable."""
        findings = json.loads(subprocess.run([vlat, 'audit', '--json'], stdout=subprocess.PIPE, text=True, check=False).stdout)['findings']
        counts = [sum(t['count'] for t in f['targets'] if t['state'] in ('ok', 'differs', 'blocked')) for f in findings]
        return sum(1 for c in counts if c), sum(counts)

    @staticmethod
    def tuned_profile(tool, ours):
        """
        Of tuned's own profiles for such machines the one that judges the number of settings nearest to ours: chosen by what there
        is to do, before anything is timed.
        """
        judged = {}
        for profile in PROFILES:
            with Tuned(tool, profile) as tuned:
                if tuned.why:
                    print('  tuned\'s profile %-22s skipped, %s' % (profile, tuned.why))
                    continue
                judged[profile] = tuned.verify()[1]
                print('  tuned\'s profile %-22s judges %3d settings here' % (profile, judged[profile]))
        return min(judged, key=lambda p: (abs(judged[p] - ours), p)) if judged else None, judged

    def audit_tuned(self, vlat):
        """tuned-adm verify by a daemon apart; else what it asks its daemon for, by the daemon's own code, in one process."""
        tool = os.path.join(os.path.dirname(self.agent), '..', '..', 'bench', 'once')
        knobs, ours = self.audit_judged(vlat)
        print('  vlat audit judges %d settings of %d knobs here' % (ours, knobs))
        profile, judged = self.tuned_profile(tool, ours)
        if profile:
            with Tuned(tool, profile, self.go_first) as tuned:
                return self.audit_versus(vlat, 'tuned-adm verify, ' + profile, lambda: tuned.verify()[0], ours, judged[profile])
        words = rivals.tuned_verify()
        print('tuned-adm verify itself: skipped%s' % ('; its code without the daemon instead' if words else ''))
        return not words or self.audit_versus(vlat, words[0], lambda: self.once(os.geteuid(), *words[1:],
                                                                                                first=self.go_first)[0], ours, 0)

    def audit_versus(self, vlat, name, theirs, ours, judged):
        good = self.versus('audit beside ' + name, 'ms', 1e-3,
                           lambda: self.once(os.geteuid(), vlat, 'audit', first=self.go_first)[0], theirs, 1 / 20, higher=False)
        if judged:
            each = self.estimate * judged / ours
            print('  for each of the settings judged, %d and %d: ratio %.4f, a twentieth is 0.05: %s' % (
                ours, judged, each, 'reached' if each <= 1 / 20 else 'MISSED'))
        self.verify_in_force(vlat)
        return good

    def verify_in_force(self, vlat):
        """What is most alike: whether a tuning is still as it was applied.  There has to be one."""
        said = subprocess.run([vlat, 'verify'], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
        if said.returncode:
            print('  vlat verify: skipped, %s' % (said.stdout.strip().split('\n')[-1] or 'no tuning is in force'))
            return
        took = median([self.once(os.geteuid(), vlat, 'verify')[0] for _ in range(self.pairs)])
        print('  vlat verify of the tuning in force, median of %-3d  %6.1f ms' % (self.pairs, 1e3 * took))

    def audit(self):
        bench = os.path.dirname(self.agent)
        vlat, make_host = os.path.join(bench, '..', 'vlat'), os.path.join(bench, '..', '..', 'tests', 'hosts', 'make-host')
        for tool in vlat, make_host, os.path.join(bench, '..', '..', 'bench', 'once'):
            if not os.access(tool, os.X_OK):
                print('audit: skipped, there is no %s' % tool)
                return True
        return all([self.audit_here(vlat), self.audit_large(vlat, make_host), self.audit_tuned(vlat)])

    def tune_plan(self, vlat):
        runs = [self.once(os.geteuid(), vlat, 'tune', 'vm-host', '--json')[0] for _ in range(2 * self.pairs)]
        took = median(runs)
        good = took <= LIMIT_PLAN_S
        print('vlat tune vm-host, the plan, median of %-3d          %6.1f ms  wanted <= %.0f: %s' % (
            len(runs), 1e3 * took, 1e3 * LIMIT_PLAN_S, 'reached' if good else 'MISSED'))
        return good

    def tune_journal(self, tool):
        """In memory, where fsync costs nothing: what vlat itself takes for a step."""
        memory = '/dev/shm' if os.access('/dev/shm', os.W_OK) else None
        with tempfile.TemporaryDirectory(dir=memory) as folder:
            env = dict(os.environ, VLAT_STATE=os.path.join(folder, 'vlat-state'))
            took = median([float(subprocess.run([tool, str(STEPS)], env=env, stdout=subprocess.PIPE, text=True, check=True).stdout)
                           for _ in range(self.pairs)])
        good = took <= LIMIT_STEP_S
        print('one entry of the journal%s, median of %-3d %6.3f ms  wanted <= %.0f: %s' % (
            ', without its fsync' if memory else ' and its fsync', self.pairs, 1e3 * took, 1e3 * LIMIT_STEP_S,
            'reached' if good else 'MISSED'))
        return good

    def tune_apply(self, vlat, once, lab):
        """On an emulated host, under translation: the CPU time of the command, and of the process that applies and stays."""
        script = ('%s 0 %s tune vm-host --apply && for p in /proc/[0-9]*; do grep -qs "^vlat-hold" $p/comm && '
                  'cut -d" " -f14,15 $p/stat; done; %s revert >/dev/null' % (once, vlat, vlat))
        run = subprocess.run([lab, '--cpus', '4', '--nic', 'igb', '--timeout', '5m', '--', 'env', 'VLAT_STATE=/tmp/vlat-state',
                              'sh', '-c', script], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, check=False)
        lines = run.stdout.split('\n')
        if run.returncode or len(lines) < 2 or not lines[1]:
            print('apply in the lab: skipped, %s' % (run.stderr.strip().split('\n')[-1] or run.stdout))
            return True
        command, holder = float(lines[0].split()[1]), sum(int(t) for t in lines[1].split()) / os.sysconf('SC_CLK_TCK')
        good = command + holder <= LIMIT_APPLY_S
        print('vlat tune vm-host --apply in the lab, CPU time      %6.2f s  wanted <= %.0f: %s' % (
            command + holder, LIMIT_APPLY_S, 'reached' if good else 'MISSED'))
        return good

    def tune(self):
        build = os.path.join(os.path.dirname(self.agent), '..', '..')
        vlat, lab = os.path.abspath(os.path.join(build, 'src', 'vlat')), os.path.join(build, 'lab', 'vlat-lab')
        once, step = (os.path.abspath(os.path.join(build, 'bench', name)) for name in ('once', 'journal_step'))
        for tool in vlat, once, step, lab:
            if not os.access(tool, os.X_OK):
                print('tune: skipped, there is no %s' % tool)
                return True
        return all([self.tune_plan(vlat), self.tune_journal(step), self.tune_apply(vlat, once, lab)])

    def vm_hello(self):
        """From the start of QEMU to the agent's hello, beside the shortest command line that boots the same kernel."""
        tool, busybox = os.path.join(os.path.dirname(self.agent), '..', '..', 'bench', 'vm_hello'), rivals.find('busybox')
        if not busybox or not os.access(tool, os.X_OK):
            print('vm-hello: skipped, there is no %s' % ('busybox on PATH' if not busybox else tool))
            return True

        def seconds(*more):
            run = subprocess.run([tool, self.agent, *more], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, check=False)
            if run.returncode:
                raise RuntimeError(run.stderr.strip())
            return float(run.stdout)

        try:
            seconds()   # downloads, probes and warms up, once
            seconds('--by-hand', busybox)       # needs a static one
        except RuntimeError as why:
            print('vm-hello: skipped, %s' % why)
            return True
        return self.versus('vm: start of QEMU to hello, beside busybox by hand', 's', 1, seconds,
                           lambda: seconds('--by-hand', busybox), 1.2, higher=False)
