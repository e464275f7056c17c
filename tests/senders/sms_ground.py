"""A provider of SMS on the loopback that speaks Twilio's documented protocol, and misbehaves when it is told to."""

from __future__ import annotations

import base64
import contextlib
import hashlib
import hmac
import itertools
import json
import socket
import ssl
import threading
import time
from collections.abc import Iterator, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, NamedTuple
from urllib.parse import parse_qs, parse_qsl, urlencode, urlsplit

__all__ = ["ACCOUNT", "KEY", "KEY_SECRET", "TOKEN", "Provider", "Report", "providing", "signed"]

ACCOUNT = "AC" + "0a" * 16
TOKEN = "canary-auth-token-8d1f"
KEY, KEY_SECRET = "SK" + "0b" * 16, "canary-key-secret-77aa"
_INVALID = {"21211": "+15005550001", "21614": "+15005550009", "21610": "+15005550004"}


def signed(token: str, url: str, fields: Mapping[str, str]) -> str:
    """As the provider documents it: HMAC-SHA1 over the address and the fields, sorted by name, in Base64."""
    text = url
    for name in sorted(fields):
        text += name + fields[name]
    return base64.b64encode(hmac.new(token.encode(), text.encode(), hashlib.sha1).digest()).decode()


class Report(NamedTuple):
    """One request of the provider's: where to, and what it says."""

    address: str
    query: str
    headers: dict[str, str]
    body: bytes


class Provider:
    """What was asked of it, what it took, and how it fails: ``fault`` is a word of :meth:`_Answering.do_POST`."""

    def __init__(self) -> None:
        self.requests: list[dict[str, str]] = []
        self.headers: list[Mapping[str, str]] = []
        self.taken: list[dict[str, str]] = []
        self.fault: str | int = ""
        self.code: int | None = None
        self.retry_after: str | None = None
        self.url = ""
        self.over = threading.Event()
        self._numbers = itertools.count(1)

    def sid(self) -> str:
        """The next message's id."""
        return f"SM{next(self._numbers):032x}"

    def report(self, at: int, status: str, *, token: str = TOKEN, **more: str) -> Report:
        """What it posts of a message that it took."""
        message = self.taken[at]
        fields = {
            "MessageSid": message["sid"], "SmsSid": message["sid"], "MessageStatus": status, "SmsStatus": status,
            "To": message["To"], "From": "+15017122661", "AccountSid": ACCOUNT, "ApiVersion": "2010-04-01", **more,
        }  # fmt: skip
        url = message["StatusCallback"]
        parts = urlsplit(url)
        headers = {
            "X-Twilio-Signature": signed(token, url, fields),
            "Content-Type": "application/x-www-form-urlencoded; charset=UTF-8",
        }
        return Report(f"{parts.scheme}://{parts.netloc}{parts.path}", parts.query, headers, urlencode(fields).encode())


class _Answering(BaseHTTPRequestHandler):
    provider: Provider
    protocol_version = "HTTP/1.1"

    def log_message(self, *_: Any) -> None:
        """Says nothing."""
        return

    def do_POST(self) -> None:
        """Judge a request as documented, or fail as told."""
        provider = self.provider
        form = {name: values[-1] for name, values in parse_qs(self._body(), keep_blank_values=True).items()}
        provider.requests.append(form)
        provider.headers.append(dict(self.headers.items()))
        fault = provider.fault
        if fault == "silent":
            provider.over.wait(5)
            self.close_connection = True
        elif fault == "drip":
            self._drip()
        elif fault == "drop":
            self.connection.shutdown(socket.SHUT_RDWR)
        elif fault == "taken, then dropped":
            self._take(form)
            self.wfile.write(b"HTTP/1.1 201 Created\r\nContent-Type: application/json\r\nContent-Length: 900\r\n\r\n{")
            self.wfile.flush()
            self.connection.shutdown(socket.SHUT_RDWR)
        elif fault == "malformed":
            self._say(201, b'{"sid": "SM')
        elif fault == "page":
            self._say(200, b"<html>Please accept the terms of this network</html>", "text/html")
        elif fault == "list":
            self._say(201, b"[]")
        elif fault == "deep":
            self._say(201, b"[" * 60_000)
        elif fault == "endless":
            self._endless()
        elif fault == "packed":
            self._say(201, b"\x1f\x8b\x08\x00" + bytes(50), encoding="gzip")
        elif fault == "elsewhere":
            self._say(307, b"", location=f"{provider.url}/elsewhere")
        elif isinstance(fault, int):
            self._refuse(fault, provider.code or 20500, provider.retry_after)
        else:
            self._judge(form)

    def _judge(self, form: dict[str, str]) -> None:
        given = self.headers.get("Authorization", "")
        logins = [base64.b64encode(f"{n}:{s}".encode()).decode() for n, s in ((ACCOUNT, TOKEN), (KEY, KEY_SECRET))]
        if given not in [f"Basic {one}" for one in logins]:
            self._refuse(401, 20003)
        elif self.path != f"/2010-04-01/Accounts/{ACCOUNT}/Messages.json":
            self._refuse(404, 20404)
        elif "To" not in form:
            self._refuse(400, 21604)
        elif not form.get("Body"):
            self._refuse(400, 21602)
        elif not form.get("From") and not form.get("MessagingServiceSid"):
            self._refuse(400, 21603)
        elif form["To"] in _INVALID.values():
            self._refuse(400, next(int(code) for code, number in _INVALID.items() if number == form["To"]))
        else:
            sid = self._take(form)
            said = {
                "account_sid": ACCOUNT, "api_version": "2010-04-01", "body": form["Body"], "direction": "outbound-api",
                "error_code": None, "error_message": None, "from": form.get("From"), "num_segments": "1",
                "sid": sid, "status": "queued", "to": form["To"],
                "uri": f"/2010-04-01/Accounts/{ACCOUNT}/Messages/{sid}.json",
            }  # fmt: skip
            self._say(201, json.dumps(said).encode())

    def _take(self, form: dict[str, str]) -> str:
        sid = self.provider.sid()
        self.provider.taken.append({**form, "sid": sid})
        return sid

    def _refuse(self, status: int, code: int, retry_after: str | None = None) -> None:
        # It quotes what it was sent, as providers do.
        said = {
            "code": code,
            "message": f"refused: {self.provider.requests[-1]}",
            "more_info": f"https://www.twilio.com/docs/errors/{code}",
            "status": status,
        }
        more = {} if retry_after is None else {"retry_after": retry_after}
        self._say(status, json.dumps(said).encode(), **more)

    def _say(self, status: int, body: bytes, kind: str = "application/json", **headers: str) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        for name, value in headers.items():
            self.send_header({"encoding": "Content-Encoding"}.get(name, name.replace("_", "-")), value)
        self.end_headers()
        self.wfile.write(body)

    def _drip(self) -> None:
        for byte in b"HTTP/1.1 201 Created\r\n" + b"X-Slow: yes\r\n" * 400:
            if self.provider.over.is_set():
                return
            self.wfile.write(bytes((byte,)))
            time.sleep(0.05)

    def _endless(self) -> None:
        self.wfile.write(b"HTTP/1.1 201 Created\r\nContent-Type: application/json\r\nConnection: close\r\n\r\n")
        while not self.provider.over.is_set():
            self.wfile.write(b" " * 8192)

    def handle(self) -> None:
        """A client that hangs up is none of this server's trouble."""
        with contextlib.suppress(OSError):
            super().handle()

    def _body(self) -> str:
        length = int(self.headers.get("Content-Length", "0"))
        body = self.rfile.read(length).decode("ascii")
        assert dict(parse_qsl(body, keep_blank_values=True)), "a form, as documented"
        return body


class _Quiet(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 64

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A handshake that a client breaks off is what some tests are about."""
        return


@contextlib.contextmanager
def providing(tls: ssl.SSLContext | None = None) -> Iterator[Provider]:
    """The provider, listening; over TLS where there is a context."""
    provider = Provider()
    server = _Quiet(("127.0.0.1", 0), type("Answering", (_Answering,), {"provider": provider}))
    if tls is not None:
        server.socket = tls.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    provider.url = f"{'https' if tls else 'http'}://localhost:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield provider
    finally:
        provider.over.set()
        server.shutdown()
        server.server_close()
        thread.join(5)
