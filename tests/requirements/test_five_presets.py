"""One running business is switched through all five presets, over the same data: what each client sees under each.

Kōwhai Hair in Auckland. Ana Kingi is a client for years: she has an account whose email she has proved, a cut behind
her and two bookings ahead, and one of everything that a client can hold. Ben, her son, has her mobile number and an
email of his own; his newest booking was made last. Cleo wrote her email at a booking alone.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from attrs import evolve, frozen

from clientportal import Money, Policy, Reason, RecordRef, Refused, presets
from clientportal.ports import RawContacts
from clientportal.testing.fake_provider import FakeProvider
from clientportal.values import ActiveCode, When
from clientportal.values.invoices import Invoice
from clientportal.values.pets import Pet
from held import card, gift_card, membership, package
from mails import quick
from papers import send_form, share
from password_ground import add_account, log_in
from world import World, at

ANA, BEN, CLEO = "ana@example.com", "ben@example.com", "cleo@example.com"
MOBILE = "021 123 4567"

EVERYTHING_THAT_A_PLATFORM_HAS = (
    "memberships",
    "packages",
    "gift_cards",
    "payment_methods",
    "payments",
    "documents",
    "forms",
    "messages",
    "pets",
    "preferences",
    "referrals",
    "rewards",
)


@frozen
class Sight:
    """What one client meets under one preset."""

    gets_in: str
    """How, or why not."""
    opens: str = ""
    menu: str = ""
    bookings: str = ""
    """Whose: by their ids, the next ones before those that are past."""
    account: str = ""
    more: str = ""
    """What is shown besides, by section: the ids of the items, or the sum that is due."""


TABLE: dict[str, dict[str, Sight]] = {
    # A code to the mobile. The number is Ana's and Ben's, and the newest booking decides (T1, T4).
    "timely": {
        "Ana": Sight(
            gets_in="by a code to 021 123 4567, as Ben Kingi",
            opens="account",
            menu="dashboard, bookings, account, forms, payment_methods",
            bookings="bens-cut",
            account="Ben Kingi ben@example.com",
            more="",
        ),
        "Cleo": Sight(gets_in="not with an email"),
    },
    # A password. What was booked is hers where it is assigned to her account (A7), and so are the codes (A15).
    "acuity": {
        "Ana": Sight(
            gets_in="by her password",
            opens="account",
            menu="dashboard, account, bookings, codes",
            bookings="anas-colour",
            account="ana@example.com",
            more="codes: ten-cuts",
        ),
        "Cleo": Sight(gets_in="not without an account"),
    },
    # A password, and the record with all that was ever booked (TT2).
    "timetap": {
        "Ana": Sight(
            gets_in="by her password",
            opens="account",
            menu="dashboard, account, bookings",
            bookings="anas-cut, anas-colour, anas-first",
            account="Ana Kingi ana@example.com",
        ),
        "Cleo": Sight(gets_in="not without an account"),
    },
    # A password, and every section of account management (M1 to M11).
    "mytime": {
        "Ana": Sight(
            gets_in="by her password",
            opens="account",
            menu=(
                "account, bookings, dashboard, memberships, packages, gift_cards, payment_methods, referrals, "
                "preferences"
            ),
            bookings="anas-cut, anas-colour, anas-first",
            account="Ana Kingi ana@example.com",
            more="memberships: gold; packages: five; gift_cards: voucher; pets: rex; payment_methods: visa",
        ),
        "Cleo": Sight(gets_in="not without an account"),
    },
    # A code to the email of an existing client (V1, V2), and the dashboard first (V4).
    "vcita": {
        "Ana": Sight(
            gets_in="by a code for ana@example.com",
            opens="dashboard",
            menu="dashboard, bookings, payments, documents, forms, messages, notifications, account",
            bookings="anas-cut, anas-colour, anas-first",
            account="Ana Kingi ana@example.com",
            more="payments: 65.00 NZD due; documents: plan; forms: intake",
        ),
        "Cleo": Sight(
            gets_in="by a code for cleo@example.com",
            opens="dashboard",
            menu="dashboard, bookings, payments, documents, forms, messages, notifications, account",
            bookings="cleos-cut",
            account="Cleo Tane cleo@example.com",
            more="",
        ),
    },
}


# --- the business ----------------------------------------------------------------------------------------------------


def a_running_business(world: World) -> None:
    """Everything above, once: no preset changes a row of it."""
    ana = world.add_client("ana", "Ana Kingi", email=ANA, mobile=MOBILE)
    ben = world.add_client("ben", "Ben Kingi", email=BEN, mobile="+64 21 123 4567")
    world.book("anas-first", ana, "2026-02-10 09:00", made="2026-02-01 09:00")
    world.book("anas-cut", ana, "2026-12-01 09:00", made="2026-11-01 09:00")
    world.book("anas-colour", ana, "2026-12-15 09:00", made="2026-11-02 09:00", service="colour")
    world.book("bens-cut", ben, "2026-12-02 09:00", made="2026-11-20 09:00")
    cleo = RecordRef.booking("cleos-cut")
    world.book(
        "cleos-cut",
        cleo,
        "2026-12-03 09:00",
        made="2026-11-19 09:00",
        booked_as="Cleo Tane",
        contacts=RawContacts(cleo, email=CLEO),
    )
    world.portal.contact_changed(world.tenant, cleo)
    world.seed(
        "add_items",
        [
            membership("gold", ana),
            package("five", ana),
            gift_card("voucher", ana),
            card("visa", ana),
            Pet(id="rex", ref=ana, name="Rex", species="dog"),
            an_invoice("i1", ana),
        ],
    )
    world.seed(
        "add_codes", [ActiveCode(id="ten-cuts", ref=ana, kind="package", code="TEN", name="Ten", credits_left=7)]
    )
    share(world, "plan", ana, "Care plan.pdf")
    send_form(world, "intake", ana)
    world.use(quick(presets.acuity(region="NZ")))
    account = add_account(world, ANA, ref=ana)
    world.staff().assign("anas-colour", account.id)


def an_invoice(id: str, ref: RecordRef) -> Invoice:
    """65 dollars, open."""
    amount = Money("65.00", "NZD")
    return Invoice(id=id, ref=ref, name="Cut", issued_at=at("2026-11-01 09:00"), total=amount, due=amount)


def policy_of(preset: str) -> Policy:
    """The preset, with online payments, which any of them may have (T10), and hashes that take no time."""
    make: Callable[..., Policy] = getattr(presets, preset)
    policy = quick(make(region="NZ"))
    return evolve(policy, bookings=evolve(policy.bookings, payments=True))


# --- what is seen ----------------------------------------------------------------------------------------------------


def gets_in(world: World, preset: str, who: str) -> tuple[str, Any]:
    """How a client logs in as that product has it: in words, and their door."""
    email = {"Ana": ANA, "Cleo": CLEO}[who]
    world.clock.advance(timedelta(minutes=11))
    if preset == "timely":
        if who != "Ana":
            assert "email" not in world.visitor().welcome().identifiers
            return "not with an email", None
        door = world.log_in(MOBILE)
        return f"by a code to {MOBILE}, as {door.profile().first_name} {door.profile().last_name}", door
    if preset == "vcita":
        return f"by a code for {email}", world.log_in(email)
    try:
        return "by her password", world.client(log_in(world, email))
    except Refused as refused:
        assert refused.reason is Reason.LOGIN_FAILED  # noqa: PT017
        return "not without an account", None


def sees(world: World, preset: str, who: str) -> Sight:
    """Everything that the client finds, in words."""
    how, door = gets_in(world, preset, who)
    if door is None:
        return Sight(how)
    first = door.dashboard()
    profile = door.profile()
    listed = [one.id for when in When for one in door.appointments(when).items]
    return Sight(
        gets_in=how,
        opens=first.opens_with,
        menu=", ".join(one.name for one in first.menu),
        bookings=", ".join(listed),
        account=" ".join(filter(None, (profile.first_name, profile.last_name, profile.email))),
        more="; ".join(filter(None, (more_of(door, one.name) for one in door.sections()))),
    )


def more_of(door: Any, section: str) -> str:
    """What is in a section besides bookings and account."""
    if section in ("bookings", "account", "preferences", "referrals", "messages", "notifications"):
        return ""
    if section == "codes":
        found = ", ".join(one.id for one in door.codes().codes)
    elif section == "payments":
        found = " and ".join(f"{amount} due" for amount in door.dashboard().due)
    else:
        found = ", ".join(one.id for one in door.section(section).items)
    return f"{section}: {found}" if found else ""


@pytest.mark.requirement("M1")
@pytest.mark.requirement("V5")
@pytest.mark.requirement("T8")
def test_what_each_client_sees_under_each_of_the_five_presets(world: World) -> None:
    """The table above, row by row, in one business that never stops: and back at the first, it is as it was.

    Whatever a preset does not show is refused on the server as well, though the platform has it.
    """
    world.portal = world.make_portal(payments=FakeProvider())
    a_running_business(world)
    for preset in (*TABLE, "timely"):
        world.use(policy_of(preset))
        for who, expected in TABLE[preset].items():
            assert sees(world, preset, who) == expected, f"{who} on {preset}"


def test_what_a_preset_does_not_show_is_refused_in_every_open_session(world: World) -> None:
    """Ana's session of MyTime stays open while the business becomes one of TimeTap's and of Acuity's: sections close at
    its next call, and what is left follows the rules of each.
    """
    world.portal = world.make_portal(payments=FakeProvider())
    a_running_business(world)
    world.use(policy_of("mytime"))
    door = world.client(log_in(world, ANA))
    assert [one.id for one in door.gift_cards().items] == ["voucher"]
    for preset in ("timetap", "acuity", "mytime"):
        world.use(policy_of(preset))
        shown = world.policy.visibility.sections
        for section in EVERYTHING_THAT_A_PLATFORM_HAS:
            try:
                door.section(section)
            except Refused as refused:
                assert (refused.reason, section in shown) == (Reason.DISABLED, False), (preset, section)  # noqa: PT017
            else:
                assert section in shown, (preset, section)
        expected = TABLE[preset]["Ana"]
        listed = [one.id for when in When for one in door.appointments(when).items]
        assert ", ".join(listed) == expected.bookings
