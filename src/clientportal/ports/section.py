"""What every section of the portal has in common: the port that a host implements, one class for each section.

A section is there where the business's policy names it, the host has a class for it, and the business has activated
it. A class that is missing is no error: the section is absent then, and refused to whoever asks for it all the same.
"""

from __future__ import annotations

from collections.abc import Awaitable, Mapping, Sequence
from typing import Any, ClassVar, Generic, TypeAlias, TypeVar

from clientportal.errors import HostError
from clientportal.values import HostAnswer, RecordRef
from clientportal.values.appointments import AnswerKind
from clientportal.values.forms import Question
from clientportal.values.sections import ItemPage, SectionItem, SectionWrite

__all__ = ["Given", "Section"]

T = TypeVar("T")
I = TypeVar("I", bound=SectionItem)  # noqa: E741

Given: TypeAlias = T | Awaitable[T]
"""What a method answers with: the thing itself (``def``), or something to await (``async def``)."""


class Section(Generic[I]):
    """One section over a host's tables: subclass it, and name the subclass in your host's ``sections``::

        class StampCards(Section[StampCard]):
            name = "stamp_cards"
            item = StampCard
            actions = ("redeem",)

            def page(self, refs, after, limit): ...

        class SalonHost(BaseHost):
            sections = (StampCards, SalonMemberships)

    It is made anew for every unit of work, with the open host: ``self.host.connection`` and ``self.host.tenant`` are
    what the host has. Every method may be plain or ``async def``. Errors and concurrency are as in
    :class:`~clientportal.ports.BaseHost`: reads are plain reads, every write checks the item's version in its own
    statement and raises ``Conflict``, and another tenant's id is simply absent.

    * ``name``: how policy, menu and address call it: ``[a-z_]``, not one of another section.
    * ``item``: the type of its items, a subclass of ``SectionItem``.
    * ``actions``: what a client can do in it, in the section's own words; ``policy.portal.actions`` names them
      ``<section>.<action>``.
    * ``begins``: those of them that are about no item of the list, such as ``buy``; all others are about one.
    * ``asks``: action -> what a client is asked first. The answers are checked before your ``write`` sees them as
      ``change.fields``, each as its question's :class:`~clientportal.values.forms.Question` writes it. An action that
      is not named here is told nothing by the pages.
    * ``within``: the section on whose page it stands, where it has none of its own.
    * ``moves``: whether its items go along where rows are moved to the record that survives a merge (capability
      ``reassign``). What is its holder's alone stays.
    """

    name: ClassVar[str]
    item: ClassVar[type[Any]]
    actions: ClassVar[tuple[str, ...]] = ()
    begins: ClassVar[tuple[str, ...]] = ()
    asks: ClassVar[Mapping[str, tuple[Question, ...]]] = {}
    within: ClassVar[str | None] = None
    moves: ClassVar[bool] = True

    def __init__(self, host: Any) -> None:
        self.host = host

    def active(self) -> Given[bool]:
        """Whether the business has activated it, whatever the policy shows (M4). Default: it has."""
        return True

    def page(self, refs: Sequence[RecordRef], after: str | None, limit: int) -> Given[ItemPage[I]]:
        """A page of the union of those records' items, paged by key: what is inserted meanwhile moves nothing.

        At most ``limit`` items in a fixed number of statements, however many refs (there may be thousands) and however
        long the history. A client's ref lists what is the client's own row's, also after that row is gone; a
        booking's ref what came with that one booking.
        """
        raise HostError(f"{type(self).__name__}.page is not implemented, though something asked for it")

    def one(self, id: str) -> Given[I | None]:
        """One item, whoever's it is; ``None`` where there is none. Default: no item has a page of its own."""
        return None

    def write(self, change: SectionWrite, key: str) -> Given[HostAnswer]:
        """Carry out one of ``actions``; ``key`` is its idempotency key. Answers ``DECLINED`` where the platform's own
        rules say no after all; nothing is written then. The shipped sections call a method of their own for each
        action.
        """
        return HostAnswer(AnswerKind.DECLINED, note=f"{type(self).__name__} has no {change.action}")
