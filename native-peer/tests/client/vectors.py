"""Compares this implementation with files of vectors, which another one has written."""

import json
import re
from pathlib import Path

import files
from blake3 import blake3, derive_key, keyed
from channel import Circuit
from curve25519 import public_key, sign, verify, x25519
from link import KEY_CONTEXTS, MESSAGE_FRAME, Refused, Sealer, Session, frame, unframe
from messages import (
    CARD, COPY, MESSAGE, RELAY_MESSAGE, digest, name_id, node_id, record_fault, record_key, record_version, sign_card,
    sign_record,
)
from postcard import Malformed, decode
from relay import Peer


class Disagreement(Exception):
    """What this implementation makes of a vector is something else."""


def compare(folder):
    """How many vectors of each file agree, and which do not."""
    agreed, disagreed = {}, []
    for path in sorted(Path(folder).glob("*.json")):
        agreed[path.name] = 0
        for vector in expand(json.loads(path.read_text())["vectors"]):
            try:
                FILES[path.name](vector)
                agreed[path.name] += 1
            except Exception as why:  # Whatever goes wrong belongs in the report.
                disagreed.append(f"{path.name}: {vector['name']}: {type(why).__name__} {why}")
    return {"agreed": agreed, "disagreed": disagreed}


def expand(value):
    """Long runs stand as `(00*1024)` in hexadecimal texts, and long lists of one entry as `{"each": …, "times": …}`."""
    if isinstance(value, dict):
        if value.keys() == {"each", "times"}:
            return [expand(value["each"])] * value["times"]
        return {key: expand(one) for key, one in value.items()}
    if isinstance(value, list):
        return [expand(one) for one in value]
    if isinstance(value, str):
        return re.sub(r"\(([0-9a-f]{2})\*(\d+)\)", lambda run: run[1] * int(run[2]), value)
    return value


def same(what, mine, theirs):
    if mine != theirs:
        raise Disagreement(f"{what}: {str(mine)[:200]} instead of {str(theirs)[:200]}")


def same_refusal(theirs, work):
    """`work` must be refused for this reason."""
    try:
        work()
    except (Refused, Malformed) as why:
        same("refused", str(why), theirs)
        return
    raise Disagreement(f"taken instead of refused: {theirs}")


def raw(text):
    return bytes.fromhex(text)


def compare_blake3(vector):
    data = bytes(i % 251 for i in range(vector["length"]))
    same("hash", blake3(data).hex(), vector["hash"])
    same("keyed", keyed(vector["key"].encode(), data).hex(), vector["keyed"])
    same("derived", derive_key(vector["context"], data).hex(), vector["derived"])


def compare_x25519(vector):
    same("secret", x25519(raw(vector["scalar"]), raw(vector["u"])).hex(), vector["secret"])


def compare_ed25519(vector):
    secret, message, signature = raw(vector["secret"]), raw(vector["message"]), raw(vector["signature"])
    public = public_key(secret)
    same("public", public.hex(), vector["public"])
    same("signature", sign(secret, message).hex(), vector["signature"])
    same("verified", verify(public, message, signature), True)
    for at in (0, 31, 32, 63):
        changed = bytes(byte ^ (i == at) for i, byte in enumerate(signature))
        same("verified when changed", verify(public, message, changed), False)
    same("verified for another message", verify(public, message + b"\0", signature), False)


def compare_digests(vector):
    if "text" in vector:
        same("id", name_id(vector["text"]), vector["id"])
    elif "key" in vector:
        same("id", node_id(vector), vector["id"])
    else:
        same("digest", digest(vector["purpose"], *map(raw, vector["parts"])).hex(), vector["digest"])


def compare_frames(vector):
    data = raw(vector["hex"])
    if "refused" in vector:
        kind = data[0] if data else 0
        kind = kind if kind in (0x01, 0x02, 0x03, 0x04, 0x10, 0x11, 0x12) else 0x10
        same_refusal(vector["refused"], lambda: unframe(kind, data))
    else:
        same("body", unframe(vector["type"], data).hex(), vector["body"])
        same("hex", frame(vector["type"], raw(vector["body"])).hex(), vector["hex"])


def compare_seals(vector):
    keys = [derive_key(context, raw(vector["secret"])) for context in KEY_CONTEXTS]
    receiver = Sealer(keys[vector["from"]])
    if "refused" in vector:
        for data in vector["before"]:
            receiver.open(raw(data))
        same_refusal(vector["refused"], lambda: receiver.open(raw(vector["hex"])))
        return
    sender = Sealer(keys[vector["from"]])
    for one in vector["frames"]:
        same("sealed", sender.seal(raw(one["frame"])).hex(), one["sealed"])
        same("opened", receiver.open(raw(one["sealed"])).hex(), one["frame"])


def compare_cards(vector):
    if "refused" in vector:
        same_refusal(vector["refused"], lambda: decode(CARD, raw(vector["hex"])))
        return
    card = sign_card(raw(vector["secret"]), vector["index"], vector["version"], vector["addresses"], vector["relays"])
    same("hex", CARD.write(card).hex(), vector["hex"])
    same("card", decode(CARD, raw(vector["hex"])), card)
    same("id", node_id(card), vector["id"])


def compare_records(vector):
    if "refused" in vector:
        same_refusal(vector["refused"], lambda: checked_copy(vector["hex"]))
        return
    record = sign_record([raw(secret) for secret in vector["secrets"]], vector["record"])
    copy = {"record": record, "remaining": vector["remaining"]}
    same("hex", COPY.write(copy).hex(), vector["hex"])
    same("copy", checked_copy(vector["hex"]), copy)
    same("key", record_key(record), vector["key"])
    same("version", list(record_version(record)), vector["version"])


def checked_copy(text):
    copy = decode(COPY, raw(text))
    fault = record_fault(copy["record"])
    if fault:
        raise Malformed(fault)
    return copy


def compare_messages(vector, schema=MESSAGE):
    if "refused" in vector:
        same_refusal(vector["refused"], lambda: decode(schema, raw(vector["hex"])))
        return
    same("decoded", decode(schema, raw(vector["hex"])), vector["decoded"])
    same("hex", schema.write(vector["decoded"]).hex(), vector.get("canonical", vector["hex"]))


def compare_blocks(vector):
    if "refused" in vector:
        same_refusal(vector["refused"], lambda: files.read_block(raw(vector["hex"])))
        return
    block = [vector[field] for field in ("content", "digests", "at", "bytes")]
    same("block", list(files.read_block(raw(vector["hex"]))), block)
    same("hex", files.write_block(*block).hex(), vector["hex"])


def compare_files(vector):
    if "link" in vector:
        compare_links_to_files(vector)
    elif "hex" in vector:
        compare_collections(vector)
    elif "refused" in vector:
        same_refusal(vector["refused"], lambda: files.layout(vector["length"]))
    else:
        same("layout", files.layout(vector["length"]), (vector["segment"], vector["segments"]))
        if "content" in vector:
            data = bytes(i % 251 for i in range(vector["length"]))
            same("content", blake3(data).hex(), vector["content"])
            same("digests", files.digests(data).hex(), vector["digests"])


def compare_links_to_files(vector):
    if "refused" in vector:
        same_refusal(vector["refused"], lambda: files.read_link(vector["link"]))
    else:
        link = {field: vector[field] for field in ("content", "called", "length", "folder")}
        same("link", files.read_link(vector["link"]), link)
        same("text", files.write_link(link), vector["link"])


def compare_collections(vector):
    if "refused" in vector:
        same_refusal(vector["refused"], lambda: files.read_collection(raw(vector["hex"])))
    else:
        same("files", files.read_collection(raw(vector["hex"])), vector["files"])
        same("hex", files.write_collection(vector["files"]).hex(), vector["hex"])


def compare_circuits(vector):
    peer = Peer(vector)
    for number, step in enumerate(vector["steps"]):
        same(f"step {number}", peer.step(step), step["then"])


def session(vector, role):
    side = vector[("initiator", "responder")[role]]
    secrets = [raw(side[field]) for field in ("secret", "nonce", "share")]
    return Session(vector["ring"], role, *secrets, side["index"], side.get("features"))


def compare_handshakes(vector):
    """Both sides from their secrets: each frame is what that side says, and the other takes it."""
    sides = [session(vector, role) for role in (0, 1)]
    said = {(one["from"], one["says"]): one["hex"] for one in vector["frames"]}
    for role, mine in enumerate(sides):
        same("hello", mine.hello().hex(), said[role, "hello"])
        same("proof", mine.on_hello(raw(said[1 - role, "hello"])).hex(), said[role, "proof"])
        mine.on_proof(raw(said[1 - role, "proof"]))
    for role, mine in enumerate(sides):
        card = vector[("initiator", "responder")[role]]
        introduction = mine.introduce(card["version"], card["addresses"])
        same("introduction", introduction.hex(), said[role, "introduction"])
        same("version", sides[1 - role].on_introduction(introduction)["version"], card["version"])
        told = card.get("features", 0) if sides[role].tells_features() else 0
        same("features", sides[1 - role].their_features, told)
    for one in vector["messages"]:
        same("message", sides[one["from"]].seal(one["decoded"]).hex(), one["hex"])
        same("decoded", sides[1 - one["from"]].open(raw(one["hex"])), (MESSAGE_FRAME, one["decoded"]))


def compare_links(vector):
    """One side that takes all frames but the last."""
    role = vector["role"]
    mine = session(vector, role)
    steps = [mine.on_hello, mine.on_proof, mine.on_introduction]
    steps += [mine.open] * len(vector["hears"])
    *taken, last = list(zip(steps, vector["hears"]))
    for step, data in taken:
        step(raw(data))
    same_refusal(vector["refused"], lambda: last[0](raw(last[1])))


class Carrier:
    """In the place of a socket: it counts what is sent, and gives credit when it is waited for."""

    ring, url = "main", "nowhere"

    def __init__(self, credits):
        self.credits, self.sent, self.waits, self.said = list(credits), 0, [], []
        self.circuit = Circuit(self, 1)

    def send(self, data):
        self.sent += len(data)

    def say(self, message):
        self.said.append(message["Credit"]["bytes"])

    def pump(self):
        self.waits.append(self.sent)
        self.circuit.grant(self.credits.pop(0))


def compare_credit(vector):
    carrier = Carrier(vector["credits"])
    for length in vector["sends"]:
        carrier.circuit.send(bytes(length))
    same("sent when it waited", carrier.waits, vector["waits"])
    for length in vector["takes"]:
        carrier.circuit.carry(bytes(length))
    same("credit given", carrier.said, vector["gives"])


FILES = {
    "blocks.json": compare_blocks,
    "blake3.json": compare_blake3,
    "cards.json": compare_cards,
    "circuits.json": compare_circuits,
    "credit.json": compare_credit,
    "digests.json": compare_digests,
    "ed25519.json": compare_ed25519,
    "files.json": compare_files,
    "frames.json": compare_frames,
    "handshakes.json": compare_handshakes,
    "links.json": compare_links,
    "messages.json": compare_messages,
    "records.json": compare_records,
    "relay_messages.json": lambda vector: compare_messages(vector, RELAY_MESSAGE),
    "seals.json": compare_seals,
    "x25519.json": compare_x25519,
}
