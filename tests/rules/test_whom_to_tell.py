"""Whom to tell: decided when a message leaves, to an address that the record has now, and to nobody in doubt."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import permutations
from typing import Any

import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from clientportal.policy import Delivery, Policy, presets
from clientportal.records import Challenge, MessageKind, OutboxMessage, Purpose
from clientportal.rules.whom_to_tell import Drop, Reachable, Tell, Telling, other_way, way_left, whom_to_tell
from clientportal.testing.strategies import EMAIL_SPELLINGS, NUMBER_SPELLINGS, emails, numbers
from clientportal.values import ContactKey, ContactKind, RecordRef, parse_email

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
TIMELY = presets.timely(region="NZ")
VCITA = presets.vcita(region="NZ")
MOBILE, EMAIL = "mobile:+64211234567", "email:ana@example.com"


def by(delivery: Delivery) -> Policy:
    """Another way for codes to go; SMS alone and email alone would contradict each other."""
    both = (ContactKind.EMAIL, ContactKind.MOBILE)
    identifiers = VCITA.login.identifiers if delivery is Delivery.EMAIL else both
    return evolve(VCITA, login=evolve(VCITA.login, delivery=delivery, identifiers=identifiers))


def person(id: str = "ana", mobile: str | None = None, email: str | None = None) -> Reachable:
    """A record's contacts, as stored."""
    return Reachable(RecordRef.client(id), mobile, email)


def telling(*people: Reachable, to: str | None = MOBILE, code: bool = True, **more: Any) -> Telling:
    """A message that is about to leave: a code, or a link to a record."""
    kind = more.pop("kind", MessageKind.LOGIN_CODE if code else MessageKind.APPOINTMENT_LINK)
    message = OutboxMessage(
        id="m1", kind=kind, to=to, ref=None if to else "client:ana", challenge_id="h1" if code else None,
        send_number=1, created_at=NOW, due_at=NOW, expires_at=more.pop("expires_at", NOW + MINUTE),
    )  # fmt: skip
    challenge = Challenge(
        id="h1", purpose=Purpose.LOGIN, identity=to or MOBILE, lane="strangers", key_id="k1",
        created_at=NOW, expires_at=NOW + MINUTE, last_mark=NOW,
    )  # fmt: skip
    return Telling(message, people, **{"challenge": challenge if code else None} | more)


UNREADABLE = person(mobile="12", email="no address")
ANA = person(mobile="021 123 4567", email="Ana@Example.com")


@pytest.mark.parametrize(
    ("seen", "note"),
    [
        (telling(ANA, expires_at=NOW), "expired before it could be sent"),
        (telling(ANA, challenge=None), "the code is used or expired"),
        (telling(ANA, too_many=True), "on too many records to be anybody's"),
        (telling(too_many=True, flagged=True), "flagged as nobody's by staff"),
        (telling(to=None, code=False), "the record is gone"),
        (telling(person(), to=None, code=False), "the record has no contact that can be reached"),
        (telling(UNREADABLE, to=None, code=False), "the record has no contact that can be reached"),
    ],
)  # fmt: skip
def test_what_is_dropped(seen: Telling, note: str) -> None:
    """With a note for staff."""
    assert whom_to_tell(seen, TIMELY, NOW) == Drop(note)


@pytest.mark.parametrize(
    ("change", "note"),
    [
        ({"spent": True}, "the code is used or expired"),
        ({"expires_at": NOW}, "the code is used or expired"),
        ({"last_mark": NOW + MINUTE}, "the code is used or expired"),
        ({"send_number": 2}, "a newer code replaced this one"),
        ({}, None),
    ],
)
def test_a_code_that_is_worth_nothing_is_not_sent(change: dict[str, Any], note: str | None) -> None:
    """Spent, expired, or replaced by a resend of the same handle."""
    seen = telling(ANA)
    assert seen.challenge is not None

    answer = whom_to_tell(evolve(seen, challenge=evolve(seen.challenge, **change)), TIMELY, NOW)

    assert answer == (Tell(True, "+64211234567", diverted=False) if note is None else Drop(note))


def test_a_message_is_good_until_it_expires() -> None:
    """To the microsecond."""
    seen = telling(ANA, expires_at=NOW)

    assert isinstance(whom_to_tell(seen, TIMELY, NOW - timedelta(microseconds=1)), Tell)


def test_an_unknown_contact_gets_a_code_only_where_it_gets_a_record() -> None:
    """T6 sends, V1 drops; a second proof or a warning never goes to nobody."""
    assert whom_to_tell(telling(), TIMELY, NOW) == Tell(True, "+64211234567", diverted=False)
    assert whom_to_tell(telling(to=EMAIL), VCITA, NOW) == Drop("nobody has this contact")
    for kind in (MessageKind.SECOND_PROOF_CODE, MessageKind.GUESSES_WARNING):
        assert whom_to_tell(telling(kind=kind), TIMELY, NOW) == Drop("nobody has this contact")
        assert isinstance(whom_to_tell(telling(ANA, kind=kind), TIMELY, NOW), Tell)


# --- a code for an email -------------------------------------------------------------------------------------------

SAME_MOBILE = person("b", "+64 21 123 4567", "ana@example.com")
SHUT = Drop("codes go by SMS alone, and there is no mobile that all of these records have")


@pytest.mark.parametrize(
    ("people", "delivery", "expected"),
    [
        ([ANA], Delivery.SMS_ELSE_EMAIL, Tell(True, "+64211234567", diverted=True)),
        ([ANA], Delivery.EMAIL, Tell(False, "Ana@example.com", diverted=False)),
        ([ANA], Delivery.SMS, Tell(True, "+64211234567", diverted=True)),
        ([person(email="Ana@example.com")], Delivery.SMS_ELSE_EMAIL, Tell(False, "Ana@example.com", diverted=False)),
        ([person(email="Ana@example.com")], Delivery.SMS, SHUT),
        ([ANA, SAME_MOBILE], Delivery.SMS_ELSE_EMAIL, Tell(True, "+64211234567", diverted=True)),
        ([ANA, person("b", "021 123 4568")], Delivery.SMS_ELSE_EMAIL, Tell(False, "Ana@example.com", diverted=False)),
        ([ANA, person("b")], Delivery.SMS_ELSE_EMAIL, Tell(False, "Ana@example.com", diverted=False)),
        ([ANA, person("b")], Delivery.SMS, SHUT),
        ([person("b"), ANA], Delivery.SMS, SHUT),
    ],
)  # fmt: skip
def test_how_an_emails_code_goes(people: list[Reachable], delivery: Delivery, expected: Tell | Drop) -> None:
    """To the mobile that all records under that email have, else to the email, if codes may go there (V3)."""
    answers = {whom_to_tell(telling(*order, to=EMAIL), by(delivery), NOW) for order in permutations(people)}

    assert answers == {expected}


def test_a_second_proof_of_an_email_goes_to_that_email() -> None:
    """Sent to the mobile it would prove nothing but the number that is in doubt (X6)."""
    seen = telling(ANA, to=EMAIL, kind=MessageKind.SECOND_PROOF_CODE)

    assert whom_to_tell(seen, VCITA, NOW) == Tell(False, "Ana@example.com", diverted=False)


@pytest.mark.parametrize("mobile", ["09 300 1234", "0900 12345", "+61 412 345 678", "021", None, ""])
def test_a_number_that_may_not_be_texted_is_no_mobile(mobile: str | None) -> None:
    """A landline, a premium number, another region's where New Zealand alone is allowed, no number: the email it is."""
    only_nz = evolve(VCITA, contacts=evolve(VCITA.contacts, allowed_regions=frozenset({"NZ"})))

    answer = whom_to_tell(telling(person(mobile=mobile, email="ana@example.com"), to=EMAIL), only_nz, NOW)

    assert answer == Tell(False, "ana@example.com", diverted=False)


def test_a_landline_is_not_texted_even_where_landlines_are_allowed() -> None:
    """What the policy lets through still has to be able to receive a text."""
    contacts = evolve(VCITA.contacts, allowed_types=("mobile", "fixed"))

    answer = whom_to_tell(
        telling(person(mobile="09 300 1234", email="ana@example.com"), to=EMAIL), evolve(VCITA, contacts=contacts), NOW
    )

    assert answer == Tell(False, "ana@example.com", diverted=False)


PEOPLE = st.lists(
    st.builds(
        Reachable,
        st.sampled_from([RecordRef.client(id) for id in "abc"]),
        st.none() | numbers() | st.just("12"),
        st.none() | emails() | st.just("no address"),
    ),
    max_size=3,
    unique_by=lambda one: one.ref,
)


@given(PEOPLE, st.sampled_from([Delivery.SMS_ELSE_EMAIL, Delivery.EMAIL, Delivery.SMS]))
def test_a_code_for_an_email_reaches_nobody_elses_contact(people: list[Reachable], delivery: Delivery) -> None:
    """The mobile is on every record that was found; the address is a spelling of the one that was typed. The order of
    the records makes no difference."""
    answer = whom_to_tell(telling(*people, to=EMAIL), by(delivery), NOW)

    assert all(whom_to_tell(telling(*order, to=EMAIL), by(delivery), NOW) == answer for order in permutations(people))
    if isinstance(answer, Tell) and not answer.by_sms:
        assert answer.address.lower() == "ana@example.com"
        assert delivery is not Delivery.SMS
    if isinstance(answer, Tell) and answer.by_sms:
        assert delivery is not Delivery.EMAIL
        assert all(person.mobile in NUMBER_SPELLINGS[answer.address] for person in people)


def test_the_stored_spelling_is_written_to() -> None:
    """Of several records the first by its ref that has the address; one that cannot be read is passed over."""
    people = [person("c", email="ANA@example.com"), person("b", email="Ana@example.com"), person("a", email="broken")]

    for order in permutations(people):
        assert whom_to_tell(telling(*order, to=EMAIL), VCITA, NOW) == Tell(False, "Ana@example.com", diverted=False)
    nobodys = telling(person("a", email="ben@example.com"), to=EMAIL)
    assert whom_to_tell(nobodys, VCITA, NOW) == Tell(False, "ana@example.com", diverted=False)


# --- a message to a record -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("who", "delivery", "expected"),
    [
        (ANA, Delivery.SMS, Tell(True, "+64211234567", diverted=True)),
        (ANA, Delivery.EMAIL, Tell(False, "Ana@example.com", diverted=True)),
        (person(mobile="021 123 4567"), Delivery.EMAIL, Tell(True, "+64211234567", diverted=True)),
        (person(mobile="021 123 4567", email="broken"), Delivery.EMAIL, Tell(True, "+64211234567", diverted=True)),
        (person(email="Ana@example.com"), Delivery.SMS, Tell(False, "Ana@example.com", diverted=True)),
    ],
)
def test_a_link_goes_to_the_records_own_contact(who: Reachable, delivery: Delivery, expected: Tell) -> None:
    """The way codes go where there is one, else the other."""
    assert whom_to_tell(telling(who, to=None, code=False), by(delivery), NOW) == expected


def test_every_spelling_is_the_same_address() -> None:
    """What the tests above rest on: the strategies' spellings are read as they say."""
    for address, spellings in EMAIL_SPELLINGS.items():
        assert {parse_email(one).key() for one in spellings} == {ContactKey(ContactKind.EMAIL, address)}


@pytest.mark.parametrize("kind", [MessageKind.CHANGE_CONTACT_CODE, MessageKind.CONTACT_CHANGED])
def test_a_contact_that_no_record_has_yet_or_any_more_is_told_itself(kind: MessageKind) -> None:
    """M7: the code to a new number, and the word to the earlier one, go there and nowhere else."""
    assert whom_to_tell(telling(kind=kind), TIMELY, NOW) == Tell(True, "+64211234567", diverted=False)
    by_email = whom_to_tell(telling(ANA, kind=kind, to=EMAIL), TIMELY, NOW)
    assert by_email == Tell(False, "ana@example.com", diverted=False)
    assert whom_to_tell(telling(kind=kind, flagged=True), TIMELY, NOW) == Drop("flagged as nobody's by staff")


# --- when the first way fails --------------------------------------------------------------------------------------

BY_SMS, BY_EMAIL = Tell(True, "+64211234567", diverted=True), Tell(False, "Ana@example.com", diverted=True)
NO_FALL_BACK = evolve(VCITA, messages=evolve(VCITA.messages, fall_back=False))


def instead(seen: Telling, policy: Policy) -> Tell | None:
    """The other way of a message whose first one there is."""
    first = whom_to_tell(seen, policy, NOW)
    assert isinstance(first, Tell)
    return other_way(seen, first, policy)


def test_a_code_for_an_email_that_went_to_the_mobile_may_go_to_that_email() -> None:
    """What was typed is what it proves: under "SMS, else email", and where falling back is not switched off (V3)."""
    seen = telling(ANA, to=EMAIL)
    assert instead(seen, VCITA) == Tell(False, "Ana@example.com", diverted=False)
    assert instead(seen, by(Delivery.SMS)) is None
    assert instead(seen, NO_FALL_BACK) is None
    assert instead(telling(person(email="ana@example.com"), to=EMAIL), VCITA) is None, "it goes there already"


@pytest.mark.parametrize("delivery", [Delivery.SMS, Delivery.SMS_ELSE_EMAIL])
def test_a_code_for_a_number_goes_to_no_email(delivery: Delivery) -> None:
    """Whoever has an old mailbox of the client's would log in with a number that is somebody else's by now."""
    assert instead(telling(ANA), by(delivery)) is None


@pytest.mark.parametrize(
    "kind",
    [
        MessageKind.SECOND_PROOF_CODE,
        MessageKind.CLAIM_CODE,
        MessageKind.CHANGE_CONTACT_CODE,
        MessageKind.CONTACT_CHANGED,
    ],
)
@pytest.mark.parametrize("to", [MOBILE, EMAIL])
def test_what_proves_one_certain_contact_goes_there_or_nowhere(kind: MessageKind, to: str) -> None:
    """A code for another contact would prove nothing of this one."""
    assert instead(telling(ANA, to=to, kind=kind), VCITA) is None


def test_what_is_sent_to_a_record_may_go_to_its_other_contact() -> None:
    """A link to an appointment: the better contact first, then the other one, if it can be reached."""
    assert instead(telling(ANA, to=None, code=False), VCITA) == BY_EMAIL
    assert instead(telling(ANA, to=None, code=False), by(Delivery.EMAIL)) == BY_SMS
    assert instead(telling(person(email="ana@example.com"), to=None, code=False), VCITA) is None
    assert instead(telling(person(mobile="021 123 4567", email="none"), to=None, code=False), VCITA) is None
    assert instead(telling(ANA, to=None, code=False), NO_FALL_BACK) is None


def test_the_way_that_has_not_failed_is_left() -> None:
    """The first, then the other; then staff are shown that it did not arrive, and why."""
    message = telling(ANA).message
    assert way_left(message, BY_SMS, BY_EMAIL) == BY_SMS
    assert way_left(evolve(message, failed=("sms",)), BY_SMS, BY_EMAIL) == BY_EMAIL
    assert way_left(evolve(message, failed=("sms",)), BY_EMAIL, None) == BY_EMAIL, "the mobile was taken off meanwhile"
    for other in (None, BY_SMS):
        none = way_left(evolve(message, failed=("sms",), note="no such number"), BY_SMS, other)
        assert none == Drop("no such number; there is no other way to this client", shown_to_staff=True)
    assert way_left(evolve(message, failed=("sms",)), Drop("expired"), BY_EMAIL) == Drop("expired")
