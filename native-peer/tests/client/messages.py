"""The vocabulary of docs/protocol.md: cards, records and messages, with their signatures."""

import re
import struct

from blake3 import blake3, derive_key
from curve25519 import public_key, sign, verify
from postcard import BOOL, U16, U32, U64, Array, Byte, Bytes, Enum, Malformed, Option, Seq, Struct, Text, Tuple

ID_BYTES = 20


def digest(purpose, *parts):
    return derive_key(purpose, b"".join(_prefixed(part) for part in parts))


def sign_for(purpose, secret, message):
    return sign(secret, digest(purpose, message))


def verify_for(purpose, public, message, signature):
    return verify(public, digest(purpose, message), signature)


def _prefixed(data):
    return struct.pack("<Q", len(data)) + data


def name_id(name):
    return blake3(name.encode())[:ID_BYTES].hex()


def node_id(card):
    """The id of the node that a card (or a hello) speaks of."""
    key = bytes.fromhex(card["key"])
    return blake3(key + bytes([card["index"]]) if card["index"] else key)[:ID_BYTES].hex()


CARD_PURPOSE = "chordscope v1 contact signature"
RECORD_PURPOSE = "chordscope v1 record signature"


def _card_message(card):
    message = bytes.fromhex(card["key"]) + struct.pack("<BQQ", card["index"], card["version"], len(card["addresses"]))
    message += b"".join(_prefixed(address["Socket"].encode()) for address in card["addresses"])
    relays = card.get("relays", ())
    message += struct.pack("<Q", len(relays))
    return message + b"".join(_prefixed(_card_message(relay)) + bytes.fromhex(relay["signature"]) for relay in relays)


def sign_card(secret, index, version, addresses, relays=()):
    card = {"key": public_key(secret).hex(), "index": index, "version": version}
    card["addresses"] = [{"Socket": address} for address in addresses]
    card["relays"] = list(relays)
    card["signature"] = sign_for(CARD_PURPOSE, secret, _card_message(card)).hex()
    return card


def check_card(card):
    """A card, or a relay's card inside another one."""
    if card["index"] >= 16:
        raise Malformed("index")
    if len(card["addresses"]) + len(card.get("relays", ())) > 4:
        raise Malformed("addresses")
    for address in card["addresses"]:
        url = address["Socket"]
        if len(url) > 255 or not re.fullmatch(r"wss?://[A-Za-z0-9.:\[\]_-]+/ws", url):
            raise Malformed("address")
    if not verify_for(CARD_PURPOSE, bytes.fromhex(card["key"]), _card_message(card), bytes.fromhex(card["signature"])):
        raise Malformed("signature")


def check_name(record):
    if not 1 <= len(record["name"].encode()) <= 255:
        raise Malformed("malformed")


def record_fault(record):
    """Why a record is refused, as `Refused` says it; None if it is good."""
    if len(record["value"] or "") > 2 * 65_536:
        return "Value"
    if record["lifetime"] > 86_400:
        return "Lifetime"
    return None if _record_is_signed(record) else "Signature"


def _record_message(record):
    value = bytes.fromhex(record["value"] or "")
    message = _prefixed(record["name"].encode()) + bytes([record["value"] is not None]) + _prefixed(value)
    message += struct.pack("<Q", record["sequence"]) + bytes.fromhex(record["author"])
    return message + struct.pack("<I", record["lifetime"])


def _record_is_signed(record):
    author, signature = bytes.fromhex(record["author"]), bytes.fromhex(record["signature"])
    return verify_for(RECORD_PURPOSE, author, _record_message(record), signature)


def sign_record(secret, name, value, sequence, lifetime):
    record = {"name": name, "value": value, "sequence": sequence, "author": public_key(secret).hex(), "lifetime": lifetime}
    record["signature"] = sign_for(RECORD_PURPOSE, secret, _record_message(record)).hex()
    return record


def record_version(record):
    """What the newer of two records has more of."""
    value = bytes.fromhex(record["value"] or "")
    return record["sequence"], record["author"], blake3(value)[:8].hex()


ID = Array(ID_BYTES)
KEY, SIGNATURE = Array(32), Array(64)
ADDRESS = Enum(("Socket", Text()))
ADDRESSES = Seq(ADDRESS, 4, "addresses")
RELAY_CARD = Struct(check_card, key=KEY, index=Byte(), version=U64, addresses=ADDRESSES, signature=SIGNATURE)
CARD = Struct(
    check_card, key=KEY, index=Byte(), version=U64, addresses=ADDRESSES, relays=Seq(RELAY_CARD, 4, "addresses"),
    signature=SIGNATURE,
)
RELAY_MESSAGE = Enum(
    "Lease", ("Leased", Struct(grace=U16, circuits=U16)), ("Refused", Byte()), "Release",
    ("Open", Struct(circuit=U32, target=ID, relay=Option(ID))), ("Close", Struct(circuit=U32, reason=Byte())),
    ("Credit", Struct(circuit=U32, bytes=U32)),
)
HELLO = Struct(nonce=Array(32), share=Array(32), key=KEY, index=Byte(), ring=Text())
NEIGHBOURS = Struct(predecessor=Option(CARD), successors=Seq(CARD, 32))
ROUTING = Enum("Finger", "Linear")
HOP = Enum("Here", ("Owner", CARD), ("Finger", Struct(row=Byte(), card=CARD)), ("Along", CARD), ("Back", CARD))
RECORD = Struct(
    check_name, name=Text(), value=Option(Bytes()), sequence=U64, author=KEY, lifetime=U32, signature=SIGNATURE
)
COPY = Struct(record=RECORD, remaining=U32)
VERSION = Struct(sequence=U64, author=KEY, digest=Array(8))
STEP = Struct(lookup=U64, key=ID, routing=ROUTING, arrived=BOOL, avoid=Seq(ID, 16))
FORWARD = Struct(lookup=U64, origin=CARD, key=ID, routing=ROUTING, arrived=BOOL, path=Seq(ID, 1_024))
REFUSAL = Enum("Name", "Value", "Lifetime", "Signature", "SequenceJump", "Full", "Storage")
EPOCH = Struct(round=U64, proposer=ID)
GROUP = Struct(upto=ID, epoch=EPOCH)
STAMP = Struct(epoch=EPOCH, index=U64)
ENTRY = Struct(stamp=STAMP, copy=COPY)
MEMBERS = Seq(CARD, 8)
FOLLOWING = Struct(epoch=EPOCH, members=MEMBERS, split=Option(Tuple(ID, MEMBERS)))
CONFIGURATION = Struct(ring=U64, after=ID, upto=ID, epoch=EPOCH, members=MEMBERS)
PAGE = Seq(Tuple(ID, STAMP), 64)
GROUP_REQUEST = Enum(
    ("Read", ID), ("Write", Tuple(COPY, Option(VERSION))), ("Keep", Tuple(GROUP, Option(ENTRY))),
    ("Prepare", Tuple(GROUP, EPOCH)), ("List", Tuple(GROUP, Option(ID))), ("Fetch", Tuple(GROUP, ID)),
    ("Propose", Tuple(GROUP, EPOCH, FOLLOWING)), ("Stage", Struct(parent=CONFIGURATION, next=FOLLOWING)),
    ("Offer", Tuple(GROUP, EPOCH, PAGE)), ("Give", Tuple(GROUP, EPOCH, ENTRY)), ("Withdraw", Tuple(GROUP, EPOCH)),
    ("Decided", Tuple(GROUP, FOLLOWING)), ("Check", GROUP),
)
GROUP_RESPONSE = Enum(
    ("Value", Option(COPY)), ("Written", Byte()), ("Mismatch", Option(COPY)), ("Refused", REFUSAL), ("Elsewhere", CARD),
    "Unavailable", "Unknown", "Gone", ("Closed", EPOCH), "Done", ("Promise", Option(Tuple(EPOCH, FOLLOWING))),
    ("Page", PAGE), ("Entry", Option(ENTRY)), ("Lacking", Seq(ID, 64)), ("Followed", FOLLOWING),
)
REQUEST = Enum(
    "Neighbours", "Ping", ("Step", STEP), ("Forward", FORWARD), ("Read", ID), ("Write", COPY),
    ("Offer", Seq(Tuple(ID, VERSION), 256)), ("Group", GROUP_REQUEST),
)
RESPONSE = Enum(
    ("Neighbours", NEIGHBOURS), "Pong", ("Step", Tuple(HOP, NEIGHBOURS)), "Forwarded", "NotMember",
    ("Value", Option(COPY)), "Written", ("Refused", REFUSAL), ("Wanted", Struct(lacking=Seq(ID, 256), newer=Seq(ID, 256))),
    ("Group", GROUP_RESPONSE),
)
NOTICE = Enum("Notify", ("Found", Struct(lookup=U64, path=Seq(ID, 1_025), neighbours=NEIGHBOURS)), ("Leaving", NEIGHBOURS))
MESSAGE = Enum(("Request", Tuple(U64, REQUEST)), ("Response", Tuple(U64, RESPONSE)), ("Notice", NOTICE))
