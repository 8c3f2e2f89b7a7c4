"""The records that a member holds at level one, as docs/protocol.md tells of them."""

import time
from math import floor

from messages import record_fault, record_key, record_version

DAY = 86_400
LONGEST = {"Immutable": DAY, "Providers": 1_800}
AHEAD_AT_MOST, PROVIDERS_AT_MOST = 65_536, 64


def longest(record):
    ((kind, content),) = record.items()
    return LONGEST.get(kind) or content["lifetime"]


def tombstone(record):
    """For how long after its end it is remembered that a record was there: until what it replaced has ended."""
    item = record.get("Item")
    return DAY - item["lifetime"] if item and item["sequence"] > 1 else 0


class Held:
    def __init__(self, record, ends, now):
        # Since when nobody has offered it.
        self.record, self.ends, self.offered, self.version = record, ends, now, record_version(record)
        self.forgotten = ends + tombstone(record)

    def copy(self, now):
        record = self.record
        if "Providers" in record:
            entries = [
                {name: field for name, field in one.items() if name != "ends"} | {"behind": int(self.ends - one["ends"])}
                for one in record["Providers"]["entries"] if one["ends"] > now
            ]
            record = {"Providers": {**record["Providers"], "entries": entries}}
        # Rounded down, that no copy outlives the one it came from; of a tombstone never 0, which would be a last second.
        return {"record": record, "remaining": floor(self.ends - now)}


class Shelf:
    def __init__(self, now=time.monotonic):
        self.now, self.held = now, {}

    def keys(self):
        """What is there, in order; what is forgotten goes."""
        self.held = {key: held for key, held in self.held.items() if held.forgotten > self.now()}
        return sorted(self.held)

    def unclaimed(self, patience):
        return [key for key in self.keys() if self.now() - self.held[key].offered > patience]

    def claim(self, keys):
        for key in keys:
            if key in self.held:
                self.held[key].offered = self.now()

    def versions(self, keys):
        return {key: self.held[key].version for key in keys if key in self.held}

    def read(self, key):
        """The copy that is held, be it a tombstone, or none; in its last second it is not passed on."""
        held, now = self.held.get(key), self.now()
        passed_on = held and held.forgotten > now and not 0 <= held.ends - now < 1
        return held.copy(now) if passed_on else None

    def write(self, copy):
        """The answer to a write."""
        record = copy["record"]
        fault = record_fault(record)
        if fault:
            return {"Refused": fault}
        key, ends = record_key(record), self.now() + min(copy["remaining"], longest(record))
        held = self.held.get(key) if key in self.keys() else None
        if "Providers" in record:
            record, ends = self._merged(held, record["Providers"], ends)
        elif held is None and copy["remaining"] <= 0 and (
            copy["remaining"] == 0 or ends + tombstone(record) <= self.now()
        ):
            return "Written"
        elif held:
            mine, theirs = held.version, record_version(record)
            if theirs[0] > mine[0] + AHEAD_AT_MOST:
                return {"Refused": "SequenceJump"}
            if theirs < mine or theirs == mine and ends <= held.ends:
                return "Written"
        if record:
            self.held[key] = Held(record, ends, self.now())
        return "Written"

    def _merged(self, held, providers, ends):
        """Of each author the later entry, each with its own end; the copy ends with the last of them."""
        entries = {one["card"]["key"]: one for one in held.record["Providers"]["entries"]} if held else {}
        for one in providers["entries"]:
            until = min(ends - one["behind"], self.now() + one["lifetime"])
            mine, later = entries.get(one["card"]["key"]), (one["card"]["version"], one["sequence"])
            if until > self.now() and (mine is None or later > (mine["card"]["version"], mine["sequence"])):
                entries[one["card"]["key"]] = {**one, "ends": until}
        kept = sorted(entries.values(), key=lambda one: -one["ends"])[:PROVIDERS_AT_MOST]
        if not kept:
            return None, ends
        kept.sort(key=lambda one: one["card"]["key"])
        return {"Providers": {**providers, "entries": kept}}, max(one["ends"] for one in kept)

    def answer_offer(self, versions):
        """Of what is offered, what is lacking here and what is newer here."""
        lacking, newer, here = [], [], set(self.keys())
        for key, theirs in versions:
            if key not in here:
                lacking.append(key)
                continue
            held, theirs = self.held[key], (theirs["sequence"], theirs["author"], theirs["digest"])
            held.offered = self.now()
            merges = "Providers" in held.record and held.version != theirs
            lacking += [key] if held.version < theirs or merges else []
            newer += [key] if held.version > theirs or merges else []
        return {"Wanted": {"lacking": lacking, "newer": newer}}

    def drop(self, key):
        self.held.pop(key, None)
