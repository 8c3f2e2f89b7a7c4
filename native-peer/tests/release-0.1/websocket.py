"""The client's side of RFC 6455 over a blocking socket: whole binary messages, one of them per frame of the protocol."""

import base64
import hashlib
import os
import socket
import struct
from urllib.parse import urlsplit

SUBPROTOCOL = "chordscope.v1"
MOST = 69_632 + 24
BINARY, CLOSE, PING, PONG = 2, 8, 9, 10


class Closed(Exception):
    """The connection is no WebSocket, or the other side has closed it: with its reason if it gave one."""


class WebSocket:
    def __init__(self, url, timeout):
        parts = urlsplit(url)
        if parts.scheme != "ws":
            raise ValueError(f"not a ws:// address: {url}")
        self.socket = socket.create_connection((parts.hostname, parts.port or 80), timeout)
        self.buffer = b""
        key = base64.b64encode(os.urandom(16)).decode()
        self.socket.sendall(
            f"GET {parts.path or '/'} HTTP/1.1\r\nHost: {parts.netloc}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            f"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {key}\r\n"
            f"Sec-WebSocket-Protocol: {SUBPROTOCOL}\r\n\r\n".encode()
        )
        self._check_upgrade(key)

    def _check_upgrade(self, key):
        while b"\r\n\r\n" not in self.buffer:
            if len(self.buffer) > 8_192:
                raise Closed("an endless answer instead of a WebSocket")
            self._fill()
        head, _, self.buffer = self.buffer.partition(b"\r\n\r\n")
        status, *lines = head.decode("latin-1").split("\r\n")
        headers = {name.strip().lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
        digest = hashlib.sha1((key + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11").encode()).digest()
        if status.split(" ")[1:2] != ["101"] or headers.get("sec-websocket-accept") != base64.b64encode(digest).decode():
            raise Closed(f"no WebSocket: {status}")
        if headers.get("sec-websocket-protocol") != SUBPROTOCOL:
            raise Closed("the peer does not speak chordscope.v1")

    def send(self, data):
        self._send(BINARY, data)

    def receive(self):
        """The next binary message."""
        message = b""
        while True:
            last, opcode, payload = self._frame()
            if opcode == PING:
                self._send(PONG, payload)
            elif opcode == CLOSE:
                raise Closed(payload[2:].decode(errors="replace") or "closed")
            elif opcode in (0, BINARY):
                message += payload
                if len(message) > MOST:
                    raise Closed("a message that is too long")
                if last:
                    return message
            elif opcode != PONG:
                raise Closed("not a binary message")

    def close(self):
        try:
            self._send(CLOSE, struct.pack(">H", 1000))
        except OSError:
            pass
        self.socket.close()

    def _send(self, opcode, data):
        mask, length = os.urandom(4), len(data)
        if length < 126:
            size = bytes([0x80 | length])
        elif length < 65_536:
            size = struct.pack(">BH", 0x80 | 126, length)
        else:
            size = struct.pack(">BQ", 0x80 | 127, length)
        masked = bytes(byte ^ mask[i & 3] for i, byte in enumerate(data))
        self.socket.sendall(bytes([0x80 | opcode]) + size + mask + masked)

    def _frame(self):
        first, length = self._take(2)
        if length == 126:
            (length,) = struct.unpack(">H", self._take(2))
        elif length == 127:
            (length,) = struct.unpack(">Q", self._take(8))
        if length > MOST:
            raise Closed("a message that is too long")
        return first & 0x80, first & 0x0F, self._take(length)

    def _take(self, count):
        while len(self.buffer) < count:
            self._fill()
        taken, self.buffer = self.buffer[:count], self.buffer[count:]
        return taken

    def _fill(self):
        more = self.socket.recv(65_536)
        if not more:
            raise Closed("the connection ended")
        self.buffer += more
