"""Documents with their contents, and forms, of the shipped SQL host.

A content is rows of ``cp_host_contents``, each of ``PIECE`` bytes but the last: a chunk of a download reads the one or
two that it lies in, and never more.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from functools import cache
from typing import Any, cast

from attrs import evolve
from sqlalchemy import Executable, bindparam, delete, func, select

from clientportal.ports.host import AnswerKind, HostAnswer
from clientportal.sections.documents import Documents
from clientportal.sections.forms import Forms
from clientportal.stores.sql.host_queries import among, listed
from clientportal.stores.sql.host_tables import CONTENTS, ITEMS
from clientportal.stores.sql.kept_items import KeptItems, shown_here
from clientportal.stores.sql.tables import TEXT, storable
from clientportal.values import RecordRef
from clientportal.values.documents import Document
from clientportal.values.forms import FormRequest, FormState
from clientportal.values.instants import as_utc, sortable

__all__ = ["PIECE", "KeptPapers", "SqlDocuments", "SqlForms"]

PIECE = 256 * 1024

_TENANT = bindparam("p_tenant", type_=TEXT)
_ID = bindparam("p_id", type_=TEXT)
_PIECES = (
    select(CONTENTS.c.place, CONTENTS.c.body)
    .where(
        CONTENTS.c.tenant == _TENANT,
        CONTENTS.c.document == _ID,
        CONTENTS.c.place.between(bindparam("p_first"), bindparam("p_last")),
    )
    .order_by(CONTENTS.c.place)
)
_UNSHARE = delete(ITEMS).where(
    ITEMS.c.tenant == _TENANT, ITEMS.c.section == bindparam("p_section", type_=TEXT), ITEMS.c.id == _ID
)


@cache
def _newer(sqlite: bool, since: bool, here: bool) -> Executable:
    # The place in the list is the instant of sharing, as text that sorts as instants do.
    later = (ITEMS.c.listed_by > bindparam("p_since", type_=TEXT),) if since else ()
    return select(func.count().label("found")).where(
        ITEMS.c.tenant == _TENANT,
        ITEMS.c.section == bindparam("p_section", type_=TEXT),
        among(ITEMS.c.ref, "p_refs", sqlite),
        *later,
        *shown_here(here),
    )


@cache
def _forgetting(sqlite: bool) -> Executable:
    return delete(CONTENTS).where(CONTENTS.c.tenant == _TENANT, among(CONTENTS.c.document, "p_documents", sqlite))


class SqlDocuments(KeptItems, Documents):
    """Documents in ``cp_host_items``, their contents in ``cp_host_contents``: one is shared as long as it is there."""

    async def chunk(self, document: Document, offset: int, size: int) -> bytes:
        """A part of its content, in one statement."""
        first, last = offset // PIECE, (offset + size - 1) // PIECE
        rows = await self.host.fetched(_PIECES, p_id=document.id, p_first=first, p_last=last)
        start = offset - first * PIECE
        return b"".join(bytes(row.body) for row in rows)[start : start + size]

    async def newer(self, refs: Sequence[RecordRef], since: datetime | None) -> int:
        """How many were shared since, counted by the section's index."""
        sqlite = self.host.face.sqlite
        named: dict[str, Any] = listed({"p_refs": [str(ref) for ref in refs if storable(ref.id)]}, sqlite)
        if since is not None:
            named["p_since"] = sortable(since)
        query = _newer(sqlite, since is not None, bool(self.branch))
        (row,) = await self.host.fetched(query, p_section=self.name, **named, **self.branch)
        return int(row.found)


class SqlForms(KeptItems, Forms):
    """Forms in ``cp_host_items``."""

    async def save_draft(self, form_id: str, version: str, answers: Mapping[str, str], key: str) -> HostAnswer:
        """Keep it."""
        return await self._saved(form_id, version, answers, FormState.DRAFT)

    async def submit(self, form_id: str, version: str, answers: Mapping[str, str], key: str) -> HostAnswer:
        """Save it."""
        return await self._saved(form_id, version, answers, FormState.DONE)

    async def _saved(self, form_id: str, version: str, answers: Mapping[str, str], state: FormState) -> HostAnswer:
        before: FormRequest | None = await self.one(form_id)
        if before is None:
            return HostAnswer(AnswerKind.DECLINED, note="there is no such form")
        # Written under the version that was decided on, whatever it is by now: another one is a conflict.
        after = evolve(before, version=version, state=state, answers=dict(answers), saved_at=self.host.now())
        await self.change(after)
        return HostAnswer(item=form_id)


class KeptPapers:
    """The part of ``SqlHost`` that has to do with documents."""

    async def add_document(self, document: Document, content: bytes) -> None:
        """Share a document with its content, or replace the one of that id; its size follows from the content."""
        host = cast("Any", self)
        await host.add_items([evolve(document, size=len(content), shared_at=as_utc(document.shared_at))])
        await self.forget_contents([document.id])
        pieces = [
            {"tenant": host.tenant, "document": document.id, "place": at // PIECE, "body": content[at : at + PIECE]}
            for at in range(0, len(content), PIECE)
        ]
        if pieces:
            await host.face.change(CONTENTS.insert(), pieces)

    async def unshare_document(self, id: str) -> None:
        """Take a document away again, with its content."""
        await cast("Any", self).changed(_UNSHARE, p_section=Documents.name, p_id=id)
        await self.forget_contents([id])

    async def withdraw_form(self, id: str) -> None:
        """The business does not want this form any more."""
        host = cast("Any", self)
        forms = SqlForms(host)
        form: FormRequest | None = await forms.one(id)
        if form is not None:
            await forms.change(evolve(form, state=FormState.WITHDRAWN))

    async def forget_contents(self, documents: Collection[str]) -> None:
        """The contents of documents that are gone."""
        host = cast("Any", self)
        named = listed({"p_documents": [id for id in documents if storable(id)]}, host.face.sqlite)
        await host.changed(_forgetting(host.face.sqlite), **named)
