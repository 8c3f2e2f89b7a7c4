"""One link or circuit: the handshake and sealed frames. `Session` has no socket, so that vectors can drive it."""

import os
import struct

from blake3 import derive_key, keyed, subtree
from curve25519 import public_key, x25519, x25519_public
from messages import CARD, HELLO, MESSAGE, RELAY_MESSAGE, sign_card, sign_for, unknown_request, verify_for
from postcard import U64, Malformed, Reader, decode

HELLO_FRAME, PROOF_FRAME, INTRODUCTION_FRAME, RELAY_FRAME, MESSAGE_FRAME, DATA_FRAME = 0x01, 0x02, 0x03, 0x04, 0x10, 0x11
BLOCK_FRAME = b"\x12"
HEADER, BLOCK_HEADER, SEAL, COUNTER = 6, 46, 24, 8
MOST, MOST_IN_HANDSHAKE, MOST_DATA, MOST_IN_BLOCK = 69_632, 512, 65_536, 65_536
REASONS = (
    "gone", "garbage", "too large", "handshake timeout", "forged identity", "bad tag", "wrong ring", "itself", "too many links",
    "queue full", "replaced", "idle", "leaving", "origin refused", "relay gone", "unreachable", "credit", "too many circuits",
    "too many leases",
)
INITIATOR = 0
# What this client can do: it answers unknown requests with `Unsupported`. The mark stands in the last byte of a share.
FEATURES, FEATURES_MARK = 1, 0x80
HANDSHAKE_PURPOSE = "chordscope v1 handshake signature"
KEY_CONTEXTS = (
    "chordscope v1 session initiator to responder",
    "chordscope v1 session responder to initiator",
)


class Refused(Exception):
    """What ends the connection: one of the page's reasons."""


def reason(number):
    return REASONS[number] if number < len(REASONS) else "gone"


def frame(kind, body):
    return struct.pack("<BBI", kind, 0, 0) + body


def circuit_of(data):
    """The circuit that a frame travels on; 0 when it is too short to say."""
    return struct.unpack("<I", data[2:HEADER])[0] if len(data) >= HEADER else 0


def put_on(circuit, data):
    return data[:2] + struct.pack("<I", circuit) + data[HEADER:]


def unframe(kind, data, most=MOST):
    """The body of a frame on the link itself, which must be of this type."""
    if len(data) > most:
        raise Refused("too large")
    if len(data) < HEADER or struct.unpack("<BBI", data[:HEADER]) != (kind, 0, 0):
        raise Refused("garbage")
    return data[HEADER:]


def read(schema, body, reason="garbage"):
    try:
        return decode(schema, body)
    except Malformed:
        raise Refused(reason) from None


def _text(text):
    return struct.pack("<Q", len(text.encode())) + text.encode()


class Sealer:
    """One direction of a link."""

    def __init__(self, key):
        self.key, self.counter = key, 0

    def _tag(self, frame, counter):
        return keyed(self.key, _covered(frame) + counter)[:SEAL - COUNTER]

    def seal(self, frame):
        counter = struct.pack("<Q", self.counter)
        self.counter += 1
        return frame + counter + self._tag(frame, counter)

    def open(self, data):
        if len(data) > MOST + SEAL:
            raise Refused("too large")
        frame, seal = data[:-SEAL], data[-SEAL:]
        counter = struct.pack("<Q", self.counter)
        if len(data) < SEAL or seal != counter + self._tag(frame, counter):
            raise Refused("bad tag")
        self.counter += 1
        return frame


def _covered(frame):
    """What a tag covers besides the counter: the bytes of a block of a content by their value."""
    head, piece = frame[:BLOCK_HEADER], frame[BLOCK_HEADER:]
    if head[:1] == BLOCK_FRAME and 1 <= len(piece) <= MOST_IN_BLOCK:
        position, = struct.unpack("<Q", head[-8:])
        if position < 1 << 63 and position % MOST_IN_BLOCK == 0:
            return head + subtree(piece, position)
    return frame


class Session:
    """One side of a link, from its secrets, step by step."""

    def __init__(self, ring, role=INITIATOR, secret=None, nonce=None, share=None, index=0, features=FEATURES):
        self.role, self.ring, self.features = role, ring, features
        self.secret, self.share = secret or os.urandom(32), share or os.urandom(32)
        self.mine = {
            "nonce": (nonce or os.urandom(32)).hex(),
            "share": self._marked(x25519_public(self.share)).hex(),
            "key": public_key(self.secret).hex(),
            "index": index,
            "ring": ring,
        }

    def _marked(self, share):
        return share if self.features is None else share[:31] + bytes([share[31] | FEATURES_MARK])

    def tells_features(self):
        """Whether introductions carry features: both hellos have the mark."""
        return all(bytes.fromhex(hello["share"])[31] & FEATURES_MARK for hello in (self.mine, self.theirs))

    def hello(self):
        return frame(HELLO_FRAME, HELLO.write(self.mine))

    def on_hello(self, data):
        """Takes the other side's hello; returns one's own proof."""
        self.theirs = read(HELLO, unframe(HELLO_FRAME, data, MOST_IN_HANDSHAKE))
        if self.theirs["index"] >= 16:
            raise Refused("garbage")
        if self.theirs["ring"] != self.ring:
            raise Refused("wrong ring")
        if all(self.theirs[field] == self.mine[field] for field in ("key", "index")):
            raise Refused("itself")
        return frame(PROOF_FRAME, sign_for(HANDSHAKE_PURPOSE, self.secret, self._transcript(self.role)))

    def on_proof(self, data):
        """Takes the other side's proof; one may introduce oneself then."""
        body = unframe(PROOF_FRAME, data, MOST_IN_HANDSHAKE)
        if len(body) != 64:
            raise Refused("garbage")
        theirs = bytes.fromhex(self.theirs["key"])
        if not verify_for(HANDSHAKE_PURPOSE, theirs, self._transcript(1 - self.role), body):
            raise Refused("forged identity")
        shared = x25519(self.share, bytes.fromhex(self.theirs["share"]))
        if shared == bytes(32):
            raise Refused("forged identity")
        secret = shared + self._transcript(INITIATOR)
        keys = [Sealer(derive_key(context, secret)) for context in KEY_CONTEXTS]
        self.sending, self.receiving = keys[self.role], keys[1 - self.role]

    def introduce(self, version=1, addresses=()):
        card = sign_card(self.secret, self.mine["index"], version, addresses)
        body = CARD.write(card) + (U64.write(self.features) if self.tells_features() else b"")
        return self.sending.seal(frame(INTRODUCTION_FRAME, body))

    def on_introduction(self, data):
        card = self._introduction(unframe(INTRODUCTION_FRAME, self.receiving.open(data)), "forged identity")
        if (card["key"], card["index"]) != (self.theirs["key"], self.theirs["index"]):
            raise Refused("forged identity")
        self.card = card
        return card

    def _introduction(self, body, reason="garbage"):
        """A card, and features where both read them; what stands behind those is for later releases."""
        self.their_features = 0
        if not self.tells_features():
            return read(CARD, body, reason)
        reader = Reader(body)
        try:
            card, self.their_features = CARD.read(reader), U64.read(reader)
        except Malformed:
            raise Refused(reason) from None
        return card

    def seal(self, message):
        return self.sending.seal(frame(MESSAGE_FRAME, MESSAGE.write(message)))

    def seal_relay(self, message):
        return self.sending.seal(frame(RELAY_FRAME, RELAY_MESSAGE.write(message)))

    def open(self, data, on_circuit=False):
        """What stands in a frame behind the introduction: its type and content."""
        data = self.receiving.open(data)
        kind = data[0] if data else 0
        body = unframe(kind, data)
        if kind == MESSAGE_FRAME:
            number = unknown_request(body) if self.their_features & FEATURES else None
            return kind, read(MESSAGE, body) if number is None else {"Request": [number, None]}
        if kind == RELAY_FRAME and not on_circuit:
            return kind, read(RELAY_MESSAGE, body)
        if kind == DATA_FRAME:
            if len(body) > MOST_DATA:
                raise Refused("too large")
            return kind, body
        if kind == INTRODUCTION_FRAME:
            return kind, self._newer(self._introduction(body))
        raise Refused("garbage")

    def _newer(self, card):
        same_node = (card["key"], card["index"]) == (self.card["key"], self.card["index"])
        if not same_node or card["version"] <= self.card["version"]:
            raise Refused("garbage")
        self.card = card
        return card

    def _transcript(self, role):
        """What the proof of the side `role` signs: both hellos, seen from that side."""
        initiator, responder = (self.mine, self.theirs) if self.role == INITIATOR else (self.theirs, self.mine)
        parts = [bytes([role])]
        for hello in (initiator, responder):
            parts += [bytes.fromhex(hello["key"]), bytes([hello["index"]])]
            parts += [bytes.fromhex(hello["nonce"]), bytes.fromhex(hello["share"])]
        return b"".join(parts) + _text("chordscope.v1") + _text(self.ring)
