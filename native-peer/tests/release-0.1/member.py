"""A member of a ring as release 0.1 has it: it joins, keeps records, puts, gets, fetches and leaves.

python3 member.py RING_URL… NAME VALUE LINK     joins the ring of all these peers, puts, fetches; then a command a line:
    get NAME      answers with the value
    held          answers with how many records it keeps
    leave         leaves the ring and ends
The other files here are the client of that release, unchanged but for the two primitives, which are those of the client of today."""

import json
import sys
import threading
import time
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parent.parent / "client"))

from blake3 import blake3
from channel import Channel, Socket
from files import layout, read_block, read_link
from link import BLOCK_FRAME, INITIATOR, MESSAGE_FRAME, RELAY_FRAME, Refused, Session, unframe
from messages import digest, name_id, node_id, record_fault, record_key, record_version, sign_record
from websocket import Closed, WebSocket

TIMEOUT, PATIENCE, STABILIZE, COPIES = 60, 30, 0.2, 3


def between(after, key, upto):
    """Whether a key is in (after, upto] on the circle."""
    after, key, upto = (int(id, 16) for id in (after, key, upto))
    return after < key <= upto if after < upto else key > after or key <= upto


def eventually(what, so):
    end = time.monotonic() + PATIENCE
    while not so():
        if time.monotonic() > end:
            sys.exit(f"member: not {what} in time")
        time.sleep(0.05)


class Link(Socket):
    """A connection of the member, read by a thread of its own."""

    def __init__(self, url, member):
        Channel.__init__(self, "main")
        self.session = Session("main", INITIATOR, member.secret)
        self.hop, self.ring, self.url = {"address": url}, "main", url
        self.socket, self.circuits, self.next_circuit, self.last_of_theirs = WebSocket(url, TIMEOUT), {}, 1, 0
        self.member, self.lock, self.said, self.blocks = member, threading.RLock(), [], {}
        self.greet()
        threading.Thread(target=self.read, daemon=True).start()

    def read(self):
        try:
            while True:
                self.pump()
        except (Closed, OSError):
            self.closed = "gone"

    def say_message(self, message):
        with self.lock:
            self.send(self.session.seal(message))

    def say(self, message):
        with self.lock:
            self.send(self.session.seal_relay(message))

    def ask(self, request):
        with self.lock:
            number = next(self.numbers)
            self.send(self.session.seal({"Request": [number, request]}))
        eventually(f"answered by {self.url}", lambda: number in self.answers)
        return self.answers.pop(number)

    def hear(self, data):
        if self.is_open and data[:1] == BLOCK_FRAME:
            content, of_digests, at, piece = read_block(unframe(BLOCK_FRAME[0], self.session.receiving.open(data)))
            self.blocks[content, of_digests, at] = bytes.fromhex(piece)
        elif not self.is_open:
            self.inbox.append(data)
        else:
            kind, content = self.session.open(data)
            if kind == MESSAGE_FRAME:
                self.on_message(content)
            elif kind == RELAY_FRAME:
                self.on_relay_message(content)

    def on_message(self, message):
        ((kind, content),) = message.items()
        if kind == "Response":
            self.answers[content[0]] = content[1]
        elif kind == "Request":
            answer = self.member.answer(content[1])
            if answer is not None:
                self.say_message({"Response": [content[0], answer]})
            self.member.after(content[1])
        elif kind == "Notice" and content == "Notify":
            self.member.notified(self.session.card)
        elif kind == "Swarm":
            self.said.append(content)


class Member:
    def __init__(self, urls):
        self.secret = blake3(b"the secret of a member of release 0.1")
        self.records, self.lock, self.serves = {}, threading.RLock(), True
        self.predecessor, self.successors, self.links, self.avoided = None, [], {}, 0
        for url in urls:
            link = Link(url, self)
            self.links[link.id] = link
        me = Session("main", INITIATOR, self.secret).mine
        self.id, self.key = node_id(me), me["key"]

    def join(self):
        key = f"{(int(self.id, 16) + 1) % 2**160:040x}"
        owner, neighbours = self.lookup(key)
        self.successors = [owner.session.card, *neighbours["successors"]]
        threading.Thread(target=self.stabilize, daemon=True).start()
        eventually("a member", lambda: self.predecessor is not None and self.is_followed())

    def is_followed(self):
        answer = self.links[node_id(self.predecessor)].ask("Neighbours")
        heads = answer["Neighbours"]["successors"][:1] if "Neighbours" in answer else []
        return [node_id(card) for card in heads] == [self.id]

    def stabilize(self):
        while self.serves:
            head = self.successors[0]
            answer = self.links[node_id(head)].ask("Neighbours")
            if "Neighbours" in answer:
                theirs = answer["Neighbours"]
                nearer = theirs["predecessor"]
                if nearer and node_id(nearer) != self.id and between(self.id, node_id(nearer), node_id(head)):
                    head, theirs = nearer, {"successors": [head, *theirs["successors"]]}
                with self.lock:
                    others = [card for card in theirs["successors"] if node_id(card) != self.id]
                    self.successors = [head, *(card for card in others if node_id(card) != node_id(head))][:4]
                self.links[node_id(head)].say_message({"Notice": "Notify"})
            time.sleep(STABILIZE)

    def notified(self, card):
        with self.lock:
            before = self.predecessor
            if before is None or between(node_id(before), node_id(card), self.id) and node_id(card) != self.id:
                self.predecessor = card

    def owns(self, key):
        return self.predecessor is not None and between(node_id(self.predecessor), key, self.id)

    def neighbours(self):
        return {"predecessor": self.predecessor, "successors": self.successors}

    def answer(self, request):
        with self.lock:
            if request == "Ping":
                return "Pong"
            if not self.serves or not self.successors:
                return "NotMember"
            if request == "Neighbours":
                return {"Neighbours": self.neighbours()}
            ((kind, content),) = request.items()
            if kind == "Step":
                hop = self.hop(content["key"], content["arrived"])
                return {"Step": [hop, self.neighbours() if hop == "Here" else {"predecessor": None, "successors": []}]}
            if kind == "Forward":
                return "Forwarded"
            if kind == "Read":
                return {"Value": self.records.get(content)}
            if kind == "Write":
                return self.write(content)
            if kind == "Offer":
                lacking = [key for key, version in content if key not in self.records]
                return {"Wanted": {"lacking": lacking, "newer": []}}
            # Release 0.1 has no way to decline level quorum: whoever is no member of a group counts as silent.
            return "NotMember"

    def hop(self, key, arrived):
        if self.owns(key):
            return "Here"
        if arrived and self.predecessor is not None:
            return {"Back": self.predecessor}
        head = self.successors[0]
        return {"Owner" if between(self.id, key, node_id(head)) else "Along": head}

    def after(self, request):
        """Hands a recursive lookup on, once it was taken over."""
        if not isinstance(request, dict) or "Forward" not in request or not self.serves:
            return
        forward = request["Forward"]
        path = [*forward["path"], self.id]
        hop = self.hop(forward["key"], forward["arrived"])
        if hop == "Here":
            found = {"Found": {"lookup": forward["lookup"], "path": path, "neighbours": self.neighbours()}}
            self.links[node_id(forward["origin"])].say_message({"Notice": found})
            return
        ((kind, card),) = hop.items()
        onward = {**forward, "path": path, "arrived": kind in ("Owner", "Back")}
        # Its answer says only that it was taken over.
        link = self.links[node_id(card)]
        link.say_message({"Request": [next(link.numbers), {"Forward": onward}]})

    def write(self, copy):
        fault = record_fault(copy["record"])
        if fault:
            return {"Refused": fault}
        key = record_key(copy["record"])
        held = self.records.get(key)
        if held is None or record_version(held["record"]) <= record_version(copy["record"]):
            self.records[key] = copy
        return "Written"

    def lookup(self, key):
        """The link to the node responsible (None is this one), and its neighbours."""
        if self.owns(key):
            return None, self.neighbours()
        link, arrived = next(iter(self.links.values())), False
        for _ in range(64):
            step = {"lookup": 1, "key": key, "routing": "Finger", "arrived": arrived, "avoid": []}
            hop, neighbours = link.ask({"Step": step})["Step"]
            if hop == "Here":
                return link, neighbours
            ((kind, content),) = hop.items()
            card = content["card"] if kind == "Finger" else content
            arrived = kind in ("Owner", "Back")
            if node_id(card) == self.id:
                return None, self.neighbours()
            link = self.links[node_id(card)]
        raise Refused("the lookup does not end")

    def group(self, key):
        """The nodes that keep a key: None is this one."""
        owner, neighbours = self.lookup(key)
        ids = [self.id if owner is None else owner.id, *map(node_id, neighbours["successors"])]
        ids = list(dict.fromkeys(ids))[:COPIES]
        return [None if id == self.id else self.links[id] for id in ids]

    def read(self, key):
        copies = []
        for link in self.group(key):
            answer = {"Value": self.records.get(key)} if link is None else link.ask({"Read": key})
            copies += [answer["Value"]] if answer.get("Value") else []
        return max((copy["record"] for copy in copies), key=record_version, default=None)

    def put(self, name, value):
        key = name_id(name)
        before = self.read(key)
        item = {"label": {"Name": name}, "value": value.encode().hex(), "author": self.key, "lifetime": 86_400}
        item["sequence"] = before["Item"]["sequence"] + 1 if before else 1
        record = sign_record([self.secret], {"Item": item})
        copy = {"record": record, "remaining": 86_400}
        answers = [self.write(copy) if link is None else link.ask({"Write": copy}) for link in self.group(key)]
        if answers != ["Written"] * COPIES:
            raise Refused(f"put: {answers}")

    def get(self, name):
        record = self.read(name_id(name))
        return None if record is None else bytes.fromhex(record["Item"]["value"]).decode()

    def fetch(self, link):
        content, length = (read_link(link)[field] for field in ("content", "length"))
        key = digest("chordscope v1 providers key", bytes.fromhex(content))[:20].hex()
        entries = self.read(key)["Providers"]["entries"]
        seed = next(self.links[node_id(entry["card"])] for entry in entries if node_id(entry["card"]) in self.links)

        def say(said):
            seed.say_message({"Swarm": {"content": content, "said": said}})

        def heard(said):
            return {"content": content, "said": said} in seed.said

        say({"Hello": "Nothing"})
        eventually("greeted", lambda: heard({"Hello": {"Whole": length}}))
        segment, count = layout(length)
        say({"Interested": True})
        eventually("unchoked", lambda: heard({"Choked": False}))
        data = b""
        for index in range(count):
            say({"Request": index})
            places = range(index * segment, min((index + 1) * segment, length), 65_536)
            keys = [(content, False, at) for at in places]
            eventually(f"sent segment {index}", lambda: all(key in seed.blocks for key in keys))
            data += b"".join(seed.blocks[key] for key in keys)
        say("Absent")
        if blake3(data).hex() != content:
            raise Refused("another content")
        return len(data)

    def leave(self):
        with self.lock:
            self.serves = False
        for key, copy in self.records.items():
            self.links[node_id(self.successors[0])].ask({"Write": copy})
        for card in (self.predecessor, self.successors[0]):
            self.links[node_id(card)].say_message({"Notice": {"Leaving": self.neighbours()}})


def main():
    *urls, name, value, link = sys.argv[1:]
    member = Member(urls)
    member.join()
    member.put(name, value)
    print(json.dumps({"id": member.id, "fetched": member.fetch(link)}), flush=True)
    for line in sys.stdin:
        command, *name = line.split()
        if command == "leave":
            member.leave()
            print(json.dumps("left"), flush=True)
            return
        answer = member.get(*name) if command == "get" else len(member.records)
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main()
