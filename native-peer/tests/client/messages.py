"""The vocabulary of docs/protocol.md: cards, records and messages, with their signatures."""

import functools
import re
import struct

from blake3 import blake3, derive_key
from curve25519 import public_key, sign, verify
from postcard import (
    BOOL, U16, U32, U64, Array, Byte, Bytes, Enum, Malformed, Option, Reader, Seq, Struct, Text, Tuple, Wrapped, decode,
)

ID_BYTES = 20


def digest(purpose, *parts):
    return derive_key(purpose, b"".join(_prefixed(part) for part in parts))


def sign_for(purpose, secret, message):
    return sign(secret, digest(purpose, message))


@functools.lru_cache(4_096)
def verify_for(purpose, public, message, signature):
    """Whether the signature is right. The cards of a ring come over and over."""
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
PROVIDER_PURPOSE = "chordscope v1 provider signature"


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
        if len(url) > 255 or not re.fullmatch(r"wss?://[A-Za-z0-9.:\[\]_-]+/ws(/([1-9]|1[0-5]))?", url):
            raise Malformed("address")
    if not verify_for(CARD_PURPOSE, bytes.fromhex(card["key"]), _card_message(card), bytes.fromhex(card["signature"])):
        raise Malformed("signature")


def check_label(label):
    if "Name" in label and not 1 <= len(label["Name"].encode()) <= 255:
        raise Malformed("malformed")
    if "Salt" in label and len(label["Salt"]) > 2 * 64:
        raise Malformed("malformed")


def record_key(record):
    """Where a record lies on the ring."""
    ((kind, content),) = record.items()
    if kind == "Immutable":
        return _digest_id("chordscope v1 immutable record key", bytes.fromhex(content))
    if kind == "Providers":
        return _digest_id("chordscope v1 providers key", bytes.fromhex(content["content"]))
    label = content["label"]
    return name_id(label["Name"]) if "Name" in label else signed_id(content["author"], label["Salt"])


def signed_id(author, salt):
    return _digest_id("chordscope v1 signed record key", bytes.fromhex(author), bytes.fromhex(salt))


def _digest_id(purpose, *parts):
    return digest(purpose, *parts)[:ID_BYTES].hex()


def record_fault(record):
    """Why a record is refused, as `Refused` says it; None if it is good."""
    ((kind, content),) = record.items()
    if kind == "Immutable":
        return "Value" if len(content) > 2 * 65_536 else None
    return _providers_fault(content) if kind == "Providers" else _item_fault(content)


def _item_fault(item):
    if len(item["value"] or "") > 2 * 65_536:
        return "Value"
    if item["lifetime"] > 86_400:
        return "Lifetime"
    purpose, message = _item_message(item)
    author, signature = bytes.fromhex(item["author"]), bytes.fromhex(item["signature"])
    return None if verify_for(purpose, author, message, signature) else "Signature"


def _item_message(item):
    label, value = item["label"], bytes.fromhex(item["value"] or "")
    if "Name" in label:
        purpose, called = "chordscope v1 record signature", label["Name"].encode()
    else:
        purpose, called = "chordscope v1 signed record signature", bytes.fromhex(label["Salt"])
    message = _prefixed(called) + bytes([item["value"] is not None]) + _prefixed(value)
    message += struct.pack("<Q", item["sequence"]) + bytes.fromhex(item["author"])
    return purpose, message + struct.pack("<I", item["lifetime"])


def _providers_fault(providers):
    entries = providers["entries"]
    keys = [entry["card"]["key"] for entry in entries]
    bytes_at_most = sum(_provider_size(entry["card"]) for entry in entries)
    if not 1 <= len(entries) <= 64 or bytes_at_most > 65_536 or any(a >= b for a, b in zip(keys, keys[1:])):
        return "Providers"
    faults = (_provider_fault(providers["content"], entry) for entry in entries)
    return next((fault for fault in faults if fault), None)


def _provider_size(card):
    urls = sum(3 + len(address["Socket"]) for address in card["addresses"])
    relays = sum(108 + sum(3 + len(one["Socket"]) for one in relay["addresses"]) for relay in card["relays"])
    return 194 + urls + relays


def _provider_fault(content, entry):
    if entry["lifetime"] > 1_800:
        return "Lifetime"
    key, signature = bytes.fromhex(entry["card"]["key"]), bytes.fromhex(entry["signature"])
    if not verify_for(PROVIDER_PURPOSE, key, _provider_message(content, entry), signature):
        return "Signature"
    try:
        check_card(entry["card"])
    except Malformed:
        return "Signature"
    return None


def _provider_version(entry):
    message = bytes.fromhex(entry["card"]["key"])
    return message + struct.pack("<QQ?", entry["card"]["version"], entry["sequence"], entry["withdrawn"])


def _provider_message(content, entry):
    message = bytes.fromhex(content) + _provider_version(entry)
    return message + struct.pack("<BI", entry["card"]["index"], entry["lifetime"])


def sign_record(secrets, record):
    """The record with the signatures of those who hold the secrets: its author, or one provider after another."""
    ((kind, content),) = record.items()
    if kind == "Immutable":
        return record
    if kind == "Item":
        return {kind: {**content, "signature": sign_for(*_before(secrets[0], _item_message(content))).hex()}}
    entries = [
        {**entry, "signature": sign_for(PROVIDER_PURPOSE, secret, _provider_message(content["content"], entry)).hex()}
        for secret, entry in zip(secrets, content["entries"], strict=True)
    ]
    return {kind: {**content, "entries": entries}}


def _before(secret, purpose_and_message):
    purpose, message = purpose_and_message
    return purpose, secret, message


def record_version(record):
    """What the newer of two records has more of."""
    ((kind, content),) = record.items()
    if kind == "Immutable":
        return 0, "00" * 32, blake3(bytes.fromhex(content))[:8].hex()
    if kind == "Providers":
        entries = b"".join(_provider_version(entry) for entry in content["entries"])
        return 0, "00" * 32, blake3(entries)[:8].hex()
    value = content["value"]
    digest = bytes(8) if value is None else blake3(bytes.fromhex(value))[:8]
    return content["sequence"], content["author"], digest.hex()


def record_value(record):
    """The value in hexadecimal; None for a deleted record, and for providers."""
    ((kind, content),) = record.items()
    return content if kind == "Immutable" else content.get("value")


ID = Array(ID_BYTES)
KEY, SIGNATURE = Array(32), Array(64)
ADDRESS = Enum(("Socket", Text()))
ADDRESSES = Seq(ADDRESS, 4, "addresses")
RELAY_CARD = Struct(check_card, key=KEY, index=Byte(), version=U64, addresses=ADDRESSES, signature=SIGNATURE)
CARD_FIELDS = {"key": KEY, "index": Byte(), "version": U64, "addresses": ADDRESSES}
CARD = Struct(check_card, **CARD_FIELDS, relays=Seq(RELAY_CARD, 4, "addresses"), signature=SIGNATURE)
RELAY_MESSAGE = Enum(
    "Lease", ("Leased", Struct(grace=U16, circuits=U16)), ("Refused", Byte()), "Release",
    ("Open", Struct(circuit=U32, target=ID, relay=Option(ID))), ("Close", Struct(circuit=U32, reason=Byte())),
    ("Credit", Struct(circuit=U32, bytes=U32)),
)
HELLO = Struct(nonce=Array(32), share=Array(32), key=KEY, index=Byte(), ring=Text())
NEIGHBOURS = Struct(predecessor=Option(CARD), successors=Seq(CARD, 32))
ROUTING = Enum("Finger", "Linear")
HOP = Enum("Here", ("Owner", CARD), ("Finger", Struct(row=Byte(), card=CARD)), ("Along", CARD), ("Back", CARD))
LABEL = Enum(("Name", Text()), ("Salt", Bytes()))
ITEM = Struct(
    lambda item: check_label(item["label"]), label=LABEL, value=Option(Bytes()), sequence=U64, author=KEY, lifetime=U32,
    signature=SIGNATURE,
)
PLAIN_RELAY_CARD = Struct(**CARD_FIELDS, signature=SIGNATURE)
PLAIN_CARD = Struct(**CARD_FIELDS, relays=Seq(PLAIN_RELAY_CARD, 4, "addresses"), signature=SIGNATURE)
# What a provider's card is worth is seen with the rest of the record.
PROVIDER = Struct(
    card=PLAIN_CARD, sequence=U64, withdrawn=BOOL, lifetime=U32, behind=U32, signature=SIGNATURE
)
PROVIDERS = Struct(content=Array(32), entries=Seq(PROVIDER, 2**64))
RECORD = Enum(("Immutable", Bytes()), ("Item", ITEM), ("Providers", PROVIDERS))
COPY = Struct(record=RECORD, remaining=Wrapped(32))
VERSION = Struct(sequence=U64, author=KEY, digest=Array(8))
STEP = Struct(lookup=U64, key=ID, routing=ROUTING, arrived=BOOL, avoid=Seq(ID, 16))
FORWARD = Struct(lookup=U64, origin=CARD, key=ID, routing=ROUTING, arrived=BOOL, path=Seq(ID, 1_024))
REFUSAL = Enum("Name", "Value", "Lifetime", "Signature", "SequenceJump", "Full", "Storage", "Salt", "Providers", "Level")
EPOCH = Struct(generation=U32, round=U64, proposer=ID)
GROUP = Struct(upto=ID, epoch=EPOCH)
STAMP = Struct(epoch=EPOCH, index=U64)
ENTRY = Struct(stamp=STAMP, operation=Array(16), copy=COPY)
ORIGIN = Struct(lineage=U64, stamp=STAMP)
MEMBER = Struct(card=CARD, incarnation=U64, votes=BOOL)
MEMBERS = Seq(MEMBER, 8)
INTRODUCTION = Struct(incarnation=U64, lineage=Option(U64), settled=BOOL)
FENCE = Struct(lineage=U64, after=ID, upto=ID, generation=U32, lost=Seq(Tuple(ID, U64), 16))
FOLLOWING = Struct(epoch=EPOCH, members=MEMBERS, split=Option(Tuple(ID, MEMBERS)))
CONFIGURATION = Struct(lineage=U64, after=ID, upto=ID, epoch=EPOCH, members=MEMBERS)
PAGE = Seq(Tuple(ID, STAMP), 64)
GROUP_REQUEST = Enum(
    ("Read", Tuple(ID, Option(U64))), ("Write", Tuple(COPY, Option(VERSION), Array(16), Option(U64))), ("Keep", Tuple(GROUP, Option(ENTRY))),
    ("Prepare", Tuple(GROUP, EPOCH)), ("List", Tuple(GROUP, Option(ID))), ("Fetch", Tuple(GROUP, ID)),
    ("Propose", Tuple(GROUP, EPOCH, FOLLOWING)), ("Stage", Struct(parent=CONFIGURATION, next=FOLLOWING)),
    ("Offer", Tuple(GROUP, EPOCH, PAGE)), ("Give", Tuple(GROUP, EPOCH, ENTRY)), ("Withdraw", Tuple(GROUP, EPOCH)),
    ("Decided", Tuple(GROUP, FOLLOWING)), ("Check", GROUP),
    ("Meet", INTRODUCTION), "Stopping", ("Fence", Seq(FENCE, 64)), ("Survey", Tuple(U64, ID, ID)),
    ("Touch", Tuple(ID, VERSION, U32, Option(U64))), ("Gather", Tuple(ID, U64)),
    ("Bring", Tuple(ID, U64, U64, Option(ENTRY))), ("KeepBrought", Tuple(GROUP, ENTRY, ORIGIN)),
    ("GiveBrought", Tuple(GROUP, EPOCH, ENTRY, ORIGIN)),
    fault="unknown request",
)
GROUP_RESPONSE = Enum(
    ("Value", Option(COPY)), ("Written", Byte()), ("Mismatch", Option(COPY)), ("Refused", REFUSAL), ("Elsewhere", CARD),
    ("Unavailable", Seq(CARD, 8)), "Unknown", ("Gone", U64), ("Closed", EPOCH), "Done", ("Promise", Option(Tuple(EPOCH, FOLLOWING))),
    ("Page", PAGE), ("Entry", Option(ENTRY)), ("Lacking", Seq(ID, 64)), ("Followed", FOLLOWING),
    ("Met", INTRODUCTION), ("Surveyed", Tuple(Option(EPOCH), Seq(FENCE, 64))), "Superseded",
    ("Unstored", Tuple(Seq(Tuple(CARD, REFUSAL), 8), Seq(CARD, 8), BOOL)), ("Acknowledged", Tuple(Byte(), Byte())),
    ("EntryBrought", Tuple(ENTRY, ORIGIN)), ("GivenUp", U64),
)
# Requests that are not spoken any more: nothing is one of them. The responses to them are plainly malformed.
NEVER = Enum(fault="retired request")
REQUEST = Enum(
    "Neighbours", "Ping", ("Step", STEP), ("Forward", FORWARD), ("Read", ID), ("Write", COPY),
    ("Offer", Seq(Tuple(ID, VERSION), 256)), ("Retired", NEVER), ("Group", GROUP_REQUEST), fault="unknown request",
)
RESPONSE = Enum(
    ("Neighbours", NEIGHBOURS), "Pong", ("Step", Tuple(HOP, NEIGHBOURS)), "Forwarded", "NotMember",
    ("Value", Option(COPY)), "Written", ("Refused", REFUSAL), ("Wanted", Struct(lacking=Seq(ID, 256), newer=Seq(ID, 256))),
    ("Retired", Enum()), "Unsupported", ("Group", GROUP_RESPONSE),
)
NOTICE = Enum("Notify", ("Found", Struct(lookup=U64, path=Seq(ID, 1_025), neighbours=NEIGHBOURS)), ("Leaving", NEIGHBOURS))
STANDING = Enum("Nothing", ("Whole", U64), ("Part", Tuple(U64, Bytes())))
SAID = Enum(
    ("Hello", STANDING), "Absent", ("Have", U32), ("Interested", BOOL), ("Choked", BOOL), ("Request", U32), ("Cancel", U32),
    ("Reject", Tuple(U32, Option(U32))), ("Digests", U32),
)
SWARM = Struct(content=Array(32), said=SAID)
MESSAGE = Enum(("Request", Tuple(U64, REQUEST)), ("Response", Tuple(U64, RESPONSE)), ("Notice", NOTICE), ("Swarm", SWARM))


def unknown_request(body):
    """The number of a request that is unknown here; None for anything else."""
    try:
        decode(MESSAGE, body)
    except Malformed as why:
        if str(why) == "unknown request":
            reader = Reader(body)
            U32.read(reader)
            return U64.read(reader)
    return None
