"""RFC 6455 over a blocking socket, both sides: whole binary messages, one of them per frame of the protocol."""

import base64
import hashlib
import os
import socket
import struct
import threading
from urllib.parse import urlsplit

SUBPROTOCOL = "chordscope.v1"
MOST = 69_632 + 24
BINARY, CLOSE, PING, PONG = 2, 8, 9, 10


class Closed(Exception):
    """The connection is no WebSocket, or the other side has closed it: with its reason if it gave one."""


class WebSocket:
    """One side of a connection. Only a client masks what it sends."""

    def __init__(self, connection, is_client):
        self.socket, self.is_client, self.buffer = connection, is_client, b""
        self.sending = threading.Lock()

    @classmethod
    def dial(cls, url, timeout):
        parts = urlsplit(url)
        if parts.scheme != "ws":
            raise ValueError(f"not a ws:// address: {url}")
        self = cls(socket.create_connection((parts.hostname, parts.port or 80), timeout), True)
        key = base64.b64encode(os.urandom(16)).decode()
        self.socket.sendall(
            f"GET {parts.path or '/'} HTTP/1.1\r\nHost: {parts.netloc}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            f"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {key}\r\n"
            f"Sec-WebSocket-Protocol: {SUBPROTOCOL}\r\n\r\n".encode()
        )
        status, headers = self._head()
        if status.split(" ")[1:2] != ["101"] or headers.get("sec-websocket-accept") != _accepts(key):
            raise Closed(f"no WebSocket: {status}")
        if headers.get("sec-websocket-protocol") != SUBPROTOCOL:
            raise Closed("the peer does not speak chordscope.v1")
        return self

    @classmethod
    def accept(cls, connection, timeout):
        connection.settimeout(timeout)
        self = cls(connection, False)
        request, headers = self._head()
        offered = [one.strip() for one in headers.get("sec-websocket-protocol", "").split(",")]
        if request.split(" ")[:2] != ["GET", "/ws"] or SUBPROTOCOL not in offered:
            connection.sendall(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
            raise Closed(f"no WebSocket: {request}")
        connection.sendall(
            "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            f"Sec-WebSocket-Accept: {_accepts(headers.get('sec-websocket-key', ''))}\r\n"
            f"Sec-WebSocket-Protocol: {SUBPROTOCOL}\r\n\r\n".encode()
        )
        return self

    def _head(self):
        """The first line of a request or an answer, and its fields."""
        while b"\r\n\r\n" not in self.buffer:
            if len(self.buffer) > 8_192:
                raise Closed("an endless head instead of a WebSocket")
            self._fill()
        head, _, self.buffer = self.buffer.partition(b"\r\n\r\n")
        first, *lines = head.decode("latin-1").split("\r\n")
        return first, {name.strip().lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}

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
                self._send(CLOSE, payload[:2])
                raise Closed(payload[2:].decode(errors="replace") or "closed")
            elif opcode in (0, BINARY):
                message += payload
                if len(message) > MOST:
                    raise Closed("a message that is too long")
                if last:
                    return message
            elif opcode != PONG:
                raise Closed("not a binary message")

    def ping(self):
        self._send(PING, b"")

    def close(self, code=4_000, text=""):
        try:
            self._send(CLOSE, struct.pack(">H", code) + text.encode())
            self.socket.shutdown(socket.SHUT_WR)
        except OSError:
            pass
        self.socket.close()

    def _send(self, opcode, data):
        length, masks = len(data), 0x80 if self.is_client else 0
        if length < 126:
            size = bytes([masks | length])
        elif length < 65_536:
            size = struct.pack(">BH", masks | 126, length)
        else:
            size = struct.pack(">BQ", masks | 127, length)
        if self.is_client:
            mask = os.urandom(4)
            data = mask + _masked(data, mask)
        with self.sending:
            self.socket.sendall(bytes([0x80 | opcode]) + size + data)

    def _frame(self):
        first, length = self._take(2)
        if bool(length & 0x80) == self.is_client:
            raise Closed("a frame of a client is masked, and no other")
        length &= 0x7F
        if length == 126:
            (length,) = struct.unpack(">H", self._take(2))
        elif length == 127:
            (length,) = struct.unpack(">Q", self._take(8))
        if length > MOST:
            raise Closed("a message that is too long")
        mask = None if self.is_client else self._take(4)
        payload = self._take(length)
        return first & 0x80, first & 0x0F, payload if mask is None else _masked(payload, mask)

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


def _masked(data, mask):
    long_enough = (mask * (len(data) // 4 + 1))[:len(data)]
    return (int.from_bytes(data, "big") ^ int.from_bytes(long_enough, "big")).to_bytes(len(data), "big")


def _accepts(key):
    return base64.b64encode(hashlib.sha1((key + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11").encode()).digest()).decode()
