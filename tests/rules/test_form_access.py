"""A form's link and the session's proof: together they open that form, each by itself opens nothing (T3)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from clientportal import Policy, presets
from clientportal.decisions import Because, Reason, Refusal
from clientportal.rules.form_access import (
    FormClaims,
    LinkedForm,
    judge_form_link,
    judge_linked_form,
    read_form_claims,
)
from clientportal.rules.whose_contact import Candidate
from clientportal.testing.strategies import refs
from clientportal.values import ClientRecord, RecordRef

NOON = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
DAY = timedelta(days=1)
ANA, HERA, BEN = (RecordRef.client(id) for id in ("ana", "hera", "ben"))
POLICY = presets.timely(region="NZ")
TEXT = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=8)
CLAIMS = st.builds(
    FormClaims, TEXT, refs(), st.integers(0, 4_000_000_000).map(lambda at: datetime.fromtimestamp(at, UTC)), TEXT
)


@given(CLAIMS, TEXT, TEXT)
def test_what_was_signed_is_read_by_that_business_alone(claims: FormClaims, tenant: str, other: str) -> None:
    """There and back unchanged; another business reads nothing (law 10)."""
    signed = {**claims.as_mapping(), "t": tenant}
    assert read_form_claims(signed, tenant) == claims
    assert read_form_claims(signed, tenant + other) is None
    assert read_form_claims(None, tenant) is None


@given(CLAIMS, TEXT)
def test_a_link_leads_to_its_form_until_it_is_over(claims: FormClaims, other: str) -> None:
    """Good until the microsecond before its end; of another form never; looked at without a form in mind, for any."""
    before = claims.expires_at - timedelta(microseconds=1)
    assert judge_form_link(claims, claims.form_id, before) is None
    assert judge_form_link(claims, None, before) is None
    for refused in (
        judge_form_link(claims, claims.form_id, claims.expires_at),
        judge_form_link(claims, claims.form_id + other, before),
        judge_form_link(None, claims.form_id, before),
        judge_form_link(None, None, before),
    ):
        assert refused is not None
        assert refused.reason is Reason.LINK_GONE


def person(ref: RecordRef, *absorbed: RecordRef, usable: bool = True, booked: datetime | None = None) -> Candidate:
    """One client, with what was merged into them."""
    row = ClientRecord(ref, NOON - 400 * DAY, usable=usable, last_booked_at=booked)
    return Candidate(row, (row, *(ClientRecord(other, NOON - 400 * DAY) for other in absorbed)), (ref,))


def answer(policy: Policy = POLICY, **seen: Any) -> tuple[Reason | None, str]:
    """The reason of the refusal, or none, and how the proof was read."""
    linked = LinkedForm(
        **{
            "sent_to": frozenset({ANA}),
            "own": False,
            "there": True,
            "proved": (),
            "people": (),
            "opened_at": NOON,
            **seen,
        }
    )
    said = judge_linked_form(linked, policy)
    because = said if isinstance(said, Because) else said.because
    return (said.reason if isinstance(said, Refusal) else None), dict(because.facts)["proof"]


def test_a_proved_contact_of_that_record_opens_the_form() -> None:
    """Also one of a record that it was merged with."""
    assert answer(proved=(person(BEN), person(ANA))) == (None, "a contact of that record")
    assert answer(sent_to=frozenset({HERA, ANA}), proved=(person(ANA, HERA),)) == (None, "a contact of that record")


def test_without_one_the_client_is_sent_to_the_business() -> None:
    """Another's session, a new number, a record that nobody may log in to."""
    for proved in ((), (person(BEN),), (person(ANA, usable=False),)):
        assert answer(proved=proved) == (Reason.CONTACT_BUSINESS, "no contact of that record")


def test_the_sessions_own_form_opens_whatever_it_has_proved() -> None:
    """Its link adds nothing, and takes nothing away."""
    assert answer(own=True)[0] is None


def test_a_form_that_is_gone_is_gone_for_everybody() -> None:
    """Sent anew to somebody else, or its client was deleted."""
    assert answer(there=False, own=True)[0] is Reason.LINK_GONE
    assert answer(there=False, proved=(person(ANA),))[0] is Reason.LINK_GONE


def test_a_number_that_may_be_recycled_opens_no_form() -> None:
    """Her number was handed on after she had been quiet for long: link and proof are the new owner's (X6)."""
    policy = evolve(POLICY, login=evolve(POLICY.login, recycled_after=90 * DAY))
    quiet, awake = person(ANA, booked=NOON - 91 * DAY), person(ANA, booked=NOON - 89 * DAY)
    assert answer(policy, proved=(quiet,)) == (Reason.CONTACT_BUSINESS, "a contact that may be somebody else's by now")
    assert answer(policy, proved=(awake,))[0] is None
    assert answer(proved=(quiet,))[0] is None


@pytest.mark.parametrize("theirs", [True, False])
def test_an_account_opens_the_forms_of_the_records_that_it_is_for(theirs: bool) -> None:
    """And of no other, whatever email it has (A7, X5)."""
    said = answer(proved=None, people=(person(ANA if theirs else BEN),))
    if theirs:
        assert said == (None, "the account is for that record")
    else:
        assert said == (Reason.CONTACT_BUSINESS, "the account is not for that record")
