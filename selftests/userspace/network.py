# SPDX-License-Identifier: GPL-2.0
"""dom0's network: a namespace of its own, with bridges and guests' interfaces.

Each vifN.I is one end of a veth pair; the other one, farN.I, stands for the guest's.
"""
import ctypes
import glob
import os
import socket
import struct
import subprocess

CLONE_NEWNET = 0x40000000
RTM_NEWLINK, RTM_DELLINK = 16, 17
NLM_F_REQUEST, NLM_F_ACK, NLM_F_CREATE = 1, 4, 0x400
NLMSG_ERROR = 2
IFF_UP = 1
IFLA_IFNAME, IFLA_MASTER, IFLA_LINKINFO = 3, 10, 18
IFLA_INFO_KIND, IFLA_INFO_DATA, VETH_INFO_PEER = 1, 2, 1
IFNAMSIZ = 16

libc = ctypes.CDLL(None, use_errno=True)


def _call(result):
    if result:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))


def _attr(kind, *values):
    data = b''.join(values)
    pad = b'\0' * (-len(data) % 4)
    return struct.pack('=HH', 4 + len(data), kind) + data + pad


def _name(name):
    return _attr(IFLA_IFNAME, name.encode() + b'\0')


def _link(index=0, up=False, change=False):
    return struct.pack('=BxHiII', 0, 0, index, IFF_UP if up else 0,
                       IFF_UP if up or change else 0)


class Network:
    def __init__(self):
        outer = os.open('/proc/thread-self/ns/net', os.O_RDONLY)
        _call(libc.unshare(CLONE_NEWNET))
        try:
            self.ns = os.open('/proc/thread-self/ns/net', os.O_RDONLY)
            self.sock = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 0)
            for path in glob.glob('/proc/sys/net/bridge/bridge-nf-call-*'):
                with open(path, 'w', encoding='ascii') as f:
                    f.write('0')
            path = '/proc/sys/net/ipv6/conf/default/disable_ipv6'
            if os.path.exists(path):
                with open(path, 'w', encoding='ascii') as f:
                    f.write('1')
        finally:
            _call(libc.setns(outer, CLONE_NEWNET))
            os.close(outer)
        self.bridges = {}

    def close(self):
        self.sock.close()
        os.close(self.ns)

    def enter(self):
        """For a process that is about to be started."""
        _call(libc.setns(self.ns, CLONE_NEWNET))

    def run(self, command):
        """A command of the shell, in dom0."""
        subprocess.run(command, shell=True, check=True, preexec_fn=self.enter)

    def _request(self, kind, flags, *parts):
        data = b''.join(parts)
        self.sock.sendto(struct.pack('=IHHII', 16 + len(data), kind,
                                     NLM_F_REQUEST | NLM_F_ACK | flags, 0, 0)
                         + data, (0, 0))
        answer = self.sock.recv(65536)
        error = struct.unpack_from('=i', answer, 16)[0]
        if error:
            raise OSError(-error, os.strerror(-error))

    def bridge(self, name):
        """Its index; None for a name that no link can have."""
        if len(name) >= IFNAMSIZ:
            return None
        if name not in self.bridges:
            self.bridges[name] = 1000000 + len(self.bridges)
            self._request(RTM_NEWLINK, NLM_F_CREATE,
                          _link(self.bridges[name], True), _name(name),
                          _attr(IFLA_LINKINFO,
                                _attr(IFLA_INFO_KIND, b'bridge')))
        return self.bridges[name]

    def plug(self, domid, devid, bridge):
        """What the toolstack's script does; the interface may be there already."""
        name, far = f'vif{domid}.{devid}', f'far{domid}.{devid}'
        master = self.bridge(bridge)
        attrs = _name(name) + (_attr(IFLA_MASTER, struct.pack('=i', master))
                               if master else b'')
        try:
            self._request(RTM_NEWLINK, 0, _link(up=True), attrs)
        except OSError:
            self._request(RTM_NEWLINK, NLM_F_CREATE, _link(up=True), attrs,
                          _attr(IFLA_LINKINFO,
                                _attr(IFLA_INFO_KIND, b'veth'),
                                _attr(IFLA_INFO_DATA,
                                      _attr(VETH_INFO_PEER, _link(),
                                            _name(far)))))
            self._request(RTM_NEWLINK, 0, _link(up=True), _name(far))

    def set_up(self, name, up):
        """As "ip link set", but faster."""
        self._request(RTM_NEWLINK, 0, _link(up=up, change=True), _name(name))

    def unplug(self, domid, devid):
        try:
            self._request(RTM_DELLINK, 0, _link(), _name(f'vif{domid}.{devid}'))
        except OSError:
            pass
