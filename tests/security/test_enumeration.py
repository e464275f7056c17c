"""Nobody can find out who is a client: the same answers, made from the same calls of the ports (ASVS V6.3.8)."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from attrs import evolve

from clientportal import Reason
from clientportal.policy import Delivery, LoginPolicy, UnknownIdentity
from clientportal.values import ContactKind
from security.attacking import ANA, Trace, by_email, guess_path, patient, second_proof, wrong
from watching import reason_of, refusal_of
from world import World

STRANGER = "021 765 4321"


def shape(sent: Any) -> Any:
    """All of an answer but the handle, which is drawn anew."""
    return (len(sent.handle.reveal()), sent.expires_at, sent.resend_at, sent.digits)


def known_by_email(world: World) -> tuple[str, str]:
    """A business that turns unknown addresses away in silence (V1), and one address of each kind."""
    ana = world.add_client("ana", "Ana Kingi", mobile=ANA, email="ana@example.com")
    world.book("a1", ana, "2026-12-01 09:00")
    login = LoginPolicy(
        identifiers=frozenset({ContactKind.EMAIL}),
        delivery=Delivery.SMS_ELSE_EMAIL,
        unknown=UnknownIdentity.REFUSE_SILENTLY,
    )
    world.use(evolve(world.policy, login=login))
    return "ana@example.com", "eve@example.com"


@pytest.mark.requirement("V1")
def test_asking_and_asking_again_look_the_same_for_known_and_unknown(world: World) -> None:
    """The same value, the same budgets, the same calls in the same order; only the pump finds out."""
    trace = Trace(world)
    known, unknown = known_by_email(world)
    door = trace.portal.visitor(world.tenant, source="192.0.2.7")
    door.request_code("warm-up@example.com")
    answers: dict[str, list[Any]] = {}
    for contact in (known, unknown):
        said: list[Any] = []
        said.append(trace.of(lambda contact=contact, said=said: said.append(door.request_code(contact))))
        said.append(trace.of(lambda contact=contact: door.request_code(contact)))
        world.clock.advance(timedelta(minutes=1))
        said.append(trace.of(lambda said=said: said.append(door.resend_code(said[0].handle))))
        world.clock.advance(timedelta(minutes=-1))
        answers[contact] = [shape(one) if hasattr(one, "handle") else one for one in said]
    assert answers[known] == answers[unknown]
    assert answers[known][2][-1].startswith("raised wait")
    assert not [call for call in answers[known][1] if "host." in call], "no client is read"
    world.clock.advance(timedelta(minutes=2))
    world.deliver()
    assert [one.to for one in world.box.messages] == ["+64211234567"]


@pytest.mark.requirement("V1")
def test_a_wrong_code_looks_the_same_for_known_and_unknown(world: World) -> None:
    """Six wrong tries at each: the same refusals with the same texts, from the same calls, also after the fifth."""
    trace = Trace(world)
    known, unknown = known_by_email(world)
    door = trace.portal.visitor(world.tenant)
    said = {}
    for contact in (known, unknown):
        sent = door.request_code(contact)
        said[contact] = [trace.of(lambda sent=sent: door.verify_code(sent.handle, "000000")) for _ in range(6)]
    assert said[known] == said[unknown]
    assert said[known][0][-1].startswith("raised code_wrong")
    assert not [call for calls in said[known] for call in calls if "host." in call]


@pytest.mark.requirement("V1")
def test_even_the_right_code_of_an_unknown_address_is_a_wrong_one(world: World) -> None:
    """Whoever guessed it learns nothing: refused as wrong, counted as wrong, with nothing that tells why."""
    known, unknown = known_by_email(world)
    codes = []
    world.box.messages.clear()
    for contact in (known, unknown):
        sent = world.visitor().request_code(contact)
        world.clock.advance(timedelta(seconds=1))
        codes.append((sent, _right_code(world, sent, contact)))
    (known_sent, known_code), (sent, code) = codes
    wrong_one = refusal_of(lambda: world.visitor().verify_code(known_sent.handle, wrong(known_code)))
    refused = refusal_of(lambda: world.visitor().verify_code(sent.handle, code))
    assert str(refused) == str(wrong_one)
    assert (refused.client_text, refused.staff_text) == (wrong_one.client_text, wrong_one.staff_text)
    assert (refused.refusal.facts, refused.refusal.fee, refused.retry_at) == ({}, None, None)
    for _ in range(4):
        assert reason_of(lambda: world.visitor().verify_code(sent.handle, code)) is Reason.CODE_WRONG
    world.clock.advance(timedelta(minutes=1))
    assert reason_of(lambda: world.visitor().verify_code(sent.handle, code)) is Reason.TOO_MANY_TRIES
    assert world.visitor().verify_code(known_sent.handle, known_code).record is not None


def _right_code(world: World, sent: Any, contact: str) -> str:
    from clientportal.keyring import digest

    code = world.keys.code(
        "k1", world.tenant, "login", f"email:{contact}", digest(sent.handle.reveal()), 1, sent.digits
    )
    assert code is not None
    return str(code.reveal())


@pytest.mark.requirement("V1")
def test_texts_of_a_wrong_and_a_silently_refused_code_have_one_because(world: World) -> None:
    """The refusal that reaches the door says no more in its reasons than a wrong code's does about the record."""
    _, unknown = known_by_email(world)
    sent = world.visitor().request_code(unknown)
    refused = refusal_of(lambda: world.visitor().verify_code(sent.handle, _right_code(world, sent, unknown)))
    assert refused.refusal.shown_as is None
    assert "nobody" not in str(refused.refusal.because)
    assert "records" not in str(refused.refusal.because)


@pytest.mark.parametrize("unknown", list(UnknownIdentity))
def test_a_number_says_nothing_either(world: World, unknown: UnknownIdentity) -> None:
    """By mobile number, whatever happens to unknown ones: asking, asking again and guessing look the same."""
    trace = Trace(world)
    ana = world.add_client("ana", "Ana Kingi", mobile=ANA)
    world.book("a1", ana, "2026-12-01 09:00")
    world.change_policy("login", unknown=unknown)
    patient(world)
    door = trace.portal.visitor(world.tenant)
    door.request_code("021 999 4321")
    said: dict[str, list[Any]] = {}
    for contact in (ANA, STRANGER):
        sent: list[Any] = []
        said[contact] = [
            trace.of(lambda contact=contact, sent=sent: sent.append(door.request_code(contact))),
            trace.of(lambda sent=sent: door.verify_code(sent[0].handle, "000000")),
            trace.of(lambda sent=sent: door.verify_code("made-up", "000000")),
        ]
        said[contact].append(shape(sent[0]))
    assert said[ANA] == said[STRANGER]


def test_a_second_proof_says_nothing_about_the_records_other_contacts(world: World) -> None:
    """Asking for a code to Ana's address and to one that she has not: the same answer, the same calls; one message."""
    trace = Trace(world)
    guess_path(world, "login")
    signed_in, _ = second_proof(world)
    asked = trace.portal.client(signed_in.token)
    asked.request_second_proof("warm-up@example.com")
    before = len(world.box.messages)
    said = {}
    for contact in ("ana@example.com", "eve@example.com"):
        sent: list[Any] = []
        calls = trace.of(lambda contact=contact, sent=sent: sent.append(asked.request_second_proof(contact)))
        guesses = trace.of(lambda sent=sent: world_door(trace, world).verify_code(sent[0].handle, "000000"))
        said[contact] = (calls, guesses, shape(sent[0]))
    assert said["ana@example.com"] == said["eve@example.com"]
    world.deliver()
    assert [one.to for one in world.box.messages[before:]] == ["ana@example.com"]


def world_door(trace: Trace, world: World) -> Any:
    """The visitor's door of the traced portal."""
    return trace.portal.visitor(world.tenant)


def door_token(world: World) -> Any:
    """Another session of Ana's that stands before its second proof."""
    signed_in, _ = second_proof(world)
    return signed_in.token


def test_look_alike_addresses_are_other_people(world: World) -> None:
    """A Cyrillic а, a Turkish ı, a sharp s: another address, another budget, another record."""
    world.use(by_email(world.policy))
    ana = world.add_client("ana", "Ana Kingi", email="ana@strasse.de")
    for stranger in ("аna@strasse.de", "ana@straße.de", "ana@strasse.de.evil.example"):
        signed_in = world.sign_in(stranger)
        assert signed_in.record != ana
        assert signed_in.new_record
    assert world.sign_in("ANA@Strasse.DE").record == ana
