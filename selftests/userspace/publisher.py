# SPDX-License-Identifier: GPL-2.0
"""cokeeper-hostd as a process to be tested, and measured with many domains."""
import glob
import signal
import socket
import subprocess
import time

TIMEOUT = 10


def mac(domid, devid=0):
    return f'00163e{domid:04x}{devid:02x}'


def addr(domid, k=0):
    return f'10.{k}.{domid >> 8}.{domid & 255}'


class Systemd:
    """What a daemon tells systemd; it is told where by the environment."""

    def __init__(self, env, directory):
        env['NOTIFY_SOCKET'] = directory + '/notify'
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(env['NOTIFY_SOCKET'])
        self.socket.setblocking(False)
        self.told = {}

    def has(self, **wanted):
        """Is that what it told last?"""
        try:
            while True:
                for line in self.socket.recv(4096).decode().splitlines():
                    key, value = line.split('=', 1)
                    self.told[key] = value
        except BlockingIOError:
            return wanted.items() <= self.told.items()


class Hostd:
    """The publisher under test."""

    def __init__(self, binary, store):
        self.binary, self.store = binary, store
        self.lock = store.dir + '/hostd.pid'
        self.logname = store.dir + '/hostd.log'
        self.config = store.dir + '/hostd.conf'
        with open(self.config, 'w', encoding='ascii') as f:
            f.write('# nothing is said of anybody\n')
        self.proc = None
        self.prefix = []        # a command that starts it

    def start(self, *args):
        log = open(self.logname, 'a')
        self.proc = subprocess.Popen([*self.prefix, self.binary, '-l', self.lock,
                                      '-c', self.config, *args],
                                     env=self.store.env, stderr=log,
                                     preexec_fn=self.store.net.enter)
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

    # Each time another one, since a single guest may not change so often.
    for d in range(n, n - 50, -1):
        peer = d - n // group
        event('leave', lambda d=d: store.withdraw(d, mac(d)),
              lambda d=d, p=peer: mac(d) not in store.members(p, mac(p)),
              lambda d=d: store.roster(d, mac(d)) is None)
        event('join', lambda d=d: store.announce(d, mac(d), n + d, addr(d)),
              lambda d=d, p=peer: mac(d) in store.members(p, mac(p)),
              lambda d=d: store.roster(d, mac(d)))
    found = {'domains': n, 'group': group}
    for kind, times in took.items():
        found[f'{kind}_median_ms'] = round(sorted(times)[25] * 1000, 3)
        found[f'{kind}_cpu_ms'] = round(cpu[kind] / 50, 4)
    found['peak_rss_kib'] = hostd.rss_kib()
    return found
