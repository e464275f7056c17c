"""Hostile text in every argument of every operation: only documented errors come out (ASVS V1.2.4, V2.2.1).

What takes text is found by introspection (``fuzzing.py``), so that a new argument is fuzzed from its first day.
``fuzz_with_atheris.py`` beside this file goes on for as long as one likes.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from clientportal import ClientPortalError, InvalidInput, RecordRef
from clientportal.keyring import token_for
from clientportal.operations import requesting_codes
from clientportal.stores.memory import MemoryStore
from security.attacking import ANA
from security.fuzz_with_atheris import PARSERS
from security.fuzzing import CORPUS, DOORS, HUGE, KINDS, Place, Target, places
from watching import everything_stored
from world import EVERYTHING, World, make_world

texts = st.one_of(
    st.sampled_from(CORPUS),
    st.text(alphabet=st.characters(exclude_categories=()), max_size=40),
    st.text(alphabet="0123456789+-() .@abxé\x00\ud800", max_size=60),
)


def open_everything(world: World, text: str) -> None:
    """The same text in whatever opens a door."""
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


@pytest.fixture(scope="module", params=list(itertools.product(["memory-plain", "sqlite-plain"], KINDS)), ids="-".join)
def target(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Target]:
    """One world for all examples: what earlier ones left behind is part of the test."""
    variant, kind = request.param
    folder: Path = tmp_path_factory.mktemp("fuzz")
    world = make_world(variant, folder)
    yield Target(world, kind)
    world.close()


def test_every_door_and_every_kind_of_argument_is_fuzzed() -> None:
    """The introspection finds what a door has of its own and what it is given by the parts that it is made of."""
    found = {str(place) for place in places()}
    assert {
        "visitor.request_code.contact:text",
        "visitor.verify_code.code:text",
        "visitor.log_in.password:text",
        "visitor.register.consents:key",
        "client.appointments.after:text",
        "client.save_pet.pet:value",
        "client.form.link:text",
        "client.submit_form.answers:value",
        "staff.audit.subject:text",
        "staff.assign_many.appointment_ids:item",
        "staff.import_clients.source:line",
    } <= found
    assert {place.door for place in places()} == set(DOORS)
    assert len(found) >= 240


@settings(max_examples=300, deadline=None, suppress_health_check=list(HealthCheck))
@given(place=st.sampled_from(places()), text=texts)
def test_any_text_in_any_argument_gives_a_documented_error_or_an_answer(
    target: Target, place: Place, text: str
) -> None:
    """Hypothesis looks for a text and an argument that let anything else out."""
    target.fuzz(place, text)


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(text=texts)
def test_any_text_that_opens_a_door_does_too(target: Target, text: str) -> None:
    """Businesses, sources, devices, proofs, tokens, actors, reasons, references."""
    open_everything(target.world, text)


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
def test_the_corpus_in_every_argument_on_every_store(world: World, kind: str) -> None:
    """NUL, broken text, 5,000 characters, SQL, directions and digits of other scripts; afterwards all is well.

    Memory is given all of it, the databases a part, each argument another part: they run the same operations, and what
    is theirs is the column that a text would be put into.
    """
    target = Target(world, kind)
    every = 1 if isinstance(world.store, MemoryStore) else 7
    tried = itertools.product(places(), CORPUS)
    for place, text in itertools.islice(tried, 0, None, every * (3 if world.awaited else 1)):
        target.fuzz(place, text)
    assert everything_stored(world)["cp_audit"]
    assert world.visitor().start_booking() is not None


@pytest.mark.parametrize("kind", KINDS)
def test_bad_input_leaves_nothing_behind(memory_world: World, kind: str) -> None:
    """What is refused as input has written no row, and taken no try: a seventh of the corpus, each argument in turn."""
    target = Target(memory_world, kind)
    for place, text in itertools.islice(itertools.product(places(), CORPUS), 0, None, 7):
        target.fuzz(place, text, stored=True)


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
def test_ten_megabytes_in_every_argument_are_refused_or_answered(memory_world: World, kind: str) -> None:
    """No argument is kept whole, repeated in an error or handed to anything slow; not a row has grown by it."""
    target = Target(memory_world, kind)
    text = "9" * HUGE
    for place in places():
        target.fuzz(place, text)
    largest = max(len(row) for rows in everything_stored(memory_world).values() for row in rows)
    assert largest < 20_000


def test_the_corpus_at_every_door_on_every_store(world: World) -> None:
    """The same in whatever opens a door."""
    target = Target(world)
    for text in CORPUS:
        open_everything(world, text)
    assert world.client(target.signed_in).profile().first_name == "Ana"


def test_a_reference_without_a_body_is_refused_when_it_is_made() -> None:
    """NUL and broken text never reach a database."""
    for text in ("", "\x00", "\ud800", "x" * 201):
        with pytest.raises(InvalidInput):
            RecordRef("client", text)


def test_an_error_of_the_drivers_is_found_out(memory_world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """The proof that the tests above bite: a contact that is not checked lets a driver's error out."""
    target = Target(memory_world)
    monkeypatch.setattr(requesting_codes, "read_contact", lambda typed, *_more: typed.encode("ascii"))
    place = next(one for one in places() if str(one) == "visitor.request_code.contact:text")
    with pytest.raises(UnicodeError):
        target.fuzz(place, "\ud800")


@pytest.mark.parametrize("name", PARSERS)
def test_what_reads_a_strangers_bytes_takes_any(name: str) -> None:
    """Every parser that the long run fuzzes, with the corpus and bytes that are no text: documented errors alone."""
    parse = PARSERS[name]
    for text in CORPUS:
        raw = text.encode("utf-8", "surrogatepass")
        for data in (raw, raw + b"\n" + raw, b"\xff\xfe" + raw, raw[::-1], bytes(range(256))):
            parse(data)


@settings(max_examples=200, deadline=None, suppress_health_check=list(HealthCheck))
@given(name=st.sampled_from(sorted(PARSERS)), data=st.binary(max_size=200))
def test_what_reads_a_strangers_bytes_takes_what_hypothesis_finds(name: str, data: bytes) -> None:
    """The same with whatever Hypothesis makes up."""
    PARSERS[name](data)
