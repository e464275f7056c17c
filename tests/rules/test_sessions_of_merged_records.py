"""Whichever way somebody comes in: the session is for the record that leads there, and shows who speaks for it today.

The attack: staff merge Eve's record into Ana's by mistake, Eve comes in, and staff undo the merge. A session that was
made for Ana's record would go on showing Ana to her.
"""

from __future__ import annotations

from typing import Any

import pytest
from attrs import evolve

from clientportal.decisions import Decision
from clientportal.outcomes import RecoveryCodes
from clientportal.records import Identifier, Session, Stage
from clientportal.rules import second_factor as factors
from clientportal.rules.account_sessions import AccountSight
from clientportal.rules.proving import accept, verify_by_password, verify_by_session
from clientportal.rules.sessions import Person, Switching, switch
from clientportal.rules.sign_in_links import sign_in_by_link
from clientportal.rules.signing_in import sign_in
from clientportal.rules.whose_contact import Candidate
from clientportal.values import ClientRecord, RecordRef
from rules import codes
from rules import one_account as one
from rules import test_proving as proofs
from rules import test_second_factor as apps
from rules.emails import DAY, FRESH, HERS, NOW, TIMETAP, put
from rules.test_sessions import session
from rules.test_sign_in_links import LINKS, signing_in
from rules.test_signing_in import bound, second

OLD, ANA = RecordRef.client("old"), RecordRef.client("ana")
ROWS = (ClientRecord(ANA, NOW - DAY, first_name="Ana"), ClientRecord(OLD, NOW - DAY, first_name="Anna"))
MERGED = Candidate(ROWS[0], ROWS, having=(OLD,))


def leading(sight: AccountSight) -> AccountSight:
    """The same account, linked to the record that was merged into Ana's."""
    return evolve(sight, linked=(MERGED,))


def with_sight(seen: Any) -> Any:
    """The same reading, of an account that leads there."""
    return evolve(seen, sight=leading(seen.sight))


def by_code() -> Decision[Any]:
    """A code for the old record's number."""
    return sign_in(codes.typed(candidates=(MERGED,), hits=1), codes.TIMELY, NOW)


def by_second_proof() -> Decision[Any]:
    """A code for another contact of it."""
    return second(candidates=(MERGED,), bound=bound(own=(OLD,)))


def by_link() -> Decision[Any]:
    """A link in a mail."""
    return sign_in_by_link(with_sight(signing_in(Identifier(id=HERS, account="ana", proved_at=NOW - DAY))), LINKS, NOW)


def by_the_registering_session() -> Decision[Any]:
    """The session that registered."""
    return verify_by_session(with_sight(proofs.proving()), TIMETAP, NOW)


def by_its_password() -> Decision[Any]:
    """The registration's password."""
    return verify_by_password(with_sight(proofs.proving(session=None)), None, NOW, TIMETAP, NOW)


def by_invitation() -> Decision[Any]:
    """An invitation by staff."""
    seen = proofs.accepting()
    return accept(evolve(seen, proving=with_sight(seen.proving)), proofs.HASH, (), TIMETAP, NOW)


def by_the_app() -> Decision[Any]:
    """A code of the authenticator app."""
    return factors.pass_second_factor(with_sight(apps.passing(102)), apps.OFFERED, NOW)


def by_a_new_app() -> Decision[Any]:
    """Setting up an app that the policy asks for."""
    seen = apps.enrolling(101)
    waiting = one.session(stage=Stage.ENROLLING)
    seen = evolve(seen, change=evolve(seen.change, session=waiting))
    return factors.confirm_second_factor(with_sight(seen), apps.REQUIRED, NOW)


def by_choosing() -> Decision[Any]:
    """Choosing a profile."""
    people = (Person(ANA, ROWS[0], None, OLD),)
    return switch(Switching(session(), people, None, FRESH), "client:ana", codes.TIMELY, NOW)


@pytest.mark.parametrize(
    "coming_in",
    [
        by_code,
        by_second_proof,
        by_link,
        by_the_registering_session,
        by_its_password,
        by_invitation,
        by_the_app,
        by_a_new_app,
        by_choosing,
    ],
)
def test_the_session_is_for_the_record_that_led_there_and_shows_the_survivor(coming_in: Any) -> None:
    """Kept for the old record, shown as Ana's: an undo takes back what it showed of her."""
    decision = coming_in()
    (opened,) = put(decision.changes, Session)
    shown = decision.outcome.signed_in if isinstance(decision.outcome, RecoveryCodes) else decision.outcome
    assert (opened.entry, shown.record) == (str(OLD), ANA)
