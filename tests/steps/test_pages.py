"""What every page costs: as many statements for a client of ten appointments as for one of ten thousand.

The table goes into the notes of a release: ``pytest tests/steps/test_pages.py -s``; with ``PAGES_TABLE=file`` it is
written there as Markdown, and with ``PAGES_MANY=12`` a look at it takes no time.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from accounts_ground import a_link, an_account, write
from clientportal import Appointment, AppointmentStatus, Money, RecordRef, Secret, Slot, presets
from clientportal.records import Assignment, Notice, NoticeKind, Payment, PaymentStage, PaymentState, Put, Referral
from clientportal.sections import SECTIONS as SHIPPED
from clientportal.sections import STANDING
from clientportal.testing.fake_provider import FakeProvider
from clientportal.values import ActiveCode
from clientportal.values.documents import Document
from clientportal.values.forms import FormRequest
from clientportal.values.invoices import Invoice, Transaction
from clientportal.values.messages import Message
from clientportal.values.pets import Pet
from clientportal.values.referrals import ReferralCredit
from clientportal.web import PortalPages, Request, StaffIdentity
from clientportal.web.routes import ROUTES
from clientportal.web.routing import Needs, Route
from held import card, gift_card, membership, package, points
from mails import PASSWORD, quick
from own_sections import StampCard, has_stamp_cards
from papers import INTAKE
from steps.test_costs import statements
from web.browser import Browser
from world import AUCKLAND, EVERYTHING, World, at, make_world

ANA = "ana@example.com"
SECTIONS = (*SHIPPED, *STANDING, "stamp_cards")

IDS = {
    "/bookings": "a1",
    "/appointments": "a1",
    "/memberships": "m1",
    "/payment-methods": "c1",
    "/payments/attempts": "paid",
    "/payments": "i1",
    "/pets": "pet1",
    "/documents": "d1",
    "/forms": "f1",
    "/change_email": "wrong.link.sent",
    "/claim": "wrong.link.sent",
    "/sections/stamp_cards": "s1",
    "/staff/clients": "client:ana",
}
"""What the page of one thing is asked for, by the beginning of its path."""

REFUSED = {"/change_email/{link}", "/account/contact"}
"""Opened with a link that never was; and what Acuity's clients do not change themselves."""

QUERIES = {
    "/staff/merge": "r0=client:ana&r1=client:twin",
    "/bookings/{id}/move": "from=2026-12-01",
    "/bookings/{id}/rebook": "from=2026-12-01",
    "/bookings/{id}/move/time": "from=2026-12-01&slot=free",
    "/bookings/{id}/rebook/time": "from=2026-12-01&slot=free",
    "/api/appointments/{id}/slots": "since=2026-12-01T00:00:00Z&until=2026-12-08T00:00:00Z",
}
"""The query without which a page has nothing to show."""


def _opened(route: Route) -> bool:
    return route.method == "GET" and route.needs is not Needs.NOTHING


MANY = int(os.environ.get("PAGES_MANY", "10000"))
PAGES = [route for route in ROUTES if _opened(route)]


def _address(route: Route) -> str:
    """The address of a page, about the things that :func:`busy` makes."""
    path = route.path.replace("{name}", "stamp_cards").replace("{action}", "redeem")
    if "{" in path:
        start, end = path.index("/{"), path.index("}")
        path = f"{path[:start]}/{IDS[path[:start].removeprefix('/api')]}{path[end + 1 :]}"
    query = QUERIES.get(route.path)
    return f"{path}?{query}" if query else path


# --- a busy client ---------------------------------------------------------------------------------------------------


def busy(world: World, product: str, count: int) -> Browser:
    """Ana, whose history is that long in every section, at her browser; and Mia of the staff looks at the same.

    MyTime shows her record; Acuity the appointments that are assigned to her account, and these are all of them.
    """
    world.use(quick(getattr(presets, product)(region="NZ")))
    world.change_policy("visibility", sections=SECTIONS)
    world.change_policy("bookings", payments=True)
    has_stamp_cards(world, payments=FakeProvider())
    ana = world.add_client("ana", "Ana Kingi", email=ANA, mobile="021 123 4567")
    world.add_client("twin", "Ana Kingi", mobile="021 123 4567")
    account = an_account(world, ANA, "2026-03-01 09:00", proved="2026-03-01 09:05", password=PASSWORD)
    world.seed("add_appointments", [_cut(ana, number) for number in range(count)])
    start = at("2026-12-02 10:00")
    end = start + timedelta(minutes=45)
    world.seed("add_slots", [Slot(id="free", service_id="cut", start=start, end=end, zone=AUCKLAND, staff_id="mia")])
    world.seed("add_items", [item for number in range(count) for item in _one_of_each(ana, number)])
    world.seed("add_codes", [_code(ana, number) for number in range(count)])
    told = [Put(_notice(ana, number)) for number in range(count)]
    friends = [Put(_friend(ana, number)) for number in range(count)]
    a_link(world, account, ana)
    assigned = [Put(_assignment(account, ana, number)) for number in range(count)] if product == "acuity" else []
    write(world, Put(_payment(ana)), *told, *friends, *assigned)
    one = Browser(world, PortalPages(world.portal, world.tenant, staff=_mia))
    one.pumps = False
    one.open("/sign-in")
    one.send("/sign-in", email=ANA, password=PASSWORD)
    # What a first look writes down is written now: that the session is used, which documents were seen.
    for path in ("/account", "/documents"):
        one.open(path)
    return one


def _mia(_request: Request) -> StaffIdentity:
    return StaffIdentity(actor="mia", permissions=EVERYTHING)


def _cut(ref: RecordRef, number: int) -> Appointment:
    """Every other one is ahead."""
    start = at("2026-11-21 10:00") + timedelta(hours=number + 40) * (1 if number % 2 else -1)
    return Appointment(
        id=f"a{number}",
        ref=ref,
        service_id="cut",
        start=start,
        end=start + timedelta(minutes=45),
        zone=AUCKLAND,
        status=AppointmentStatus.CONFIRMED,
        made_at=at("2026-01-01 09:00"),
        price=Money("65.00", "NZD"),
        service_name="Cut",
    )


def _one_of_each(ref: RecordRef, number: int) -> list[Any]:
    when, ten = at("2020-01-01 09:00") + timedelta(hours=number), Money("10.00", "NZD")
    bought = f"{when:%Y-%m-%d %H:%M}"
    return [
        membership(f"m{number}", ref, bought),
        package(f"p{number}", ref, bought=bought),
        gift_card(f"g{number}", ref, bought_at=when),
        points(f"r{number}", ref, number),
        card(f"c{number}", ref, saved_at=when),
        Invoice(id=f"i{number}", ref=ref, name="Cut", issued_at=when, total=ten, due=ten),
        Transaction(id=f"t{number}", ref=ref, what="Cut", at=when, amount=ten),
        Document(id=f"d{number}", ref=ref, name="Plan.pdf", media_type="application/pdf", size=0, shared_at=when),
        FormRequest(id=f"f{number}", ref=ref, title="Intake", sent_at=when, questions=INTAKE[:2]),
        Message(id=f"w{number}", ref=ref, at=when, written_by="client", text="See you on Tuesday."),
        Pet(id=f"pet{number}", ref=ref, name=f"Rex {number}", species="dog"),
        StampCard(id=f"s{number}", ref=ref, stamps=10 + number),
        ReferralCredit(id=f"e{number}", ref=ref, earned_at=when, amount=ten),
    ]


def _code(ref: RecordRef, number: int) -> ActiveCode:
    return ActiveCode(id=f"k{number}", ref=ref, kind="gift", code=Secret(f"KIWI-{number}"), name="Gift")


def _notice(ref: RecordRef, number: int) -> Notice:
    when = at("2020-01-01 09:00") + timedelta(hours=number)
    kind = NoticeKind.DOCUMENT_SHARED
    return Notice(id=f"n{number}", ref=str(ref), at=when, kind=kind, forget_at=when + timedelta(days=9000))


def _friend(ref: RecordRef, number: int) -> Referral:
    friend, when = f"client:friend{number}", at("2020-01-01 09:00") + timedelta(hours=number)
    return Referral(id=friend, referrer=str(ref), appointment_id=f"of-friend-{number}", at=when)


def _assignment(account: str, ref: RecordRef, number: int) -> Assignment:
    when = at("2026-01-01 09:00") + timedelta(minutes=number)
    return Assignment(id=f"a{number}", account=account, ref=str(ref), at=when, actor="staff:mia")


def _payment(ref: RecordRef) -> Payment:
    now, due = at("2026-11-20 10:00"), Money("10.00", "NZD")
    return Payment(
        id="paid",
        invoice="of-last-year",
        ref=str(ref),
        amount=due,
        purpose="invoice",
        what="Cut",
        actor=str(ref),
        state=PaymentState.PAID,
        stage=PaymentStage.DONE,
        begun_at=now,
        asked_at=now,
        check_at=now,
        charged=due,
        ended_at=now,
    )


# --- what each page costs --------------------------------------------------------------------------------------------


def _costs(product: str, count: int) -> dict[str, tuple[int, int]]:
    """Page -> (its status, its statements), for a history of that length."""
    world = make_world("sqlite-plain")
    try:
        one, found = busy(world, product, count), dict[str, tuple[int, int]]()
        for route in PAGES:
            with statements(world.store) as seen:
                response = one.request("GET", f"/change{_address(route)}")
            found[route.path] = (response.status, len(seen))
        return found
    finally:
        world.close()


def _table(few: Mapping[str, tuple[int, int]], many: Mapping[str, tuple[int, int]]) -> str:
    lines = ["| page | status | statements at 10 | at 10,000 |", "| --- | --- | --- | --- |"]
    lines += [f"| `{path}` | {few[path][0]} | {few[path][1]} | {many[path][1]} |" for path in few]
    return "\n".join(lines)


@pytest.mark.slow
@pytest.mark.parametrize("product", ["mytime", "acuity"])
def test_no_page_costs_more_however_long_the_history(product: str) -> None:
    """Every page and every JSON address that is for somebody: ten of everything, and ten thousand of everything."""
    few, many = _costs(product, 10), _costs(product, MANY)
    table = f"{product.title()}\n\n{_table(few, many)}\n"
    print(f"\n{table}")
    if "PAGES_TABLE" in os.environ:
        with Path(os.environ["PAGES_TABLE"]).open("a", encoding="utf-8") as file:
            file.write(f"{table}\n")
    assert {path for path, (status, _) in few.items() if status not in (200, 303)} <= REFUSED
    assert few == many
    assert max(cost for _, cost in many.values()) <= 60
