"""Recommendations: credits, friends, and a personal link (M10)."""

from __future__ import annotations

import base64
from datetime import timedelta

import pytest

from clientportal import Money, Reason, RecordRef, Refused
from clientportal.errors import InvalidCursor
from clientportal.ports import RawContacts
from clientportal.records import Referral
from clientportal.values.referrals import ReferralCredit
from own_sections import open_sections
from watching import at_once, far_away, platform, reason_of
from world import World, at, client

pytestmark = pytest.mark.requirement("M10")

ANA, BEN, ZOE = "021 111 2222", "021 333 4444", "021 555 6666"


def _salon(world: World) -> str:
    """Ana has been here for long; her link."""
    open_sections(world, "referrals")
    world.add_client("ana", "Ana Kingi", mobile=ANA, email="ana@example.com")
    world.book("a1", client("ana"), "2026-11-25 14:00", made="2026-10-01 09:00")
    link: str = world.log_in(ANA).referrals().link.reveal()
    return link


def _friend(world: World, id: str, name: str, mobile: str, appointment: str, **more: object) -> RecordRef:
    """Somebody new books."""
    ref = world.add_client(id, name, mobile=mobile, created="2026-11-20 09:00", **more)
    world.book(appointment, ref, "2026-11-26 10:00", made="2026-11-20 09:05")
    return ref


def _told(world: World) -> list[tuple[str, ...]]:
    """Make the platform listen; what it hears of recommendations."""
    heard: list[tuple[str, ...]] = []
    inner = world.host.heard

    def listen(self: object, event: object) -> object:
        if event.kind == "referred":  # type: ignore[attr-defined]
            heard.append(tuple(value for _, value in event.facts))  # type: ignore[attr-defined]
        return inner(self, event)

    world.host = type("ListeningHost", (world.host,), {"heard": listen})
    world.portal = world.make_portal()
    return heard


def test_a_friend_who_books_by_the_link_counts_once_and_the_platform_is_told(world: World) -> None:
    """Ben books by Ana's link: one friend, shown by first name and initial; told again, nothing more happens."""
    link = _salon(world)
    heard = _told(world)
    _friend(world, "ben", "Ben Tamati", BEN, "b1")
    counted = world.portal.referred(world.tenant, link=link, appointment_id="b1")
    assert (counted.counted, counted.referrer, counted.friend) == (True, client("ana"), client("ben"))
    again = world.portal.referred(world.tenant, link=link, appointment_id="b1")
    assert (again.counted, again.already) == (True, True)
    mine = world.log_in(ANA).referrals()
    assert (mine.referred, [friend.name for friend in mine.friends]) == (1, ["Ben T."])
    assert heard == [("client:ana", "client:ben", "b1")]


def test_credits_are_exact_sums_by_currency_and_points(world: World) -> None:
    """10.10 and 20.20 NZD, 5.05 AUD, and 150 points: exact, each by itself, whatever they came for."""
    _salon(world)
    given = [
        ReferralCredit(id="c1", ref=client("ana"), earned_at=at("2026-10-02 09:00"), amount=Money("10.10", "NZD")),
        ReferralCredit(id="c2", ref=client("ana"), earned_at=at("2026-10-03 09:00"), amount=Money("20.20", "NZD")),
        ReferralCredit(id="c3", ref=client("ana"), earned_at=at("2026-10-04 09:00"), amount=Money("5.05", "AUD")),
        ReferralCredit(id="c4", ref=client("ana"), earned_at=at("2026-10-05 09:00"), points=100),
        ReferralCredit(id="c5", ref=client("ana"), earned_at=at("2026-10-06 09:00"), points=50),
    ]
    world.seed("add_items", given)
    ana = world.log_in(ANA)
    mine = ana.referrals()
    assert mine.money == (Money("5.05", "AUD"), Money("30.30", "NZD"))
    assert mine.points == 150
    assert [item.id for item in ana.section("referrals", limit=2).items] == ["c5", "c4"]


def test_the_link_is_ones_own_tells_nothing_and_stays_the_same(world: World) -> None:
    """Derived, so it is stored nowhere; opaque, so neither id nor length is in it; another client has another."""
    link = _salon(world)
    world.add_client("b", "Ben Tamati", mobile=BEN)
    bens = world.log_in(BEN).referrals().link.reveal()
    assert world.log_in(ANA).referrals().link.reveal() == link
    assert bens != link
    assert len(bens) == len(link)
    body = link.split(".")[1]
    assert b"ana" not in base64.urlsafe_b64decode(body + "=" * (-len(body) % 4))
    assert not world.all_stored(Referral, "referrer")


def test_nobody_refers_oneself(world: World) -> None:
    """As oneself, from a second record with a proved contact, and from one that is merged: it never counts."""
    link = _salon(world)
    world.book("a2", client("ana"), "2026-11-27 14:00")
    assert world.portal.referred(world.tenant, link=link, appointment_id="a2").why == "oneself"
    world.sign_in(ANA)
    _friend(world, "again", "A. K.", ANA, "a3")
    assert world.portal.referred(world.tenant, link=link, appointment_id="a3").why == "oneself"
    _friend(world, "twin", "Ana Kingi", ZOE, "a4")
    world.staff().merge(client("ana"), client("twin"))
    assert world.portal.referred(world.tenant, link=link, appointment_id="a4").why == "oneself"
    assert world.log_in(ANA).referrals().referred == 0


def test_one_account_for_two_records_refers_nobody(world: World) -> None:
    """A parent's account sees the child's record too: the child's first booking by the parent's link is no friend."""
    from accounts_ground import a_link, an_account

    link = _salon(world)
    account = an_account(world, "ana@example.com", "2026-06-01 09:00", proved="2026-06-01 09:05")
    a_link(world, account, client("ana"))
    child = _friend(world, "mia", "Mia Kingi", ZOE, "m1")
    a_link(world, account, child)
    assert world.portal.referred(world.tenant, link=link, appointment_id="m1").why == "oneself"


def test_only_the_first_booking_of_a_person_counts(world: World) -> None:
    """Ben has been here in May: by Ana's link he comes back, and is no new friend."""
    link = _salon(world)
    ben = world.add_client("ben", "Ben Tamati", mobile=BEN)
    world.book("b0", ben, "2026-05-04 10:00", made="2026-05-01 10:00")
    world.book("b1", ben, "2026-11-26 10:00", made="2026-11-20 09:05")
    counted = world.portal.referred(world.tenant, link=link, appointment_id="b1")
    assert (counted.counted, counted.why) == (False, "not_first")


def test_of_two_bookings_by_the_link_the_first_counts_whichever_is_told_first(world: World) -> None:
    """Ben books twice; the second is told before the first: one friend."""
    link = _salon(world)
    ben = _friend(world, "ben", "Ben Tamati", BEN, "b1")
    world.book("b2", ben, "2026-12-03 10:00", made="2026-11-20 09:06")
    assert world.portal.referred(world.tenant, link=link, appointment_id="b2").why == "not_first"
    assert world.portal.referred(world.tenant, link=link, appointment_id="b1").counted
    assert world.portal.referred(world.tenant, link=link, appointment_id="b2").why == "referred_already"
    assert world.log_in(ANA).referrals().referred == 1


def test_a_guest_is_a_new_record_at_every_booking_and_counts_once(world: World) -> None:
    """Zoe books as a guest, twice, with the same email: the same name and contact are one friend."""
    link = _salon(world)
    for id, start, made in (
        ("g1", "2026-11-26 10:00", "2026-11-20 09:00"),
        ("g2", "2026-12-03 10:00", "2026-11-20 10:00"),
    ):
        ref = RecordRef.booking(id)
        contacts = RawContacts(ref, email="zoe@example.com")
        world.book(id, ref, start, made=made, booked_as="Zoe Ngata", contacts=contacts)
        world.portal.contact_changed(world.tenant, ref)
    told = {id: world.portal.referred(world.tenant, link=link, appointment_id=id) for id in ("g1", "g2")}
    assert (told["g1"].counted, told["g2"].counted) == (True, False)
    assert [friend.name for friend in world.log_in(ANA).referrals().friends] == ["Zoe N."]


def test_two_bookings_told_at_once_are_one_friend(world: World) -> None:
    """In two processes, the same booking: one of them counts, the other answers that it did."""
    link = _salon(world)
    heard = _told(world)
    _friend(world, "ben", "Ben Tamati", BEN, "b1")
    tell = [lambda portal: portal.referred(world.tenant, link=link, appointment_id="b1")] * 3
    answers = at_once(world, *tell)
    assert all(one.counted for one in answers if not isinstance(one, Exception))
    assert {one.reason for one in answers if isinstance(one, Refused)} <= {Reason.BUSY}
    assert len(world.all_stored(Referral, "referrer")) == 1
    assert len(set(heard)) == 1


def test_a_friend_who_turns_out_to_be_oneself_counts_no_more_and_again_after_an_undo(world: World) -> None:
    """Staff merge Ben into Ana: nobody was referred. They undo it: one friend."""
    link = _salon(world)
    _friend(world, "ben", "Ben Tamati", BEN, "b1")
    world.portal.referred(world.tenant, link=link, appointment_id="b1")
    (merge,) = world.staff().merge(client("ana"), client("ben")).merges
    assert world.log_in(ANA).referrals().referred == 0
    world.staff().undo(merge)
    assert world.log_in(ANA).referrals().referred == 1


def test_two_friends_who_are_one_person_are_one_friend(world: World) -> None:
    """Ben and Benjamin were two records; merged, they count once, and twice again after the undo."""
    link = _salon(world)
    _friend(world, "ben", "Ben Tamati", BEN, "b1")
    _friend(world, "benjamin", "Benjamin Tamati", ZOE, "b2")
    for id in ("b1", "b2"):
        assert world.portal.referred(world.tenant, link=link, appointment_id=id).counted
    (merge,) = world.staff().merge(client("ben"), client("benjamin")).merges
    assert world.log_in(ANA).referrals().referred == 1
    world.staff().undo(merge)
    assert world.log_in(ANA).referrals().referred == 2


def test_a_merged_client_keeps_the_friends_of_both_records(world: World) -> None:
    """Each of Ana's records has a link that somebody came by: together two friends, by either link."""
    link = _salon(world)
    world.add_client("twin", "Ana Kingi", mobile=ZOE)
    other = world.log_in(ZOE).referrals().link
    _friend(world, "ben", "Ben Tamati", BEN, "b1")
    _friend(world, "kai", "Kai Rangi", "021 777 8888", "k1")
    world.portal.referred(world.tenant, link=link, appointment_id="b1")
    world.portal.referred(world.tenant, link=other, appointment_id="k1")
    world.staff().merge(client("ana"), client("twin"))
    assert world.log_in(ANA).referrals().referred == 2


def test_the_list_is_paged_latest_first_and_who_comes_meanwhile_moves_nothing(world: World) -> None:
    """Five friends, two a page; a sixth comes after the first page."""
    link = _salon(world)

    def comes(number: int) -> None:
        world.clock.advance(timedelta(minutes=1))
        _friend(world, f"f{number}", f"Friend{number} Ngata", f"021 400 {number:04d}", f"f{number}")
        world.portal.referred(world.tenant, link=link, appointment_id=f"f{number}")

    for number in range(1, 6):
        comes(number)
    ana = world.log_in(ANA)
    first = ana.referrals(limit=2)
    comes(6)
    second = ana.referrals(after=first.next, limit=2)
    third = ana.referrals(after=second.next, limit=2)
    names = [friend.name for page in (first, second, third) for friend in page.friends]
    assert names == [f"Friend{number} N." for number in (5, 4, 3, 2, 1)]
    assert third.next is None
    for cursor in ("", "x", "-1", "9" * 30, "١"):
        with pytest.raises(InvalidCursor):
            ana.referrals(after=cursor)


def test_a_forged_foreign_or_stale_link_is_gone_and_counts_nobody(world: World) -> None:
    """Cut, changed, made for another business, a bare id, or of a client who was deleted."""
    link = _salon(world)
    _friend(world, "ben", "Ben Tamati", BEN, "b1")
    foreign = world.keys.seal("referral", "another-business", "client:ana").reveal()
    other = world.keys.seal("something", world.tenant, "client:ana").reveal()
    flipped = f"{link[:-2]}{'A' if link[-2] != 'A' else 'B'}{link[-1]}"
    for text in ("", "client:ana", link[:-1], link + "A", flipped, foreign, other, "k1.", "k9." + link[3:], "é" * 40):
        refused = reason_of(lambda text=text: world.portal.referred(world.tenant, link=text, appointment_id="b1"))
        assert refused is Reason.LINK_GONE
    world.staff().delete_client(client("ana"))
    assert reason_of(lambda: world.portal.referred(world.tenant, link=link, appointment_id="b1")) is Reason.LINK_GONE
    assert world.all_stored(Referral, "referrer") == []


def test_an_appointment_that_there_is_none_of_counts_nobody(world: World) -> None:
    """Told of a booking that was never made."""
    link = _salon(world)
    told = lambda: world.portal.referred(world.tenant, link=link, appointment_id="never")  # noqa: E731
    assert reason_of(told) is Reason.NOT_FOUND


def test_where_the_section_is_closed_nothing_is_shown_or_counted(world: World) -> None:
    """The business has no such programme (any more)."""
    link = _salon(world)
    _friend(world, "ben", "Ben Tamati", BEN, "b1")
    world.change_policy("visibility", sections=("account", "bookings"))
    assert reason_of(world.log_in(ANA).referrals) is Reason.DISABLED
    assert reason_of(lambda: world.portal.referred(world.tenant, link=link, appointment_id="b1")) is Reason.DISABLED


def test_who_is_erased_leaves_no_trace_of_a_recommendation(world: World) -> None:
    """Ben is erased: nothing says who he was or who brought him; Ana is erased: her link is gone."""
    link = _salon(world)
    _friend(world, "ben", "Ben Tamati", BEN, "b1")
    world.portal.referred(world.tenant, link=link, appointment_id="b1")
    assert world.staff().export_person(client("ben")).held["referrals"]
    world.staff().erase(client("ben"), reason="asked to be forgotten")
    assert world.all_stored(Referral, "referrer") == []
    assert world.log_in(ANA).referrals().friends == ()
    world.staff().erase(client("ana"), reason="asked to be forgotten")
    _friend(world, "kai", "Kai Rangi", ZOE, "k1")
    assert reason_of(lambda: world.portal.referred(world.tenant, link=link, appointment_id="k1")) is Reason.LINK_GONE


def test_a_booking_that_was_moved_meanwhile_is_still_the_first() -> None:
    """The platform makes a new appointment at every move; told under the earlier id, it is found."""
    with platform(move_makes_new_id=True) as world:
        link = _salon(world)
        _friend(world, "ben", "Ben Tamati", BEN, "b1")
        (slot,) = world.add_slots("2026-12-01 10:00")
        world.log_in(BEN).move("b1", slot)
        assert world.portal.referred(world.tenant, link=link, appointment_id="b1").counted


def test_a_platform_elsewhere_hears_of_it_once() -> None:
    """It keeps its tables in another database, and is told right after the commit."""
    with far_away() as world:
        link = _salon(world)
        heard = _told(world)
        _friend(world, "ben", "Ben Tamati", BEN, "b1")
        for _ in range(2):
            world.portal.referred(world.tenant, link=link, appointment_id="b1")
        assert heard == [("client:ana", "client:ben", "b1")]
