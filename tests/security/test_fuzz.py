"""Hostile text in every argument of every operation: only documented errors come out (ASVS V1.2.4, V2.2.1).

What takes text is found by introspection, so that a new argument is fuzzed from its first day.
"""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from clientportal import ClientPortalError, InvalidInput, RecordRef, presets
from clientportal.doors import ClientDoor, StaffDoor, VisitorDoor
from clientportal.keyring import token_for
from security.attacking import ANA
from watching import everything_stored
from world import EVERYTHING, World, client, make_world

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
    "'; DROP TABLE cp_sessions; --",
    '" OR ""="',
    "%_%",
    "\\",
    "${jndi:ldap://evil}",
    "{0.__class__}",
    "../../etc/passwd",
    "\r\nBcc: all@example.com",
    "\u202eevil\u2066",
    "é".encode().decode("latin-1"),
    "٠١٢٣٤٥",
    "²³¹⁴⁵⁶",
    "client:",
    "client:ana",
    "booking:" + "x" * 300,
    "k1.e30.AAAA",
    "K1.",
    "..",
    "LQ.x",
    "AAAA.AAAA",
    "+64 21 123 4567",
    "ana@example.com",
    "ana@" + "x" * 250 + ".com",
    "ana@[127.0.0.1]",
    "ana@xn--a.com",
    '"a b"@example.com',
    "a@b@c",
    "NaN",
    "1e400",
    "-1",
    "None",
    "upcoming",
    "queued",
)

texts = st.one_of(
    st.sampled_from(CORPUS),
    st.text(alphabet=st.characters(exclude_categories=()), max_size=40),
    st.text(alphabet="0123456789+-() .@abxé\x00\ud800", max_size=60),
)

Call = tuple[str, str, str]
"""A door, an operation, and the argument that takes text."""


def text_arguments() -> list[Call]:
    """Every argument of every operation that takes text, secret or not."""
    found = []
    for door in (VisitorDoor, ClientDoor, StaffDoor):
        for name, method in vars(door).items():
            if name.startswith("_") or not inspect.isfunction(method):
                continue
            for argument, parameter in inspect.signature(method).parameters.items():
                if "str" in str(parameter.annotation).replace("Mapping[str", ""):
                    found.append((door.__name__, name, argument))
    return found


class Target:
    """A world with a client, a session and an appointment, and good arguments for everything."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.ana = world.add_client("ana", "Ana Kingi", mobile=ANA, email="ana@example.com")
        world.book("a1", self.ana, "2026-12-01 09:00")
        (self.slot,) = world.add_slots("2026-12-02 09:00")
        self.signed_in = world.sign_in(ANA)
        world.clock.advance(timedelta(minutes=11))
        world.change_policy("sends", per_tenant_hour=1_000_000)

    def fuzz(self, call: Call, text: str) -> None:
        """Make one call with that text in its place; anything but an error of the library is a bug."""
        door_name, name, argument = call
        world = self.world
        doors = {
            "VisitorDoor": world.visitor,
            "ClientDoor": lambda: world.portal.client(self.signed_in.token),
            "StaffDoor": world.staff,
        }
        methods = {"VisitorDoor": VisitorDoor, "ClientDoor": ClientDoor, "StaffDoor": StaffDoor}
        given_: dict[str, Any] = {}
        for parameter in inspect.signature(getattr(methods[door_name], name)).parameters.values():
            if parameter.name == argument:
                given_[argument] = text
            elif parameter.default is inspect.Parameter.empty and parameter.name != "self":
                given_[parameter.name] = self.good(parameter.name)
        said = ""
        try:
            getattr(doors[door_name](), name)(**given_)
        except ClientPortalError as error:
            said = str(error)
        assert len(said) < 1000, "an error does not repeat whatever was typed"

    def good(self, argument: str) -> Any:
        """A sound value for an argument that is not the one in question."""
        world = self.world
        return {
            "contact": ANA,
            "handle": "no-handle",
            "code": "123456",
            "link": "k1.e30.AAAA",
            "since": world.clock(),
            "until": world.clock() + timedelta(days=7),
            "slot_id": self.slot,
            "id": "a1",
            "appointment_id": "a1",
            "option_id": "client:ana",
            "merge_id": "0" * 32,
            "survivor": self.ana,
            "absorbed": client("nobody"),
            "first": self.ana,
            "second": client("nobody"),
            "ref": self.ana,
            "other": presets.timely(region="NZ"),
        }[argument]

    def open_everything(self, text: str) -> None:
        """The same text in whatever opens a door."""
        world = self.world
        for make in (
            lambda: world.portal.visitor(text).start_booking(),
            lambda: world.portal.visitor(world.tenant, source=text).request_code(ANA),
            lambda: world.portal.visitor(world.tenant, device=text).request_code(ANA),
            lambda: world.portal.visitor(world.tenant, proof=text).request_code(ANA),
            lambda: world.portal.client(text).profile(),
            lambda: world.portal.client(token_of(text)).profile(),
            lambda: world.portal.staff(world.tenant, actor=text, permissions=EVERYTHING).unblock(ANA),
            lambda: world.portal.staff(world.tenant, actor="mia", permissions=EVERYTHING, reason=text).unblock(ANA),
            lambda: world.portal.staff(text, actor="mia", permissions=EVERYTHING).unblock(ANA),
            lambda: world.portal.deliver(text),
            lambda: world.portal.purge(text),
            lambda: world.staff().client(RecordRef("client", text)),
            lambda: world.staff().client(RecordRef(text, "x")),
            lambda: world.staff().client(RecordRef.parse(text)),
        ):
            try:
                make()
            except ClientPortalError:
                continue


def token_of(text: str) -> Any:
    """A token that names a business of that name."""
    try:
        return token_for(text, "x")
    except UnicodeEncodeError:
        return text


@pytest.fixture(scope="module", params=["memory-plain", "sqlite-plain"])
def target(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Target]:
    """One world for all examples: what earlier ones left behind is part of the test."""
    folder: Path = tmp_path_factory.mktemp("fuzz")
    world = make_world(request.param, folder)
    yield Target(world)
    world.close()


def test_there_is_something_to_fuzz() -> None:
    """The introspection finds the arguments that matter."""
    found = {f"{door}.{name}.{argument}" for door, name, argument in text_arguments()}
    assert {
        "VisitorDoor.request_code.contact",
        "VisitorDoor.verify_code.handle",
        "VisitorDoor.verify_code.code",
        "VisitorDoor.verify_code.key",
        "ClientDoor.appointments.after",
        "ClientDoor.switch.option_id",
        "StaffDoor.audit.subject",
        "StaffDoor.outbox.state",
    } <= found
    assert len(found) >= 35


@settings(max_examples=300, deadline=None, suppress_health_check=list(HealthCheck))
@given(call=st.sampled_from(text_arguments()), text=texts)
def test_any_text_in_any_argument_gives_a_documented_error_or_an_answer(target: Target, call: Call, text: str) -> None:
    """Hypothesis looks for a text and an argument that let anything else out."""
    target.fuzz(call, text)


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(text=texts)
def test_any_text_that_opens_a_door_does_too(target: Target, text: str) -> None:
    """Businesses, sources, devices, proofs, tokens, actors, reasons, references."""
    target.open_everything(text)


@pytest.mark.parametrize("door", ["VisitorDoor", "ClientDoor", "StaffDoor"])
def test_the_corpus_in_every_argument_on_every_store(world: World, door: str) -> None:
    """NUL, broken text, 5,000 characters, SQL, directions and digits of other scripts; afterwards all is well."""
    target = Target(world)
    for call in text_arguments():
        for text in CORPUS if call[0] == door else ():
            target.fuzz(call, text)
    assert everything_stored(world)["cp_audit"]
    assert world.ask("appointment", "a1") is not None


def test_the_corpus_at_every_door_on_every_store(world: World) -> None:
    """The same in whatever opens a door."""
    target = Target(world)
    for text in CORPUS:
        target.open_everything(text)
    assert world.client(target.signed_in).profile().first_name == "Ana"


def test_a_reference_without_a_body_is_refused_when_it_is_made() -> None:
    """NUL and broken text never reach a database."""
    for text in ("", "\x00", "\ud800", "x" * 201):
        with pytest.raises(InvalidInput):
            RecordRef("client", text)
