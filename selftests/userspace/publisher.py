# SPDX-License-Identifier: GPL-2.0
"""cokeeper-hostd as a process to be tested, and measured with many domains."""
import glob
import signal
import subprocess
import time

TIMEOUT = 10


def mac(domid, devid=0):
    return f'00163e{domid:04x}{devid:02x}'


def addr(domid, k=0):
    return f'10.{k}.{domid >> 8}.{domid & 255}'


class Hostd:
    """The publisher under test."""

    def __init__(self, binary, store):
        self.binary, self.store = binary, store
        self.lock = store.dir + '/hostd.pid'
        self.logname = store.dir + '/hostd.log'
        self.config = store.dir + '/hostd.conf'
        open(self.config, 'w').close()
        self.proc = None

    def start(self, *args):
        log = open(self.logname, 'a')
        self.proc = subprocess.Popen([self.binary, '-l', self.lock,
                                      '-c', self.config, *args],
                                     env=self.store.env, stderr=log)
        log.close()

    def configure(self, text):
        with open(self.config, 'w', encoding='ascii') as f:
            f.write(text)
        self.proc.send_signal(signal.SIGHUP)

    def check(self, text):
        """What --check says of a configuration, and its exit status."""
        with open(self.config + '.new', 'w', encoding='ascii') as f:
            f.write(text)
        run = subprocess.run([self.binary, '--check', '-c', f.name],
                             env=self.store.env, stderr=subprocess.PIPE,
                             timeout=TIMEOUT, check=False)
        return run.returncode, run.stderr.decode()

    def kill(self, sig=signal.SIGKILL):
        self.proc.send_signal(sig)
        ret = self.proc.wait(TIMEOUT)
        self.proc = None
        return ret

    def log(self):
        with open(self.logname) as f:
            return f.read()

    def rss_kib(self):
        with open(f'/proc/{self.proc.pid}/status') as f:
            for line in f:
                if line.startswith('VmHWM'):
                    return int(line.split()[1])

    def cpu_ms(self):
        """Of all threads."""
        total = 0
        for stat in glob.glob(f'/proc/{self.proc.pid}/task/*/schedstat'):
            with open(stat) as f:
                total += int(f.read().split()[0])
        return total / 1e6


def until(what, fn, timeout=TIMEOUT):
    """Wait for a condition that an event will bring about."""
    end = time.monotonic() + timeout
    while not fn():
        if time.monotonic() > end:
            raise AssertionError('never came true: ' + what)
        time.sleep(0.001)


def measure(store, hostd, n, group):
    """Joins and leaves of one of n domains in groups of some size."""
    for domid in range(1, n + 1):
        store.create(domid, {0: (mac(domid), f'br{domid % (n // group)}')})
        store.announce(domid, mac(domid), domid, addr(domid))
    # xenstored itself is slow with so many: every permission is looked up
    # in its list of domains.
    until('all are members', lambda: len(store.members(n, mac(n))) ==
          group - 1, 300)
    until('all have been told so', lambda: all(
        store.roster(d, mac(d)) for d in range(1, n + 1)), 300)
    last = n // group * (group - 1)
    took = {'join': [], 'leave': []}
    cpu = {'join': 0, 'leave': 0}

    def event(kind, cause, told, done):
        begin, start = hostd.cpu_ms(), time.monotonic()
        cause()
        while not told():
            pass
        took[kind].append(time.monotonic() - start)
        until(kind, done)
        cpu[kind] += hostd.cpu_ms() - begin

    for i in range(50):
        event('leave', lambda: store.withdraw(n, mac(n)),
              lambda: mac(n) not in store.members(last, mac(last)),
              lambda: store.roster(n, mac(n)) is None)
        event('join', lambda i=i: store.announce(n, mac(n), n + i, addr(n)),
              lambda: mac(n) in store.members(last, mac(last)),
              lambda: store.roster(n, mac(n)))
    found = {'domains': n, 'group': group}
    for kind, times in took.items():
        found[f'{kind}_median_ms'] = round(sorted(times)[25] * 1000, 3)
        found[f'{kind}_cpu_ms'] = round(cpu[kind] / 50, 4)
    found['peak_rss_kib'] = hostd.rss_kib()
    return found
