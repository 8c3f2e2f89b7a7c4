"""A member of a ring, written from docs/protocol.md alone: it joins, looks up, serves its range, and leaves. It declines level
quorum, relays for nobody, and has no files.

python3 member.py URL…    joins by one of these addresses, prints its id and address, and does what the lines of its input say:
get NAME, put NAME VALUE, status, leave. It answers each with one line of JSON."""

import argparse
import json
import os
import random
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor

from finding import Finder
from keeping import Keeper
from links import FAILED, PING_EVERY, Links, Silent
from messages import node_id, record_value, sign_card
from place import ROWS, Place, between, moved
from shelf import Shelf

STABILIZE, FINGER, REPAIR, LOOK_AROUND, STRAY = 1, 2, 5, 15, 0.25
BRISKLY, REPAIR_SOON = 8, 0.3
LONGEST_WALK = 64
NOBODY = {"predecessor": None, "successors": []}


class Member:
    def __init__(self, ring):
        self.ring, self.secret = ring, os.urandom(32)
        # Guards the place and the shelf. Nobody waits for the network with it.
        self.lock = threading.RLock()
        self.links = Links(self)
        self.card = sign_card(self.secret, 0, time.time_ns() // 1_000_000, [self.links.url])
        self.place, self.shelf = Place(self.card), Shelf()
        self.id = self.place.id
        self.finder, self.keeper = Finder(self), Keeper(self)
        self.is_member, self.ending, self.workers = False, threading.Event(), ThreadPoolExecutor(16)
        self.brisk, self.next_row, self.repair_at, self.rectifying = 0, 1, 0, False
        self.served, self.troubles = {}, []
        self.links.begin()

    # What others ask and say.

    def hear(self, link, what, content):
        if what == "Request":
            number, asked = content
            link.send({"Response": [number, self.answer(asked)]})
        elif what == "Swarm":
            said = content["said"]
            if not isinstance(said, str) and next(iter(said)) in ("Hello", "Request"):
                link.send({"Swarm": {"content": content["content"], "said": "Absent"}})
        elif content == "Notify":
            self.workers.submit(self.notified, link.card)
        elif "Leaving" in content:
            self.without(link.id, content["Leaving"])

    def answer(self, asked):
        if asked == "Ping":
            return "Pong"
        if asked is None:
            return "Unsupported"
        with self.lock:
            if not self.is_member:
                return "NotMember"
            if asked == "Neighbours":
                return {"Neighbours": self.place.neighbours()}
            ((kind, content),) = asked.items()
            self.served[kind] = self.served.get(kind, 0) + 1
            if kind == "Step":
                return {"Step": self.decide(content["key"], content["routing"], content["arrived"], content["avoid"])}
            if kind == "Forward":
                if self.finder.taken_over(content):
                    self.workers.submit(self.finder.hand_on, content)
                return "Forwarded"
            if kind == "Read":
                return {"Value": self.shelf.read(content)}
            if kind == "Write":
                return self.shelf.write(content)
            if kind == "Offer":
                return self.shelf.answer_offer(content)
            return {"Group": "Unknown"}

    def decide(self, key, routing="Finger", arrived=False, avoid=()):
        """Where a lookup goes from here, with the neighbours that the answer has."""
        with self.lock:
            hop = self.place.decide(key, routing, arrived, avoid)
            return [hop, self.place.neighbours() if hop == "Here" else NOBODY]

    def neighbours(self):
        with self.lock:
            return self.place.neighbours()

    # Who the neighbours are.

    def join(self, urls):
        for url in urls:
            try:
                self._join(self.links.dial(url).card)
            except FAILED as why:
                self.troubles.append(f"{url}: {why}")
                continue
            for pause, work in (
                (self._pause, self.stabilize), (lambda: FINGER, self.fix_finger), (lambda: 0.1, self.repair),
                (lambda: LOOK_AROUND, self.look_around), (lambda: PING_EVERY, self.links.ping),
            ):
                threading.Thread(target=self._every, args=(pause, work), daemon=True).start()
            return
        raise Silent(f"nobody has a place: {self.troubles}")

    def _join(self, entry):
        path, neighbours = self.finder.lookup(moved(self.id, 1), first=entry)
        node = neighbours["predecessor"] or path[-2:][0]
        for _ in range(LONGEST_WALK):
            listed = [card for card in self._neighbours_of(node)["successors"] if node_id(card) != self.id]
            if not listed or between(node_id(node), self.id, node_id(listed[0])):
                break
            node = listed[0]
        else:
            raise Silent("there is no end to the walk")
        with self.lock:
            self.place.take_list(listed or [node])
            self.place.predecessor, self.is_member = node, True
        self._changed()
        self.stabilize()
        while self.fix_finger():
            pass

    def _neighbours_of(self, card):
        return self.links.ask(card, "Neighbours")["Neighbours"]

    def _every(self, pause, work):
        while not self.ending.wait(pause() * random.uniform(1 - STRAY, 1 + STRAY)):
            try:
                work()
            except FAILED as why:
                self.troubles.append(f"{work.__name__}: {why}")

    def _pause(self):
        self.brisk = max(0, self.brisk - 1)
        return STABILIZE / BRISKLY if self.brisk else STABILIZE

    def _changed(self):
        self.brisk, self.repair_at = len(self.place.successors) + 1, min(self.repair_at, time.monotonic() + REPAIR_SOON)

    def stabilize(self):
        theirs = None
        while theirs is None:
            with self.lock:
                first = self.place.next()
            if first is None:
                raise Silent("this member is alone")
            try:
                theirs = self._neighbours_of(first)
            except FAILED:
                with self.lock:
                    self.place.lose(node_id(first))
        self._follow(first, theirs)
        nearer = theirs["predecessor"]
        if nearer and between(self.id, node_id(nearer), node_id(first)):
            try:
                self._follow(nearer, self._neighbours_of(nearer))
            except FAILED:
                self.is_silent(nearer)
        with self.lock:
            first = self.place.successors[0]
        self.links.tell(first, "Notify")

    def _follow(self, card, neighbours):
        with self.lock:
            before = self.place.successors
            self.place.take_list([card, *neighbours["successors"]])
            if [node_id(one) for one in before] != [node_id(one) for one in self.place.successors]:
                self._changed()

    def notified(self, card):
        """Another node thinks that it is the predecessor."""
        with self.lock:
            old, node = self.place.predecessor, node_id(card)
            if not self.is_member or node == self.id or self.rectifying:
                return
            if node == self.place.before():
                self.place.predecessor = card
                return
            is_nearer, self.rectifying = self.place.is_nearer_predecessor(node), True
        try:
            if not is_nearer:
                self.links.ask(old, "Ping")
                return
        except FAILED:
            self.is_silent(old)
        finally:
            self.rectifying = False
        with self.lock:
            if self.place.predecessor is not old:
                return
            self.place.predecessor = card
            self._changed()
        if is_nearer:
            try:
                self.keeper.hand_to_predecessor(node_id(old) if old else self.id, card)
            except FAILED as why:
                self.troubles.append(f"hand to predecessor: {why}")

    def without(self, node, neighbours):
        """A node leaves, and says who its own neighbours are."""
        with self.lock:
            self.place.drop_finger(node)
            if self.place.before() == node:
                before = neighbours["predecessor"]
                self.place.predecessor = before if before and node_id(before) not in (self.id, node) else None
                self._changed()
            was_first = self.place.successors and node_id(self.place.successors[0]) == node
            self.place.drop_successor(node)
        if was_first:
            self._changed()
            self.workers.submit(self.stabilize)

    def is_silent(self, card):
        with self.lock:
            self.place.drop_finger(node_id(card))

    def fix_finger(self):
        """Looks up the next row; says whether there are more."""
        with self.lock:
            if not self.place.successors:
                return False
            behind = self.place.learn(1, self.place.successors[0])
            self.next_row = row = max(self.next_row, behind)
        if row <= ROWS:
            try:
                path, _ = self.finder.lookup(self.place.start(row))
                with self.lock:
                    self.next_row = self.place.learn(row, path[-1])
            except FAILED:
                self.next_row = row + 1
        if self.next_row > ROWS:
            self.next_row = 1
        return self.next_row > 1

    def look_around(self):
        """Who would own this node's id if it were not there ought to be its successor."""
        with self.lock:
            known = [*self.place.successors, *self.place.fingers.values()]
        if not known:
            return
        path, _ = self.finder.lookup(self.id, first=random.choice(known), avoid=[self.id])
        owner = path[-1]
        with self.lock:
            first = node_id(self.place.successors[0]) if self.place.successors else self.id
        if between(self.id, node_id(owner), first):
            self._follow(owner, self._neighbours_of(owner))
        elif node_id(owner) not in (self.id, first):
            self.links.tell(owner, "Notify")

    def repair(self):
        if time.monotonic() >= self.repair_at:
            self.repair_at = time.monotonic() + REPAIR
            self.keeper.repair()

    # The end.

    def leave(self):
        self.ending.set()
        with self.lock:
            others = [card for card in self.place.successors if card["key"] != self.card["key"]]
            keys = self.shelf.keys()
        there = self.keeper.offer(others[0], keys)
        neighbours = self.neighbours()
        told = {node_id(card): card for card in (neighbours["predecessor"], *neighbours["successors"][:1]) if card}
        for card in told.values():
            self.links.tell(card, {"Leaving": neighbours})
        self.links.close()
        return len(there) == len(keys)

    def status(self):
        with self.lock:
            return {
                "id": self.id, "predecessor": self.place.before(),
                "successors": [node_id(card) for card in self.place.successors],
                "fingers": sorted({node_id(card) for card in self.place.fingers.values()}),
                "held": self.shelf.keys(), "served": self.served, "troubles": self.troubles + self.links.closed,
            }


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("url", nargs="+")
    parser.add_argument("--ring-name", default="main")
    arguments = parser.parse_args()
    member = Member(arguments.ring_name)
    member.join(arguments.url)
    print(json.dumps({"id": member.id, "address": member.links.url}), flush=True)
    for line in sys.stdin:
        command, *words = line.split()
        if command == "get":
            copy = member.keeper.get(words[0])
            lives = copy and copy["remaining"] >= 0
            answer = bytes.fromhex(record_value(copy["record"]) or "").decode() if lives else None
        elif command == "put":
            answer = member.keeper.put(words[0], " ".join(words[1:]))
        elif command == "status":
            answer = member.status()
        elif command == "leave":
            answer = {"left": member.leave()}
        print(json.dumps(answer), flush=True)
        if command == "leave":
            # Threads that wait for answers are of no use any more.
            os._exit(0)


if __name__ == "__main__":
    main()
