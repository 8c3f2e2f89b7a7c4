"""A peer as the vectors of circuits show it: it relays, and it is the end of circuits. The reader itself does neither; this is
to know that the page says enough for who does."""

from channel import FIRST_CREDIT, MOST_CREDIT, UNREACHABLE
from link import MESSAGE_FRAME, MOST, MOST_IN_HANDSHAKE, REASONS, SEAL, Refused, Session, circuit_of, put_on, reason
from messages import node_id

INITIATOR, RESPONDER = 0, 1
GRACE, PATIENCE = 30, 5
TOO_MANY_CIRCUITS, TOO_MANY_LEASES = 17, 18


class Leg:
    """A circuit on one of its links. `onward` is the other leg, once there is one."""

    def __init__(self, waits_for=None, target=None, deadline=None):
        self.waits_for, self.target, self.deadline = waits_for, target, deadline
        self.hello, self.onward, self.credit = None, None, FIRST_CREDIT


class Link:
    def __init__(self, role, other):
        self.other, self.parity = other, 1 - role
        self.next, self.last = 1 + role, 0

    def number(self):
        self.next += 2
        return self.next - 2

    def takes(self, number):
        right = number > self.last and number % 2 != self.parity
        self.last = number if right else self.last
        return right

    def knows(self, number):
        return number < self.next if number % 2 == self.parity else number <= self.last


class End:
    """The responder of a circuit."""

    def __init__(self, session, card, deadline):
        self.session, self.card, self.deadline, self.stage = session, card, deadline, 0

    def hear(self, data):
        self.stage += 1
        if self.stage == 1:
            return [self.session.on_hello(data)]
        if self.stage == 2:
            self.session.on_proof(data)
            return [self.session.introduce(self.card["version"], self.card["addresses"])]
        if self.stage == 3:
            self.session.on_introduction(data)
            self.deadline = None
            return []
        kind, content = self.session.open(data, on_circuit=True)
        if kind != MESSAGE_FRAME or "Request" not in content:
            return []
        number, asked = content["Request"]
        return [self.session.seal({"Response": [number, "Pong" if asked == "Ping" else "NotMember"]})]


class Peer:
    """Does what the steps of a vector do to it, and tells what it does then."""

    def __init__(self, vector):
        self.ring, self.secret, self.card = vector["ring"], bytes.fromhex(vector["secret"]), vector["card"]
        self.relays, self.most_leases, self.most_circuits = vector["relays"], vector["leases"], vector["circuits"]
        self.sides = {(one["on"], one["circuit"]): one for one in vector["sides"]}
        self.id = node_id(Session(self.ring, secret=self.secret, index=self.card["index"]).mine)
        self.now, self.links, self.legs, self.ends, self.leases, self.then = 0, {}, {}, {}, {}, []

    def step(self, step):
        self.then = []
        on = step.get("on")
        try:
            if "begins" in step:
                self.links[on] = Link(step["begins"]["role"], step["begins"]["other"])
                self.way_found(on)
            elif "ends" in step:
                self.lose(on)
            elif "waits" in step:
                self.wait(step["waits"])
            elif "says" in step:
                self.hear(on, step["says"])
            else:
                self.carry(on, bytes.fromhex(step["sends"]))
        except Refused as why:
            self.then.append({"on": on, "closes": str(why)})
            self.lose(on)
        return self.then

    def say(self, on, message):
        self.then.append({"on": on, "says": message})

    def close(self, leg, number):
        self.say(leg[0], {"Close": {"circuit": leg[1], "reason": number}})

    def send(self, leg, data):
        self.then.append({"on": leg[0], "sends": put_on(leg[1], data).hex()})

    def link_to(self, node):
        return next((on for on, link in self.links.items() if link.other == node), None)

    def way_found(self, on):
        node = self.links[on].other
        if node in self.leases:
            self.leases[node] = None
        for near, leg in sorted(self.legs.items()):
            if leg.waits_for == node and leg.onward is None:
                far = on, self.links[on].number()
                self.legs[far] = Leg()
                self.legs[far].onward, leg.onward = near, far
                self.say(on, {"Open": {"circuit": far[1], "target": leg.target, "relay": None}})
                if leg.hello:
                    self.send(far, leg.hello)

    def lose(self, on):
        link = self.links.pop(on)
        if link.other in self.leases:
            self.leases[link.other] = self.now + GRACE
        for leg in sorted(leg for leg in self.legs if leg[0] == on):
            if leg in self.legs:
                far = self.drop(leg)
                if far:
                    self.close(far, 0)
        self.ends = {leg: end for leg, end in self.ends.items() if leg[0] != on}

    def drop(self, leg):
        far = self.legs.pop(leg).onward
        self.legs.pop(far, None)
        return far

    def wait(self, seconds):
        self.now += seconds
        self.leases = {node: lapses for node, lapses in self.leases.items() if lapses is None or lapses > self.now}
        for leg, end in list(self.ends.items()):
            if end.deadline is not None and end.deadline <= self.now:
                del self.ends[leg]
                self.close(leg, REASONS.index("handshake timeout"))
        for near, leg in sorted(self.legs.items()):
            if leg.deadline is not None and leg.onward is None and leg.deadline <= self.now:
                del self.legs[near]
                self.close(near, UNREACHABLE)

    def hear(self, on, message):
        kind, content = (message, None) if isinstance(message, str) else next(iter(message.items()))
        node = self.links[on].other
        if kind == "Lease":
            self.say(on, self.lease(node))
        elif kind == "Release":
            self.leases.pop(node, None)
        elif kind == "Open":
            if not self.links[on].takes(content["circuit"]):
                raise Refused("garbage")
            self.opened((on, content["circuit"]), node, content["target"], content["relay"])
        elif kind in ("Close", "Credit"):
            leg = on, content["circuit"]
            if kind == "Close":
                self.ends.pop(leg, None)
            if leg in self.legs:
                self.closed(leg, content["reason"]) if kind == "Close" else self.credited(leg, content["bytes"])

    def lease(self, node):
        if not self.relays:
            return {"Refused": UNREACHABLE}
        if node not in self.leases and len(self.leases) >= self.most_leases:
            return {"Refused": TOO_MANY_LEASES}
        self.leases[node] = None
        return {"Leased": {"grace": GRACE, "circuits": self.most_circuits}}

    def has_room(self, on, circuits):
        return len([leg for leg in circuits if leg[0] == on]) < self.most_circuits

    def opened(self, near, opener, target, relay):
        if target == self.id and not self.has_room(near[0], self.ends):
            self.close(near, TOO_MANY_CIRCUITS)
            return
        if target == self.id:
            side = self.sides[near]
            share, nonce = bytes.fromhex(side["share"]), bytes.fromhex(side["nonce"])
            session = Session(self.ring, RESPONDER, self.secret, nonce, share, self.card["index"], None)
            self.ends[near] = End(session, self.card, self.now + PATIENCE)
            self.send(near, session.hello())
            return
        following = target if relay in (None, self.id) else relay
        served = opener in self.leases or (target in self.leases and following == target)
        on = self.link_to(following)
        # Outside a ring it finds nobody.
        if not self.relays or not served or (on is None and following not in self.leases):
            self.close(near, UNREACHABLE)
            return
        if not self.has_room(near[0], self.legs):
            self.close(near, TOO_MANY_CIRCUITS)
            return
        self.legs[near] = Leg(following, target, self.now + PATIENCE)
        if on is not None:
            self.way_found(on)

    def closed(self, leg, number):
        far = self.drop(leg)
        if far:
            self.close(far, REASONS.index(reason(number)))

    def credited(self, leg, count):
        far = self.legs[leg].onward
        if far:
            self.legs[far].credit += count
            if self.legs[far].credit > MOST_CREDIT:
                raise Refused("credit")
            self.say(far[0], {"Credit": {"circuit": far[1], "bytes": count}})

    def carry(self, on, data):
        leg = on, circuit_of(data)
        if len(data) > MOST + SEAL:
            raise Refused("too large")
        if leg in self.ends:
            try:
                for answer in self.ends[leg].hear(put_on(0, data)):
                    self.send(leg, answer)
            except Refused as why:
                del self.ends[leg]
                self.close(leg, REASONS.index(str(why)))
        elif leg in self.legs:
            self.pass_on(self.legs[leg], data)
        elif not self.links[on].knows(leg[1]):
            raise Refused("garbage")

    def pass_on(self, leg, data):
        if leg.credit < len(data):
            raise Refused("credit")
        leg.credit -= len(data)
        if leg.onward:
            self.send(leg.onward, data)
        elif leg.hello or len(data) > MOST_IN_HANDSHAKE:
            raise Refused("garbage")
        else:
            leg.hello = data
