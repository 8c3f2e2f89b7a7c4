"""Lookups: those that a member drives itself, hop by hop, and those that are handed to it."""

import time

from links import FAILED, Silent
from messages import node_id
from place import ahead, within

MOST_QUESTIONS, MOST_TO_AVOID, MOST_ON_A_PATH = 1_024, 16, 1_024
FORWARDS_REMEMBERED = 10


def named(hop):
    """The card that a hop names, and whether that node is thought to be responsible."""
    ((kind, content),) = hop.items()
    return content["card"] if kind == "Finger" else content, kind in ("Owner", "Back")


class Finder:
    def __init__(self, member):
        self.member, self.seen = member, {}

    def lookup(self, key, first=None, avoid=()):
        """The cards on the way, and the neighbours of the last one, which is responsible. Begins here, or at another node."""
        avoid, path, arrived = list(avoid), [first or self.member.card], False
        for _ in range(MOST_QUESTIONS):
            at = path[-1]
            try:
                hop, neighbours = self._step(at, key, arrived, avoid)
                if hop == "Here":
                    return path, neighbours
                card, arrives = named(hop)
                if node_id(card) == self.member.id and arrives and self.member.is_member:
                    return [*path, self.member.card], self.member.neighbours()
                self._must_lead_on(path, avoid, key, arrived, card, arrives)
                path.append(card)
                arrived = arrives
            except FAILED:
                if len(path) == 1 or len(avoid) >= MOST_TO_AVOID:
                    raise
                avoid.append(node_id(path.pop()))
                self.member.is_silent(at)
                arrived = False
        raise Silent("the lookup does not end")

    def _step(self, card, key, arrived, avoid):
        if node_id(card) == self.member.id:
            return self.member.decide(key, "Finger", arrived, avoid)
        step = {"lookup": 1, "key": key, "routing": "Finger", "arrived": arrived, "avoid": avoid}
        answer = self.member.links.ask(card, {"Step": step})
        if "Step" not in answer:
            raise Silent(f"a step is answered with {answer}")
        return answer["Step"]

    def _must_lead_on(self, path, avoid, key, arrived, card, arrives):
        at, node = node_id(path[-1]), node_id(card)
        is_known = node in avoid or any(node_id(visited) == node for visited in path)
        is_nearer = ahead(key, node) < ahead(key, at) if arrives and arrived else arrives or within(at, node, key)
        if is_known or not is_nearer:
            raise Silent(f"{at} names {node}, which leads nowhere")

    def taken_over(self, forward):
        """Whether a lookup that is handed to this member is new; it goes on then."""
        now, which = time.monotonic(), (node_id(forward["origin"]), forward["lookup"])
        self.seen = {one: until for one, until in self.seen.items() if until > now}
        if which in self.seen or len(forward["path"]) >= MOST_ON_A_PATH:
            return False
        self.seen[which] = now + FORWARDS_REMEMBERED
        return True

    def hand_on(self, forward):
        avoid, path = [], [*forward["path"], self.member.id]
        while len(avoid) <= MOST_TO_AVOID:
            hop, neighbours = self.member.decide(forward["key"], forward["routing"], forward["arrived"], avoid)
            if hop == "Here":
                found = {"lookup": forward["lookup"], "path": path, "neighbours": neighbours}
                self.member.links.tell(forward["origin"], {"Found": found})
                return
            card, arrives = named(hop)
            try:
                self.member.links.ask(card, {"Forward": {**forward, "arrived": arrives, "path": path}})
                return
            except FAILED:
                avoid.append(node_id(card))
