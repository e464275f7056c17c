"""Every argument of every door that takes text, found by introspection, and a world in which each call gets somewhere.

A new method, or a new argument, is fuzzed from its first day: what the doors declare is read, nothing is listed twice.
"""

from __future__ import annotations

import inspect
from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import Any

from attrs import frozen

from accounts_ground import a_link, an_account, write
from clientportal import ClientPortalError, InvalidInput, Money, RecordRef, presets
from clientportal.doors import ClientDoor, StaffDoor, VisitorDoor
from clientportal.keyring import digest
from clientportal.records import Put, Session
from mails import PASSWORD, acuity
from paying_ground import DUE
from security.attacking import ANA
from security.test_objects import NOBODYS, Things, own_things
from watching import everything_stored
from world import World, client

__all__ = ["CORPUS", "DOORS", "HUGE", "KINDS", "Place", "Target", "places"]

DOORS: dict[str, type] = {"visitor": VisitorDoor, "client": ClientDoor, "staff": StaffDoor}
KINDS = ("codes", "accounts")
"""How clients log in at the business that is attacked."""

HUGE = 10_000_000
"""Ten megabytes."""

CORPUS = (
    "",
    " ",
    "\x00",
    "a\x00b",
    "\ud800",
    "x\udfff\ud800y",
    "x" * 5000,
    "0" * 5000,
    "😀" * 60,
    "e" + "\u0301" * 300,
    "\ufdfa" * 300,
    "'; DROP TABLE cp_sessions; --",
    '" OR ""="',
    "%_%",
    "\\",
    "${jndi:ldap://evil}",
    "{0.__class__}",
    "%(password)s",
    "../../etc/passwd",
    "..\\..\\windows\\win.ini",
    "\r\nBcc: all@example.com",
    "\u202eevil\u2066",
    "\u2028line\u2029paragraph\u0085next",
    "é".encode().decode("latin-1"),
    "٠١٢٣٤٥",
    "²³¹⁴⁵⁶",
    "一二三四五六",
    '{"id": [1, {"a": null}]}',
    "[" * 900,
    "<script>alert(1)</script>",
    "=HYPERLINK(1)",
    "client:",
    "client:ana",
    "booking:" + "x" * 300,
    "k1.e30.AAAA",
    "K1.",
    "..",
    "LQ.x",
    "AAAA.AAAA",
    "+64 21 123 4567",
    "+64" + "9" * 400,
    "ana@example.com",
    "ana@" + "x" * 250 + ".com",
    "ana@[127.0.0.1]",
    "ana@xn--a.com",
    "ana@xn--" + "9" * 60 + ".com",
    '"a b"@example.com',
    "a@b@c",
    "NaN",
    "1e400",
    "-1",
    "9" * 400,
    "2026-02-30",
    "0000-00-00",
    "None",
    "upcoming",
    "queued",
)


@frozen
class Place:
    """One place where text goes in: whole, as a key or a value of a mapping, or as one of several."""

    door: str
    method: str
    argument: str
    shape: str
    secret: bool

    def __str__(self) -> str:
        return f"{self.door}.{self.method}.{self.argument}:{self.shape}"

    def fill(self, text: str) -> Any:
        """The text in that shape."""
        match self.shape:
            case "key":
                return {text: "x"}
            case "value":
                return dict.fromkeys(self._names(), text)
            case "item":
                return [text]
            case "line":
                return ["number,first name,email", text]
            case _:
                return text

    def _names(self) -> tuple[str, ...]:
        """Keys under which a value is looked at, whatever the mapping is for."""
        return {
            "pet": ("name", "species"),
            "answers": ("story",),
            "consents": ("terms", "privacy"),
            "changes": ("first_name",),
            "custom": ("anything",),
            "mapping": ("first name",),
        }.get(self.argument, ("first_name", "email", "mobile"))


def _shapes(annotation: str) -> tuple[str, ...]:
    if "Mapping[" in annotation:
        return ("key",) if "RecordRef" in annotation else ("key", "value")
    if annotation.startswith(("Sequence[", "Iterable[")):
        return ("item",) if "str" in annotation else ()
    if annotation == "Source":
        return ("line", "item", "text")
    return ("text",) if "str" in annotation or annotation == "Link" else ()


def places() -> list[Place]:
    """Every one of them, by introspection; what mixins bring is a door's as well."""
    found = []
    for door, kind in DOORS.items():
        for name, method in inspect.getmembers(kind, inspect.isfunction):
            if name.startswith("_"):
                continue
            for argument, parameter in inspect.signature(method).parameters.items():
                annotation = str(parameter.annotation)
                secret = "Secret" in annotation or annotation == "Link" or argument == "code"
                found += [Place(door, name, argument, shape, secret) for shape in _shapes(annotation)]
    return found


class Target:
    """A business with a client who has one of everything, doors that are open, and good values for every argument."""

    def __init__(self, world: World, kind: str = "codes") -> None:
        self.world = world
        self.own: Things = own_things(world, "ana", ANA)
        self.signed_in = world.sign_in(ANA)
        world.clock.advance(timedelta(minutes=11))
        if kind == "accounts":
            self._with_accounts()
        world.change_policy("sends", per_tenant_hour=1_000_000)
        self._session = world.stored(Session, digest(self.signed_in.token.reveal()))

    def _with_accounts(self) -> None:
        world = self.world
        shown, bookings = world.policy.visibility, world.policy.bookings
        acuity(world)
        world.change_policy("visibility", sections=shown.sections, editable=shown.editable)
        world.change_policy("bookings", payments=bookings.payments)
        account = an_account(world, "fay@example.com", world.clock(), proved=world.clock(), password=PASSWORD)
        a_link(world, account, self.own.ref)
        self.signed_in = world.visitor().log_in("fay@example.com", PASSWORD)

    def door(self, name: str) -> Any:
        """A new door; a session that an earlier call ended, or exchanged, is there again."""
        world = self.world
        match name:
            case "visitor":
                return world.visitor()
            case "staff":
                return world.staff(reason="she showed her card")
            case _:
                if world.stored(Session, self._session.id) != self._session:
                    write(world, Put(self._session))
                return world.client(self.signed_in)

    def call(self, place: Place, text: str) -> Exception | None:
        """Make one call with that text in its place: the library's error, or nothing; anything else comes out."""
        method = getattr(DOORS[place.door], place.method)
        given: dict[str, Any] = {}
        for parameter in inspect.signature(method).parameters.values():
            if parameter.name == place.argument:
                given[parameter.name] = place.fill(text)
            elif parameter.default is inspect.Parameter.empty and parameter.name != "self":
                given[parameter.name] = self._good(place, parameter.name, str(parameter.annotation))
        try:
            answer = getattr(self.door(place.door), place.method)(**given)
            if isinstance(answer, Iterator):
                list(answer)
        except ClientPortalError as error:
            return error
        return None

    def fuzz(self, place: Place, text: str, *, stored: bool = False) -> None:
        """The same, and what must be true of it: a short error, no secret in it, and nothing written by bad input."""
        before = self._rows() if stored else {}
        error = self.call(place, text)
        if error is None:
            return
        said = f"{error} {error!r}"
        assert len(said) < 2500, f"{place}: an error does not repeat whatever was typed"
        if place.secret and len(text) >= 6:
            assert text not in said, f"{place}: what may be a secret is in the error"
        if stored and isinstance(error, InvalidInput):
            assert self._rows() == before, f"{place}: bad input left something"

    def _rows(self) -> Mapping[str, list[str]]:
        return {table: rows for table, rows in everything_stored(self.world).items() if table != "cp_audit"}

    def _good(self, place: Place, argument: str, annotation: str) -> Any:
        """A sound value for an argument that is not the one in question."""
        world, own = self.world, self.own
        if annotation == "RecordRef":
            return own.ref if argument in {"ref", "survivor", "first"} else client("nobody")
        ids = {"form": own.item, "membership": own.item, "payment": own.item, "end_session": own.session}
        values: dict[str, Any] = {
            "absorbed": client("nobody"),
            "account_id": own.account,
            "action": "redeem",
            "amount": DUE,
            "answers": {"story": "long"},
            "appointment_id": own.appointment,
            "appointment_ids": [own.appointment],
            "category": "marketing",
            "changes": {"first_name": "Ana"},
            "channel": "email",
            "code": "123456",
            "contact": ANA,
            "email": "ana@example.com",
            "fee": Money("1.00", "NZD"),
            "fields": {"first_name": "Ana"},
            "form_id": own.item,
            "handle": own.handle,
            "id": ids.get(place.method, own.appointment if "appoint" in place.method else own.item),
            "invoice_id": own.item,
            "kind": "form_sent",
            "link": own.link,
            "merge_id": own.merge,
            "name": "stamp_cards" if place.door == "client" else "spring",
            "new": PASSWORD,
            "new_email": "fay@example.org",
            "new_password": PASSWORD,
            "number": 1,
            "on": True,
            "option_id": str(own.ref),
            "other": presets.timely(region="NZ"),
            "password": PASSWORD,
            "pet": {"name": "Rex", "species": "dog"},
            "reason": "asked to be forgotten",
            "refs": [client("nobody")],
            "section": "stamp_cards",
            "since": world.clock(),
            "slot_id": own.slot,
            "source": ["number,first name,email", "1,Ana,ana@example.com"],
            "survivor_id": own.account,
            "absorbed_id": NOBODYS.account,
            "text": "Hello",
            "until": world.clock() + timedelta(days=7),
            "version": "1",
            "who": RecordRef("client", "nobody"),
        }
        return values[argument]
