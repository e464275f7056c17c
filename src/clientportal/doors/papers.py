"""Documents and forms: one topic of the doors, in both colours.

What each method promises is said at the plain one; the awaited twin has its docstring.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator, Mapping
from typing import Any, cast

from attrs import evolve

from clientportal.doors.base import AsyncDoor, Door, as_secret, describe, stepped
from clientportal.doors.checks import check_tenant
from clientportal.operations import documents, form_links, forms, sections
from clientportal.operations.performing import perform
from clientportal.operations.sections import ListItems
from clientportal.operations.sessions import Nothing
from clientportal.operations.setting import Setup, System
from clientportal.outcomes import SectionChanged
from clientportal.outcomes.papers import Download, FormLinkView
from clientportal.ports import step
from clientportal.values import ItemPage, Secret
from clientportal.values.documents import Document
from clientportal.values.forms import FormRequest

__all__ = [
    "AsyncClientPapers",
    "AsyncPortalPapers",
    "AsyncStaffPapers",
    "AsyncVisitorPapers",
    "ClientPapers",
    "PortalPapers",
    "StaffPapers",
    "VisitorPapers",
]

Link = Secret | str | None


def _link(link: Link) -> Secret | None:
    return None if link is None else as_secret(link)


class VisitorPapers(Door):
    """What a visitor can do of it."""

    def look_at_form_link(self, link: Secret | str) -> FormLinkView:
        """Which form a link leads to, without effect however often it is looked at; for the page that asks for the
        login (T2). Raises ``Refused`` with ``link_gone``, ``disabled``.
        """
        return self._do(form_links.LOOK_AT_FORM_LINK, form_links.LookAtFormLink(as_secret(link)))


class ClientPapers(Door):
    """What a session can do of it."""

    def documents(self, *, after: str | None = None, limit: int = 20) -> ItemPage[Document]:
        """A page of the documents that are shared with this client, latest shared first (V9).

        Opening it marks them as seen, for :meth:`new_documents`; a preview does not.
        """
        asked = documents.ListDocuments(after, limit)
        return step(documents.list_documents(self._setup, self._caller, asked, preview=self._preview))

    def new_documents(self) -> int:
        """How many documents were shared since the list was last opened (V4)."""
        return self._do(documents.NEW_DOCUMENTS, Nothing())

    def download(self, id: str, *, offset: int = 0, length: int | None = None) -> Download[Iterator[bytes]]:
        """A document, or ``length`` bytes of it from ``offset`` on, chunk by chunk.

        Session and share are checked at each chunk, so the iterator raises ``Refused`` too: break the response off
        then. Raises ``Refused`` with ``not_found`` for what is not shared with this client, ``changed_meanwhile``
        (from the iterator: its content is another now); ``InvalidInput`` for a part that the document does not have.
        """
        asked = documents.DownloadOf(id, offset, length)
        begun = step(documents.download(self._setup, self._caller, asked, preview=self._preview))
        return cast("Download[Iterator[bytes]]", evolve(cast("Any", begun), chunks=stepped(begun.chunks)))

    def forms(self, *, after: str | None = None, limit: int = 20) -> ItemPage[FormRequest]:
        """A page of the forms that were sent to this client, latest sent first, in any state (T8)."""
        return self._do(sections.SECTION_PAGE, ListItems("forms", after, limit))

    def form(self, id: str, *, link: Link = None) -> FormRequest:
        """One form. With ``link``, also one of another record that this session's proved contact stands on (T3).

        Raises ``Refused`` with ``not_found``, ``link_gone``, and ``contact_business`` where the link is good and no
        contact of the form's record was proved.
        """
        asked = forms.OneForm(id, _link(link))
        return self._do(forms.FORM if asked.link is None else forms.FORM_BY_LINK, asked)

    def save_draft(
        self, id: str, answers: Mapping[str, Any], *, link: Link = None, key: str | None = None
    ) -> SectionChanged:
        """Keep what has been typed so far, right or not, in place of what was kept before.

        Raises ``Refused`` as :meth:`submit_form` does, and ``InvalidAnswers`` for what can be kept nowhere.
        """
        return self._do(forms.SAVE_DRAFT, forms.Filling(id, answers, _link(link)), key)

    def submit_form(
        self, id: str, answers: Mapping[str, Any], *, link: Link = None, key: str | None = None
    ) -> SectionChanged:
        """Send a form in, once: its answers are saved to the record that it was sent to (T3).

        An answer is text as it was typed, or what it means: ``bool``, ``Decimal``, ``date``, a list of options. Raises
        ``InvalidAnswers`` with what is wrong with each, and nothing is lost: keep it with :meth:`save_draft`. Raises
        ``Refused`` with ``form_done`` (another call or device was faster; the same ``key`` gets the same answer
        again), ``form_withdrawn``, ``not_found``, ``link_gone``, ``contact_business``, ``disabled``.
        """
        return self._do(forms.SUBMIT_FORM, forms.Filling(id, answers, _link(link)), key)


class StaffPapers(Door):
    """What staff can do of it."""

    def form_link(self, form_id: str) -> Secret:
        """A signed link for one form, to send to the client it is for. It opens nothing without a session (T3).

        Raises ``Refused`` with ``not_found``, ``disabled``.
        """
        return self._do(form_links.FORM_LINK_FOR, form_links.FormLinkFor(form_id))


class PortalPapers:
    """What the platform itself can do of it."""

    _setup: Setup

    def form_link(self, business: str, form_id: str) -> Secret:
        """A signed link for one form, for the message with which your platform sends it (T3): it leads to the form for
        ``messages.link_life``, through merges, for a session that has proved a contact of the form's record.
        """
        caller = System(check_tenant(business))
        return step(perform(self._setup, caller, form_links.FORM_LINK_FOR, form_links.FormLinkFor(form_id)))


class AsyncVisitorPapers(AsyncDoor):
    """The twin of :class:`VisitorPapers`, awaited."""

    async def look_at_form_link(self, link: Secret | str) -> FormLinkView:
        return await self._do(form_links.LOOK_AT_FORM_LINK, form_links.LookAtFormLink(as_secret(link)))


class AsyncClientPapers(AsyncDoor):
    """The twin of :class:`ClientPapers`, awaited."""

    async def documents(self, *, after: str | None = None, limit: int = 20) -> ItemPage[Document]:
        asked = documents.ListDocuments(after, limit)
        return await documents.list_documents(self._setup, self._caller, asked, preview=self._preview)

    async def new_documents(self) -> int:
        return await self._do(documents.NEW_DOCUMENTS, Nothing())

    async def download(self, id: str, *, offset: int = 0, length: int | None = None) -> Download[AsyncIterator[bytes]]:
        asked = documents.DownloadOf(id, offset, length)
        return await documents.download(self._setup, self._caller, asked, preview=self._preview)

    async def forms(self, *, after: str | None = None, limit: int = 20) -> ItemPage[FormRequest]:
        return await self._do(sections.SECTION_PAGE, ListItems("forms", after, limit))

    async def form(self, id: str, *, link: Link = None) -> FormRequest:
        asked = forms.OneForm(id, _link(link))
        return await self._do(forms.FORM if asked.link is None else forms.FORM_BY_LINK, asked)

    async def save_draft(
        self, id: str, answers: Mapping[str, Any], *, link: Link = None, key: str | None = None
    ) -> SectionChanged:
        return await self._do(forms.SAVE_DRAFT, forms.Filling(id, answers, _link(link)), key)

    async def submit_form(
        self, id: str, answers: Mapping[str, Any], *, link: Link = None, key: str | None = None
    ) -> SectionChanged:
        return await self._do(forms.SUBMIT_FORM, forms.Filling(id, answers, _link(link)), key)


class AsyncStaffPapers(AsyncDoor):
    """The twin of :class:`StaffPapers`, awaited."""

    async def form_link(self, form_id: str) -> Secret:
        return await self._do(form_links.FORM_LINK_FOR, form_links.FormLinkFor(form_id))


class AsyncPortalPapers:
    """The twin of :class:`PortalPapers`, awaited."""

    _setup: Setup

    async def form_link(self, business: str, form_id: str) -> Secret:
        caller = System(check_tenant(business))
        return await perform(self._setup, caller, form_links.FORM_LINK_FOR, form_links.FormLinkFor(form_id))


describe(AsyncVisitorPapers, VisitorPapers)
describe(AsyncClientPapers, ClientPapers)
describe(AsyncStaffPapers, StaffPapers)
describe(AsyncPortalPapers, PortalPapers)
