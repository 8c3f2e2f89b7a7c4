"""One link: the handshake as its initiator, and sealed frames. `Session` has no socket, so that vectors can drive it."""

import os
import struct

from blake3 import derive_key, keyed
from curve25519 import public_key, x25519, x25519_public
from messages import CARD, HELLO, MESSAGE, sign_card, sign_for, verify_for
from postcard import Malformed, decode

HELLO_FRAME, PROOF_FRAME, INTRODUCTION_FRAME, MESSAGE_FRAME = 0x01, 0x02, 0x03, 0x10
HEADER, SEAL, COUNTER = 6, 24, 8
MOST, MOST_IN_HANDSHAKE = 69_632, 512
INITIATOR, RESPONDER = 0, 1
HANDSHAKE_PURPOSE = "chordscope v1 handshake signature"
KEY_CONTEXTS = (
    "chordscope v1 session initiator to responder",
    "chordscope v1 session responder to initiator",
)


class Refused(Exception):
    """What ends the connection, in words."""


def frame(kind, body):
    return struct.pack("<BBI", kind, 0, 0) + body


def unframe(data, most=MOST):
    """Type and body of a frame on the link itself."""
    if len(data) > most:
        raise Refused("too long")
    if len(data) < HEADER:
        raise Refused("short header")
    kind, flags, circuit = struct.unpack("<BBI", data[:HEADER])
    if kind not in (HELLO_FRAME, PROOF_FRAME, INTRODUCTION_FRAME, MESSAGE_FRAME):
        raise Refused("unknown type")
    if flags:
        raise Refused("flags")
    if circuit:
        raise Refused("circuit")
    return kind, data[HEADER:]


def read(schema, body):
    try:
        return decode(schema, body)
    except Malformed as why:
        raise Refused(str(why)) from None


def _text(text):
    return struct.pack("<Q", len(text.encode())) + text.encode()


def transcript(role, initiator, responder, ring):
    """What a proof signs: both hellos, seen from the signer's role."""
    parts = [bytes([role])]
    for hello in (initiator, responder):
        parts += [bytes.fromhex(hello["key"]), bytes([hello["index"]])]
        parts += [bytes.fromhex(hello["nonce"]), bytes.fromhex(hello["share"])]
    return b"".join(parts) + _text("chordscope.v1") + _text(ring)


def session_keys(shared, initiator, responder, ring):
    secret = shared + transcript(INITIATOR, initiator, responder, ring)
    return tuple(derive_key(context, secret) for context in KEY_CONTEXTS)


class Sealer:
    """One direction of a link."""

    def __init__(self, key):
        self.key, self.counter = key, 0

    def _tag(self, data):
        return keyed(self.key, data)[:SEAL - COUNTER]

    def seal(self, data):
        data += struct.pack("<Q", self.counter)
        self.counter += 1
        return data + self._tag(data)

    def open(self, data):
        if len(data) < HEADER + SEAL:
            raise Refused("short header")
        covered, tag = data[:COUNTER - SEAL], data[COUNTER - SEAL:]
        if tag != self._tag(covered):
            raise Refused("tag")
        if struct.unpack("<Q", covered[-COUNTER:])[0] != self.counter:
            raise Refused("counter")
        self.counter += 1
        return covered[:-COUNTER]


class Session:
    """The handshake as initiator, from four secrets, step by step."""

    def __init__(self, ring, secret=None, nonce=None, share=None):
        self.secret, self.share = secret or os.urandom(32), share or os.urandom(32)
        self.ring = ring
        self.mine = {
            "nonce": (nonce or os.urandom(32)).hex(),
            "share": x25519_public(self.share).hex(),
            "key": public_key(self.secret).hex(),
            "index": 0,
            "ring": ring,
        }

    def hello(self):
        return frame(HELLO_FRAME, HELLO.write(self.mine))

    def on_hello(self, data):
        """Takes the other side's hello; returns one's own proof."""
        self.theirs = read(HELLO, self._expect(HELLO_FRAME, data))
        if self.theirs["index"] >= 16:
            raise Refused("index")
        if self.theirs["ring"] != self.ring:
            raise Refused("another ring")
        if self.theirs["key"] == self.mine["key"]:
            raise Refused("own key")
        shared = x25519(self.share, bytes.fromhex(self.theirs["share"]))
        if shared == bytes(32):
            raise Refused("all-zero secret")
        self.sending, self.receiving = map(Sealer, session_keys(shared, self.mine, self.theirs, self.ring))
        return frame(PROOF_FRAME, sign_for(HANDSHAKE_PURPOSE, self.secret, self._transcript(INITIATOR)))

    def on_proof(self, data):
        """Takes the other side's proof; returns one's own introduction."""
        body = self._expect(PROOF_FRAME, data)
        if not verify_for(HANDSHAKE_PURPOSE, bytes.fromhex(self.theirs["key"]), self._transcript(RESPONDER), body):
            raise Refused("proof")
        return self.sending.seal(frame(INTRODUCTION_FRAME, CARD.write(sign_card(self.secret, 0, 1, []))))

    def on_introduction(self, data):
        card = read(CARD, self._expect(INTRODUCTION_FRAME, data, self.receiving))
        if (card["key"], card["index"]) != (self.theirs["key"], self.theirs["index"]):
            raise Refused("somebody else's card")
        return card

    def seal(self, message):
        return self.sending.seal(frame(MESSAGE_FRAME, MESSAGE.write(message)))

    def open(self, data):
        kind, body = unframe(self.receiving.open(data))
        if kind != MESSAGE_FRAME:
            raise Refused("out of turn")
        return read(MESSAGE, body)

    def _transcript(self, role):
        return transcript(role, self.mine, self.theirs, self.ring)

    def _expect(self, kind, data, sealer=None):
        if len(data) > MOST_IN_HANDSHAKE:
            raise Refused("too long")
        got, body = unframe(sealer.open(data) if sealer else data)
        if got != kind:
            raise Refused("out of turn")
        return body
