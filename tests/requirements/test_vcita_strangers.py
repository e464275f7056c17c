"""vcita: only an existing client logs in, and nobody can tell who is one (V1)."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any, TypeVar

import pytest
from attrs import asdict, evolve, fields

from clientportal import Reason, RecordRef, Refused, presets
from clientportal.outcomes import CodeSent
from clientportal.records import (
    AuditEntry,
    Challenge,
    ClientNumber,
    ContactEntry,
    ContactHistory,
    GuessCounter,
    Intent,
    Merge,
    MessageState,
    OutboxMessage,
    Pointer,
    Session,
)
from clientportal.testing.port_calls import Call, Stepper, SteppingStore
from proofs import code_for, other, refusal_of
from reading import names_in, texts_in
from world import World

T = TypeVar("T")

KNOWN = "ana@example.com"
UNKNOWN = "eve@example.com"


@pytest.fixture
def vcita(world: World) -> World:
    """A business with vcita's policy, in New Zealand, and one client: Ana, with an email and a mobile."""
    world.use(presets.vcita(region="NZ"))
    ana = world.add_client("ana", "Ana Kingi", email=KNOWN, mobile="021 123 4567")
    world.book("a1", ana, "2026-11-30 09:00")
    return world


def shown(refused: Refused) -> dict[str, Any]:
    """Everything that a refusal tells whoever called."""
    return {
        "text": str(refused),
        "client": refused.client_text,
        "staff": refused.staff_text,
        "retry": refused.retry_at,
        **asdict(refused.refusal),
    }


class Noting:
    """Notes the name of every port call, what stands in it for one identity or one row left out."""

    def __init__(self) -> None:
        self.calls: list[str] = []

    def _note(self, call: Call) -> None:
        plain = call.name.replace(KNOWN, "<email>").replace(UNKNOWN, "<email>")
        self.calls.append(re.sub(r"[0-9a-f]{32,}", "<id>", plain))

    async def around(self, call: Call, perform: Callable[[], Awaitable[T]]) -> T:
        self._note(call)
        return await perform()

    async def ending(self, call: Call) -> None:
        self._note(call)

    async def wait(self, _held: Callable[[], bool]) -> None:
        raise AssertionError("nobody else is here")


def watched(world: World) -> Callable[[Callable[[], Any]], tuple[Any, list[str]]]:
    """A portal whose port calls are noted: call something, get its answer or refusal and the calls that it made."""
    stepper = Stepper()
    world.portal = world.make_portal(store=SteppingStore(world.store, stepper))

    def watch(call: Callable[[], Any]) -> tuple[Any, list[str]]:
        noting = Noting()
        stepper.use(noting)
        try:
            answer = call()
        except Refused as refused:
            answer = refused
        finally:
            stepper.use(None)
        return answer, noting.calls

    return watch


def everything(world: World) -> dict[str, int]:
    """How many people the platform has, and how much the portal keeps about people."""
    counts = {"rows": len(world.ask("contacts", None, 200).items)}
    for kind, key in ((ContactEntry, "key"), (Session, "entry"), (Pointer, "root"), (Merge, "time")):
        counts[kind.__name__] = len(world.all_stored(kind, key))
    counts["numbers"] = len(world.all_stored(ClientNumber, "number"))
    counts["intents"] = len(world.all_stored(Intent, "state", "open"))
    return counts


@pytest.mark.requirement("V1")
def test_an_existing_client_logs_in_and_a_stranger_does_not(vcita: World) -> None:
    """Ana gets a code and her record. Eve gets the same answer, no message, and nothing is made for her."""
    before = everything(vcita)
    sent = vcita.visitor().request_code(UNKNOWN)
    assert isinstance(sent, CodeSent)
    delivered = vcita.deliver()
    assert (delivered.sent, delivered.dropped) == (0, 1)
    assert vcita.box.messages == []

    for typed in (other(code_for(vcita, sent.handle)), code_for(vcita, sent.handle)):
        assert refusal_of(lambda typed=typed: vcita.visitor().verify_code(sent.handle, typed)).reason is (
            Reason.CODE_WRONG
        )
    assert everything(vcita) == before
    assert vcita.stored(ContactHistory, f"email:{UNKNOWN}") is None, "nor is the address remembered as proved"

    assert vcita.sign_in(KNOWN).record == RecordRef.client("ana")
    assert everything(vcita) == {**before, "Session": 1}


@pytest.mark.requirement("V1")
def test_staff_add_a_client_who_can_then_log_in(vcita: World) -> None:
    """Eve asks on Saturday and gets nothing; the desk adds her; the next code reaches her and opens her record."""
    vcita.visitor().request_code(UNKNOWN)
    vcita.deliver()
    assert vcita.box.messages == []
    eve = vcita.add_client("eve", "Eve Brown", email=UNKNOWN)
    signed_in = vcita.sign_in(UNKNOWN)
    assert (signed_in.record, signed_in.new_record) == (eve, False)
    assert vcita.client(signed_in).profile().first_name == "Eve"


@pytest.mark.requirement("V1")
def test_a_code_asked_for_before_the_client_was_added_is_not_sent_afterwards(vcita: World) -> None:
    """What was dropped stays dropped, though the very next pump would find her."""
    vcita.visitor().request_code(UNKNOWN)
    vcita.deliver()
    vcita.add_client("eve", "Eve Brown", email=UNKNOWN)
    vcita.deliver()
    assert vcita.box.messages == []


@pytest.mark.requirement("V1")
def test_an_inactive_record_is_as_good_as_none(vcita: World) -> None:
    """A record that nobody may log in to gets no code, and its right code is answered as wrong."""
    vcita.add_client("eve", "Eve Brown", email=UNKNOWN, usable=False)
    sent = vcita.visitor().request_code(UNKNOWN)
    vcita.deliver()
    assert vcita.box.messages == []
    right = code_for(vcita, sent.handle)
    assert refusal_of(lambda: vcita.visitor().verify_code(sent.handle, right)).reason is Reason.CODE_WRONG


@pytest.mark.requirement("V1")
def test_the_reply_is_the_same_for_known_and_unknown_field_by_field(vcita: World) -> None:
    """Asked for in the same moment: the same type, the same fields, the same times; a handle of the same form."""
    known, unknown = (vcita.visitor().request_code(email) for email in (KNOWN, UNKNOWN))
    assert type(known) is type(unknown) is CodeSent
    for field in fields(CodeSent):
        if field.name != "handle":
            assert getattr(known, field.name) == getattr(unknown, field.name), field.name
    assert known.handle != unknown.handle
    for handle in (known.handle, unknown.handle):
        assert re.fullmatch(r"[A-Za-z0-9_-]{43}", handle.reveal())
    assert repr(known) == repr(unknown)


@pytest.mark.requirement("V1")
def test_the_reply_never_names_the_channel_or_a_masked_number(vcita: World) -> None:
    """Ana's code goes by SMS; not one field of the reply says so, or shows any part of a number or address."""
    sent, _ = vcita.get_code(KNOWN)
    assert vcita.box.messages[0].channel.value == "sms"
    assert names_in(sent) == {"handle", "expires_at", "resend_at", "digits"}
    said = texts_in(evolve(sent, handle=type(sent.handle)(""))).lower()
    for word in ("sms", "email", "text", "•", "*", "@", "+64", "567", "4567", "ana"):
        assert word not in said, word


@pytest.mark.requirement("V1")
def test_the_port_calls_are_the_same_for_known_and_unknown(vcita: World) -> None:
    """Asking, asking again, and typing a wrong code touch the same tables in the same order, and no client's row."""
    watch = watched(vcita)
    traces: dict[str, list[list[str]]] = {KNOWN: [], UNKNOWN: []}
    answers: dict[str, list[Any]] = {KNOWN: [], UNKNOWN: []}
    sent = {}
    for email in (KNOWN, UNKNOWN):
        answer, calls = watch(lambda email=email: vcita.visitor(source="203.0.113.7").request_code(email))
        sent[email] = answer.handle
        traces[email].append(calls)
    vcita.clock.advance(timedelta(minutes=2))
    for email in (KNOWN, UNKNOWN):
        answer, calls = watch(lambda email=email: vcita.visitor(source="203.0.113.7").resend_code(sent[email]))
        answers[email].append((answer.expires_at, answer.resend_at, answer.digits))
        traces[email].append(calls)
    for email in (KNOWN, UNKNOWN):
        wrong = other(code_for(vcita, sent[email]))
        answer, calls = watch(
            lambda email=email, wrong=wrong: vcita.visitor(source="203.0.113.7").verify_code(sent[email], wrong)
        )
        answers[email].append(shown(answer))
        traces[email].append(calls)
    assert traces[KNOWN] == traces[UNKNOWN]
    assert answers[KNOWN] == answers[UNKNOWN]
    assert all(len(calls) >= 3 for calls in traces[KNOWN])
    every = [call for calls in traces[KNOWN] for call in calls]
    assert not [call for call in every if call.startswith("host.") or "ContactEntry" in call or "Pointer" in call]


@pytest.mark.requirement("V1")
def test_what_is_stored_of_a_request_is_the_same_for_known_and_unknown(vcita: World) -> None:
    """One challenge, one message in the outbox, one audit entry each, equal but for the address and what is drawn."""

    def plain(record: Any) -> dict[str, Any]:
        held = asdict(record, recurse=False)
        text = {name: str(value).replace(KNOWN, "<email>").replace(UNKNOWN, "<email>") for name, value in held.items()}
        text = {name: value.replace("a•••@example.com", "<masked>") for name, value in text.items()}
        text = {name: value.replace("e•••@example.com", "<masked>") for name, value in text.items()}
        return {name: value for name, value in text.items() if name not in ("id", "challenge_id", "salt", "mark")}

    stored: dict[str, list[dict[str, Any]]] = {}
    for email in (KNOWN, UNKNOWN):
        vcita.visitor().request_code(email)
        (challenge,) = vcita.all_stored(Challenge, "lane", f"email:{email}", "strangers")
        messages = vcita.all_stored(OutboxMessage, "due", MessageState.QUEUED.value)
        (message,) = [one for one in messages if one.to == f"email:{email}"]
        (entry,) = vcita.all_stored(AuditEntry, "subject", f"{email[0]}•••@example.com")
        stored[email] = [plain(one) for one in (challenge, message, entry)]
    assert stored[KNOWN] == stored[UNKNOWN]


@pytest.mark.requirement("V1")
def test_the_right_code_for_nobody_is_answered_and_counted_as_a_wrong_one(vcita: World) -> None:
    """A lucky guess at an unknown address's code: word for word what a wrong code for Ana gets, and the same counters.

    The true reason is staff's: the audit says it, the reply does not.
    """
    known, unknown = (vcita.visitor().request_code(email) for email in (KNOWN, UNKNOWN))
    wrong_for_ana = other(code_for(vcita, known.handle))
    right_for_nobody = code_for(vcita, unknown.handle)

    first = refusal_of(lambda: vcita.visitor().verify_code(known.handle, wrong_for_ana))
    second = refusal_of(lambda: vcita.visitor().verify_code(unknown.handle, right_for_nobody))

    assert first.reason is second.reason is Reason.CODE_WRONG
    assert shown(first) == shown(second)
    counters = [vcita.stored(GuessCounter, f"email:{email}|strangers") for email in (KNOWN, UNKNOWN)]
    assert evolve(counters[0], id="-", identity="-") == evolve(counters[1], id="-", identity="-")
    assert (counters[1].day_count, counters[1].consecutive) == (1, 1)
    challenges = [vcita.all_stored(Challenge, "lane", f"email:{email}", "strangers")[0] for email in (KNOWN, UNKNOWN)]
    assert [(one.misses, one.spent) for one in challenges] == [(1, False), (1, False)]
    outcomes = {line.outcome for line in vcita.staff().audit().items if line.action == "verify_code"}
    assert outcomes == {"contact_business", "code_wrong"}


@pytest.mark.requirement("V1")
def test_right_codes_for_nobody_use_the_budget_up_as_wrong_ones_do(vcita: World) -> None:
    """Five tries a handle, then too many tries; word for word the same at every one of them, waits included."""
    known, unknown = (vcita.visitor().request_code(email) for email in (KNOWN, UNKNOWN))
    wrong, right = other(code_for(vcita, known.handle)), code_for(vcita, unknown.handle)
    said: list[list[dict[str, Any]]] = [[], []]
    for _ in range(7):
        for place, (sent, code) in enumerate(((known, wrong), (unknown, right))):
            said[place].append(
                shown(refusal_of(lambda sent=sent, code=code: vcita.visitor().verify_code(sent.handle, code)))
            )
        vcita.clock.advance(timedelta(seconds=70))
    assert said[0] == said[1]
    assert said[0][0]["reason"] is Reason.CODE_WRONG
    assert said[0][-1]["reason"] is Reason.TOO_MANY_TRIES


@pytest.mark.requirement("V1")
def test_the_send_budget_is_the_same_for_known_and_unknown(vcita: World) -> None:
    """A second request too soon is put off to the same moment, whoever is asked for."""
    said = []
    for email in (KNOWN, UNKNOWN):
        vcita.visitor().request_code(email)
        said.append(shown(refusal_of(lambda email=email: vcita.visitor().request_code(email))))
    for one in said:
        one["because"] = str(one["because"]).replace("a•••", "•••").replace("e•••", "•••")
    assert said[0] == said[1]
    assert said[0]["reason"] is Reason.WAIT
    assert said[0]["retry_at"] == vcita.clock() + timedelta(seconds=30)
