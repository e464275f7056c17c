"""The other end of the mail tests: certificates, a real mail server, and one that misbehaves on purpose."""

from __future__ import annotations

import contextlib
import socket
import ssl
import subprocess
import threading
import time
from collections.abc import Iterator
from email import message_from_bytes
from email.policy import default
from pathlib import Path
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult, LoginPassword

__all__ = ["Certificates", "Faulty", "Mailbox", "free_port", "serving"]


class Certificates:
    """An authority of the test's own, and what it has signed: for which name, for how many days from now."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._key("ca")
        self._run("req", "-x509", "-key", "ca.key", "-days", "2", "-subj", "/CN=test authority", "-out", "ca.crt")
        self._key("server")
        for name, host, days in (("right", "localhost", 2), ("expired", "localhost", -1), ("other", "mail.example", 2)):
            self._sign(name, host, days)
        self._run(
            "req", "-x509", "-key", "server.key", "-days", "2", "-subj", "/CN=localhost",
            "-addext", "subjectAltName=DNS:localhost", "-out", "self-signed.crt",
        )  # fmt: skip

    def _key(self, name: str) -> None:
        self._run("genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256", "-out", f"{name}.key")

    def _sign(self, name: str, host: str, days: int) -> None:
        (self._folder / "names").write_text(f"subjectAltName=DNS:{host}")
        self._run("req", "-new", "-key", "server.key", "-subj", f"/CN={host}", "-out", "request")
        self._run(
            "x509", "-req", "-in", "request", "-CA", "ca.crt", "-CAkey", "ca.key", "-CAcreateserial",
            "-days", str(days), "-extfile", "names", "-out", f"{name}.crt",
        )  # fmt: skip

    def _run(self, *arguments: str) -> None:
        subprocess.run(["openssl", *arguments], cwd=self._folder, check=True, capture_output=True)

    def served(self, name: str) -> ssl.SSLContext:
        """For the server that shows this one."""
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(self._folder / f"{name}.crt", self._folder / "server.key")
        return context

    def trusted(self) -> ssl.SSLContext:
        """For a client that trusts the authority."""
        return ssl.create_default_context(cafile=str(self._folder / "ca.crt"))


class Mailbox:
    """Takes mail, and answers RCPT and DATA as it is told."""

    def __init__(self) -> None:
        self.mails: list[Any] = []
        self.recipients: list[list[str]] = []
        self.logins: list[tuple[bytes, bytes]] = []
        self.rcpt = ""
        self.data = "250 OK"

    async def handle_RCPT(self, _server: Any, _session: Any, envelope: Any, address: str, _options: Any) -> str:
        if self.rcpt:
            return self.rcpt
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: Any, _session: Any, envelope: Any) -> str:
        self.mails.append(message_from_bytes(envelope.content, policy=default))
        self.recipients.append(envelope.rcpt_tos)
        if self.data == "drop":
            server.transport.abort()
            return "250 nobody hears this"
        return self.data

    def knows(self, _server: Any, _session: Any, _envelope: Any, _mechanism: str, given: Any) -> AuthResult:
        """One user, with one password."""
        assert isinstance(given, LoginPassword)
        self.logins.append((given.login, given.password))
        return AuthResult(success=given == LoginPassword(b"portal", b"right"), handled=False)


def free_port() -> int:
    """A port that nobody listens at."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


@contextlib.contextmanager
def serving(box: Mailbox, **options: Any) -> Iterator[int]:
    """A real mail server on the loopback; gives its port."""
    port = free_port()
    implicit = options.pop("implicit_tls", None)
    if implicit is not None:
        options["ssl_context"] = implicit
    controller = Controller(box, hostname="localhost", port=port, **options)
    # The controller asks itself a question to see that it runs: over TLS it would have to trust itself.
    controller._trigger_server = lambda: socket.create_connection(("127.0.0.1", port), 5).close()  # type: ignore[method-assign]
    controller.start()
    try:
        yield port
    finally:
        controller.stop()


STAGES = ("connect", "EHLO", "MAIL", "RCPT", "DATA", "text", "QUIT")
_USUAL = {
    "connect": b"220 mail.example ESMTP\r\n",
    "EHLO": b"250-mail.example\r\n250 8BITMIME\r\n",
    "MAIL": b"250 OK\r\n",
    "RCPT": b"250 OK\r\n",
    "DATA": b"354 go on\r\n",
    "text": b"250 taken\r\n",
    "QUIT": b"221 bye\r\n",
}


class Faulty:
    """A mail server that does what it is told at one stage of the conversation, and the usual at all others.

    ``says``: bytes in the place of the usual answer; ``pause``: between every two bytes of it; ``silent``: nothing at
    all, until it is closed; ``drops``: hangs up.
    """

    def __init__(self, stage: str, says: bytes = b"", *, pause: float = 0, silent: bool = False, drops: bool = False):
        self._fault = stage
        self._says = says
        self._pause = pause
        self._silent = silent
        self._drops = drops
        self._over = threading.Event()
        self.heard: list[bytes] = []
        self.taken = 0
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._listening.getsockname()[1])
        self._thread = threading.Thread(target=self._listen, daemon=True)

    def __enter__(self) -> Faulty:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        # Closing alone wakes nobody who waits for the next call.
        with contextlib.suppress(OSError):
            self._listening.shutdown(socket.SHUT_RDWR)
        self._listening.close()
        self._thread.join(5)

    def _listen(self) -> None:
        with contextlib.suppress(OSError):
            while not self._over.is_set():
                line, _ = self._listening.accept()
                with line, contextlib.suppress(OSError):
                    line.settimeout(5)
                    self._talk(line)

    def _talk(self, line: socket.socket) -> None:
        if not self._answer(line, "connect"):
            return
        with line.makefile("rb") as said:
            while command := said.readline():
                self.heard.append(command)
                word = command.split()[0].decode().upper() if command.strip() else ""
                word = "EHLO" if word == "HELO" else word
                if word not in _USUAL:
                    line.sendall(b"502 what?\r\n")
                    continue
                if not self._answer(line, word):
                    return
                if word == "QUIT":
                    return
                if word == "DATA" and self._fault != "DATA":
                    while said.readline() not in (b".\r\n", b""):
                        continue
                    self.taken += 1
                    if not self._answer(line, "text"):
                        return

    def _answer(self, line: socket.socket, stage: str) -> bool:
        if stage != self._fault:
            line.sendall(_USUAL[stage])
            return True
        if self._drops:
            return False
        if self._silent:
            self._over.wait(5)
            return False
        if not self._pause:
            line.sendall(self._says)
            return True
        for byte in self._says:
            if self._over.is_set():
                return False
            line.sendall(bytes((byte,)))
            time.sleep(self._pause)
        return True
