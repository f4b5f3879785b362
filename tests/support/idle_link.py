"""A link that forgets a connection over which no packet has gone for a while, as firewalls, NAT and endpoints do.

Two network namespaces, client and server, are joined by a process-level switch that sees every Ethernet frame between
them: data, acknowledgements and TCP's keepalive probes alike.  Once a TCP connection has been idle for too long, the
switch drops all its later packets without a word: no FIN and no RST reaches either side.

Sockets belong to the namespace in which they are made, so a test makes its connection `inside` the client's, and a
relay that listens inside the server's forwards it to a port of this machine.
"""

from __future__ import annotations

import contextlib
import ctypes
import fcntl
import os
import select
import socket
import struct
import subprocess
import threading
import time
from collections.abc import Iterator

from local.config import HOST

CLIENT, SERVER = "10.99.0.1", "10.99.0.2"
_SIOCETHTOOL, _ETHTOOL_STXCSUM = 0x8946, 0x17
_ETH_P_ALL, _ETH_P_IP, _ETHERNET_BYTES, _PROTOCOL = 3, 0x0800, 14, 9
_FRAME_BYTES = 65_536

Flow = frozenset[tuple[bytes, int]]
"""Both ends of a TCP connection."""


class IdleLink:
    """The link, its relay, and what the switch saw."""

    def __init__(self, target_port: int, idle_seconds: float) -> None:
        self.idle_seconds = idle_seconds
        self.forgotten: set[Flow] = set()
        self.dropped_packets = 0
        self._seen_at: dict[Flow, float] = {}
        self._target_port = target_port
        self._home = os.open("/proc/thread-self/ns/net", os.O_RDONLY)
        self._client, self._switch, self._server = (self._namespace() for _ in range(3))
        for name, namespace, address in (("c", self._client, CLIENT), ("s", self._server, SERVER)):
            self._wire(name, namespace, address)
        self._ports = {side: self._packets(f"{side}1") for side in "cs"}
        with self._inside(self._server):
            self._listener = socket.create_server((SERVER, 0))
        self.port: int = self._listener.getsockname()[1]
        self._relayed: list[socket.socket] = []
        self._stopping, self._wake = os.pipe()
        self._threads = [threading.Thread(target=each, daemon=True) for each in (self._forward_frames, self._accept)]
        for thread in self._threads:
            thread.start()

    def inside(self) -> contextlib.AbstractContextManager[None]:
        """Let this thread make its sockets at the client's end of the link."""
        return self._inside(self._client)

    def close(self) -> None:
        """Take everything away; the namespaces end with their last descriptor."""
        os.close(self._wake)
        self._threads[0].join()
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        for each in (*self._relayed, *self._ports.values()):
            with contextlib.suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
            each.close()
        self._listener.close()
        for descriptor in (self._home, self._client, self._switch, self._server, self._stopping):
            os.close(descriptor)

    def _namespace(self) -> int:
        os.unshare(os.CLONE_NEWNET)
        try:
            return os.open("/proc/thread-self/ns/net", os.O_RDONLY)
        finally:
            os.setns(self._home, os.CLONE_NEWNET)

    @contextlib.contextmanager
    def _inside(self, namespace: int) -> Iterator[None]:
        os.setns(namespace, os.CLONE_NEWNET)
        try:
            yield
        finally:
            os.setns(self._home, os.CLONE_NEWNET)

    def _wire(self, name: str, namespace: int, address: str) -> None:
        """Lay a cable from a namespace to the switch: NAME0 there, NAME1 here."""
        with self._inside(self._switch):
            self._ip("link", "add", f"{name}1", "type", "veth", "peer", "name", f"{name}0")
            self._ip("link", "set", f"{name}0", "netns", f"/proc/self/fd/{namespace}", keep=namespace)
            self._ip("link", "set", f"{name}1", "up")
        with self._inside(namespace):
            self._ip("address", "add", f"{address}/24", "dev", f"{name}0")
            self._ip("link", "set", f"{name}0", "up")
            _calculate_checksums(f"{name}0")

    def _ip(self, *arguments: str, keep: int | None = None) -> None:
        subprocess.run(["ip", *arguments], check=True, pass_fds=() if keep is None else (keep,))

    def _packets(self, interface: str) -> socket.socket:
        with self._inside(self._switch):
            found = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(_ETH_P_ALL))
            found.bind((interface, _ETH_P_ALL))
            return found

    def _forward_frames(self) -> None:
        client, server = self._ports["c"], self._ports["s"]
        ways = {client.fileno(): (client, server), server.fileno(): (server, client)}
        while True:
            ready, _, _ = select.select([*ways, self._stopping], [], [])
            if self._stopping in ready:
                return
            for source, target in (ways[each] for each in ready):
                frame, (_, _, kind, *_) = source.recvfrom(_FRAME_BYTES)
                if kind != socket.PACKET_OUTGOING and not self._is_dropped(frame):
                    target.send(frame)

    def _is_dropped(self, frame: bytes) -> bool:
        flow = _flow(frame)
        if flow is None:
            return False
        now = time.monotonic()
        if now - self._seen_at.get(flow, now) > self.idle_seconds:
            self.forgotten.add(flow)
        self._seen_at[flow] = now
        self.dropped_packets += flow in self.forgotten
        return flow in self.forgotten

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                near, _ = self._listener.accept()
                far = socket.create_connection((HOST, self._target_port))
                self._relayed += [near, far]
                for pair in ((near, far), (far, near)):
                    threading.Thread(target=_relay, args=pair, daemon=True).start()


@contextlib.contextmanager
def idle_link(target_port: int, idle_seconds: float) -> Iterator[IdleLink]:
    """Put such a link before a port of this machine."""
    link = IdleLink(target_port, idle_seconds)
    try:
        yield link
    finally:
        link.close()


def is_possible() -> bool:
    """Return whether this process may make network namespaces, which takes CAP_SYS_ADMIN and CAP_NET_ADMIN."""
    home = os.open("/proc/thread-self/ns/net", os.O_RDONLY)
    try:
        os.unshare(os.CLONE_NEWNET)
        os.setns(home, os.CLONE_NEWNET)
    except OSError:
        return False
    finally:
        os.close(home)
    return True


def _calculate_checksums(interface: str) -> None:
    """Have the kernel put whole checksums into packets, which a virtual cable does without and a switch cannot."""
    value = ctypes.create_string_buffer(struct.pack("II", _ETHTOOL_STXCSUM, 0))
    request = struct.pack("16sP", interface.encode(), ctypes.addressof(value)) + bytes(16)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        fcntl.ioctl(any_socket, _SIOCETHTOOL, request)


def _flow(frame: bytes) -> Flow | None:
    if struct.unpack_from("!H", frame, 12)[0] != _ETH_P_IP or frame[_ETHERNET_BYTES + _PROTOCOL] != socket.IPPROTO_TCP:
        return None
    start = _ETHERNET_BYTES + (frame[_ETHERNET_BYTES] & 15) * 4
    source, target = struct.unpack_from("!HH", frame, start)
    return frozenset({(frame[26:30], source), (frame[30:34], target)})


def _relay(source: socket.socket, target: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while data := source.recv(_FRAME_BYTES):
            target.sendall(data)
        target.shutdown(socket.SHUT_WR)
