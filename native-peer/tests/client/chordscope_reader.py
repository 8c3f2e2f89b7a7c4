"""Reads a Chordscope ring. It is written from docs/protocol.md alone, so that the page is known to say enough.

python3 chordscope_reader.py URL lookup|get NAME    reads
python3 chordscope_reader.py --vectors DIR          compares itself with the vectors in a folder"""

import argparse
import base64
import itertools
import json
import re
import sys

import vectors
from link import Refused, Session
from messages import name_id, node_id, record_fault, record_version
from websocket import Closed, WebSocket

MOST_HOPS = 64
GROUP = 3
TIMEOUT = 10


class Link:
    """A link to one peer, which answers what a peer asks of one that is in no ring."""

    def __init__(self, url, ring):
        self.numbers = itertools.count(1)
        self.url, self.socket, self.session = url, WebSocket(url, TIMEOUT), Session(ring)
        self.socket.send(self.session.hello())
        self.socket.send(self.session.on_hello(self.socket.receive()))
        self.session.on_proof(self.socket.receive())
        self.socket.send(self.session.introduce())
        self.card = self.session.on_introduction(self.socket.receive())
        self.id = node_id(self.card)

    def ask(self, request):
        """The content of the response, whose variant has the request's own name unless `Value` answers a `Read`."""
        number = next(self.numbers)
        self.socket.send(self.session.seal({"Request": [number, request]}))
        while True:
            message = self.session.open(self.socket.receive())
            if "Response" in message and message["Response"][0] == number:
                return message["Response"][1]
            if "Request" in message:
                theirs, asked = message["Request"]
                answer = "Pong" if asked == "Ping" else "NotMember"
                self.socket.send(self.session.seal({"Response": [theirs, answer]}))


class Ring:
    """The links that have been opened so far, by the id of the peer at their end."""

    def __init__(self, entry, ring):
        self.ring = ring
        self.entry = Link(entry, ring)
        self.links = {self.entry.id: self.entry}

    def link(self, card):
        wanted = node_id(card)
        if wanted not in self.links:
            addresses = [address["Socket"] for address in card["addresses"] if address["Socket"].startswith("ws://")]
            if not addresses:
                raise Refused(f"{wanted} has no address")
            link = Link(addresses[0], self.ring)
            if link.id != wanted:
                raise Refused(f"{addresses[0]} is {link.id}, not {wanted}")
            self.links[wanted] = link
        return self.links[wanted]

    def close(self):
        for link in self.links.values():
            link.socket.close()

    def lookup(self, key):
        """The links on the way to `key`, and the neighbours of the one responsible."""
        path, arrived = [self.entry], False
        while len(path) <= MOST_HOPS:
            step = {"lookup": 1, "key": key, "routing": "Finger", "arrived": arrived, "avoid": []}
            answer = path[-1].ask({"Step": step})
            if "Step" not in answer:
                raise Refused(f"{path[-1].url} answers a step with {answer}")
            hop, neighbours = answer["Step"]
            if hop == "Here":
                return path, neighbours
            ((kind, content),) = hop.items()
            path.append(self.link(content["card"] if kind == "Finger" else content))
            arrived = kind in ("Owner", "Back")
        raise Refused("the lookup does not end")

    def group(self, owner, neighbours):
        members = {owner.id: owner}
        for card in neighbours["successors"]:
            if len(members) < GROUP:
                members.setdefault(node_id(card), self.link(card))
        return members.values()

    def get(self, name):
        """The newest record of `name` that the group holds, whether it has a value or not."""
        key, records = name_id(name), []
        path, neighbours = self.lookup(key)
        for member in self.group(path[-1], neighbours):
            answer = member.ask({"Read": key})
            if "Value" not in answer:
                raise Refused(f"{member.url} answers a read with {answer}")
            copy = answer["Value"]
            # Most members hold the same record: it is checked once.
            if copy is not None and copy["record"] not in records:
                records.append(copy["record"])
        for record in records:
            if record["name"] != name or record_fault(record):
                raise Refused(f"a record that is not what was asked for: {record_fault(record) or 'Name'}")
        return max(records, key=record_version, default=None)


def lookup(ring, name):
    key = name.lower() if re.fullmatch("[0-9a-fA-F]{40}", name) else name_id(name)
    path, _ = ring.lookup(key)
    hops = [{"id": link.id, "address": link.url} for link in path]
    return {"key": key, "owner": path[-1].id, "path": hops, "hops": len(path) - 1}


def get(ring, name):
    record = ring.get(name)
    if record is None or record["value"] is None:
        raise Refused("there is no such name")
    found = {"key": name_id(name), "value": None, "sequence": record["sequence"]}
    value = bytes.fromhex(record["value"])
    try:
        return {**found, "value": value.decode()}
    except UnicodeDecodeError:
        return {**found, "value_base64": base64.b64encode(value).decode()}


def read(arguments):
    ring = Ring(arguments.url, arguments.ring_name)
    try:
        return {"lookup": lookup, "get": get}[arguments.command](ring, arguments.name)
    finally:
        ring.close()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("url", nargs="?")
    parser.add_argument("command", nargs="?", choices=("lookup", "get"))
    parser.add_argument("name", nargs="?")
    parser.add_argument("--ring-name", default="main")
    parser.add_argument("--vectors", metavar="DIR")
    arguments = parser.parse_args()
    if arguments.vectors is None and arguments.name is None:
        parser.error("URL, command and NAME are needed, or --vectors DIR")
    try:
        answer = vectors.compare(arguments.vectors) if arguments.vectors else read(arguments)
    except (Refused, Closed, OSError, ValueError) as why:
        sys.exit(f"chordscope_reader: {why}")
    print(json.dumps(answer))


if __name__ == "__main__":
    main()
