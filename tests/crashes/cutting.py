"""A wire between the portal and a PostgreSQL that breaks at the very moment that a test names."""

from __future__ import annotations

import socket
import threading
from types import TracebackType

from sqlalchemy import make_url

__all__ = ["Wire"]


_COMMIT = b"COMMIT\x00"
"""As the protocol says it; "READ COMMITTED" is said at each BEGIN."""


class Wire:
    """Passes on whatever is said, until COMMIT is: then it is cut ``before`` the server hears it, or ``after``.

    The simple protocol says COMMIT as text, so that it can be heard: 'Q', a length, the statement.
    """

    def __init__(self, url: str) -> None:
        target = make_url(url)
        self._server = (target.host or "127.0.0.1", target.port or 5432)
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.url = target.set(host="127.0.0.1", port=self._listening.getsockname()[1]).render_as_string(False)
        self.cut: str | None = None
        self.cuts = 0
        self._open: list[socket.socket] = []
        threading.Thread(target=self._accept, daemon=True).start()

    def __enter__(self) -> Wire:
        return self

    def __exit__(self, _kind: type[BaseException] | None, _error: object, _trace: TracebackType | None) -> None:
        for one in (self._listening, *self._open):
            one.close()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listening.accept()
                server = socket.create_connection(self._server)
            except OSError:
                return
            self._open += [client, server]
            for source, sink, says in ((client, server, True), (server, client, False)):
                threading.Thread(target=self._pass_on, args=(source, sink, says), daemon=True).start()

    def _pass_on(self, source: socket.socket, sink: socket.socket, from_client: bool) -> None:
        try:
            while piece := source.recv(65536):
                commits = from_client and self.cut is not None and _COMMIT in piece
                if not commits:
                    sink.sendall(piece)
                    continue
                how, self.cut = self.cut, None
                self.cuts += 1
                # The client is cut off first, so that it never hears what the server answers.
                source.shutdown(socket.SHUT_RDWR)
                if how == "after":
                    sink.sendall(piece)
                    threading.Event().wait(0.2)
                sink.shutdown(socket.SHUT_RDWR)
                return
            sink.shutdown(socket.SHUT_WR)
        except OSError:
            return
