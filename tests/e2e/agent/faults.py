# SPDX-License-Identifier: Apache-2.0
"""What goes wrong: strangers, dead and silent peers, losses, nonsense on the control line, refusals, limits of size."""
import json
import os
import shutil
import signal
import socket
import struct
import subprocess
import tempfile
import threading
import time
import unittest

import driver

LIMIT = 16 << 20


class Strangers(driver.Case):
    def knock(self, port, data=b'', n=1):
        """Connections that stay open without the token."""
        for _ in range(n):
            s = socket.create_connection(('127.0.0.1', port))
            self.addCleanup(s.close)
            s.sendall(data)

    def crowd(self, port):
        wrong = bytes.fromhex(driver.TOKEN)[:15] + b'\xff'
        self.knock(port, n=10)                          # say nothing
        self.knock(port, b'GET / HTTP/1.0\r\n\r\n', n=5)
        self.knock(port, wrong + b'r', n=5)             # all but the last bit
        self.knock(port, bytes.fromhex(driver.TOKEN)[:9], n=5)
        self.knock(port, bytes.fromhex(driver.TOKEN) + b'?', n=1)

    def test_strangers_are_turned_away_and_hold_up_nobody(self):
        for workload in 'tcp-rr', 'tcp-crr', 'tcp-stream':
            with self.subTest(workload):
                server, client = self.agent(), self.agent()
                port = driver.serve(server, workload)
                self.crowd(port)
                client.job(workload, 'client', peer='127.0.0.1', port=port, duration_s=0.5)
                time.sleep(0.2)
                self.crowd(port)
                client.expect('result')
                server.send({'type': 'stop'})
                self.assertGreaterEqual(server.expect('result')['strangers'], 15)

    def test_who_is_silent_is_dropped_within_a_second_or_so(self):
        server = self.agent()
        port = driver.serve(server, 'tcp-rr')
        s = socket.create_connection(('127.0.0.1', port))
        s.settimeout(driver.PATIENCE)
        self.assertEqual(s.recv(1), b'')
        s.close()

    def test_udp_strangers_get_no_answer(self):
        server, client = self.agent(), self.agent()
        port = driver.serve(server, 'udp-rr')
        stranger = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.addCleanup(stranger.close)
        stranger.settimeout(0.3)
        for data in b'x', b'vlat-udp' + bytes(16), b'vlat-udp' + bytes.fromhex(driver.TOKEN) + b'longer':
            stranger.sendto(data, ('127.0.0.1', port))
        client.job('udp-rr', 'client', peer='127.0.0.1', port=port)
        time.sleep(0.3)
        stranger.sendto(b'vlat-udp' + bytes.fromhex(driver.TOKEN), ('127.0.0.1', port))        # too late: there is a peer
        self.assertGreater(client.expect('result')['transactions'], 0)
        with self.assertRaises(socket.timeout):
            stranger.recv(100)
        server.send({'type': 'stop'})
        self.assertEqual(server.expect('result')['strangers'], 3)

    def test_a_client_with_another_token_is_told_so(self):
        server, client = self.agent(), self.agent()
        port = driver.serve(server, 'tcp-rr')
        client.job('tcp-rr', 'client', peer='127.0.0.1', port=port, token='ff' * 16)
        self.assertIn('token', client.expect('error')['text'])


class Peers(driver.Case):
    def next_job_works(self, agent):
        agent.job('wakeup', duration_s=0.1, warmup_s=0)
        self.assertEqual(agent.expect('result')['transactions'], 100)

    def test_a_peer_that_dies(self):
        for workload in 'tcp-rr', 'tcp-crr', 'udp-rr', 'tcp-stream':
            with self.subTest(workload):
                server, client = self.pair(workload, duration_s=60)
                client.receive()        # it runs
                server.process.kill()
                error = client.expect('error')
                self.assertLess(error['code'], 0)
                self.assertIn('127.0.0.1', error['text'])
                self.assertEqual(error['id'], 'j1')
                if workload != 'tcp-stream':
                    partial = error['partial']
                    self.assertGreater(partial['transactions'], 0)
                    self.assertEqual(partial['response']['histogram']['count'], partial['transactions'] + partial['unfinished'])
                self.next_job_works(client)

    def test_a_peer_that_falls_silent(self):
        for workload in 'tcp-rr', 'tcp-crr', 'udp-rr', 'tcp-stream':
            with self.subTest(workload):
                server, client = self.pair(workload, duration_s=60, silence_ms=800)
                client.receive()
                os.kill(server.pid, signal.SIGSTOP)
                error = client.expect('error')
                os.kill(server.pid, signal.SIGCONT)
                self.assertEqual(error['code'], -110)
                self.assertIn('no sign of life', error['text'])
                self.next_job_works(client)

    def test_our_own_freeze_is_not_held_against_the_peer(self):
        _, client = self.pair('tcp-rr', duration_s=3, silence_ms=800)
        client.receive()
        client.freeze(1.6)
        client.expect('result')

    def test_nobody_there(self):
        with socket.socket() as s:
            s.bind(('127.0.0.1', 0))
            port = s.getsockname()[1]
        for workload in 'tcp-rr', 'tcp-crr', 'udp-rr', 'tcp-stream':
            with self.subTest(workload):
                client = self.agent()
                client.job(workload, 'client', peer='127.0.0.1', port=port, silence_ms=1000)
                error = client.expect('error')
                self.assertIn('127.0.0.1', error['text'])
                self.next_job_works(client)

    def test_a_port_in_use_is_named(self):
        with socket.socket() as s:
            s.bind(('127.0.0.1', 0))
            s.listen()
            server = self.agent()
            server.job('tcp-rr', 'server', peer='127.0.0.1', port=s.getsockname()[1])
            self.assertIn(str(s.getsockname()[1]), server.expect('error')['text'])

    def test_stop_ends_every_side_at_any_time(self):
        for workload in 'tcp-rr', 'tcp-crr', 'udp-rr', 'tcp-stream':
            with self.subTest(workload):
                server = self.agent()
                driver.serve(server, workload)
                server.send({'type': 'stop'})           # while it waits for its peer
                server.expect('result')
                server, client = self.pair(workload, duration_s=60)
                client.receive()
                client.send({'type': 'stop'})
                record = client.expect('result')
                self.assertLess(record['duration_s'], 55)
                server.send({'type': 'stop'})
                server.expect('result')
        agent = self.agent()
        agent.job('wakeup', duration_s=60, interval_us=1000000)
        agent.receive()
        agent.send({'type': 'stop'})
        self.assertLess(agent.expect('result')['transactions'], 55)


class LossyRelay(threading.Thread):
    """Datagrams between one client and the server; every tenth reply is dropped, every seventh comes twice."""

    def __init__(self, port):
        super().__init__(daemon=True)
        self.front = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.front.bind(('127.0.0.1', 0))
        self.back = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.back.connect(('127.0.0.1', port))
        self.back.settimeout(0.5)
        self.front.settimeout(0.5)
        self.dropped = self.doubled = 0
        self.over = False

    def relay(self, n):
        data, client = self.front.recvfrom(65536)
        self.back.send(data)
        reply = self.back.recv(65536)
        if reply == b'vlat-udp':
            self.front.sendto(reply, client)
        elif n % 10 == 0:
            self.dropped += 1
        else:
            self.front.sendto(reply, client)
            if n % 7 == 0:
                self.doubled += 1
                self.front.sendto(reply, client)

    def run(self):
        n = 0
        while not self.over:
            n += 1
            try:
                self.relay(n)
            except socket.timeout:
                pass
        self.front.close()
        self.back.close()


class Losses(driver.Case):
    def test_losses_are_counted_and_late_replies_thrown_away(self):
        server, client = self.agent(), self.agent()
        relay = LossyRelay(driver.serve(server, 'udp-rr', request_bytes=8, response_bytes=8))
        port = relay.front.getsockname()[1]
        relay.start()
        client.job('udp-rr', 'client', peer='127.0.0.1', port=port, request_bytes=8, response_bytes=8, duration_s=2,
                   warmup_s=0, timeout_ms=50)
        record = client.expect('result')
        relay.over = True
        relay.join()
        self.assertGreater(relay.dropped, 2)
        # A busy relay may answer after the 50 ms: then a reply is both lost and late.
        self.assertGreaterEqual(record['lost'], relay.dropped)
        self.assertGreaterEqual(record['late'], relay.doubled - 1)
        self.assertEqual(record['response']['histogram']['count'], record['transactions'] + record['unfinished'])

    def test_a_frozen_peer_loses_what_it_does_not_answer_in_time(self):
        server, client = self.pair('udp-rr', duration_s=3, timeout_ms=100, rate=100, silence_ms=20000)
        client.receive()
        frozen = server.freeze(1.0)
        record = client.expect('result')
        self.assertGreaterEqual(record['lost'], int(frozen * 10) - 1)
        self.assertEqual(record['response']['histogram']['count'] + record['lost'], 300)


class ControlLine(driver.Case):
    def works(self, agent):
        agent.job('wakeup', duration_s=0.1, warmup_s=0)
        agent.expect('result')

    def ends(self, agent):
        return agent.process.wait(driver.PATIENCE)

    def test_hello(self):
        hello = self.agent().greeting
        self.assertEqual(hello['protocol'], 1)
        self.assertEqual(hello['workloads'], ['tcp-rr', 'tcp-crr', 'udp-rr', 'tcp-stream', 'wakeup', 'memory', 'vmexit'])
        self.assertEqual(hello['kernel'], os.uname().release)
        self.assertIn(hello['clock']['source'], ('tsc', 'clock_gettime'))

    def test_another_protocol_is_refused(self):
        agent = self.agent(hello=False)
        agent.send({'type': 'hello', 'protocol': 2})
        self.assertIn('protocol 2', agent.expect('error')['text'])

    def test_nonsense_in_a_frame_is_answered_and_survived(self):
        agent = self.agent()
        for text in b'', b'{', b'[]', b'{"type":1}', b'\xff\x00\x00', b'{"type":"dance"}', b'{"type":"job"}', (
                '{"type":"%s"}' % ('\u00e9' * 50)).encode(), ('{"type":"job","workload":"x%s"}' % ('\u00e9' * 50)).encode():
            agent.send_raw(struct.pack('>I', len(text)) + text)
            self.assertIn('text', agent.expect('error'))
        self.works(agent)

    def test_bytes_in_drops(self):
        agent = self.agent()
        text = json.dumps({'type': 'job', 'workload': 'wakeup', 'duration_s': 0.1, 'warmup_s': 0}).encode()
        for byte in struct.pack('>I', len(text)) + text:
            agent.send_raw(bytes([byte]))
        agent.expect('result')

    def test_a_length_that_cannot_be_ends_it(self):
        agent = self.agent(stderr=subprocess.DEVNULL)
        agent.send_raw(b'GET / HTTP/1.0\r\n\r\n')
        self.assertIn('limit', agent.expect('error')['text'])
        self.assertEqual(self.ends(agent), 1)

    def test_one_job_at_a_time(self):
        agent = self.agent()
        agent.job('wakeup', duration_s=0.5)
        agent.job('wakeup', id='second')
        error = agent.expect('error')
        self.assertEqual((error['id'], error['code']), ('second', -16))
        self.assertEqual(agent.expect('result')['id'], 'j1')

    def test_stop_without_a_job_is_harmless(self):
        agent = self.agent()
        agent.send({'type': 'stop'})
        self.works(agent)

    def test_bye(self):
        agent = self.agent()
        agent.job('wakeup', duration_s=60)
        agent.send({'type': 'bye'})
        self.assertEqual(self.ends(agent), 0)

    def test_the_end_of_the_line_is_the_end_of_the_agent(self):
        agent = self.agent()
        agent.job('wakeup', duration_s=60)
        agent.receive()
        agent.process.stdin.close()
        self.assertEqual(self.ends(agent), 1)

    def test_sigterm(self):
        agent = self.agent(stderr=subprocess.DEVNULL)
        agent.job('wakeup', duration_s=60)
        agent.receive()
        agent.process.terminate()
        self.assertEqual(self.ends(agent), 1)

    def test_configure_is_for_guests(self):
        agent = self.agent()
        agent.send({'type': 'configure', 'mac': '52:54:00:00:00:01', 'address': '198.18.0.2/24'})
        self.assertEqual(agent.expect('error')['code'], -1)

    def test_by_hand(self):
        done = subprocess.run([driver.AGENT, '--run', '{"workload":"wakeup","duration_s":0.2}'], capture_output=True, check=True)
        self.assertEqual(json.loads(done.stdout)['transactions'], 200)
        done = subprocess.run([driver.AGENT, '--run', '{"workload":"wake"}'], capture_output=True, check=False)
        self.assertEqual(done.returncode, 1)
        self.assertIn(b'did you mean wakeup?', done.stderr)

    def test_options(self):
        for option, text in (('--help', b'--run'), ('--version', b'vlat-agent ')):
            done = subprocess.run([driver.AGENT, option], capture_output=True, check=True)
            self.assertIn(text, done.stdout)
        for arguments in ['--nonsense'], ['--run'], ['--help', 'more'], ['--init']:
            done = subprocess.run([driver.AGENT] + arguments, capture_output=True, check=False)
            self.assertEqual((done.returncode, done.stdout), (2, b''))
            self.assertIn(b'vlat-agent: ', done.stderr)


class Attributes(driver.Case):
    def run_one(self, agent, **members):
        agent.job('wakeup', duration_s=0.2, warmup_s=0, **members)
        return agent.receive()

    def test_cpus(self):
        agent = self.agent()
        cpu = str(max(os.sched_getaffinity(0)))
        self.assertEqual(self.run_one(agent, cpus=cpu)['cpus'], cpu)
        self.assertIn('CPUs 4095', self.run_one(agent, cpus='4095')['text'])

    def test_the_next_job_begins_afresh(self):
        agent = self.agent()
        first = self.run_one(agent)['cpus']
        self.run_one(agent, cpus=str(max(os.sched_getaffinity(0))))
        self.assertEqual(self.run_one(agent)['cpus'], first)

    def test_fifo_or_the_reason_why_not(self):
        message = self.run_one(self.agent(), policy='fifo', priority=7)
        if message['type'] == 'result':
            self.assertEqual((message['policy'], message['priority']), ('fifo', 7))
        else:
            self.assertRegex(message['text'], 'SCHED_FIFO 7 refused .*: .*(budget|CAP_SYS_NICE|seccomp|RT_GROUP_SCHED)')

    def test_locked_memory(self):
        agent = self.agent()
        message = self.run_one(agent, lock_memory=True)
        if message['type'] == 'error':
            self.skipTest(message['text'])
        self.assertTrue(message['locked'])
        self.assertLess(message['max_rss_bytes'], LIMIT)
        self.assertFalse(self.run_one(agent)['locked'])

    @unittest.skipIf(os.geteuid() != 0, 'only root can become somebody else')
    def test_without_privileges(self):
        folder = tempfile.mkdtemp()
        self.addCleanup(shutil.rmtree, folder)
        os.chmod(folder, 0o755)
        path = shutil.copy(driver.AGENT, folder)
        os.chmod(path, 0o755)
        agent = self.agent(path=path, user=65534, group=65534, extra_groups=[])
        self.assertEqual(self.run_one(agent)['transactions'], 200)
        self.assertIn('CAP_SYS_NICE', self.run_one(agent, policy='fifo', priority=1)['text'])


class Sizes(driver.Case):
    def test_the_longest_jobs_stay_within_16_mib(self):
        longest = {'duration_s': 86400, 'warmup_s': 0}
        agent = self.agent()
        for lock in False, True:
            agent.job('wakeup', lock_memory=lock, **longest)
            agent.receive()
            agent.send({'type': 'stop'})
            record = agent.expect('result')
            self.assertLess(record['max_rss_bytes'], LIMIT)
        for workload in 'tcp-rr', 'tcp-stream':
            server, client = self.pair(workload, direction='both', **longest)
            client.receive()
            client.send({'type': 'stop'})
            self.assertLess(client.expect('result')['max_rss_bytes'], LIMIT)
            server.send({'type': 'stop'})
            self.assertLess(server.expect('result')['max_rss_bytes'], LIMIT)

    def test_the_binary_is_static_and_below_2_mb(self):
        with open(driver.AGENT, 'rb') as f:
            if b'/ld-linux' in f.read():
                self.skipTest('built with -Dstatic_agent=false')
        strip = shutil.which('strip')
        if not strip:
            self.skipTest('no strip on PATH')
        with tempfile.NamedTemporaryFile() as f:
            subprocess.run([strip, '-o', f.name, driver.AGENT], check=True)
            self.assertLess(os.path.getsize(f.name), 2000000)


if __name__ == '__main__':
    driver.main()
