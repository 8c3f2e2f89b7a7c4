"""A member's connection to another node. A thread reads it, and any thread may send."""

import threading

from link import INITIATOR, MESSAGE_FRAME, REASONS, RELAY_FRAME, Refused, Session
from messages import node_id
from websocket import Closed, WebSocket

HANDSHAKE_PATIENCE, IDLE = 5, 45
RESPONDER = 1 - INITIATOR
UNREACHABLE = REASONS.index("unreachable")
# It reads what is said in groups of level quorum, and declines.
UNSUPPORTED, LINEAGE, TOMBSTONES = 1, 2, 16


class Connection:
    def __init__(self, socket, role, member):
        self.socket, self.role = socket, role
        self.session = Session(member.ring, role, member.secret, features=UNSUPPORTED | LINEAGE | TOMBSTONES)
        self.sending, self.is_open = threading.Lock(), True
        try:
            self._greet(member.card)
        except (Refused, OSError) as why:
            self.close(str(why) if isinstance(why, Refused) else "handshake timeout")
            raise
        self.card, self.id = self.session.card, node_id(self.session.card)

    @classmethod
    def dial(cls, url, member):
        return cls(WebSocket.dial(url, HANDSHAKE_PATIENCE), INITIATOR, member)

    @classmethod
    def accept(cls, connection, member):
        return cls(WebSocket.accept(connection, HANDSHAKE_PATIENCE), RESPONDER, member)

    def _greet(self, card):
        self.socket.send(self.session.hello())
        self.socket.send(self.session.on_hello(self.socket.receive()))
        self.session.on_proof(self.socket.receive())
        self.socket.send(self.session.introduce(card["version"], [one["Socket"] for one in card["addresses"]]))
        self.session.on_introduction(self.socket.receive())
        self.socket.socket.settimeout(IDLE)

    def read(self, hear):
        """Hands each message to `hear` until the connection ends; returns why it did, None if this side has closed it."""
        try:
            while self.is_open:
                kind, content = self.session.open(self.socket.receive())
                self.card = self.session.card
                if kind == RELAY_FRAME:
                    self._decline(content)
                elif kind == MESSAGE_FRAME:
                    hear(self, content)
        except TimeoutError:
            return self.close("idle")
        except Refused as why:
            return self.close(str(why))
        except (Closed, OSError) as why:
            if self.is_open:
                self.close("gone")
                return str(why)
        return None

    def _decline(self, message):
        """This member relays for nobody."""
        if message == "Lease":
            self.say({"Refused": UNREACHABLE})
        elif "Open" in message:
            self.say({"Close": {"circuit": message["Open"]["circuit"], "reason": UNREACHABLE}})

    def send(self, message):
        with self.sending:
            self.socket.send(self.session.seal(message))

    def say(self, message):
        with self.sending:
            self.socket.send(self.session.seal_relay(message))

    def close(self, reason):
        self.is_open = False
        self.socket.close(4_000 + (REASONS.index(reason) if reason in REASONS else 0), reason)
        return reason
