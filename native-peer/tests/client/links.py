"""A member's connections to all others: dialed and accepted, and what is asked over them."""

import itertools
import socket
import threading

from connection import Connection
from link import Refused
from messages import node_id
from websocket import Closed

PING_EVERY = 15
# Before round trips are measured; and where a record is written before the answer goes out.
PATIENCE, PATIENCE_WITH_WRITES = 1, 2
SILENCE = {"NotMember", "Unsupported"}


class Silent(Exception):
    """A node cannot be reached, or has no answer."""


FAILED = (Silent, Refused, Closed, OSError, ValueError)


class Links:
    """`member` has the ring's name, a secret and a card, and hears what is not an answer."""

    def __init__(self, member):
        self.member, self.lock = member, threading.Lock()
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"ws://127.0.0.1:{self.listener.getsockname()[1]}/ws"
        self.open, self.numbers, self.waiting, self.closed = {}, itertools.count(1), {}, []

    def begin(self):
        threading.Thread(target=self._listen, daemon=True).start()

    def _listen(self):
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self._accept, args=(connection,), daemon=True).start()

    def _accept(self, connection):
        try:
            self._run(Connection.accept(connection, self.member))
        except FAILED:
            connection.close()

    def dial(self, url):
        link = Connection.dial(url, self.member)
        self._keep(link)
        threading.Thread(target=self._read, args=(link,), daemon=True).start()
        return link

    def _run(self, link):
        self._keep(link)
        self._read(link)

    def _keep(self, link):
        """There is at most one each way to a node."""
        with self.lock:
            old = self.open.pop((link.id, link.role), None)
            self.open[link.id, link.role] = link
        if old:
            old.close("replaced")

    def _read(self, link):
        why = link.read(self._hear)
        with self.lock:
            if self.open.get((link.id, link.role)) is link:
                del self.open[link.id, link.role]
        if why:
            self.closed.append(why)

    def _hear(self, link, message):
        ((what, content),) = message.items()
        if what != "Response":
            self.member.hear(link, what, content)
            return
        number, answer = content
        asked, arrived, slot = self.waiting.get(number, (None, None, None))
        if asked == link.id:
            slot.append(answer)
            arrived.set()

    def to(self, card):
        """A connection to the node of a card."""
        wanted = node_id(card)
        with self.lock:
            for (node, _), link in self.open.items():
                if node == wanted and link.is_open:
                    return link
        for address in card["addresses"]:
            try:
                link = self.dial(address["Socket"])
            except FAILED:
                continue
            if link.id == wanted:
                return link
            link.close("forged identity")
        raise Silent(f"no way to {wanted}")

    def ask(self, card, request):
        """The answer, which may come over another connection than the question goes."""
        number, arrived, slot = next(self.numbers), threading.Event(), []
        self.waiting[number] = node_id(card), arrived, slot
        name = request if isinstance(request, str) else next(iter(request))
        try:
            self.to(card).send({"Request": [number, request]})
            arrived.wait(PATIENCE_WITH_WRITES if name in ("Write", "Offer") else PATIENCE)
        finally:
            del self.waiting[number]
        if not slot or isinstance(slot[0], str) and slot[0] in SILENCE:
            raise Silent(f"{node_id(card)} answers {name} with {slot}")
        return slot[0]

    def tell(self, card, notice):
        try:
            self.to(card).send({"Notice": notice})
        except FAILED:
            pass

    def ping(self):
        for link in list(self.open.values()):
            try:
                link.socket.ping()
            except OSError:
                pass

    def close(self):
        self.listener.close()
        for link in list(self.open.values()):
            link.close("leaving")
