"""A pooler of transactions between clients and PostgreSQL, as PgBouncer is one with ``pool_mode = transaction``.

Each transaction of a client goes to any of the server connections that are free: so the next one of the same client is
likely to be elsewhere, and whatever a session remembers (prepared statements, ``SET``, advisory locks of a session) is
not there. It speaks as much of the protocol as that takes:
https://www.postgresql.org/docs/current/protocol-flow.html
"""

from __future__ import annotations

import contextlib
import queue
import selectors
import socket
import struct
import threading
from types import TracebackType

from sqlalchemy import URL, make_url

__all__ = ["Pooler"]

_ASKS_FOR_ENCRYPTION = {80877103, 80877104}
_READY = b"Z"
_IDLE = b"I"


class _Wire:
    """One end: whole messages in, whole messages out."""

    def __init__(self, connection: socket.socket) -> None:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.socket = connection
        self._kept = bytearray()

    def startup(self) -> bytes:
        """The first message has no letter; a wish for encryption is declined."""
        while True:
            (size,) = struct.unpack("!I", self._exactly(4))
            body = self._exactly(size - 4)
            if struct.unpack("!I", body[:4])[0] not in _ASKS_FOR_ENCRYPTION:
                return body
            self.socket.sendall(b"N")

    def _exactly(self, count: int) -> bytes:
        while len(self._kept) < count:
            self._receive()
        taken = bytes(self._kept[:count])
        del self._kept[:count]
        return taken

    def _receive(self) -> None:
        more = self.socket.recv(65536)
        if not more:
            raise ConnectionError("the other end has left")
        self._kept += more

    def messages(self) -> list[tuple[bytes, bytes]]:
        """What has come, at least one: letter, and the message as a whole."""
        found: list[tuple[bytes, bytes]] = []
        while not found:
            self._receive()
            while len(self._kept) >= 5:
                size = 1 + struct.unpack("!I", self._kept[1:5])[0]
                if len(self._kept) < size:
                    break
                found.append((bytes(self._kept[:1]), bytes(self._kept[:size])))
                del self._kept[:size]
        return found


class Pooler:
    """Listens until the end of the ``with`` block; ``url`` leads through it. ``transactions`` counts them."""

    def __init__(self, url: str, servers: int = 3) -> None:
        self._target = make_url(url)
        self._free: queue.Queue[_Wire] = queue.Queue()
        self._wires: list[_Wire] = []
        self._greeting = b""
        self.transactions = 0
        for _ in range(servers):
            self._free.put(self._open())
        self._listening = socket.create_server(("127.0.0.1", 0))
        threading.Thread(target=self._listen, daemon=True).start()

    @property
    def url(self) -> URL:
        """The same database, by this way."""
        return self._target.set(host="127.0.0.1", port=self._listening.getsockname()[1])

    def __enter__(self) -> Pooler:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._listening.close()
        for wire in self._wires:
            wire.socket.close()

    def _open(self) -> _Wire:
        """A connection to the server, greeted: what it says of itself is what every client is told."""
        wire = _Wire(socket.create_connection((self._target.host or "", self._target.port or 5432)))
        self._wires.append(wire)
        told = {"user": self._target.username or "", "database": self._target.database or ""}
        body = (
            struct.pack("!I", 196608) + b"".join(f"{name}\0{value}\0".encode() for name, value in told.items()) + b"\0"
        )
        wire.socket.sendall(struct.pack("!I", len(body) + 4) + body)
        greeting = b""
        while True:
            for letter, message in wire.messages():
                greeting += message
                if letter == _READY:
                    self._greeting = greeting
                    return wire

    def _listen(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                connection, _ = self._listening.accept()
                wire = _Wire(connection)
                self._wires.append(wire)
                threading.Thread(target=self._serve, args=(wire,), daemon=True).start()

    def _serve(self, client: _Wire) -> None:
        with contextlib.suppress(OSError, ValueError), client.socket:
            client.startup()
            client.socket.sendall(self._greeting)
            while True:
                first = client.messages()
                if first[0][0] == b"X":
                    return
                server = self._take()
                self._carry(client, server, first)
                self._free.put(server)

    def _take(self) -> _Wire:
        """Sooner or later another one than last time, whatever the rhythm of the clients."""
        self.transactions += 1
        server = self._free.get()
        if self.transactions % 7 < 3 and not self._free.empty():
            self._free.put(server)
            server = self._free.get()
        return server

    @staticmethod
    def _carry(client: _Wire, server: _Wire, first: list[tuple[bytes, bytes]]) -> None:
        """Everything back and forth, until the server is ready and in no transaction, and nothing is asked any more."""
        owed = _send(server, first)
        with selectors.DefaultSelector() as waiting:
            waiting.register(client.socket, selectors.EVENT_READ, client)
            waiting.register(server.socket, selectors.EVENT_READ, server)
            while True:
                for key, _ in waiting.select():
                    if key.data is client:
                        owed += _send(server, client.messages())
                        continue
                    answers = server.messages()
                    client.socket.sendall(b"".join(message for _, message in answers))
                    owed -= sum(letter == _READY for letter, _ in answers)
                    if owed == 0 and answers[-1][0] == _READY and answers[-1][1][-1:] == _IDLE:
                        return


def _send(server: _Wire, messages: list[tuple[bytes, bytes]]) -> int:
    """Pass them on; answers how often the server will say that it is ready."""
    server.socket.sendall(b"".join(message for _, message in messages))
    return sum(letter in (b"Q", b"S") for letter, _ in messages)
