# SPDX-License-Identifier: Apache-2.0
"""An agent on a pair of pipes, and the other end of docs/agent-protocol.md: for the tests here and for bench/."""
import json
import os
import select
import signal
import struct
import subprocess
import time

TOKEN = '000102030405060708090a0b0c0d0e0f'
PATIENCE = 30.0         # how long a test waits for something that should come at once, on a machine that is busy


class Agent:
    def __init__(self, path, hello=True, **popen):
        self.process = subprocess.Popen([path], stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=0, **popen)
        self.pid = self.process.pid
        self.buffer = b''
        self.greeting = self.expect('hello')
        if hello:
            self.send({'type': 'hello', 'protocol': 1})

    def send_raw(self, data):
        self.process.stdin.write(data)

    def send(self, message):
        text = json.dumps(message).encode()
        self.send_raw(struct.pack('>I', len(text)) + text)

    def fill(self, deadline):
        left = deadline - time.monotonic()
        if left <= 0 or not select.select([self.process.stdout], [], [], left)[0]:
            raise TimeoutError('the agent said nothing')
        data = os.read(self.process.stdout.fileno(), 1 << 16)
        if not data:
            raise EOFError('the agent is gone')
        self.buffer += data

    def receive(self, patience=PATIENCE):
        deadline = time.monotonic() + patience
        while len(self.buffer) < 4:
            self.fill(deadline)
        length, = struct.unpack('>I', self.buffer[:4])
        assert length <= 16 << 20
        while len(self.buffer) < 4 + length:
            self.fill(deadline)
        text, self.buffer = self.buffer[4:4 + length], self.buffer[4 + length:]
        return json.loads(text)

    def expect(self, kind, patience=PATIENCE):
        """The next message that is not progress must be of this kind."""
        while True:
            message = self.receive(patience)
            if message['type'] == kind:
                return message
            if message['type'] != 'progress':
                raise AssertionError('%s instead of %s' % (json.dumps(message)[:300], kind))

    def answer(self, patience=200):
        """Whatever ends a job: `result` or `error`."""
        while True:
            message = self.receive(patience)
            if message['type'] != 'progress':
                return message

    def job(self, workload, side='alone', **members):
        job = {'type': 'job', 'id': 'j1', 'workload': workload, 'side': side, 'token': TOKEN, 'warmup_s': 0.1, 'duration_s': 1.0}
        job.update(members)
        self.send(job)

    def freeze(self, seconds):
        """Stand still; returns for how long, at least."""
        os.kill(self.pid, signal.SIGSTOP)
        began = time.monotonic()
        time.sleep(seconds)
        frozen = time.monotonic() - began
        os.kill(self.pid, signal.SIGCONT)
        return frozen

    def close(self):
        self.process.stdin.close()
        self.process.stdout.close()
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()


def serve(server, workload, **members):
    server.job(workload, 'server', peer='127.0.0.1', **members)
    return server.expect('listening')['port']


def bucket_low(index):
    """The smallest value of a bucket: src/stat/histogram.h."""
    if index < 128:
        return index
    shift = (index >> 6) - 1
    return (index - (shift << 6)) << shift


def at_least(histogram, ns):
    return sum(count for index, count in histogram['buckets'] if bucket_low(index) >= ns)


def quantile(histogram, q):
    rank = max(1, -(-int(histogram['count'] * q * 1000) // 1000))
    for index, count in histogram['buckets']:
        rank -= count
        if rank <= 0:
            return bucket_low(index)
    return histogram['max_ns']
