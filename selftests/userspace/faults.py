# SPDX-License-Identifier: GPL-2.0
"""A XenStore whose requests fail now and then: stands between a client and xenstored."""
import multiprocessing
import random
import select
import socket
import struct

import xstore

READS = (xstore.READ, xstore.DIRECTORY, xstore.DIRECTORY_PART)
ERRORS = (b'EIO\0', b'ENOMEM\0', b'ENOSPC\0', b'EINVAL\0', b'EAGAIN\0')


class Connection:
    """One client: its requests are answered one after the other."""

    def __init__(self, client, path, faults, rnd):
        self.client, self.rnd = client, rnd
        self.percent, self.read_of, self.kind, self.failures = faults
        self.store = socket.socket(socket.AF_UNIX)
        self.store.connect(path)

    @staticmethod
    def message(sock):
        def read(n):
            data = b''
            while len(data) < n:
                more = sock.recv(n - len(data))
                if not more:
                    raise EOFError
                data += more
            return data

        head = read(16)
        kind, id_, t, length = struct.unpack('=IIII', head)
        return kind, id_, t, read(length)

    @staticmethod
    def send(sock, kind, id_, t, body):
        sock.sendall(struct.pack('=IIII', kind, id_, t, len(body)) + body)

    def answer(self):
        """Events go through until the answer comes."""
        while True:
            message = self.message(self.store)
            if message[0] != xstore.WATCH_EVENT:
                return message
            self.send(self.client, *message)

    def fails(self, kind, body):
        if self.kind.value:
            return kind == self.kind.value
        if self.read_of.value:
            return kind in READS and body.split(b'\0')[0] == self.read_of.value
        return self.rnd.random() * 100 < self.percent.value

    def request(self):
        kind, id_, t, body = self.message(self.client)
        if not self.fails(kind, body):
            self.send(self.store, kind, id_, t, body)
            self.send(self.client, *self.answer())
            return
        self.failures.value += 1
        # A transaction must not stay open.
        if kind == xstore.TRANSACTION_END:
            self.send(self.store, kind, id_, t, b'F\0')
            self.answer()
        self.send(self.client, xstore.ERROR, id_, t, self.rnd.choice(ERRORS))

    def serve(self):
        while True:
            # One at a time: an answer brings the events before it along.
            if self.store in select.select([self.client, self.store], [], [])[0]:
                self.send(self.client, *self.message(self.store))
            else:
                self.request()


def _serve(listener, path, faults, seed):
    rnd = random.Random(seed)
    while True:
        client = listener.accept()[0]
        try:
            Connection(client, path, faults, rnd).serve()
        except (EOFError, OSError):
            client.close()


class FaultyStore:
    """Requests of clients of @path fail with @percent.value; if there is @read_of.value, a
    path, those that read it, and no others; if there is @kind.value, all of that kind, and no
    others. @failures.value counts them."""

    def __init__(self, store, seed):
        self.path = store.dir + '/faulty'
        self.percent = multiprocessing.Value('d', 0)
        self.read_of = multiprocessing.Array('c', 256)
        self.kind = multiprocessing.Value('I', 0)
        self.failures = multiprocessing.Value('L', 0)
        listener = socket.socket(socket.AF_UNIX)
        listener.bind(self.path)
        listener.listen()
        self.process = multiprocessing.Process(target=_serve, daemon=True, args=(
            listener, store.dir + '/socket',
            (self.percent, self.read_of, self.kind, self.failures), seed))
        self.process.start()
        listener.close()

    def close(self):
        self.process.kill()
        self.process.join()
