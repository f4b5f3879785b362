"""Make a connection silent: the peer gets neither an answer nor an end, as if a firewall had dropped it."""

import ctypes
import socket
import struct
from asyncio.trsock import TransportSocket

_SO_ATTACH_FILTER = 26  # Linux, asm-generic/socket.h
_RETURN = 0x06  # BPF_RET | BPF_K, linux/bpf_common.h


def drop_packets(endpoint: TransportSocket) -> None:
    """Drop every packet that arrives from now on, before the kernel acknowledges it.

    An end of the process that holds the socket would end the connection; so would its close.
    """
    keep_no_bytes = ctypes.create_string_buffer(struct.pack("HBBI", _RETURN, 0, 0, 0))
    program = struct.pack("HP", 1, ctypes.addressof(keep_no_bytes))
    endpoint.setsockopt(socket.SOL_SOCKET, _SO_ATTACH_FILTER, program)
