"""Connections to nodes: sockets, and circuits over the sockets to relays."""

import itertools
from collections import deque

from link import (
    INITIATOR, MESSAGE_FRAME, MOST, RELAY_FRAME, SEAL, Refused, Session, circuit_of, put_on, reason,
)
from messages import node_id
from websocket import Closed, WebSocket

FIRST_CREDIT, MOST_CREDIT = 262_144, 1_048_576
CREDIT_WORTH_SAYING = FIRST_CREDIT // 4
UNREACHABLE = 15
TIMEOUT = 10


class Channel:
    """A connection to one node, which answers what a node asks of one that is in no ring."""

    def __init__(self, ring):
        self.session, self.is_open, self.closed = Session(ring, INITIATOR), False, None
        self.numbers, self.inbox, self.answers = itertools.count(1), deque(), {}

    def greet(self):
        self.send(self.session.hello())
        self.send(self.session.on_hello(self.next()))
        self.session.on_proof(self.next())
        self.send(self.session.introduce())
        self.session.on_introduction(self.next())
        self.is_open = True
        self.id = node_id(self.session.card)

    def next(self):
        """The next frame of the handshake."""
        self.pump_until(lambda: self.inbox)
        return self.inbox.popleft()

    def ask(self, request):
        """The content of the response, whose variant has the request's own name unless `Value` answers a `Read`."""
        number = next(self.numbers)
        self.send(self.session.seal({"Request": [number, request]}))
        self.pump_until(lambda: number in self.answers)
        return self.answers.pop(number)

    def pump_until(self, is_there):
        while not is_there():
            if self.closed:
                raise Closed(self.closed)
            self.pump()

    def hear(self, data):
        if not self.is_open:
            self.inbox.append(data)
            return
        kind, content = self.session.open(data, self.is_circuit)
        if kind == RELAY_FRAME:
            self.on_relay_message(content)
        elif kind == MESSAGE_FRAME and "Response" in content:
            number, answer = content["Response"]
            self.answers[number] = answer
        elif kind == MESSAGE_FRAME and "Request" in content:
            number, asked = content["Request"]
            self.send(self.session.seal({"Response": [number, "Pong" if asked == "Ping" else "NotMember"]}))


class Socket(Channel):
    """A connection of its own, which may carry circuits."""

    is_circuit = False

    def __init__(self, url, ring):
        super().__init__(ring)
        self.hop = {"address": url}
        self.ring, self.url, self.socket = ring, url, WebSocket(url, TIMEOUT)
        self.circuits, self.next_circuit, self.last_of_theirs = {}, 1, 0
        self.greet()

    def send(self, data):
        self.socket.send(data)

    def pump(self):
        data = self.socket.receive()
        number = circuit_of(data) if self.is_open else 0
        if len(data) > MOST + SEAL:
            raise Refused("too large")
        if number == 0:
            self.hear(data)
        elif number in self.circuits:
            self.circuits[number].carry(data)
        elif number >= self.next_circuit if number % 2 else number > self.last_of_theirs:
            raise Refused("garbage")

    def say(self, message):
        self.send(self.session.seal_relay(message))

    def circuit_to(self, target):
        """A circuit to a node that has its lease at the other end."""
        number, self.next_circuit = self.next_circuit, self.next_circuit + 2
        self.circuits[number] = Circuit(self, number)
        self.say({"Open": {"circuit": number, "target": target, "relay": None}})
        self.circuits[number].greet()
        return self.circuits[number]

    def on_relay_message(self, message):
        if message == "Lease":
            self.say({"Refused": UNREACHABLE})
        elif "Open" in message:
            number = message["Open"]["circuit"]
            if number % 2 or number <= self.last_of_theirs:
                raise Refused("garbage")
            self.last_of_theirs = number
            self.say({"Close": {"circuit": number, "reason": UNREACHABLE}})
        elif "Close" in message and message["Close"]["circuit"] in self.circuits:
            self.circuits.pop(message["Close"]["circuit"]).closed = reason(message["Close"]["reason"])
        elif "Credit" in message and message["Credit"]["circuit"] in self.circuits:
            self.circuits[message["Credit"]["circuit"]].grant(message["Credit"]["bytes"])

    def close(self):
        self.socket.close()


class Circuit(Channel):
    """A connection over a socket to a relay, which the node at the other end has a lease of."""

    is_circuit = True

    def __init__(self, carrier, number):
        super().__init__(carrier.ring)
        self.hop = {"address": None, "via": carrier.url}
        self.carrier, self.number, self.url = carrier, number, f"circuit {number} over {carrier.url}"
        self.credit, self.promised, self.used = FIRST_CREDIT, FIRST_CREDIT, 0

    def pump(self):
        self.carrier.pump()

    def send(self, data):
        self.pump_until(lambda: self.credit >= len(data))
        self.credit -= len(data)
        self.carrier.send(put_on(self.number, data))

    def grant(self, count):
        self.credit += count
        if self.credit > MOST_CREDIT:
            raise Refused("credit")

    def carry(self, data):
        self.promised -= len(data)
        if self.promised < 0:
            raise Refused("credit")
        self.hear(put_on(0, data))
        self.used += len(data)
        if self.used >= CREDIT_WORTH_SAYING:
            self.carrier.say({"Credit": {"circuit": self.number, "bytes": self.used}})
            self.promised, self.used = self.promised + self.used, 0

    def close(self):
        if self.carrier.circuits.pop(self.number, None):
            self.carrier.say({"Close": {"circuit": self.number, "reason": 0}})
