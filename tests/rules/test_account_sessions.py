"""What a session of an account shows, and what it must pass first."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from clientportal.decisions import Because
from clientportal.policy import Policy, SecondFactorUse, SeenBy, SeveralRecords, presets
from clientportal.records import Account, AccountLink, ContactHistory, LinkEvidence, SecondFactor, Session, Stage
from clientportal.rules.account_sessions import AccountSight, further, open_session, own_records
from clientportal.rules.signing_in import FreshSession
from clientportal.rules.whose_contact import Candidate
from clientportal.values import ClientRecord, RecordRef, Secret

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
DAY = timedelta(days=1)
TIMETAP = presets.timetap(region="NZ")
FRESH = FreshSession(Secret("token"), "digest", Secret("device"), "lane-2", "intent-1", "message-1")
BECAUSE = Because("logging_in.log_in")


def policy(
    several: SeveralRecords = SeveralRecords.CHOOSE,
    *,
    factor: SecondFactorUse = SecondFactorUse.OFF,
    seen_by: SeenBy = SeenBy.RECORD,
    recycled_after: timedelta | None = None,
) -> Policy:
    """TimeTap, turned here and there."""
    return evolve(
        TIMETAP,
        login=evolve(TIMETAP.login, several=several, recycled_after=recycled_after),
        accounts=evolve(TIMETAP.accounts, second_factor=factor),
        visibility=evolve(TIMETAP.visibility, appointments=seen_by),
    )


def person(id: str, *, booked: datetime | None = None, usable: bool = True) -> Candidate:
    """One client."""
    record = ClientRecord(RecordRef.client(id), NOW - 900 * DAY, last_booked_at=booked, usable=usable)
    return Candidate(record, (record,))


ANA, BEN, CY = person("ana", booked=NOW - 2 * DAY), person("ben", booked=NOW - DAY), person("cy")


def sight(*, proved_at: datetime | None = NOW, **more: Any) -> AccountSight:
    """What was read about an account."""
    account = Account(
        id="a1", email="email:ana@example.com", address="ana@example.com", created_at=NOW - DAY, proved_at=proved_at
    )
    return AccountSight(account, **more)


def revoked(ref: RecordRef) -> AccountLink:
    """A record that was taken off."""
    return AccountLink(
        id=AccountLink.id_of("a1", ref), account="a1", ref=str(ref), evidence=LinkEvidence.PROVED_EMAIL, made_at=NOW,
        actor="account:a1", revoked_at=NOW, revoked_by="account:a1",
    )  # fmt: skip


def ids(seen: AccountSight, how: Policy) -> list[str]:
    """The ids of the records that it may be for."""
    return [one.ref.id for one in own_records(seen, how)]


@pytest.mark.parametrize(
    ("several", "expected"),
    [
        (SeveralRecords.CHOOSE, ["ana", "ben", "cy"]),
        (SeveralRecords.NEWEST_BOOKING, ["ben", "cy"]),
        (SeveralRecords.ACCOUNTS, ["cy"]),
    ],
)
def test_links_and_what_the_policy_opens_to_a_proved_email(several: SeveralRecords, expected: list[str]) -> None:
    """Cy is linked; Ana and Ben share the email that was proved."""
    assert ids(sight(linked=(CY,), sharing=(BEN, ANA)), policy(several)) == expected


@pytest.mark.parametrize("several", SeveralRecords)
def test_an_email_that_is_merely_typed_opens_nothing(several: SeveralRecords) -> None:
    """Whoever typed it (A16)."""
    assert ids(sight(proved_at=None, sharing=(ANA, BEN)), policy(several)) == []


@pytest.mark.parametrize("several", [SeveralRecords.CHOOSE, SeveralRecords.NEWEST_BOOKING])
def test_what_was_taken_off_or_shut_is_gone(several: SeveralRecords) -> None:
    """Ben was taken off, with what is merged into him; Dee is not usable, linked or not."""
    shut = person("dee", usable=False)
    ben_and_old = Candidate(BEN.speaker, (BEN.speaker, CY.speaker))
    for taken in (BEN, CY):
        seen = sight(links=(revoked(taken.ref),), linked=(shut,), sharing=(ANA, ben_and_old, shut))
        assert ids(seen, policy(several)) == ["ana"]


def test_a_guests_bookings_are_one_profile() -> None:
    """Linked and sharing alike, and no member twice."""
    first, second = (
        ClientRecord(RecordRef.booking(id), NOW, first_name="Ana Kingi", last_booked_at=at)
        for id, at in (("g1", NOW - 3 * DAY), ("g2", NOW - DAY))
    )
    seen = sight(linked=(Candidate(first, (first,)),), sharing=(Candidate(second, (second, first)),))
    (one,) = own_records(seen, policy())
    assert [member.ref.id for member in one.members] == ["g2", "g1"]


@pytest.mark.parametrize(
    ("booked", "before", "opens"),
    [
        (NOW - 180 * DAY, None, True),
        (NOW - 181 * DAY, None, False),
        (NOW + DAY, None, True),
        (NOW - 400 * DAY, NOW - 181 * DAY, False),
        (NOW - 400 * DAY, NOW - 180 * DAY, True),
    ],
)
def test_an_address_may_be_somebody_elses_by_now(booked: datetime, before: datetime | None, opens: bool) -> None:
    """X6, for accounts: was the record quiet for too long when this account proved the email? Booked since, or proved
    by somebody in between: it was not."""
    history = None if before is None else ContactHistory(id="email:ana@example.com", proved_at=before)
    seen = sight(sharing=(person("ana", booked=booked),), history=history)
    assert ids(seen, policy(recycled_after=180 * DAY)) == (["ana"] if opens else [])
    assert ids(seen, policy()) == ["ana"], "off, nothing is asked"


@given(st.permutations([ANA, BEN, CY]), st.sampled_from(SeveralRecords))
def test_the_order_of_rows_means_nothing(people: list[Candidate], several: SeveralRecords) -> None:
    """Whatever a database returned first."""
    assert ids(sight(sharing=tuple(people)), policy(several)) == ids(sight(sharing=(ANA, BEN, CY)), policy(several))


def enrolled(**more: Any) -> SecondFactor:
    """An authenticator app that works."""
    return SecondFactor(**{"id": "a1", "key_id": "k1", "nonce": "n", "begun_at": NOW, "confirmed_at": NOW} | more)


@pytest.mark.parametrize(
    ("use", "factor", "sharing", "seen_by", "stage"),
    [
        (SecondFactorUse.OFF, enrolled(), (ANA,), SeenBy.RECORD, Stage.OPEN),
        (SecondFactorUse.OFFERED, None, (ANA,), SeenBy.RECORD, Stage.OPEN),
        (SecondFactorUse.OFFERED, enrolled(), (ANA,), SeenBy.RECORD, Stage.SECOND_FACTOR),
        (SecondFactorUse.OFFERED, enrolled(confirmed_at=None), (ANA,), SeenBy.RECORD, Stage.OPEN),
        (SecondFactorUse.REQUIRED, None, (ANA, BEN), SeenBy.RECORD, Stage.ENROLLING),
        (SecondFactorUse.REQUIRED, enrolled(), (ANA, BEN), SeenBy.RECORD, Stage.SECOND_FACTOR),
        (SecondFactorUse.OFF, None, (ANA, BEN), SeenBy.RECORD, Stage.CHOOSING),
        (SecondFactorUse.OFF, None, (ANA, BEN), SeenBy.ASSIGNED, Stage.OPEN),
        (SecondFactorUse.OFF, None, (), SeenBy.RECORD, Stage.OPEN),
    ],
)
def test_what_comes_before_a_record(
    use: SecondFactorUse,
    factor: SecondFactor | None,
    sharing: tuple[Candidate, ...],
    seen_by: SeenBy,
    stage: Stage,
) -> None:
    """The second factor, setting one up, choosing; each only where there is a reason for it."""
    seen, how = sight(sharing=sharing, second_factor=factor), policy(factor=use, seen_by=seen_by)
    session = open_session(seen, FRESH, how, NOW, BECAUSE, confirmed=stage is Stage.OPEN)
    assert session.stage is stage
    assert session.own == tuple(one.ref for one in sharing)
    assert session.entry == ("client:ana" if len(sharing) == 1 else None)
    assert session.confirmed_at == (NOW if stage is Stage.OPEN else None)
    after = further(session, seen, evolve(FRESH, digest="next"), how, NOW + DAY)
    assert after.stage is (Stage.CHOOSING if len(sharing) > 1 and seen_by is SeenBy.RECORD else Stage.OPEN)
    assert (after.id, after.version, after.used_at) == ("next", 0, NOW + DAY)


def test_a_session_of_an_account_says_whose_it_is_how_long_it_lives_and_why() -> None:
    """From now on, for the days that the policy gives, on the device that the browser is known by."""
    how = policy()
    assert open_session(sight(sharing=(ANA,)), FRESH, how, NOW, BECAUSE) == Session(
        id="digest",
        stage=Stage.OPEN,
        entry="client:ana",
        own=(ANA.ref,),
        identity="email:ana@example.com",
        opened_at=NOW,
        used_at=NOW,
        idle_until=NOW + how.sessions.idle_for,
        ends_at=NOW + how.sessions.lives_for,
        device="lane-2",
        account="a1",
        because="logging_in.log_in",
    )


def test_whoever_has_shown_the_second_factor_in_the_same_breath_is_not_asked_again() -> None:
    """The code of the app came with the password: the session is open."""
    seen, how = sight(sharing=(ANA,), second_factor=enrolled()), policy(factor=SecondFactorUse.REQUIRED)
    assert open_session(seen, FRESH, how, NOW, BECAUSE).stage is Stage.SECOND_FACTOR
    assert open_session(seen, FRESH, how, NOW, BECAUSE, second_passed=True).stage is Stage.OPEN


def test_a_second_factor_opens_what_the_account_is_for_by_then() -> None:
    """Ben was linked while the code was typed, Ana taken off: the session is another one, for whoever is there now."""
    how = policy(factor=SecondFactorUse.OFFERED)
    before = evolve(open_session(sight(sharing=(ANA,), second_factor=enrolled()), FRESH, how, NOW, BECAUSE), version=3)
    for people, entry in (((BEN,), "client:ben"), ((BEN, CY), None), ((), None)):
        seen = sight(linked=people, second_factor=enrolled())
        after = further(before, seen, evolve(FRESH, digest="next"), how, NOW + DAY)
        assert after == evolve(
            before,
            id="next",
            version=0,
            stage=Stage.CHOOSING if len(people) > 1 else Stage.OPEN,
            entry=entry,
            own=tuple(one.ref for one in people),
            used_at=NOW + DAY,
        )
