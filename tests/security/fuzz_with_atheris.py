"""Coverage-guided fuzzing of everything that reads what a stranger sends.

``python tests/security/fuzz_with_atheris.py [what ...] [--seconds 60]``

Each parser is given whatever the fuzzer finds to be new; anything but its documented error ends the run, with the input
that did it. Atheris is no part of the ``dev`` extra: ``pip install atheris`` first. ``test_fuzz.py`` gives every parser
here its corpus in every run of the tests, so that none of them goes stale.
"""

from __future__ import annotations

import argparse
import importlib
import importlib.util
import json
import subprocess
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from clientportal import ClientPortalError, InvalidInput, KeyRing
from clientportal.client_files import open_client_file
from clientportal.errors import InvalidContact, InvalidCursor, PolicyError
from clientportal.keyring import Key, tenant_of
from clientportal.operations.appointments import ListAppointments
from clientportal.operations.paging import take_back
from clientportal.operations.second_factor import _read_recovery
from clientportal.operations.typed_codes import read_code
from clientportal.policy.toml import policy_from_toml
from clientportal.senders.twilio_receipts import TwilioReceipts
from clientportal.stores.memory import ordering
from clientportal.stores.sql import cursors
from clientportal.values import RecordRef, When, parse_email, parse_phone
from clientportal.web import Request
from clientportal.web.cookies import Jar
from clientportal.web.languages import choose_language
from clientportal.web.messages import BadRequest
from clientportal.web.pages_api import ENDPOINTS
from clientportal.web.routes import ROUTES
from clientportal.web.routing import Table

__all__ = ["PARSERS", "main"]

RING = KeyRing([Key("k1", b"a key of thirty-two bytes or more")])
RECEIPTS = TwilioReceipts(auth_token="a secret of the account", url="https://kowhai.example/{business}/hooks/sms")
TABLE = Table(ROUTES)
OFFERED = ("en", "de", "mi")


CHILD = """
import sys
import atheris
sys.path.insert(0, sys.argv[1])
with atheris.instrument_imports(include=["clientportal", "email_validator", "tomllib"]):
    import fuzz_with_atheris
fuzz_with_atheris.fuzz(sys.argv[2], int(sys.argv[3]))
"""
"""What is imported is instrumented: so each run imports it anew, in a process of its own."""


def as_text(data: bytes) -> str:
    """Text of any kind, lone surrogates among it."""
    return data.decode("utf-8", "surrogateescape")


def phone(data: bytes) -> None:
    """A number is read as itself once more, or refused."""
    with suppress(InvalidContact):
        found = parse_phone(as_text(data), region="NZ")
        assert parse_phone(found.e164, region="NZ").e164 == found.e164


def email(data: bytes) -> None:
    """The key of a key is the key, or it is refused."""
    with suppress(InvalidContact):
        key = parse_email(as_text(data)).key()
        assert parse_email(key.value).key() == key


def token(data: bytes) -> None:
    """What names a business, a record, a code, a recovery code."""
    text = as_text(data)
    tenant_of(text)
    _read_recovery(text)
    for read in (lambda: RecordRef.parse(text), lambda: read_code(text, 6)):
        with suppress(InvalidInput):
            read()


def link(data: bytes) -> None:
    """Nothing that this ring has not signed opens anything."""
    text = as_text(data)
    for kind in ("link", "device", "form", "mailed"):
        assert RING.verify(kind, text) is None
        assert RING.unseal(kind, "kowhai", text) is None


def cursor(data: bytes) -> None:
    """At the doors, and behind them."""
    text = as_text(data)
    with suppress(InvalidCursor):
        take_back(ListAppointments(When.UPCOMING, text), RING, "kowhai", "appointments")
    with suppress(InvalidCursor):
        cursors.read_cursor(("list",), text, (str, int))
    with suppress(InvalidCursor):
        ordering.read_cursor(("list",), text)


def policy(data: bytes) -> None:
    """A policy, or every problem of it at once."""
    with suppress(PolicyError):
        policy_from_toml(as_text(data))


def client_file(data: bytes) -> None:
    """Rows, or a line and a column."""
    with suppress(InvalidInput):
        for row in open_client_file([data]).rows:
            repr(row)


def page(data: bytes) -> None:
    """A request to the pages: path, query, cookies, languages, form."""
    head, _, body = data.partition(b"\n")
    text = as_text(head)
    with suppress(BadRequest):
        request = Request(
            method="POST",
            path=f"/{text}",
            query_string=text,
            headers={"cookie": text, "content-type": "application/x-www-form-urlencoded"},
            body=body,
        )
        jar = Jar("kowhai", secure=True)
        for read in (lambda: request.query, lambda: request.cookies, lambda: request.form):
            with suppress(BadRequest):
                read()
        assert jar.token(request) is None or b"session" in head
        TABLE.find("GET", request.path)
        choose_language(OFFERED, text[:40], text)


def body(data: bytes) -> None:
    """A body of JSON, for every endpoint that takes one."""
    from clientportal.web.api import _read_body

    visit: Any = type("Visit", (), {})()
    visit.request = Request(method="POST", headers={"content-type": "application/json"}, body=data[:100_000])
    for endpoint in ENDPOINTS:
        if endpoint.body:
            with suppress(InvalidInput):
                json.dumps(_read_body(endpoint, visit), default=str)


def receipt(data: bytes) -> None:
    """A report that the provider has not signed is none."""
    query, _, rest = data.partition(b"\n")
    with suppress(InvalidInput):
        RECEIPTS.read("kowhai", query=as_text(query), headers={"X-Twilio-Signature": as_text(rest[:40])}, body=rest)
        raise AssertionError("nobody has signed that")


PARSERS: dict[str, Callable[[bytes], None]] = {
    one.__name__: one for one in (phone, email, token, link, cursor, policy, client_file, page, body, receipt)
}


def fuzz(name: str, seconds: int) -> None:
    """Until the time is over, or something falls; in this process, which then ends."""
    atheris: Any = importlib.import_module("atheris")
    parse = PARSERS[name]

    def once(data: bytes) -> None:
        with suppress(ClientPortalError):
            parse(data)
            return
        raise AssertionError(f"{name}: an error of the library that this parser does not document")

    atheris.Setup([sys.argv[0], f"-max_total_time={seconds}", "-max_len=4096", "-verbosity=0"], once)
    atheris.Fuzz()


def main(arguments: Sequence[str]) -> int:
    """Each parser in a process of its own, one after the other; 1 where one of them fell."""
    reader = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    reader.add_argument("what", nargs="*", choices=[*PARSERS, []], help="which parsers; all, unless said")
    reader.add_argument("--seconds", type=int, default=60, help="how long for each of them")
    given = reader.parse_args(arguments)
    if importlib.util.find_spec("atheris") is None:
        sys.exit("atheris is not installed: pip install atheris")
    fell = []
    for name in given.what or PARSERS:
        print(f"{name}: {given.seconds} s", flush=True)
        run = [sys.executable, "-c", CHILD, str(Path(__file__).parent), name, str(given.seconds)]
        if subprocess.run(run, check=False).returncode:
            fell.append(name)
    print("nothing fell" if not fell else f"fell: {', '.join(fell)}")
    return 1 if fell else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
