"""Documents that the business shares with a client (V9), and how they are handed over piece by piece."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import ClassVar

from clientportal.errors import HostError
from clientportal.ports.section import Given, Section
from clientportal.values.clients import RecordRef
from clientportal.values.documents import Document

__all__ = ["Documents"]


class Documents(Section[Document]):
    """The port of documents. ``page`` and ``one`` know **what is shared, and nothing else**: a document that is no
    longer shared is absent from the next call on, in the middle of a download as well (V9).

    ``page`` lists them latest shared first.
    """

    name: ClassVar[str] = "documents"
    item: ClassVar[type[Document]] = Document

    def chunk(self, document: Document, offset: int, size: int) -> Given[bytes]:
        """Exactly ``size`` bytes of its content from ``offset`` on; the portal never asks beyond ``document.size``.

        It asks for a few hundred kilobytes at a time, each in a unit of work of its own, after it has checked the
        session and the share again. Read no more than that into memory.
        """
        raise HostError(f"{type(self).__name__}.chunk is not implemented, though something asked for it")

    def newer(self, refs: Sequence[RecordRef], since: datetime | None) -> Given[int]:
        """How many documents are shared with those records that were shared after ``since`` (``None``: ever), counted
        in the database; for the dashboard (V4). A document that is listed for a ref is counted for it.
        """
        raise HostError(f"{type(self).__name__}.newer is not implemented, though something asked for it")
