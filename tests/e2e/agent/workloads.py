# SPDX-License-Identifier: Apache-2.0
"""Every workload between two agents over loopback: what the record says must add up."""
import contextlib
import glob
import time

import driver
from driver import at_least, quantile


class Workloads(driver.Case):
    def check_record(self, record, open_loop):
        response = record['response']
        whole = response['histogram']
        self.assertEqual(whole['count'], record['transactions'] + record['unfinished'])
        self.assertEqual(sum(count for _, count in whole['buckets']), whole['count'])
        self.assertEqual(sum(second['count'] for second in response['seconds']), whole['count'])
        self.assertEqual(sum(int(second['sum_ns']) for second in response['seconds']), int(whole['sum_ns']))
        self.assertEqual(len(response['seconds']), 2)
        self.assertGreater(record['transactions'], 0)
        self.assertGreaterEqual(record['duration_s'], 1.5)
        self.assertEqual('service' in record, open_loop)
        self.assertIn(record['clock']['source'], ('tsc', 'clock_gettime'))
        self.assertGreater(record['clock']['cost_ns'], 0)
        self.assertGreater(record['cpu_s'], 0)
        self.assertEqual(record['policy'], 'other')
        self.assertLess(record['max_rss_bytes'], 16 << 20)

    def finish(self, server, client):
        record = client.expect('result')
        server.send({'type': 'stop'})
        return record, server.expect('result')

    def request_response(self, workload, **members):
        server, client = self.pair(workload, duration_s=1.5, **members)
        record, served = self.finish(server, client)
        self.check_record(record, 'rate' in members)
        self.assertGreaterEqual(served['transactions'], record['transactions'])
        self.assertNotIn('response', served)
        return record

    def test_tcp_rr(self):
        self.request_response('tcp-rr')

    def test_tcp_rr_sizes(self):
        self.request_response('tcp-rr', request_bytes=100000, response_bytes=3)

    def test_tcp_crr(self):
        self.request_response('tcp-crr')

    def test_tcp_crr_sizes(self):
        self.request_response('tcp-crr', request_bytes=100000, response_bytes=70000)

    def test_udp_rr(self):
        self.assertEqual(self.request_response('udp-rr')['lost'], 0)

    def test_udp_rr_sizes(self):
        self.request_response('udp-rr', request_bytes=1400, response_bytes=24)
        self.request_response('udp-rr', request_bytes=24, response_bytes=2)

    def test_open_loops(self):
        for workload in 'tcp-rr', 'tcp-crr', 'udp-rr':
            with self.subTest(workload):
                record = self.request_response(workload, rate=500)
                self.assertEqual(record['response']['histogram']['count'], 750 - record['lost'])
                self.assertEqual(record['service']['histogram']['count'], record['transactions'])

    def test_open_loop_beyond_reach(self):
        """A million a second cannot be done: the rest is recorded as late, not left out."""
        record = self.request_response('tcp-rr', rate=1000000)
        self.assertEqual(record['response']['histogram']['count'], 1500000)
        self.assertGreater(record['unfinished'], 0)

    def test_tcp_stream(self):
        for direction, slices in ('up', (10, 0)), ('down', (0, 10)), ('both', (5, 5)):
            with self.subTest(direction):
                server, client = self.pair('tcp-stream', direction=direction)
                record, served = self.finish(server, client)
                flow = record['throughput']
                self.assertEqual((len(flow['up_bps']), len(flow['down_bps'])), slices)
                self.assertEqual(flow['slice_s'], 0.1)
                bits = sum(flow['up_bps']) + sum(flow['down_bps'])
                self.assertGreater(bits, 0)
                self.assertAlmostEqual(record['throughput_bps'] * 10, bits, delta=bits * 1e-6)
                self.assertEqual(served['throughput']['up_bps'], flow['up_bps'])
                self.assertNotIn('response', record)

    def test_wakeup(self):
        agent = self.agent()
        agent.job('wakeup', duration_s=1.5, interval_us=500)
        record = agent.expect('result')
        self.check_record(record, False)
        self.assertEqual(record['transactions'], 3000)
        self.assertEqual(record['clock']['source'], 'clock_gettime')

    def test_progress_comes_from_the_side(self):
        agent = self.agent()
        agent.job('wakeup', duration_s=2.5)
        kinds = []
        while 'result' not in kinds:
            kinds.append(agent.receive()['type'])
        self.assertIn(kinds.count('progress'), (1, 2, 3))

    def test_a_server_takes_one_client_after_the_other(self):
        for workload in 'tcp-rr', 'tcp-crr', 'tcp-stream':
            with self.subTest(workload):
                server, client = self.agent(), self.agent()
                port = driver.serve(server, workload, direction='both', duration_s=0.4, warmup_s=0)
                for _ in range(2):
                    client.job(workload, 'client', peer='127.0.0.1', port=port, direction='both', duration_s=0.4, warmup_s=0)
                    client.expect('result')
                self.finish_server(server)

    def finish_server(self, server):
        server.send({'type': 'stop'})
        return server.expect('result')

    def test_ipv6(self):
        server, client = self.agent(), self.agent()
        for workload in 'tcp-rr', 'udp-rr':
            with self.subTest(workload):
                server.job(workload, 'server', peer='::1')
                message = server.receive()
                if message['type'] == 'error':
                    self.skipTest('no IPv6 here: ' + message['text'])
                client.job(workload, 'client', peer='::1', port=message['port'], duration_s=0.3)
                self.assertGreater(client.expect('result')['transactions'], 0)
                self.finish_server(server)


class Memory(driver.Case):
    def run_job(self, **members):
        agent = self.agent()
        agent.job('memory', **dict({'duration_s': 0.3, 'warmup_s': 0, 'set_kb': 4096}, **members))
        return agent.answer()

    def test_a_table_of_sizes_and_pages(self):
        record = self.run_job()
        self.assertEqual(record['type'], 'result', record.get('text'))
        memory, whole = record['memory'], record['response']['histogram']
        self.assertEqual(whole['count'], record['transactions'])
        self.assertEqual((memory['set_bytes'], memory['pages'], memory['loads_per_sample']), (4 << 20, '4k', 1024))
        self.assertEqual([size['bytes'] for size in memory['sizes']], [16384 << i for i in range(9)])
        had = {m['pages']: m for m in memory['mappings']}
        self.assertEqual(had['4k']['huge_kb'], 0)
        for size in memory['sizes']:
            for pages, mapping in had.items():
                for statistic in 'min_ns', 'p50_ns', 'p99_ns':
                    # A figure where there is memory of that kind, and nowhere else.
                    self.assertEqual(size[statistic][pages] is not None, mapping['from'] is not None)
                if mapping['from']:
                    self.assertTrue(0 < size['min_ns'][pages] <= size['p50_ns'][pages] <= size['p99_ns'][pages])
            self.assertEqual(size['page_walk_ns'] is None, had['2m']['from'] is None)
        # Samples times loads are the time that passed: nothing else is in them.
        self.assertAlmostEqual(int(whole['sum_ns']) * 1024 / 1e9, record['duration_s'], delta=0.25 * record['duration_s'])

    def test_pages_are_there_or_the_job_fails(self):
        for pages in '2m', '1g':
            with self.subTest(pages):
                message = self.run_job(pages=pages, ladder=False)
                if message['type'] == 'result':
                    mapping, = (m for m in message['memory']['mappings'] if m['pages'] == pages)
                    self.assertGreaterEqual(mapping['huge_kb'], 4096)
                    self.assertEqual(message['memory']['sizes'], [])
                else:
                    self.assertIn('pages', message['text'])
                    print('%s pages are not to be had here: %s' % (pages, message['text']))

    def test_a_set_beyond_the_memory_is_refused(self):
        message = self.run_job(set_kb=64 << 20)
        if message['type'] == 'result':
            self.skipTest('this machine has 64 GiB to spare')
        self.assertIn('does not fit', message['text'])

    def test_stop(self):
        agent = self.agent()
        agent.job('memory', duration_s=60, set_kb=65536, ladder=False)
        agent.receive()
        agent.send({'type': 'stop'})
        record = agent.expect('result')
        self.assertLess(record['duration_s'], 55)
        self.assertEqual(record['response']['histogram']['count'], record['transactions'])


class Exits(driver.Case):
    """Real KVM gives prices, any other a reason; both in time, and no process stays behind."""

    def children(self, agent):
        """Of all its threads: the measuring one makes the guest's process."""
        found = []
        for path in glob.glob('/proc/%d/task/*/children' % agent.pid):
            with contextlib.suppress(OSError), open(path, encoding='ascii') as f:
                found += f.read().split()
        return found

    @staticmethod
    def runs(pid):
        with contextlib.suppress(OSError), open('/proc/%s/stat' % pid, encoding='ascii') as f:
            return f.read().rsplit(')', 1)[1].split()[0] not in 'ZX'
        return False

    def test_prices_or_the_reason_why_not(self):
        agent = self.agent()
        agent.job('vmexit', duration_s=0.5)
        message = agent.answer()
        self.assertEqual(self.children(agent), [])
        record = message.get('partial', message)
        if message['type'] == 'error':
            self.assertFalse(record['exits']['usable'])
            self.assertRegex(message['text'], '^KVM is not usable here, because .{20,}')
            print(message['text'])
            return
        prices = {price['price']: price for price in record['exits']['prices']}
        self.assertGreater(prices['cpuid']['inside']['p50_ns'], 20 * prices['loop']['inside']['p50_ns'])
        self.assertEqual(prices['cpuid']['inside']['count'], record['transactions'])
        self.assertEqual(prices['port']['outside']['count'], prices['port']['inside']['count'])
        for price in prices.values():
            self.assertTrue(price['inside']['count'] > 0 or price['why'], price)

    def test_stop(self):
        agent = self.agent()
        agent.job('vmexit', duration_s=600)
        agent.send({'type': 'stop'})
        message = agent.answer()
        if message['type'] == 'error':
            self.assertIn('KVM', message['text'])
        self.assertEqual(self.children(agent), [])

    def test_the_guest_dies_with_the_agent(self):
        agent, seen = self.agent(), []
        agent.job('vmexit', duration_s=600)
        for _ in range(1000):
            seen = self.children(agent)
            if seen:
                break
            time.sleep(0.002)
        else:
            self.skipTest('no process of a guest was seen: there is no /dev/kvm, or this kernel does not list children')
        agent.process.kill()
        agent.process.wait()
        deadline = time.monotonic() + driver.PATIENCE
        while any(self.runs(pid) for pid in seen) and time.monotonic() < deadline:
            time.sleep(0.05)
        self.assertFalse([pid for pid in seen if self.runs(pid)])


class Freezes(driver.Case):
    """Half a second of standstill at 1000/s: about 500 victims, and a p99 of hundreds of milliseconds."""

    def check(self, record, frozen, due):
        histogram = record['response']['histogram']
        self.assertEqual(histogram['count'], due)
        # Of those due during the freeze all but the last 10 ms worth waited for 10 ms or more.
        self.assertGreaterEqual(at_least(histogram, 10e6), (frozen - 0.010) * 1000 * 0.95)
        self.assertGreater(quantile(histogram, 0.99), 200e6)
        self.assertGreaterEqual(histogram['max_ns'], frozen * 0.99e9)

    def freeze_one(self, workload, who):
        server, client = self.pair(workload, duration_s=3, warmup_s=0.2, rate=1000, silence_ms=20000, timeout_ms=10000)
        client.receive()        # progress: a second is over
        frozen = (server if who == 'server' else client).freeze(0.5)
        record = client.expect('result')
        self.check(record, frozen, 3000)
        # The service time knows of one victim only: that is what a closed loop would have shown.
        self.assertGreaterEqual(at_least(record['service']['histogram'], frozen * 0.9e9), 0 if who == 'client' else 1)
        self.assertEqual(record['lost'], 0)

    def test_tcp_rr_peer(self):
        self.freeze_one('tcp-rr', 'server')

    def test_tcp_rr_client(self):
        self.freeze_one('tcp-rr', 'client')

    def test_tcp_crr_peer(self):
        self.freeze_one('tcp-crr', 'server')

    def test_udp_rr_peer(self):
        self.freeze_one('udp-rr', 'server')

    def test_udp_rr_client(self):
        self.freeze_one('udp-rr', 'client')

    def test_wakeup(self):
        agent = self.agent()
        agent.job('wakeup', duration_s=3, interval_us=1000)
        agent.receive()
        frozen = agent.freeze(0.5)
        self.check(agent.expect('result'), frozen, 3000)

    def test_closed_loop_for_contrast(self):
        """Why --rate exists: the same freeze is a handful of samples here."""
        server, client = self.pair('tcp-rr', duration_s=3, silence_ms=20000)
        client.receive()
        frozen = server.freeze(0.5)
        histogram = client.expect('result')['response']['histogram']
        self.assertGreaterEqual(histogram['max_ns'], frozen * 0.99e9)
        self.assertLess(quantile(histogram, 0.99), 200e6)

    def test_stream_receiver(self):
        """Slices in which nothing arrived are there, and zero."""
        server, client = self.pair('tcp-stream', duration_s=2.5, direction='up', silence_ms=20000)
        client.receive()
        server.freeze(0.5)
        flow = client.expect('result')['throughput']['up_bps']
        self.assertEqual(len(flow), 25)
        self.assertGreaterEqual(flow.count(0), 3)


if __name__ == '__main__':
    driver.main()
