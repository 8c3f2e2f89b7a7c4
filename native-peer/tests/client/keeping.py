"""Keeping records where they belong: offers to those who should have them, hand-over to those who own them, gets and puts."""

from curve25519 import public_key
from links import FAILED, Silent
from messages import name_id, node_id, record_fault, record_key, record_version, sign_record
from place import within

GROUP, PAGE = 3, 256
UNCLAIMED_AFTER = 15
LIFETIME = 86_400


def of_each_peer(cards):
    """The first of each peer: several positions of one have the same key."""
    first = {}
    for card in cards:
        first.setdefault(card["key"], card)
    return list(first.values())[:GROUP]


class Keeper:
    def __init__(self, member):
        self.member, self.shelf = member, member.shelf

    def group(self, key):
        """Those who hold a key, the owner first, and the range that it owns; None where that is not known."""
        path, neighbours = self.member.finder.lookup(key)
        before = neighbours["predecessor"]
        owned = before and (node_id(before), node_id(path[-1]))
        return of_each_peer([path[-1], *neighbours["successors"]]), owned

    def repair(self):
        with self.member.lock:
            place = self.member.place
            if place.predecessor is None or not place.successors:
                return
            own = [key for key in self.shelf.keys() if place.owns(key)]
            others = of_each_peer([place.card, *place.successors])[1:]
            unclaimed = [key for key in self.shelf.unclaimed(UNCLAIMED_AFTER) if not place.owns(key)]
        for card in others:
            try:
                self.offer(card, own)
            except FAILED:
                pass
        while unclaimed:
            group, owned = self.group(unclaimed[0])
            there = self._in_range(unclaimed, owned)
            unclaimed = [key for key in unclaimed if key not in there]
            self._give_back(group, owned, there)

    def _in_range(self, keys, owned):
        return [key for key in keys if owned and within(owned[0], key, owned[1])] or keys[:1]

    def _give_back(self, group, owned, keys):
        """Another node owns these: it is to have them. Who is in the group as well keeps its copies."""
        if node_id(group[0]) == self.member.id:
            return
        if any(card["key"] == self.member.card["key"] for card in group):
            with self.member.lock:
                self.shelf.claim(keys)
            self.offer(group[0], keys)
            return
        for key in self.offer(group[0], keys):
            with self.member.lock:
                if not self.member.place.owns(key):
                    self.shelf.drop(key)

    def hand_to_predecessor(self, after, card):
        """A new predecessor owns the range up to itself."""
        with self.member.lock:
            keys = [key for key in self.shelf.keys() if within(after, key, node_id(card))]
        self.offer(card, keys)

    def offer(self, card, keys):
        """Offers records page by page, and gives what is lacking; returns the keys that the other has then."""
        there = []
        for at in range(0, len(keys), PAGE):
            with self.member.lock:
                versions = self.shelf.versions(keys[at:at + PAGE])
            page = [[key, dict(zip(("sequence", "author", "digest"), version))] for key, version in versions.items()]
            if page:
                wanted = self.member.links.ask(card, {"Offer": page})["Wanted"]
                there += [key for key in versions if key not in wanted["lacking"]]
                there += self._give(card, [key for key in versions if key in wanted["lacking"]])
                self._fetch(card, [key for key in versions if key in wanted["newer"]])
        return there

    def _give(self, card, keys):
        given = []
        for key in keys:
            with self.member.lock:
                copy = self.shelf.read(key)
            if copy and self.member.links.ask(card, {"Write": copy}) == "Written":
                given.append(key)
        return given

    def _fetch(self, card, keys):
        for key in keys:
            copy = self.member.links.ask(card, {"Read": key})["Value"]
            if copy and record_key(copy["record"]) == key:
                with self.member.lock:
                    self.shelf.write(copy)

    def get(self, name):
        """The newest copy of a name, or its tombstone; members with another version are sent it."""
        key, copies = name_id(name), []
        for card in self.group(key)[0]:
            try:
                copies.append((card, self._at(card, {"Read": key})["Value"]))
            except FAILED:
                pass
        if not copies:
            raise Silent("nobody who should hold the name answers")
        good = [
            copy for _, copy in copies if copy and "Item" in copy["record"]
            and copy["record"]["Item"]["label"] == {"Name": name} and not record_fault(copy["record"])
        ]
        newest = max(good, key=lambda copy: record_version(copy["record"]), default=None)
        for card, copy in copies:
            if newest and (copy is None or record_version(copy["record"]) != record_version(newest["record"])):
                self._at(card, {"Write": newest})
        return newest

    def put(self, name, value):
        """How many have stored it."""
        held = self.get(name)
        item = {"label": {"Name": name}, "value": value.encode().hex(), "lifetime": LIFETIME}
        item["sequence"] = (held["record"]["Item"]["sequence"] if held else 0) + 1
        item["author"] = public_key(self.member.secret).hex()
        copy = {"record": sign_record([self.member.secret], {"Item": item}), "remaining": LIFETIME}
        return sum(self._at(card, {"Write": copy}) == "Written" for card in self.group(name_id(name))[0])

    def _at(self, card, request):
        """What a node of the group answers, which may be this one."""
        if node_id(card) == self.member.id:
            return self.member.answer(request)
        return self.member.links.ask(card, request)
