"""The sections of the portal, and those that a platform adds itself: one topic of the doors, in both colours.

What each method promises is said at the plain one; the awaited twin has its docstring.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from clientportal.doors.base import AsyncDoor, Door, describe
from clientportal.operations import sections
from clientportal.operations.sections import Act, ItemById, ListItems
from clientportal.operations.sessions import Nothing
from clientportal.outcomes import SectionChanged, SectionEntry
from clientportal.values import ItemPage

__all__ = ["AsyncClientSections", "ClientSections"]


class ClientSections(Door):
    """What a session can do of it."""

    def sections(self) -> tuple[SectionEntry, ...]:
        """The open sections, in the policy's order, each with what may be done in it (V5)."""
        return self._do(sections.LIST_SECTIONS, Nothing())

    def section(self, name: str, *, after: str | None = None, limit: int = 20) -> ItemPage[Any]:
        """A page of any section's items, also of your platform's own; ``after`` is the last page's ``next``.

        Raises ``Refused`` with ``disabled`` where the section is closed or missing.
        """
        return self._do(sections.SECTION_PAGE, ListItems(name, after, limit))

    def section_item(self, name: str, id: str) -> Any:
        """One item of it. Raises ``Refused`` with ``not_found``, ``disabled``."""
        return self._do(sections.SECTION_ITEM, ItemById(name, id))

    def act(
        self,
        section: str,
        action: str,
        *,
        item: str | None = None,
        fields: Mapping[str, str] | None = None,
        key: str | None = None,
    ) -> SectionChanged:
        """Do something in a section of your platform's own; the shipped ones have a method for each action.

        Your ``Section.write`` carries it out. Raises ``Refused`` with ``disabled``, ``not_found``, ``not_changeable``
        (your platform said no); ``InvalidAnswers`` where the section asks questions before (``Section.asks``) and
        ``fields`` do not answer them; ``InvalidInput`` for an action that the section does not have.
        """
        return self._do(sections.SECTION_ACT, Act(section, action, item, fields or {}), key)


class AsyncClientSections(AsyncDoor):
    """The twin of :class:`ClientSections`, awaited."""

    async def sections(self) -> tuple[SectionEntry, ...]:
        return await self._do(sections.LIST_SECTIONS, Nothing())

    async def section(self, name: str, *, after: str | None = None, limit: int = 20) -> ItemPage[Any]:
        return await self._do(sections.SECTION_PAGE, ListItems(name, after, limit))

    async def section_item(self, name: str, id: str) -> Any:
        return await self._do(sections.SECTION_ITEM, ItemById(name, id))

    async def act(
        self,
        section: str,
        action: str,
        *,
        item: str | None = None,
        fields: Mapping[str, str] | None = None,
        key: str | None = None,
    ) -> SectionChanged:
        return await self._do(sections.SECTION_ACT, Act(section, action, item, fields or {}), key)


describe(AsyncClientSections, ClientSections)
