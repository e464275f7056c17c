"""Documents with their contents, and forms, of the in-memory host: the twin of ``stores.sql.host_papers``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, cast

from attrs import evolve

from clientportal.errors import Conflict
from clientportal.ports.host import AnswerKind, HostAnswer
from clientportal.sections.documents import Documents
from clientportal.sections.forms import Forms
from clientportal.stores.memory.contents import content_of, forget_contents, keep_content
from clientportal.stores.memory.host_rows import OwnedRow, next_version
from clientportal.stores.memory.kept_items import KeptItems, items_table
from clientportal.stores.memory.transaction import MemoryTransaction
from clientportal.values import RecordRef
from clientportal.values.documents import Document
from clientportal.values.forms import FormRequest, FormState

__all__ = ["KeptPapers", "MemoryDocuments", "MemoryForms"]


class MemoryDocuments(KeptItems, Documents):
    """Documents of the in-memory host: a document is shared as long as it is there."""

    def chunk(self, document: Document, offset: int, size: int) -> bytes:
        """A part of its content."""
        with self.host.rows() as tx:
            return content_of(tx, document.id)[offset : offset + size]

    def newer(self, refs: Sequence[RecordRef], since: datetime | None) -> int:
        """How many were shared since."""
        wanted = frozenset(refs)
        with self.host.rows() as tx:
            found = [cast("Document", row.thing) for row in self.shown(tx) if row.ref in wanted]
        return sum(since is None or one.shared_at > since for one in found)


class MemoryForms(KeptItems, Forms):
    """Forms of the in-memory host."""

    def save_draft(self, form_id: str, version: str, answers: Mapping[str, str], key: str) -> HostAnswer:
        """Keep it."""
        return self._saved(form_id, version, answers, FormState.DRAFT, key)

    def submit(self, form_id: str, version: str, answers: Mapping[str, str], key: str) -> HostAnswer:
        """Save it."""
        return self._saved(form_id, version, answers, FormState.DONE, key)

    def _saved(self, form_id: str, version: str, answers: Mapping[str, str], state: FormState, key: str) -> HostAnswer:
        def write(tx: MemoryTransaction) -> HostAnswer:
            row = cast("OwnedRow[Any] | None", tx.get(items_table(self.name), form_id))
            if row is None:
                return HostAnswer(AnswerKind.DECLINED, note="there is no such form")
            before: FormRequest = row.thing
            if before.version != version:
                raise Conflict("the form has changed since it was read")
            self.change(tx, evolve(before, state=state, answers=dict(answers), saved_at=self.host.now()))
            return HostAnswer(item=form_id)

        return self.once(key, write)


class KeptPapers:
    """The part of the in-memory host that has to do with documents."""

    async def add_document(self, document: Document, content: bytes) -> None:
        """Share a document with its content, or replace the one of that id; its size follows from the content."""
        host = cast("Any", self)
        await host.add_items([evolve(document, size=len(content))])
        with host.rows() as tx:
            keep_content(tx, document.id, content)

    async def unshare_document(self, id: str) -> None:
        """Take a document away again, with its content."""
        with cast("Any", self).rows() as tx:
            tx.remove(items_table(Documents.name), id)
            forget_contents(tx, {id})

    async def withdraw_form(self, id: str) -> None:
        """The business does not want this form any more."""
        with cast("Any", self).rows() as tx:
            row = cast("OwnedRow[FormRequest] | None", tx.get(items_table(Forms.name), id))
            if row is not None:
                withdrawn = evolve(row.thing, state=FormState.WITHDRAWN, version=next_version(row.thing.version))
                tx.put(items_table(Forms.name), id, evolve(row, thing=withdrawn))
