# SPDX-License-Identifier: GPL-2.0
"""A guest that writes without end, in a process of its own."""
import multiprocessing

import xstore


def _write(socket, path, value, stop, count):
    client = xstore.Client(socket)
    while not stop.value:
        count.value += 1
        if callable(path):
            client.write(path(count.value), value)
            client.rm(path(count.value))
        else:
            client.write(path, value.format(count.value))


class Flood:
    """Until its end, values with a growing number are written to one path; or to one path
    after the other, if it is a function of the number, and removed again."""

    def __init__(self, store, path, value='x'):
        self.stop = multiprocessing.Value('b', 0)
        self.count = multiprocessing.Value('L', 0)
        self.process = multiprocessing.Process(target=_write, args=(
            store.dir + '/socket', path, value, self.stop, self.count))

    def __enter__(self):
        self.process.start()
        return self

    def __exit__(self, *_):
        self.stop.value = 1
        self.process.join(5)
        # It waits for an answer that never came.
        self.process.kill()
        self.process.join()
