# SPDX-License-Identifier: GPL-2.0
"""A real xenstored above xen-shim.so, a client of it, and domains in it."""
import ipaddress
import os
import re
import shutil
import socket
import struct
import subprocess
import tempfile
import time

XENSTORED = '/usr/lib/xen-4.17/bin/xenstored'

DIRECTORY, READ, GET_PERMS, WATCH, UNWATCH = 1, 2, 3, 4, 5
TRANSACTION_START, TRANSACTION_END, INTRODUCE = 6, 7, 8
WRITE, MKDIR, RM, SET_PERMS, WATCH_EVENT, ERROR = 11, 12, 13, 14, 15, 16
IS_INTRODUCED, DIRECTORY_PART = 17, 22


class XsError(OSError):
    pass


class Client:
    """Speaks XenStore's wire protocol, as domain 0."""

    def __init__(self, path):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.connect(path)
        self.events = []

    def _recv(self, n):
        data = b''
        while len(data) < n:
            more = self.sock.recv(n - len(data))
            if not more:
                raise XsError('xenstored closed the connection')
            data += more
        return data

    def _message(self):
        kind, _, _, length = struct.unpack('=IIII', self._recv(16))
        return kind, self._recv(length)

    def request(self, kind, *args, t=0):
        data = b'\0'.join(a if isinstance(a, bytes) else a.encode()
                          for a in args)
        if kind != WRITE:
            data += b'\0'
        self.sock.sendall(struct.pack('=IIII', kind, 0, t, len(data)) + data)
        while True:
            answer, payload = self._message()
            if answer == WATCH_EVENT:
                self.events.append(payload.split(b'\0')[0].decode())
            elif answer == ERROR:
                raise XsError(payload.rstrip(b'\0').decode())
            else:
                return payload

    def read(self, path):
        """The value, or None."""
        try:
            return self.request(READ, path).decode('latin-1')
        except XsError as err:
            if str(err) == 'ENOENT':
                return None
            raise

    def list(self, path):
        try:
            names = self.request(DIRECTORY, path).decode()
        except XsError as err:
            if str(err) == 'ENOENT':
                return []
            if str(err) == 'E2BIG':
                return self._list_parts(path)
            raise
        return names.split('\0')[:-1]

    def _list_parts(self, path):
        data = b''
        while not data.endswith(b'\0\0'):
            part = self.request(DIRECTORY_PART, path, str(len(data)))
            data += part[part.index(b'\0') + 1:]
        return data.rstrip(b'\0').decode().split('\0')

    def write(self, path, value, t=0):
        self.request(WRITE, path, value, t=t)

    def rm(self, path):
        try:
            self.request(RM, path)
        except XsError as err:
            if str(err) != 'ENOENT':
                raise

    def perms(self, path):
        return self.request(GET_PERMS, path).decode().split('\0')[:-1]

    def set_perms(self, path, *perms, t=0):
        self.request(SET_PERMS, path, *perms, t=t)

    def transaction(self, fn):
        """Do fn(t), again until nobody interfered."""
        while True:
            t = int(self.request(TRANSACTION_START, '')[:-1])
            fn(t)
            try:
                self.request(TRANSACTION_END, 'T', t=t)
                return
            except XsError as err:
                if str(err) != 'EAGAIN':
                    raise

    def watch(self, path):
        self.request(WATCH, path, 'token')


class Store:
    """A private xenstored in a temporary directory."""

    def __init__(self, shim):
        self.dir = tempfile.mkdtemp(prefix='cokeeper-xs-')
        with open(self.dir + '/xsd_port', 'w') as f:
            f.write('2\n')
        with open(self.dir + '/xsd_kva', 'wb') as f:
            f.truncate(4096)
        os.mkfifo(self.dir + '/virq')
        self.virq = os.open(self.dir + '/virq', os.O_RDWR)
        # The sanitizer would want to be loaded before the shim.
        self.env = dict(os.environ, XENSTORED_RUNDIR=self.dir,
                        XENSTORED_ROOTDIR=self.dir,
                        XENSTORED_PATH=self.dir + '/socket',
                        XEN_SHIM=self.dir, LD_PRELOAD=shim,
                        ASAN_OPTIONS='verify_asan_link_order=0')
        self.log = open(self.dir + '/xenstored.log', 'w')
        self.proc = subprocess.Popen([XENSTORED, '-N'], env=self.env,
                                     stdout=self.log, stderr=self.log)
        self.client = self._connect(time.monotonic() + 10)
        self.vifs = {}

    def _connect(self, deadline):
        """xenstored is there once it listens."""
        while True:
            try:
                return Client(self.dir + '/socket')
            except OSError:
                if time.monotonic() > deadline:
                    raise
            time.sleep(0.01)

    def close(self):
        self.proc.kill()
        self.proc.wait()
        os.close(self.virq)
        self.log.close()
        shutil.rmtree(self.dir)

    # What the toolstack does.

    def create(self, domid, vifs, uuid=None, name=None):
        """A domain with interfaces {devid: (mac, bridge)}."""
        c = self.client
        root = f'/local/domain/{domid}'

        def make(t):
            c.write(root, '', t)
            c.set_perms(root, 'n0', f'r{domid}', t=t)
            c.write(root + '/vm', '/vm/' + (uuid or f'uuid-{domid}'), t)
            c.write(root + '/name', name or f'd{domid}', t)
            c.write(root + '/data', '', t)
            c.set_perms(root + '/data', f'n{domid}', t=t)

        open(f'{self.dir}/{domid}', 'w').close()
        c.transaction(make)
        self.vifs[domid] = {}
        for devid, (mac, bridge) in vifs.items():
            self.attach(domid, devid, mac, bridge)
        c.request(INTRODUCE, str(domid), '1', '1')

    def attach(self, domid, devid, mac, bridge, **more):
        path = f'/libxl/{domid}/device/vif/{devid}'
        self.vifs[domid][devid] = (mac, bridge)
        self.client.write(path + '/backend',
                          f'/local/domain/0/backend/vif/{domid}/{devid}')
        self.client.write(path + '/mac', ':'.join(
            mac[i:i + 2] for i in range(0, 12, 2)))
        self.client.write(path + '/bridge', bridge)
        for key, value in more.items():
            self.client.write(f'{path}/{key}', value)

    def detach(self, domid, devid):
        del self.vifs[domid][devid]
        self.client.rm(f'/libxl/{domid}/device/vif/{devid}')

    def remove_nodes(self, domid):
        self.client.rm(f'/local/domain/{domid}')
        self.client.rm(f'/libxl/{domid}')

    def end(self, domid, shutdown):
        """The domain has shut down, for a reason (SHUTDOWN_*)."""
        with open(f'{self.dir}/{domid}', 'w', encoding='ascii') as f:
            f.write(str(1 << 2 | shutdown << 16))
        os.write(self.virq, b'\0\0\0\1')

    def run_again(self, domid):
        """Its suspend was cancelled."""
        open(f'{self.dir}/{domid}', 'w').close()

    def release(self, domid):
        os.unlink(f'{self.dir}/{domid}')
        os.write(self.virq, b'\0\0\0\1')
        while self.client.request(IS_INTRODUCED, str(domid)) == b'T\0':
            pass

    def destroy(self, domid):
        self.remove_nodes(domid)
        self.release(domid)
        self.vifs.pop(domid, None)

    # What the guest does.

    def announce(self, domid, mac, instance, *addrs, cause=None):
        value = f'v=1 instance={instance:016x}'
        if cause:
            value += f' cause={cause}'
        value += ''.join(f' addr={a}' for a in addrs)
        self.client.write(f'/local/domain/{domid}/data/cokeeper/{mac}'
                          '/announce', value)

    def withdraw(self, domid, mac):
        self.client.rm(f'/local/domain/{domid}/data/cokeeper/{mac}')

    def offer(self, domid, mac, peer, value):
        path = f'/local/domain/{domid}/data/cokeeper/{mac}/offer/{peer}'
        if value is None:
            self.client.rm(path)
        else:
            self.client.write(path, value)

    # What the guest sees.

    def head(self, domid, mac):
        return self.client.read(f'/local/domain/{domid}/cokeeper/{mac}/roster')

    def roster(self, domid, mac):
        """Whether it is a member, without the number of its roster."""
        value = self.head(domid, mac)
        return value and re.sub(' roster=[0-9]+', '', value)

    def roster_path(self, domid, mac):
        """The roster that it is to read, or None."""
        value = self.head(domid, mac)
        number = value and value.split('roster=')[1]
        return f'/tool/cokeeper/roster/{number}' if number not in (None, '0') \
            else None

    def member_nodes(self, domid, mac):
        """The last word on each peer: {mac: node's name split at '-'}."""
        path = self.roster_path(domid, mac)
        names = sorted(self.client.list(path)) if path else []
        nodes = {n.split('-')[0]: n.split('-') for n in names if '-' in n}
        nodes.pop(mac, None)
        return nodes

    def members(self, domid, mac):
        """Those that are there, and what is told of them."""
        found = {}
        for peer, (_, _, id_, *rest) in self.member_nodes(domid, mac).items():
            if id_ != 'left':
                addrs = [str(ipaddress.ip_address(bytes.fromhex(a)))
                         for a in rest[2:]]
                found[peer] = (int(id_), int(rest[0], 16), *addrs)
        return found

    def cause(self, domid, mac, peer):
        """Why the peer joined or left."""
        node = self.member_nodes(domid, mac).get(peer)
        return node and node[3 if node[2] == 'left' else 4]

    def offers(self, domid, mac):
        path = f'/local/domain/{domid}/cokeeper/{mac}/offer'
        return {n: self.client.read(f'{path}/{n}')
                for n in self.client.list(path)}
