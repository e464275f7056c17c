"""M9: saved cards are shown by brand, last four digits and expiry, and can be removed, but for what they stand for."""

from __future__ import annotations

import threading
from datetime import date, timedelta
from typing import Any

import pytest
from attrs import evolve

from accounts_ground import a_link, a_session, an_account
from clientportal import AppointmentStatus, Business, InvalidInput, Reason, RecordRef, Refused
from clientportal.errors import HostError, StoreError
from clientportal.policy import CardRemoval
from clientportal.records import AuditEntry, Intent
from clientportal.stores.memory import MemoryHost
from clientportal.values import AnswerKind, HostAnswer
from clientportal.values.cards import Card, Prepayment
from held import card, shows, with_section
from mails import acuity
from watching import everything_stored, reason_of
from world import AUCKLAND, World, at

pytestmark = pytest.mark.requirement("M9")

ANA = "021 123 4567"
KEPT = CardRemoval.UNLESS_PREPAID_FUTURE


def anas(world: World, rule: CardRemoval = KEPT) -> tuple[RecordRef, Any]:
    """Ana with a session, at a business that keeps cards as MyTime does unless said."""
    shows(world)
    world.change_policy("clients", card_removal=rule)
    ref = world.add_client("ana", "Ana Kingi", mobile=ANA)
    return ref, world.log_in(ANA)


def ids(door: Any) -> list[str]:
    """The cards that a session sees."""
    return [one.id for one in door.cards().items]


def paid(
    appointment: str, start: str = "2026-12-01 09:00", *, refund: bool = False, zone: str = AUCKLAND
) -> Prepayment:
    """An appointment that was paid for in advance."""
    return Prepayment(appointment=appointment, start=at(start, zone), zone=zone, refund_outstanding=refund)


def set_status(world: World, id: str, status: AppointmentStatus) -> None:
    """The platform changes where an appointment stands."""
    world.seed("add_appointments", [evolve(world.ask("appointment", id), status=status)])


# --- seeing ----------------------------------------------------------------------------------------------------------


def test_a_card_is_brand_last_four_and_expiry_and_no_more(world: World) -> None:
    """Two of Ana's, the latest saved first; no door hands the token out, under any name, in any way."""
    ana, door = anas(world)
    ben = world.add_client("ben", "Ben Ngata", mobile="021 765 4321")
    world.seed(
        "add_items",
        [
            card("old", ana, "1881", expires_year=2026, expires_month=10, saved_at=at("2023-01-01 09:00")),
            card("new", ana, "4242", prepaid=(paid("a1"),)),
            card("bens", ben),
        ],
    )
    page = door.cards()
    assert [(one.id, one.brand, one.last_four, one.expires_month, one.expires_year) for one in page.items] == [
        ("new", "Visa", "4242", 4, 2029),
        ("old", "Visa", "1881", 10, 2026),
    ]
    assert page.over == {"old"}
    for one in (*page.items, *door.section("payment_methods").items, door.section_item("payment_methods", "new")):
        assert (one.token.reveal(), one.prepaid) == ("", ())
    handed = world.staff().export_person(ana).held["items"]
    assert [one["last_four"] for one in handed] == ["4242", "1881"]
    assert "tok_" not in repr((page, handed, world.observed.all))


def test_a_card_can_pay_until_the_end_of_its_month(memory_world: World) -> None:
    """Expires 02/2028: usable on the 29th, by the business's clock, and over on the first of March."""
    ana, _ = anas(memory_world)
    memory_world.seed("add_items", [card("leap", ana, expires_year=2028, expires_month=2)])
    for now, over in (("2028-02-29 23:59", frozenset[str]()), ("2028-03-01 00:00", frozenset({"leap"}))):
        memory_world.clock.set(at(now) - timedelta(minutes=11))
        door = memory_world.log_in(ANA)
        assert memory_world.clock() == at(now)
        assert door.cards().over == over


@pytest.mark.parametrize(
    "wrong",
    [
        {"last_four": "4242424242424242"},
        {"last_four": "42"},
        {"last_four": "٤٢٤٢"},
        {"expires_month": 13},
        {"expires_year": 29},
    ],
)
def test_a_card_number_is_no_part_of_a_card(wrong: dict[str, Any]) -> None:
    """Whoever hands over more than four digits is told at once; so is a month or year that is none."""
    given: dict[str, Any] = {"last_four": "4242", "expires_month": 4, "expires_year": 2029, **wrong}
    with pytest.raises(InvalidInput, match=r"^Card\."):
        Card(id="c", ref=RecordRef.client("ana"), brand="Visa", saved_at=at("2026-01-01 09:00"), **given)


# --- removing --------------------------------------------------------------------------------------------------------


def test_a_card_is_removed_at_any_time(world: World) -> None:
    """Gone from the list and from the platform; once more, it is not there; and the audit says who did it, and why."""
    ana, door = anas(world)
    world.book("a1", ana, "2026-12-01 09:00")
    world.seed("add_items", [card("c1", ana), card("c2", ana, "1881", saved_at=at("2026-01-01 09:00"))])
    assert door.preview.remove_card("c1").item == "c1"
    assert ids(door) == ["c1", "c2"]
    done = door.remove_card("c1")
    assert (done.section, done.action, done.item, done.waits) == ("payment_methods", "remove", "c1", False)
    assert ids(door) == ["c2"]
    assert reason_of(lambda: door.remove_card("c1")) is Reason.NOT_FOUND
    said = [one for one in world.all_stored(AuditEntry, "time") if one.action == "remove_card"]
    (first,) = [one for one in said if one.outcome == "done"]
    assert (first.actor, first.subject, first.outcome) == ("client:ana", "c1", "done")
    assert "clients.card_removal = unless_prepaid_future" in first.because


def test_the_card_of_a_prepaid_appointment_stays_until_that_is_completed(world: World) -> None:
    """Before it; during it; merely past it: refused, naming its date where the business is. Completed: free."""
    ana, door = anas(world)
    world.book("a1", ana, "2026-12-24 09:00")
    world.seed("add_items", [card("c1", ana, prepaid=(paid("a1", "2026-12-24 09:00"),))])
    for now in ("2026-11-21 10:30", "2026-12-24 09:30", "2027-02-01 09:00"):
        world.clock.set(at(now))
        door = world.log_in(ANA)
        with pytest.raises(Refused) as refused:
            door.remove_card("c1")
        assert refused.value.reason is Reason.CARD_NEEDED
        assert "2026-12-24 09:00 NZDT" in refused.value.client_text
        assert "a1" in refused.value.staff_text
    set_status(world, "a1", AppointmentStatus.COMPLETED)
    door.remove_card("c1")
    assert ids(door) == []


@pytest.mark.parametrize("status", [AppointmentStatus.CANCELLED, AppointmentStatus.NO_SHOW])
def test_after_a_cancelled_one_it_stays_until_the_money_is_back(world: World, status: AppointmentStatus) -> None:
    """Cancelled (or missed) with a refund outstanding: refused. Paid back, or nothing to pay back: free."""
    ana, door = anas(world)
    world.book("a1", ana, "2026-12-01 09:00", status=status)
    world.seed("add_items", [card("c1", ana, prepaid=(paid("a1", refund=True),))])
    assert reason_of(lambda: door.remove_card("c1")) is Reason.CARD_NEEDED
    world.seed("add_items", [card("c1", ana, prepaid=(paid("a1"),))])
    door.remove_card("c1")


def test_a_card_stands_for_what_was_paid_with_it_and_nothing_else(world: World) -> None:
    """One card has paid for two, the other for none: the other may go; of the two, the earlier is named."""
    ana, door = anas(world)
    world.book("a1", ana, "2026-12-02 09:00")
    world.book("a2", ana, "2026-12-01 09:00")
    world.seed("add_items", [card("c1", ana, prepaid=(paid("a1"), paid("a2"))), card("c2", ana)])
    door.remove_card("c2")
    with pytest.raises(Refused) as refused:
        door.remove_card("c1")
    assert refused.value.refusal.facts["appointment"] == "a2"


def test_a_move_takes_the_prepayment_along(memory_world: World) -> None:
    """A platform that books anew at every move: the new appointment is the prepaid one, and its date is named."""
    world = memory_world
    world.host = type("Renaming", (world.host,), {"move_makes_new_id": True})
    world.portal = world.make_portal()
    ana, door = anas(world)
    world.book("a1", ana, "2026-12-01 09:00")
    (slot,) = world.add_slots("2026-12-05 14:00")
    world.seed("add_items", [card("c1", ana, prepaid=(paid("a1"),))])
    moved = door.move("a1", slot)
    assert moved.appointment.id != "a1"
    with pytest.raises(Refused) as refused:
        door.remove_card("c1")
    assert refused.value.refusal.facts["when"] == "2026-12-05 14:00 NZDT"


def test_an_appointment_whose_row_is_gone_counts_as_cancelled(world: World) -> None:
    """Deleted by staff: what is to be paid back keeps the card, under the date that was paid for; else it is free."""
    ana, door = anas(world)
    world.seed(
        "add_items", [card("c1", ana, prepaid=(paid("gone", refund=True),)), card("c2", ana, prepaid=(paid("gone"),))]
    )
    with pytest.raises(Refused) as refused:
        door.remove_card("c1")
    assert refused.value.refusal.facts["when"] == "2026-12-01 09:00 NZDT"
    door.remove_card("c2")


def test_the_date_is_told_by_the_appointments_own_clock(world: World) -> None:
    """Booked in London, in winter; the business is in Auckland, where that is the next day."""
    ana, door = anas(world)
    world.book("a1", ana, "2026-12-01 18:30", zone="Europe/London")
    world.seed("add_items", [card("c1", ana, prepaid=(paid("a1"),))])
    with pytest.raises(Refused) as refused:
        door.remove_card("c1")
    assert refused.value.refusal.facts["when"] == "2026-12-01 18:30 GMT"


# --- whose -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("id", ["bens", "nothing", "", "x" * 5000, "c1\x00", "\ud800", "%", "c1' OR '1'='1"])
def test_another_clients_card_is_like_none(world: World, id: str) -> None:
    """Ben's card, no card, and text that is no id: not found; and everything is as it was."""
    ana, door = anas(world)
    ben = world.add_client("ben", "Ben Ngata", mobile="021 765 4321")
    world.seed("add_items", [card("c1", ana), card("bens", ben)])
    assert reason_of(lambda: door.remove_card(id)) is Reason.NOT_FOUND
    assert ids(door) == ["c1"]
    assert ids(world.log_in("021 765 4321")) == ["bens"]


def test_a_hidden_section_and_an_action_that_is_not_named_are_refused(world: World) -> None:
    """Not only left out of the menu: also from a session that was open before (V5)."""
    ana, door = anas(world)
    world.seed("add_items", [card("c1", ana)])
    world.change_policy("portal", actions=frozenset({"payments.pay"}))
    assert reason_of(lambda: door.remove_card("c1")) is Reason.DISABLED
    assert ids(door) == ["c1"]
    shows(world, "memberships")
    assert reason_of(door.cards) is Reason.DISABLED
    assert reason_of(lambda: door.act("stamp_cards", "redeem")) is Reason.DISABLED
    with pytest.raises(InvalidInput, match="method of its own"):
        door.act("payment_methods", "remove", item="c1")


@pytest.mark.parametrize("reassign", [False, True])
@pytest.mark.parametrize("everybodys", [False, True])
def test_a_merged_records_cards_follow_the_policy_and_an_undo(world: World, reassign: bool, everybodys: bool) -> None:
    """``merging.cards``: the survivor's alone, or all. The rows stay with their records either way, and the undo
    brings them apart.
    """
    world.change_policy("merging", cards="all" if everybodys else "survivors", reassign=reassign)
    ana, door = anas(world)
    twin = world.add_client("twin", "Ana Kingi")
    world.seed("add_items", [card("c1", ana), card("c2", twin)])
    merged = world.staff().merge(ana, twin)
    assert merged.left == ((f"{twin}: saved cards, which are their holder's alone",) if reassign else ())
    assert ids(door) == (["c2", "c1"] if everybodys else ["c1"])
    if not everybodys:
        assert reason_of(lambda: door.remove_card("c2")) is Reason.NOT_FOUND
    world.staff().undo(merged.merges[0])
    assert ids(door) == ["c1"]
    assert reason_of(lambda: door.remove_card("c2")) is Reason.NOT_FOUND


def test_an_account_pays_with_its_linked_records_cards_alone(world: World) -> None:
    """Where single appointments are shown: the linked record's card, not its merged twin's."""
    acuity(world)
    shows(world)
    ref = world.add_client("ana", "Ana Kingi", email="ana@example.com")
    twin = world.add_client("twin", "Ana Kingi")
    world.seed("add_items", [card("c1", ref), card("c2", twin)])
    account = an_account(world, "ana@example.com", "2026-03-01 09:00", proved="2026-03-01 09:05")
    a_link(world, account, ref)
    world.staff().merge(ref, twin)
    door = world.portal.client(a_session(world, account))
    assert ids(door) == ["c1"]
    assert reason_of(lambda: door.remove_card("c2")) is Reason.NOT_FOUND
    door.remove_card("c1")
    assert ids(door) == []


def test_an_erased_clients_card_is_gone_and_a_deleted_ones_is_not_shown(world: World) -> None:
    """X7: the token goes with the client. TT4: a deleted client's session has ended; the row is the platform's."""
    ana, _ = anas(world)
    ben = world.add_client("ben", "Ben Ngata", mobile="021 765 4321")
    bens = world.log_in("021 765 4321")
    world.seed("add_items", [card("c1", ana), card("c2", ben)])
    world.staff().erase(ana, reason="asked to be forgotten")
    assert [one.count for one in world.ask("holdings", [ana])] == []
    world.staff().delete_client(ben)
    assert reason_of(bens.cards) is not None
    assert [one.count for one in world.ask("holdings", [ben])] == [1]


# --- at the same time, again, and after a crash ----------------------------------------------------------------------


def test_the_same_key_answers_the_same(world: World) -> None:
    """A double click, or a retry after a lost answer: removed once, and told the same."""
    ana, door = anas(world)
    world.seed("add_items", [card("c1", ana), card("c2", ana)])
    assert door.remove_card("c1", key="k") == door.remove_card("c1", key="k")
    assert reason_of(lambda: door.remove_card("c2", key="k")) is Reason.KEY_REUSED
    assert ids(door) == ["c2"]


def test_a_card_that_has_paid_meanwhile_stays(memory_world: World) -> None:
    """Between the look at the card and the write, the platform takes a prepayment with it: read again, and refused."""
    world = memory_world
    ana, _ = anas(world)
    world.book("a1", ana, "2026-12-01 09:00")
    world.seed("add_items", [card("c1", ana)])
    tries: list[int] = []

    def guards(section: Any, seen: Card) -> Any:
        """Pays with the card after it was looked at for the first time."""
        found = super(type(section), section).guards(seen)
        if not tries:
            tries.append(1)
            world.seed("add_items", [card("c1", ana, prepaid=(paid("a1"),))])
        return found

    with_section(world, "payment_methods", guards=guards)
    door = world.log_in(ANA)
    assert reason_of(lambda: door.remove_card("c1")) is Reason.CARD_NEEDED
    assert ids(door) == ["c1"]


@pytest.mark.slow
def test_of_two_who_remove_it_one_does(world: World) -> None:
    """Two sessions at once: one is told that it is done, the other that there is none (or, of a busy database, so)."""
    if world.awaited:
        pytest.skip("two threads; the plain portal shows it")
    ana, door = anas(world)
    other = world.log_in(ANA)
    world.seed("add_items", [card("c1", ana)])
    said: list[object] = []
    start = threading.Barrier(2)

    def go(mine: Any) -> None:
        start.wait()
        try:
            said.append(mine.remove_card("c1").item)
        except Refused as refused:
            said.append(refused.reason)

    threads = [threading.Thread(target=go, args=(one,)) for one in (door, other)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert said.count("c1") == 1
    assert set(said) <= {"c1", Reason.NOT_FOUND, Reason.BUSY}
    assert ids(door) == []


def test_a_platform_elsewhere_is_asked_once_and_finished_by_the_pump(memory_world: World) -> None:
    """Its tables are in another database, and it goes away while it is asked: the pump finishes the removal, once."""
    world = memory_world
    world.host = MemoryHost.elsewhere()
    world.portal = world.make_portal()
    world.seed("add_business", Business(world.tenant, "Kōwhai Hair", AUCKLAND))
    ana = world.add_client("ana", "Ana Kingi", mobile=ANA)
    world.seed("add_items", [card("c1", ana), card("c2", ana)])
    fails = [True]
    shows(world)
    door = world.log_in(ANA)
    door.remove_card("c2", key="c2")
    assert ids(door) == ["c1"]

    def remove(section: Any, change: Any, key: str) -> Any:
        answer = super(type(section), section).remove(change, key)
        if fails.pop():
            raise ConnectionError("gone")
        return answer

    with_section(world, "payment_methods", remove=remove)
    door = world.log_in(ANA)
    with pytest.raises(StoreError):
        door.remove_card("c1", key="c1")
    fails.append(False)
    world.clock.advance(timedelta(minutes=2))
    world.deliver()
    assert world.all_stored(Intent, "state", "open") == []
    assert ids(door) == []
    assert door.remove_card("c1", key="c1").item == "c1"


def test_the_platforms_own_no_is_told(world: World) -> None:
    """It declines after all: refused, and nothing is written."""
    ana, _ = anas(world)
    world.seed("add_items", [card("c1", ana)])
    no = HostAnswer(AnswerKind.DECLINED, note="a charge is under way")
    with_section(world, "payment_methods", remove=lambda _self, _change, _key: no)
    door = world.log_in(ANA)
    assert reason_of(lambda: door.remove_card("c1")) is Reason.NOT_CHANGEABLE
    assert ids(door) == ["c1"]


def test_looking_and_previewing_write_nothing(world: World) -> None:
    """The list and the preview, refused or not, leave every row of the portal as it was."""
    ana, door = anas(world)
    world.book("a1", ana, "2026-12-01 09:00")
    world.seed("add_items", [card("c1", ana, prepaid=(paid("a1"),)), card("c2", ana)])
    before = everything_stored(world)
    assert reason_of(lambda: door.preview.remove_card("c1")) is Reason.CARD_NEEDED
    assert door.preview.remove_card("c2").item == "c2"
    assert len(door.cards().items) == 2
    assert everything_stored(world) == before


def test_a_day_at_the_business(world: World) -> None:
    """The page says which day it is there: what it calls over is over by that day."""
    _, door = anas(world)
    assert (door.cards().today, door.cards().zone) == (date(2026, 11, 21), AUCKLAND)


@pytest.mark.parametrize("answer", [None, 7, [7], "a1"])
def test_an_adapter_that_answers_with_something_else_is_named(memory_world: World, answer: object) -> None:
    """Guards that are none: an error of the adapter, and no card is removed for it."""
    ana, _ = anas(memory_world)
    memory_world.seed("add_items", [card("c1", ana)])
    with_section(memory_world, "payment_methods", guards=lambda _self, _card: answer)
    door = memory_world.log_in(ANA)
    with pytest.raises(HostError, match=r"payment_methods\.guards"):
        door.remove_card("c1")
    assert ids(door) == ["c1"]
