"""A member's place on the ring, as docs/protocol.md tells of it: its neighbours and fingers, and how it decides with them."""

from messages import node_id

ROWS = 160
SPACE = 1 << ROWS
SUCCESSORS = 4


def ahead(start, end):
    """How far it is from one id to another, clockwise."""
    return (int(end, 16) - int(start, 16)) % SPACE


def within(after, at, upto):
    """Whether `at` is in (after, upto]; (a, a] is the whole ring."""
    return 0 < (ahead(after, at) or SPACE) <= (ahead(after, upto) or SPACE)


def between(after, at, before):
    """Whether `at` is strictly between the two."""
    return at not in (after, before) and within(after, at, before)


def moved(node, distance):
    return f"{(int(node, 16) + distance) % SPACE:040x}"


class Place:
    def __init__(self, card):
        self.card, self.id = card, node_id(card)
        self.predecessor, self.successors, self.fingers = None, [], {}

    def neighbours(self):
        return {"predecessor": self.predecessor, "successors": self.successors}

    def before(self):
        """The id of the predecessor; None without one."""
        return self.predecessor and node_id(self.predecessor)

    def owns(self, key):
        return self.predecessor is not None and within(self.before(), key, self.id)

    def decide(self, key, routing="Finger", arrived=False, avoid=()):
        """The rule of `Step`, in its order."""
        listed = [card for card in self.successors if node_id(card) not in avoid]
        if not listed or self.owns(key):
            return "Here"
        if arrived:
            return {"Back": self.predecessor} if self.predecessor and self.before() not in avoid else "Here"
        for card in listed[:1] if routing == "Linear" else listed:
            if within(self.id, key, node_id(card)):
                return {"Owner": card}
        if routing == "Linear":
            return {"Along": listed[0]}
        last = ahead(self.id, node_id(listed[-1]))
        usable = [
            (ahead(self.id, node_id(card)), row) for row, card in self.fingers.items()
            if node_id(card) not in avoid and between(self.id, node_id(card), key)
        ]
        farthest, row = max(usable, default=(0, 0))
        return {"Finger": {"row": row, "card": self.fingers[row]}} if farthest >= last else {"Along": listed[-1]}

    def is_nearer_predecessor(self, node):
        return self.predecessor is None or between(self.before(), node, self.id)

    def take_list(self, cards):
        """Takes another node's list, as far as it is in order and does not come round to this node."""
        last, taken = self.id, []
        for card in cards[:SUCCESSORS]:
            if not between(last, node_id(card), self.id):
                break
            taken.append(card)
            last = node_id(card)
        self.successors = taken

    def next(self):
        """The node to stabilize with: none in a ring of one."""
        fingers = sorted(self.fingers.values(), key=lambda card: ahead(self.id, node_id(card)))
        return next(iter([*self.successors[:1], *([self.predecessor] if self.predecessor else []), *fingers]), None)

    def lose(self, node):
        """The node to stabilize with was silent."""
        if not self.successors and self.before() == node:
            self.predecessor = None
        self.drop_successor(node)
        self.drop_finger(node)

    def drop_successor(self, node):
        self.successors = [card for card in self.successors if node_id(card) != node]

    def drop_finger(self, node):
        self.fingers = {row: card for row, card in self.fingers.items() if node_id(card) != node}

    def start(self, row):
        return moved(self.id, 1 << row - 1)

    def learn(self, row, card):
        """The card's node is the first at or behind this row's start. Returns the next row that it is not in."""
        distance = ahead(self.id, node_id(card)) or SPACE
        while row <= ROWS and (1 << row - 1) <= distance:
            if node_id(card) == self.id:
                self.fingers.pop(row, None)
            else:
                self.fingers[row] = card
            row += 1
        return row
