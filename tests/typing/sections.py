"""A platform's own sections, payments and web pages, as type checkers see them: checked, never run."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import ClassVar, assert_type

from attrs import frozen

from clientportal import AsyncPortal, BaseHost, Money, Portal, RecordRef
from clientportal.outcomes import SectionChanged, SectionEntry
from clientportal.outcomes.held import HeldPage
from clientportal.outcomes.paying import PaymentView
from clientportal.ports.payments import Charge, ChargeAnswer, PaymentProvider
from clientportal.sections import Memberships, PaymentMethods, Pets, Section
from clientportal.values import HostAnswer, ItemPage, SectionItem, SectionWrite
from clientportal.values.cards import Card, CardGuard
from clientportal.values.memberships import Membership
from clientportal.values.pets import Pet
from clientportal.web import PortalPages, Request, Response, Route, StaffIdentity, Visit


@frozen(kw_only=True)
class StampCard(SectionItem):
    """Ten stamps are a coffee."""

    stamps: int = 0


class StampCards(Section[StampCard]):
    """A section of the platform's own, plain."""

    name: ClassVar[str] = "stamp_cards"
    item: ClassVar[type[StampCard]] = StampCard
    actions: ClassVar[tuple[str, ...]] = ("redeem",)

    def active(self) -> bool:
        return True

    def page(self, refs: Sequence[RecordRef], after: str | None, limit: int) -> ItemPage[StampCard]:
        return ItemPage((StampCard(id="s1", ref=refs[0], stamps=7),))

    def one(self, id: str) -> StampCard | None:
        return None

    def write(self, change: SectionWrite, key: str) -> HostAnswer:
        return HostAnswer(item=change.item or "")


class AwaitedStampCards(Section[StampCard]):
    """The same, awaited."""

    name: ClassVar[str] = "stamp_cards"
    item: ClassVar[type[StampCard]] = StampCard

    async def active(self) -> bool:
        return True

    async def page(self, refs: Sequence[RecordRef], after: str | None, limit: int) -> ItemPage[StampCard]:
        return ItemPage()

    async def one(self, id: str) -> StampCard | None:
        return None

    async def write(self, change: SectionWrite, key: str) -> HostAnswer:
        return HostAnswer()


class PlatformMemberships(Memberships):
    """A shipped section, over the platform's own tables."""

    def page(self, refs: Sequence[RecordRef], after: str | None, limit: int) -> ItemPage[Membership]:
        bought = datetime(2026, 3, 1, 9, tzinfo=UTC)
        gold = Membership(id="m1", ref=refs[0], name="Gold", status="active", bought_at=bought)
        return ItemPage((gold,), next=None)


class PlatformCards(PaymentMethods):
    """One whose writes are awaited, and whose reads are not."""

    def page(self, refs: Sequence[RecordRef], after: str | None, limit: int) -> ItemPage[Card]:
        return ItemPage()

    def guards(self, card: Card) -> Sequence[CardGuard]:
        return ()

    async def remove(self, change: SectionWrite, key: str) -> HostAnswer:
        return HostAnswer()


class PlatformPets(Pets):
    """Named writes."""

    def create(self, pet: Pet, key: str) -> HostAnswer:
        return HostAnswer(item=pet.id)

    async def save(self, pet: Pet, key: str) -> HostAnswer:
        return HostAnswer()


class Platform(BaseHost):
    """What a host names."""

    sections = (StampCards, PlatformMemberships, PlatformCards, PlatformPets)


class Provider:
    """A payment provider, plain."""

    def begin(self, charge: Charge) -> ChargeAnswer:
        return ChargeAnswer.paid(charge.amount, ref=charge.key)

    def outcome(self, key: str) -> ChargeAnswer | None:
        return None


class AwaitedProvider:
    """The same, awaited."""

    async def begin(self, charge: Charge) -> ChargeAnswer:
        return ChargeAnswer.paid(charge.amount, ref=charge.key)

    async def outcome(self, key: str) -> ChargeAnswer | None:
        return None


PROVIDERS: tuple[PaymentProvider, ...] = (Provider(), AwaitedProvider())


def look(portal: Portal) -> None:
    """What a client's door answers with."""
    client = portal.client("token")
    assert_type(client.sections(), tuple[SectionEntry, ...])
    assert_type(client.memberships(), HeldPage[Membership])
    assert_type(client.cards().items, tuple[Card, ...])
    assert_type(client.act("stamp_cards", "redeem", item="s1", key="k"), SectionChanged)
    assert_type(client.pay("i1", Money("65.00", "NZD")), PaymentView)


async def look_awaited(portal: AsyncPortal) -> None:
    """The same, awaited."""
    client = portal.client("token")
    assert_type(await client.sections(), tuple[SectionEntry, ...])
    assert_type(await client.memberships(), HeldPage[Membership])
    assert_type(await client.remove_card("c1"), SectionChanged)
    assert_type(await client.pay("i1", Money("65.00", "NZD")), PaymentView)


async def stamps(visit: Visit) -> Response:
    """A page of the platform's own."""
    page = await visit.client.section("stamp_cards", after=visit.get("after"))
    return visit.render("stamps.html", page=page)


def who(request: Request) -> StaffIdentity | None:
    """Whom the platform's own login has let in."""
    actor = request.headers.get("x-staff")
    return None if actor is None else StaffIdentity(actor=actor, permissions=())


async def who_awaited(request: Request) -> StaffIdentity | None:
    """The same, awaited."""
    return who(request)


def mount(portal: Portal, awaited: AsyncPortal) -> None:
    """Both colours, for either kind of server."""
    routes = (Route("GET", "/stamps", stamps, section="stamp_cards", menu="menu.stamps"),)
    pages = PortalPages(portal, "salon", staff=who, routes=routes, widget_origins=("https://kowhai.example",))
    assert_type(pages.handle(Request(method="GET", path="/")), Response)
    pages.asgi()
    pages.wsgi()
    PortalPages(awaited, lambda request: request.headers["host"].partition(".")[0], staff=who_awaited).asgi()
