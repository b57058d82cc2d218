# SPDX-License-Identifier: GPL-2.0
"""A real xenstored above xen-shim.so, a client of it, and domains in it."""
import functools
import ipaddress
import operator
import os
import re
import shutil
import socket
import struct
import subprocess
import tempfile
import time

from network import Network

# Which of Xen's two, xenstored or oxenstored.
DAEMON = os.environ.get('XENSTORE_DAEMON', 'xenstored')
XENSTORED = '/usr/lib/xen-4.17/bin/' + DAEMON
OXENSTORED_CONF = """
xenstored-kva = {dir}/xsd_kva
xenstored-port = {dir}/xsd_port
xenstored-log-file = {dir}/xenstored.log
pid-file = {dir}/xenstored.pid
"""

DIRECTORY, READ, GET_PERMS, WATCH, UNWATCH = 1, 2, 3, 4, 5
TRANSACTION_START, TRANSACTION_END, INTRODUCE = 6, 7, 8
WRITE, MKDIR, RM, SET_PERMS, WATCH_EVENT, ERROR = 11, 12, 13, 14, 15, 16
IS_INTRODUCED, RESUME, DIRECTORY_PART = 17, 18, 22
PAYLOAD_MAX = 4096


def offer_node(peer):
    """The directory of an offer is the exclusive or of the digits of the mac."""
    digit = functools.reduce(operator.xor, (int(d, 16) for d in peer))
    return f'offer/{digit:x}/{peer}'


def uuid_of(number):
    """That of the domain with this number, by default."""
    return f'5b25ff66-61ea-4bba-a91d-{number:012x}'


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
        # A longer one has a client close the connection.
        assert length <= PAYLOAD_MAX, f'{length} bytes in one message'
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
            f.write('2')
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
        self._start()
        self.vifs = {}
        self.net = Network()

    def _start(self):
        self.proc = subprocess.Popen([XENSTORED, *self._options()],
                                     env=self.env,
                                     stdout=self.log, stderr=self.log)
        self.client = self._connect(time.monotonic() + 10)

    def restart(self):
        """A new xenstored, which has nothing of what there was."""
        self.proc.kill()
        self.proc.wait()
        self._start()

    def _options(self):
        if DAEMON == 'xenstored':
            return ['-N']
        config = self.dir + '/oxenstored.conf'
        with open(config, 'w', encoding='ascii') as f:
            f.write(OXENSTORED_CONF.format(dir=self.dir))
        return ['--no-fork', '--no-access-log', '--config-file', config]

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
        self.net.close()
        os.close(self.virq)
        self.log.close()
        shutil.rmtree(self.dir)

    # What the toolstack does.

    def create(self, domid, vifs, uuid=None, name=None, attach=None):
        """A domain with interfaces {devid: (mac, bridge)}, made by libxl or by attach()."""
        c = self.client
        root = f'/local/domain/{domid}'

        def make(t):
            c.write(root, '', t)
            c.set_perms(root, 'n0', f'r{domid}', t=t)
            c.write(root + '/vm', '/vm/' + (uuid or uuid_of(domid)), t)
            c.write(root + '/name', name or f'd{domid}', t)
            c.write(root + '/data', '', t)
            c.set_perms(root + '/data', f'n{domid}', t=t)

        open(f'{self.dir}/{domid}', 'w').close()
        c.transaction(make)
        self.vifs[domid] = {}
        for devid, (mac, bridge) in vifs.items():
            (attach or self.attach)(domid, devid, mac, bridge)
        c.request(INTRODUCE, str(domid), '1', '1')

    def attach(self, domid, devid, mac, bridge, backend=0, **more):
        path = f'/libxl/{domid}/device/vif/{devid}'
        self.vifs[domid][devid] = (mac, bridge)
        self.client.write(path + '/backend',
                          f'/local/domain/{backend}/backend/vif/{domid}/{devid}')
        self.client.write(path + '/mac', ':'.join(
            mac[i:i + 2] for i in range(0, 12, 2)))
        self.client.write(path + '/bridge', bridge)
        for key, value in more.items():
            self.client.write(f'{path}/{key}', value)
        if not backend:
            self.client.write(f'/local/domain/0/backend/vif/{domid}/{devid}'
                              '/online', '1')
            self.net.plug(domid, devid, bridge)

    def attach_xapi(self, domid, devid, mac, bridge, **more):
        """The tree that XCP-ng's xenopsd writes (device.ml, Vif.add)."""
        c = self.client
        back = f'/local/domain/0/backend/vif/{domid}/{devid}'
        front = f'/local/domain/{domid}/device/vif/{devid}'
        uuid = c.read(f'/local/domain/{domid}/vm').rsplit('/', 1)[1]
        text = ':'.join(mac[i:i + 2] for i in range(0, 12, 2))
        nodes = {
            back: {'frontend': front, 'frontend-id': domid, 'online': 1, 'state': 1,
                   'script': '/usr/libexec/xenopsd/vif', 'mac': text, 'handle': devid},
            front: {'backend': back, 'backend-id': 0, 'state': 1, 'handle': devid,
                    'mac': text, 'disconnect': 0},
            f'/xapi/{uuid}/private/vif/{devid}': {
                'backend-kind': 'vif', 'backend-id': 0, 'mac': text, 'trunks': '',
                'MTU': 1500, 'bridge': bridge, 'bridge-MAC': 'fe:ff:ff:ff:ff:ff',
                **more},
        }

        def make(t):
            for path, values in nodes.items():
                c.write(path, '', t)
                owner = domid if path == front else 0
                c.set_perms(path, f'n{owner}', f'r{domid}', t=t)
                for key, value in values.items():
                    c.write(f'{path}/{key}', str(value), t)

        c.transaction(make)
        self.vifs[domid][devid] = (mac, bridge)
        self.net.plug(domid, devid, bridge)

    def detach(self, domid, devid):
        del self.vifs[domid][devid]
        self.client.write(f'/local/domain/0/backend/vif/{domid}/{devid}/online',
                          '0')
        self.net.unplug(domid, devid)
        self.client.rm(f'/local/domain/0/backend/vif/{domid}/{devid}')
        self.client.rm(f'/libxl/{domid}/device/vif/{devid}')
        uuid = self.client.read(f'/local/domain/{domid}/vm').rsplit('/', 1)[1]
        self.client.rm(f'/xapi/{uuid}/private/vif/{devid}')

    def remove_nodes(self, domid):
        self.client.rm(f'/local/domain/{domid}')
        self.client.rm(f'/libxl/{domid}')
        self.client.rm(f'/local/domain/0/backend/vif/{domid}')

    def end(self, domid, shutdown):
        """The domain has shut down, for a reason (SHUTDOWN_*)."""
        with open(f'{self.dir}/{domid}', 'w', encoding='ascii') as f:
            f.write(str(1 << 2 | shutdown << 16))
        os.write(self.virq, b'\0\0\0\1')

    def run_again(self, domid):
        """Its suspend was cancelled."""
        open(f'{self.dir}/{domid}', 'w').close()
        self.client.request(RESUME, str(domid))

    def release(self, domid):
        os.unlink(f'{self.dir}/{domid}')
        os.write(self.virq, b'\0\0\0\1')
        while self.client.request(IS_INTRODUCED, str(domid)) == b'T\0':
            pass

    def destroy(self, domid):
        self.remove_nodes(domid)
        self.release(domid)
        for devid in self.vifs.pop(domid, {}):
            self.net.unplug(domid, devid)

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
        path = f'/local/domain/{domid}/data/cokeeper/{mac}/{offer_node(peer)}'
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

    def roster_nodes(self, path):
        """All that a roster says, whoever reads it."""
        return [n for part in self.client.list(path)
                for n in self.client.list(f'{path}/{part}')]

    def member_nodes(self, domid, mac):
        """The last word on each peer: {mac: node's name split at '-'}."""
        path = self.roster_path(domid, mac)
        names = sorted(self.roster_nodes(path)) if path else []
        nodes = {n.split('-')[0]: n.split('-') for n in names if '-' in n}
        nodes.pop(mac, None)
        return nodes

    def members(self, domid, mac):
        """Those that are there, and what is told of them."""
        found = {}
        for peer, (_, _, id_, *rest) in self.member_nodes(domid, mac).items():
            if id_ != 'left':
                addrs = [str(ipaddress.ip_address(bytes.fromhex(a)))
                         for a in rest[2:] if '_' not in a]
                found[peer] = (int(id_), int(rest[0], 16), *addrs)
        return found

    def cause(self, domid, mac, peer):
        """Why the peer joined or left."""
        node = self.member_nodes(domid, mac).get(peer)
        return node and node[3 if node[2] == 'left' else 4]

    def offers(self, domid, mac):
        path = f'/local/domain/{domid}/cokeeper/{mac}/offer'
        return {n: self.client.read(f'{path}/{part}/{n}')
                for part in self.client.list(path)
                for n in self.client.list(f'{path}/{part}')}
