"""X6, for accounts: a contact that was quiet for long may be somebody else's by now; one proof opens nothing old."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from accounts_ground import a_session, an_account
from clientportal import Reason, RecordRef, presets
from clientportal.policy import SeveralRecords
from clientportal.records import ContactHistory
from watching import reason_of
from world import World

pytestmark = pytest.mark.requirement("X6")

EMAIL, NUMBER = "ana@example.com", "021 123 4567"
HALF_A_YEAR = timedelta(days=180)


@pytest.fixture(autouse=True)
def _asking_again(request: pytest.FixtureRequest) -> None:
    """A studio with accounts that asks again after half a year of silence."""
    for name in ("world", "memory_world"):
        if name in request.fixturenames:
            world = request.getfixturevalue(name)
            world.use(presets.timetap(region="NZ"))
            world.change_policy("login", recycled_after=HALF_A_YEAR)


def quiet(world: World, last_booked: str = "2025-01-15 10:00") -> RecordRef:
    """Ana, who last booked in January 2025."""
    ana = world.add_client("ana", "Ana Kingi", mobile=NUMBER, email=EMAIL, created="2024-01-05 09:00")
    world.book("a1", ana, "2026-12-24 09:00", made=last_booked)
    return ana


def opened(world: World, email: str, proved: str, *own: RecordRef) -> Any:
    """A session of an account whose email was proved then."""
    id = an_account(world, email, proved, proved=proved)
    return world.portal.client(a_session(world, id, entry=own[0] if own else None, own=own))


def claims(world: World, door: Any, contact: str) -> Any:
    """The whole claim."""
    world.clock.advance(timedelta(minutes=11))
    sent = door.claim(contact)
    world.deliver()
    return door.finish_claim(sent.handle, world.code_in(world.box.messages[-1]))


@pytest.mark.parametrize("several", [SeveralRecords.CHOOSE, SeveralRecords.NEWEST_BOOKING])
def test_a_quiet_address_does_not_open_the_record_to_a_new_account(world: World, several: SeveralRecords) -> None:
    """The provider gave ana@example.com to Rawiri, who registers and proves it: no profile, nothing of hers. Nor does
    claiming the same address once more. The real Ana proves her number as well, and has her record."""
    ana = quiet(world)
    world.change_policy("login", several=several)
    door = opened(world, EMAIL, "2026-11-20 09:00")
    assert door.profiles() == ()
    assert door.appointments().items == ()
    again = claims(world, door, EMAIL)
    assert (again.options, again.proof_needed) == ((), True)
    assert world.stored(ContactHistory, f"email:{EMAIL}") is None, "the proof must not make it look fresh"
    both = claims(world, door, NUMBER)
    assert [option.id for option in both.added] == [str(ana)]
    assert [one.id for one in door.appointments().items] == ["a1"]


@pytest.mark.parametrize(
    ("proved", "last_booked", "opens"),
    [
        ("2026-11-20 09:00", "2026-06-01 10:00", True),
        ("2026-11-20 09:00", "2026-05-01 10:00", False),
        ("2024-02-01 09:00", "2025-01-15 10:00", True),
    ],
)
def test_quiet_is_judged_at_the_moment_of_the_proof(world: World, proved: str, last_booked: str, opens: bool) -> None:
    """Booked five months before the proof: fresh. Seven months: quiet, and it stays so. An account that was there
    before the last booking goes on as ever, however long ago that is."""
    ana = quiet(world, last_booked)
    door = opened(world, EMAIL, proved)
    assert [option.id for option in door.profiles()] == ([str(ana)] if opens else [])
    world.clock.advance(timedelta(days=1))
    assert bool(door.profiles()) == opens


def test_a_quiet_number_needs_a_second_contact_of_the_same_record(world: World) -> None:
    """Rawiri has Ana's old number and an account with his own email. The code to the number links nothing; nor does a
    contact of somebody else's record besides; Ana's own email does."""
    ana = quiet(world)
    world.add_client("ben", "Ben Ngata", email="ben@example.com", created="2026-11-01 09:00")
    door = opened(world, "rawiri@example.com", "2026-11-20 09:00")
    first = claims(world, door, NUMBER)
    assert (first.options, first.proof_needed) == ((), True)
    second = claims(world, door, "ben@example.com")
    assert [option.id for option in second.added] == ["client:ben"]
    third = claims(world, door, EMAIL)
    assert [option.id for option in third.added] == [str(ana)]


def test_two_proofs_belong_to_one_session(world: World) -> None:
    """The number proved in one session, the email in another: that is one proof each."""
    quiet(world)
    id = an_account(world, "rawiri@example.com", "2026-11-20 09:00", proved="2026-11-20 09:00")
    for contact in (NUMBER, EMAIL):
        door = world.portal.client(a_session(world, id))
        assert claims(world, door, contact).proof_needed is True
        door.log_out()


def test_off_nothing_is_asked(world: World) -> None:
    """Without the setting the address opens the record, however long it was quiet."""
    ana = quiet(world)
    world.change_policy("login", recycled_after=None)
    assert [option.id for option in opened(world, EMAIL, "2026-11-20 09:00").profiles()] == [str(ana)]


def test_not_me_is_remembered_against_the_same_evidence_and_staff_take_it_back(world: World) -> None:
    """Rawiri's session shows Ana's fresh record by the address; he says so. It is gone and stays gone, whatever he
    proves; staff say that it was Ana after all."""
    ana = quiet(world, "2026-11-01 10:00")
    door = opened(world, EMAIL, "2026-11-20 09:00", ana)
    left = world.client(door.not_me().signed_in)
    assert left.profiles() == ()
    assert claims(world, left, EMAIL).options == ()
    assert claims(world, left, NUMBER).options == ()
    assert reason_of(lambda: left.switch(str(ana))) is Reason.NOT_FOUND
    assert world.staff().reattach(EMAIL, ana) is True
    assert [option.id for option in left.profiles()] == [str(ana)]
