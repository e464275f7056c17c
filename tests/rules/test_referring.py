"""Who counts as a friend: rules/referring.py."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from clientportal import ClientRecord, RecordRef
from clientportal.records import Put, Referral
from clientportal.rules.referring import Referring, counting, refer, shown_as
from clientportal.values import ContactKey, ContactKind
from world import at

pytestmark = pytest.mark.requirement("M10")

ANA, TWIN, BEN, ZOE = (RecordRef.client(id) for id in ("ana", "twin", "ben", "zoe"))
NOW = at("2026-11-21 10:00")
EMAIL = ContactKey(ContactKind.EMAIL, "family@example.com")
SEEN = Referring(
    appointment_id="b1",
    friend=BEN,
    friend_refs=frozenset({BEN}),
    referrer=ANA,
    referrer_refs=frozenset({ANA, TWIN}),
    shared=frozenset(),
    accounts=frozenset(),
    earlier=False,
    known=(),
)


def _told(friend: RecordRef, minutes: int = 0, appointment: str = "b1", referrer: RecordRef = ANA) -> Referral:
    return Referral(
        id=str(friend), referrer=str(referrer), appointment_id=appointment, at=NOW + timedelta(minutes=minutes)
    )


def test_a_friends_first_booking_counts_and_the_platform_is_told() -> None:
    """One record, one event, both naming who and by whom."""
    decision = refer(SEEN, NOW)
    assert decision.outcome.counted
    (put,) = decision.changes
    assert isinstance(put, Put)
    assert put.record == _told(BEN)
    assert [event.kind for event in decision.events] == ["referred"]


@pytest.mark.parametrize(
    ("what", "why"),
    [
        ({"friend_refs": frozenset({BEN, TWIN})}, "oneself"),
        ({"shared": frozenset({EMAIL})}, "oneself"),
        ({"accounts": frozenset({"family"})}, "oneself"),
        ({"earlier": True}, "not_first"),
        ({"known": (_told(BEN, appointment="b0"),)}, "referred_already"),
        ({"known": (_told(BEN, appointment="b0"),), "accounts": frozenset({"family"})}, "oneself"),
    ],
)
def test_whoever_does_not_count_leaves_nothing_and_the_reason_is_a_stable_word(what: dict[str, Any], why: str) -> None:
    """Never oneself, once, and at the first booking."""
    decision = refer(evolve(SEEN, **what), NOW)
    assert (decision.outcome.counted, decision.outcome.why) == (False, why)
    assert (decision.changes, decision.events) == ((), ())


def test_told_twice_it_says_the_same_and_does_nothing_also_by_another_link() -> None:
    """The first link that was told of a booking holds."""
    decision = refer(evolve(SEEN, referrer=ZOE, known=(_told(BEN),)), NOW)
    assert (decision.outcome.counted, decision.outcome.already, decision.outcome.referrer) == (True, True, ANA)
    assert (decision.changes, decision.events) == ((), ())


_REFS = [RecordRef.client(id) for id in "abcd"]


@given(
    st.lists(st.sampled_from(_REFS), unique=True),
    st.dictionaries(st.sampled_from(_REFS), st.sampled_from(_REFS)),
    st.frozensets(st.sampled_from(_REFS)),
)
def test_each_person_counts_once_and_never_oneself(
    friends: list[RecordRef], roots: dict[RecordRef, RecordRef], mine: frozenset[RecordRef]
) -> None:
    """Whatever was merged with whatever: as many as there are people besides oneself, latest first."""
    told = [_told(one, minutes) for minutes, one in enumerate(friends)]
    counted = counting(told, roots, mine)
    people = [roots.get(one.friend_ref, one.friend_ref) for one in counted]
    assert len(set(people)) == len(people)
    assert set(people) == {roots.get(one, one) for one in friends} - mine
    assert [one.at for one in counted] == sorted((one.at for one in counted), reverse=True)
    assert counting(told[::-1], roots, mine) == counted


@pytest.mark.parametrize(
    ("first", "last", "shown"),
    [
        ("Ben", "Tamati", "Ben T."),
        ("Ana Maria", "Kingi Hoani", "Ana H."),
        ("Ben", None, "Ben"),
        (None, None, ""),
        ("Zoe Ngata", None, "Zoe N."),
    ],
)
def test_a_friend_is_shown_by_first_name_and_initial(first: str | None, last: str | None, shown: str) -> None:
    """No more of anybody's name than that; nothing where the platform knows nothing."""
    record = ClientRecord(BEN, NOW, first_name=first, last_name=last)
    assert shown_as(record).name == shown
    assert shown_as(None).name == ""
    assert _told(BEN).referrer_ref == ANA
