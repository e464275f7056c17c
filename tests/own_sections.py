"""A section of a platform's own, with one class: the stamp cards of a coffee bar, on every shipped store."""

from __future__ import annotations

from typing import Any, ClassVar

from attrs import evolve, field, frozen

from clientportal import RecordRef
from clientportal.policy import VisibilityPolicy
from clientportal.stores.memory import MemoryHost
from clientportal.stores.memory import host_sections as in_memory
from clientportal.values import AnswerKind, HostAnswer, SectionItem, SectionWrite
from world import World

__all__ = [
    "MemoryStampCards",
    "StampCard",
    "add_card",
    "example_of_a_card",
    "has_stamp_cards",
    "open_sections",
    "with_stamp_cards",
]


@frozen(kw_only=True)
class StampCard(SectionItem):
    """A card with stamps on it: ten are a coffee."""

    bar: str = ""
    stamps: int = field(default=0)

    @property
    def listed_by(self) -> str:
        """The fullest first."""
        return f"{self.stamps:05d}"


class MemoryStampCards(in_memory.KeptItems):
    """The section over the in-memory host."""

    name: ClassVar[str] = "stamp_cards"
    item: ClassVar[type[StampCard]] = StampCard
    actions: ClassVar[tuple[str, ...]] = ("redeem",)

    def write(self, change: SectionWrite, key: str) -> HostAnswer:
        """Ten stamps are taken off the card."""

        def redeem(tx: Any) -> HostAnswer:
            card = self.one(str(change.item))
            if card is None or change.action not in self.actions:
                return HostAnswer(AnswerKind.DECLINED)
            self.change(tx, evolve(card, stamps=card.stamps - 10, version=change.version))
            return HostAnswer()

        return self.once(key, redeem)


def example_of_a_card(id: str, ref: RecordRef, place: int) -> StampCard:
    """For the contract of hosts: the fuller, the earlier it is listed."""
    return StampCard(id=id, ref=ref, bar="Kōwhai Espresso", stamps=20 + place)


def _sql_stamp_cards() -> type[Any]:
    from clientportal.stores.sql import host_sections as in_sql

    class SqlStampCards(in_sql.KeptItems):
        name: ClassVar[str] = "stamp_cards"
        item: ClassVar[type[StampCard]] = StampCard
        actions: ClassVar[tuple[str, ...]] = ("redeem",)

        async def write(self, change: SectionWrite, key: str) -> HostAnswer:
            card = await self.one(str(change.item))
            if card is None or change.action not in self.actions:
                return HostAnswer(AnswerKind.DECLINED)
            await self.change(evolve(card, stamps=card.stamps - 10, version=change.version))
            return HostAnswer()

    return SqlStampCards


def has_stamp_cards(world: World, *, instead: type[Any] | None = None, **portal: Any) -> None:
    """The platform has a section of its own from now on; ``instead`` of the honest one where given."""
    kind = instead or (MemoryStampCards if issubclass(world.host, MemoryHost) else _sql_stamp_cards())
    others = tuple(one for one in world.host.sections if one.name != "stamp_cards")
    world.host = type("CoffeeBarHost", (world.host,), {"sections": (*others, kind)})
    world.portal = world.make_portal(**portal)


def with_stamp_cards(world: World) -> None:
    """The same, and shown to clients."""
    if "stamp_cards" not in [one.name for one in world.host.sections]:
        has_stamp_cards(world)
        open_sections(world, "stamp_cards")


def open_sections(world: World, *names: str) -> None:
    """These are shown besides the account and the bookings."""
    world.change_policy("visibility", sections=(*VisibilityPolicy().sections, *names))


def add_card(world: World, id: str, ref: RecordRef, stamps: int = 12, *, business: str = "") -> None:
    """A card of somebody's."""
    card = StampCard(id=id, ref=ref, bar="Kōwhai Espresso", stamps=stamps, business=business)
    world.seed("add_items", [card])
