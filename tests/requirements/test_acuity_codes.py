"""A15: the active package, gift and subscription codes, of one's own assigned appointments and linked records alone."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from attrs import evolve

from accounts_ground import a_link, a_session, an_account
from clientportal import Money, Reason, RecordRef
from clientportal.stores.memory import MemoryHost
from clientportal.values import ActiveCode, CodeKind, Secret
from held import shows
from mails import acuity
from watching import reason_of
from world import World, at

pytestmark = pytest.mark.requirement("A15")

ANA = "ana@example.com"


@pytest.fixture
def studio(world: World) -> World:
    """A business of Acuity's kind, in Auckland; it is Saturday, 21 November 2026, 10:00."""
    acuity(world)
    return world


def code(id: str, ref: RecordRef, kind: str = "package", **more: Any) -> ActiveCode:
    """A code named by its id."""
    more.setdefault("name", id.title())
    return ActiveCode(id=id, ref=ref, kind=kind, code=f"SECRET-{id}", **more)


def shown(door: Any) -> list[str]:
    """The ids of the codes that a session sees, in order."""
    return [one.id for one in door.codes().codes]


def linked(world: World) -> tuple[RecordRef, Any]:
    """Ana with an account that is linked to her record: (the record, her door)."""
    ref = world.add_client("ana", "Ana Kingi", email=ANA)
    account = an_account(world, ANA, "2026-03-01 09:00", proved="2026-03-01 09:05")
    a_link(world, account, ref)
    return ref, world.portal.client(a_session(world, account))


def test_packages_gifts_and_subscriptions_are_listed_what_ends_first_comes_first(studio: World) -> None:
    """Two packages, a gift certificate and a subscription: with what is left of each, and until when."""
    ref, door = linked(studio)
    studio.seed(
        "add_codes",
        [
            code("club", ref, "subscription", expires_at=at("2026-12-21 00:00")),
            code("voucher", ref, "gift", balance=Money("40.00", "NZD")),
            code("ten", ref, credits_left=7),
            code("five", ref, credits_left=2, last_day=date(2026, 12, 24)),
        ],
    )
    codes = door.codes()
    assert (codes.offered, codes.zone) == (True, "Pacific/Auckland")
    assert [one.id for one in codes.codes] == ["five", "ten", "voucher", "club"]
    five, ten, voucher, club = codes.codes
    assert (five.kind, five.credits_left, five.last_day) == (CodeKind.PACKAGE, 2, date(2026, 12, 24))
    assert (ten.balance, voucher.balance) == (None, Money("40.00", "NZD"))
    assert club.expires_at == at("2026-12-21 00:00")
    assert voucher.code.reveal() == "SECRET-voucher"


def test_what_is_used_up_or_over_is_not_active(studio: World) -> None:
    """No credits, no money, over yesterday by the business's calendar, over at this very moment: none is listed."""
    ref, door = linked(studio)
    studio.seed(
        "add_codes",
        [
            code("empty", ref, credits_left=0),
            code("spent", ref, "gift", balance=Money("0.00", "NZD")),
            code("yesterday", ref, last_day=date(2026, 11, 20)),
            code("just-now", ref, expires_at=at("2026-11-21 10:00")),
            code("today", ref, last_day=date(2026, 11, 21)),
        ],
    )
    assert shown(door) == ["today"]


def test_a_last_day_ends_at_midnight_by_the_businesss_clock(studio: World) -> None:
    """23:59 in Auckland on the last day, 0:00 on the next: whatever the calendar says in London."""
    ref, door = linked(studio)
    studio.seed("add_codes", [code("today", ref, last_day=date(2026, 11, 21))])
    studio.clock.set(at("2026-11-21 23:59"))
    assert shown(door) == ["today"]
    studio.clock.set(at("2026-11-22 00:00"))
    assert shown(door) == []


def test_a_code_of_an_assigned_appointment_is_the_accounts(studio: World) -> None:
    """Bought with a booking that is assigned to Ana: hers. Its client's other codes are not."""
    ref = studio.add_client("shared", "Family Kingi")
    account = an_account(studio, ANA, "2026-03-01 09:00", proved="2026-03-01 09:05")
    door = studio.portal.client(a_session(studio, account))
    studio.book("a1", ref, "2026-12-01 09:00")
    studio.book("a2", ref, "2026-12-02 09:00")
    studio.seed(
        "add_codes",
        [code("with-a1", RecordRef.booking("a1")), code("with-a2", RecordRef.booking("a2")), code("theirs", ref)],
    )
    assert shown(door) == []
    studio.staff().assign("a1", account)
    assert shown(door) == ["with-a1"]


def test_an_equal_email_is_not_enough(studio: World) -> None:
    """A7: a record with Ana's email that is not linked to her account shows no code of its; nor does a revoked link."""
    ref, door = linked(studio)
    other = studio.add_client("other", "Ana Other", email=ANA)
    studio.seed("add_codes", [code("hers", ref), code("not-hers", other)])
    assert shown(door) == ["hers"]
    account = studio.portal.client(a_session(studio, an_account(studio, "ben@example.com", "2026-03-01 09:00")))
    assert shown(account) == []


def test_a_record_that_was_taken_off_takes_its_codes_along(studio: World) -> None:
    """Staff unlink the record: its codes are gone from the next call on."""
    ref = studio.add_client("ana", "Ana Kingi")
    account = an_account(studio, ANA, "2026-03-01 09:00", proved="2026-03-01 09:05")
    a_link(studio, account, ref)
    door = studio.portal.client(a_session(studio, account))
    studio.seed("add_codes", [code("hers", ref)])
    assert shown(door) == ["hers"]
    studio.staff().unlink(account, ref)
    assert shown(studio.portal.client(a_session(studio, account))) == []


def test_a_merged_record_brings_its_codes(studio: World) -> None:
    """Staff merge Ana's twin into her: its codes are hers."""
    ref, door = linked(studio)
    twin = studio.add_client("twin", "Ana Kingi")
    studio.seed("add_codes", [code("hers", ref), code("twins", twin)])
    studio.staff().merge(ref, twin)
    assert shown(door) == ["hers", "twins"]


def test_where_records_are_shown_they_are_the_records(world: World) -> None:
    """A business that shows records, and codes, shows those of the record that the session is for."""
    shows(world, "codes")
    ana = world.add_client("ana", "Ana Kingi", mobile="021 123 4567")
    ben = world.add_client("ben", "Ben Ngata", mobile="021 765 4321")
    world.seed("add_codes", [code("anas", ana), code("bens", ben)])
    assert shown(world.log_in("021 123 4567")) == ["anas"]


def test_a_code_is_money_and_stands_in_no_repr(studio: World) -> None:
    """Neither the answer nor the decision behind it prints it."""
    ref, door = linked(studio)
    studio.seed("add_codes", [code("voucher", ref, "gift")])
    answer = door.codes()
    assert "SECRET-voucher" not in repr((answer, studio.observed.all))
    assert answer.codes[0].code == Secret("SECRET-voucher")


def test_the_section_is_absent_where_the_platform_keeps_none(memory_world: World) -> None:
    """A host without the capability: empty, not offered, and no error."""

    class Plain(MemoryHost):
        capabilities = evolve(MemoryHost.capabilities, active_codes=False)

    acuity(memory_world)
    ref, _ = linked(memory_world)
    memory_world.seed("add_codes", [code("hers", ref)])
    memory_world.host = Plain
    memory_world.portal = memory_world.make_portal()
    account = an_account(memory_world, "two@example.com", "2026-03-01 09:00")
    codes = memory_world.portal.client(a_session(memory_world, account)).codes()
    assert (codes.codes, codes.offered) == ((), False)
    assert "codes" not in [one.name for one in memory_world.portal.client(a_session(memory_world, account)).sections()]


def test_a_closed_section_is_refused(studio: World) -> None:
    """V5: codes are a section of their own; where it is closed it is a refusal, not an empty list."""
    _, door = linked(studio)
    assert "codes" in [one.name for one in door.sections()]
    studio.change_policy("visibility", sections=("account", "bookings"))
    assert reason_of(door.codes) is Reason.DISABLED
    assert "codes" not in [one.name for one in door.sections()]
