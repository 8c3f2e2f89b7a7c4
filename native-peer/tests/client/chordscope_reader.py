"""Reads a Chordscope ring. It is written from docs/protocol.md alone, so that the page is known to say enough.

python3 chordscope_reader.py URL lookup|get NAME…    reads, one line a name
python3 chordscope_reader.py --vectors DIR           compares itself with the vectors in a folder
python3 chordscope_reader.py --page FILE             compares its vocabulary with the one that the page lists"""

import argparse
import base64
import json
import re
import sys

import vectors
from channel import Socket
from link import Refused
from messages import name_id, node_id, record_fault, record_value, record_version
from page import Page
from websocket import Closed

MOST_QUESTIONS = 64
MOST_TO_AVOID = 16
GROUP = 3
UNREACHABLE = (Refused, Closed, OSError)


class Ring:
    """The connections that have been opened so far, by the id of the node at their end."""

    def __init__(self, entry, ring):
        self.ring = ring
        self.entry = Socket(entry, ring)
        self.links = {self.entry.id: self.entry}

    def link(self, card):
        """A connection to the node of a card, by the first of its addresses and relays that leads there."""
        wanted = node_id(card)
        if wanted in self.links:
            return self.links[wanted]
        problems = []
        for way in card["addresses"] + card.get("relays", []):
            try:
                link = self.socket(way["Socket"]) if "Socket" in way else self.link(way).circuit_to(wanted)
                if link.id != wanted:
                    raise Refused(f"{link.url} is {link.id}, not {wanted}")
            except UNREACHABLE as why:
                problems.append(str(why))
                continue
            self.links[wanted] = link
            return link
        raise Refused(f"no way to {wanted}: {problems}")

    def socket(self, url):
        if not url.startswith("ws://"):
            raise Refused(f"cannot dial {url}")
        return Socket(url, self.ring)

    def close(self):
        # Circuits were opened behind the sockets that carry them.
        for link in reversed(self.links.values()):
            try:
                link.close()
            except OSError:
                pass

    def lookup(self, key):
        """The connections on the way to `key`, and the neighbours of the one responsible."""
        path, arrived, avoid = [self.entry], False, []
        for _ in range(MOST_QUESTIONS):
            step = {"lookup": 1, "key": key, "routing": "Finger", "arrived": arrived, "avoid": avoid}
            try:
                answer = path[-1].ask({"Step": step})
                if "Step" not in answer:
                    raise Refused(f"{path[-1].url} answers a step with {answer}")
                hop, neighbours = answer["Step"]
                if hop == "Here":
                    return path, neighbours
                ((kind, content),) = hop.items()
                named = content["card"] if kind == "Finger" else content
            except UNREACHABLE:
                if len(path) == 1:
                    raise
                arrived, silent = False, path.pop().id
                del self.links[silent]
                avoid = [*avoid, silent][-MOST_TO_AVOID:]
                continue
            try:
                path.append(self.link(named))
                arrived = kind in ("Owner", "Back")
            except UNREACHABLE:
                arrived, avoid = False, [*avoid, node_id(named)][-MOST_TO_AVOID:]
        raise Refused("the lookup does not end")

    def group(self, owner, neighbours):
        """The first of each peer: several positions of one have the same key."""
        cards = {owner.session.card["key"]: owner.session.card}
        for card in neighbours["successors"]:
            if len(cards) < GROUP:
                cards.setdefault(card["key"], card)
        return cards.values()

    def get(self, name):
        """The newest record of `name` that the group holds, whether it has a value or not."""
        key, records, answers = name_id(name), [], 0
        path, neighbours = self.lookup(key)
        for card in self.group(path[-1], neighbours):
            try:
                answer = self.link(card).ask({"Read": key})
            except UNREACHABLE:
                continue
            if "Value" not in answer:
                continue
            answers += 1
            copy = answer["Value"]
            # Most members hold the same record: it is checked once.
            if copy is not None and copy["record"] not in records:
                records.append(copy["record"])
        if not answers:
            raise Refused("nobody who should hold the name answers")
        for record in records:
            label = record["Item"]["label"] if "Item" in record else None
            if label != {"Name": name} or record_fault(record):
                raise Refused(f"a record that is not what was asked for: {record_fault(record) or 'Name'}")
        return max(records, key=record_version, default=None)


def lookup(ring, name):
    key = name.lower() if re.fullmatch("[0-9a-fA-F]{40}", name) else name_id(name)
    path, _ = ring.lookup(key)
    hops = [{"id": link.id, **link.hop} for link in path]
    return {"key": key, "owner": path[-1].id, "path": hops, "hops": len(path) - 1}


def get(ring, name):
    record = ring.get(name)
    if record is None or record_value(record) is None:
        raise Refused("there is no such name")
    found = {"key": name_id(name), "value": None, "sequence": record["Item"]["sequence"]}
    value = bytes.fromhex(record_value(record))
    try:
        return {**found, "value": value.decode()}
    except UnicodeDecodeError:
        return {**found, "value_base64": base64.b64encode(value).decode()}


def read(arguments):
    ring = Ring(arguments.url, arguments.ring_name)
    try:
        command = {"lookup": lookup, "get": get}[arguments.command]
        return [command(ring, name) for name in arguments.name]
    finally:
        ring.close()


def report(arguments):
    """What was compared, if anything was to be."""
    if arguments.vectors:
        return [vectors.compare(arguments.vectors)]
    return [Page(arguments.page).compare()] if arguments.page else []


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("url", nargs="?")
    parser.add_argument("command", nargs="?", choices=("lookup", "get"))
    parser.add_argument("name", nargs="*")
    parser.add_argument("--ring-name", default="main")
    parser.add_argument("--vectors", metavar="DIR")
    parser.add_argument("--page", metavar="FILE")
    arguments = parser.parse_args()
    if not (arguments.vectors or arguments.page or arguments.name):
        parser.error("URL, command and NAME are needed, or --vectors DIR, or --page FILE")
    try:
        answers = report(arguments) or read(arguments)
    except (Refused, Closed, OSError, ValueError) as why:
        sys.exit(f"chordscope_reader: {why}")
    for answer in answers:
        print(json.dumps(answer))


if __name__ == "__main__":
    main()
