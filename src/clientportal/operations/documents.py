"""Listing, counting and downloading the documents that are shared with a client (V4, V9).

Rule: ``rules/seeing_documents.py``. A download is as many units of work as it has chunks: nothing is held open while a
slow client reads, and each chunk is refused as soon as the session has ended or the document is no longer shared (I7).
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import datetime

from attrs import evolve, field, frozen

from clientportal.decisions import Because, Decision, Reason, Refusal, grant
from clientportal.errors import HostError
from clientportal.operations.frame import Denied, Operation, Reading
from clientportal.operations.paging import Paged, check_limit
from clientportal.operations.performing import perform
from clientportal.operations.sections import OpenSection, item_of, open_section
from clientportal.operations.sessions import Nothing
from clientportal.operations.setting import Caller, Setup
from clientportal.outcomes.papers import Download
from clientportal.policy import Policy
from clientportal.records.papers import DocumentsSeen
from clientportal.rules.seeing_documents import (
    Opening,
    anything_new,
    content_disposition,
    counted_since,
    extent_of,
    mark_seen,
    safe_media_type,
    safe_name,
)
from clientportal.values import ItemPage, RecordRef
from clientportal.values.documents import Document
from clientportal.values.sections import MAX_ITEM_ID

__all__ = ["NEW_DOCUMENTS", "UNIT", "DownloadOf", "ListDocuments", "count_new", "download", "list_documents"]

UNIT = 256 * 1024
"""How many bytes the platform is asked for at a time."""


# --- the list, and what is new in it ---------------------------------------------------------------------------------


@frozen
class ListDocuments(Paged):
    """From where, how many."""

    after: str | None = None
    limit: int = field(default=20, converter=check_limit)


@frozen
class _Listed:
    page: ItemPage[Document]
    new: bool


async def _marks(reading: Reading, refs: tuple[RecordRef, ...], *, lock: bool = False) -> dict[str, DocumentsSeen]:
    return dict(await reading.state.get_many(DocumentsSeen, sorted({str(ref) for ref in refs}), lock=lock))


def _newest(page: ItemPage[Document]) -> dict[RecordRef, datetime]:
    shown: dict[RecordRef, datetime] = {}
    for one in page.items:
        shown[one.ref] = max(one.shared_at, shown.get(one.ref, one.shared_at))
    return shown


async def _load_list(reading: Reading, asked: ListDocuments) -> _Listed:
    opened = await open_section(reading, "documents")
    if not opened.refs:
        return _Listed(ItemPage(), new=False)
    page = await opened.port.page(opened.refs, asked.after, asked.limit)
    shown = _newest(page)
    new = reading.viewer is None and anything_new(shown, await _marks(reading, tuple(shown)))
    return _Listed(page, new)


_LIST = Operation[ListDocuments, _Listed, _Listed](
    name="documents",
    load=_load_list,
    decide=lambda seen, _asked, _policy, _now: grant(seen, Because("who_may_see.own")),
    writes=False,
)


@frozen
class _Seen:
    """What was on a page of the list."""

    shown: tuple[tuple[RecordRef, datetime], ...]
    first: bool


async def _load_seen(reading: Reading, asked: _Seen) -> Opening:
    opened = await open_section(reading, "documents")
    mine = frozenset(opened.refs)
    shown = {ref: shared_at for ref, shared_at in asked.shown if ref in mine}
    held = await _marks(reading, opened.refs if asked.first else tuple(shown), lock=True)
    return Opening(shown, asked.first, held)


_MARK_SEEN = Operation[_Seen, Opening, int](
    name="documents_seen",
    load=_load_seen,
    decide=lambda seen, _asked, _policy, _now: mark_seen(seen),
    audited=False,
    previewable=False,
)


async def list_documents(
    setup: Setup, caller: Caller, asked: ListDocuments, *, preview: bool = False
) -> ItemPage[Document]:
    """A page of the list; where something on it is new, that it was opened is written before it is handed out.

    The list is read in a unit that writes nothing, as most of its openings do not: and neither does a preview, nor a
    look through the client's eyes.
    """
    listed = await perform(setup, caller, _LIST, asked, preview=preview)
    if listed.new and not preview:
        shown = tuple(_newest(listed.page).items())
        await perform(setup, caller, _MARK_SEEN, _Seen(shown, first=asked.after is None))
    return listed.page


async def count_new(reading: Reading, opened: OpenSection) -> int:
    """How many documents were shared since the client last opened the list: a count in the database for each mark, and
    a client whose records were not merged since has one.
    """
    total = 0
    for since, refs in counted_since(opened.refs, await _marks(reading, opened.refs)):
        said = await opened.port.ask("newer", refs, since)
        if not isinstance(said, int) or isinstance(said, bool) or said < 0:
            raise HostError(f"documents.newer() answers with a number, 0 or more; this answered with {said!r}")
        total += said
    return total


async def _load_new(reading: Reading, _asked: Nothing) -> int:
    return await count_new(reading, await open_section(reading, "documents"))


NEW_DOCUMENTS = Operation[Nothing, int, int](
    name="new_documents",
    load=_load_new,
    decide=lambda seen, _asked, _policy, _now: grant(seen, Because("documents.count_new")),
    writes=False,
)


# --- downloading -----------------------------------------------------------------------------------------------------


@frozen
class DownloadOf:
    """Which document, and which part of it."""

    id: str
    offset: int = 0
    length: int | None = None


def _subject(asked: DownloadOf | _Piece) -> str:
    return asked.id[:MAX_ITEM_ID]


async def _load_document(reading: Reading, asked: DownloadOf) -> Document:
    opened = await open_section(reading, "documents")
    found: Document = await item_of(opened, asked.id)
    extent_of(found.size, asked.offset, asked.length)
    return found


@frozen
class _Piece:
    """A part of the document as it was when its download began."""

    id: str
    version: str
    whole: int
    offset: int
    size: int


async def _load_piece(reading: Reading, asked: _Piece) -> bytes:
    opened = await open_section(reading, "documents")
    document: Document = await item_of(opened, asked.id)
    if (document.version, document.size) != (asked.version, asked.whole):
        # The rest would be of another document: what is half the one and half the other is neither.
        raise Denied(Refusal(Reason.CHANGED_MEANWHILE, Because("documents.chunk", (("document", asked.id),))))
    piece = await opened.port.ask("chunk", document, asked.offset, asked.size)
    if not isinstance(piece, bytes):
        raise HostError(f"documents.chunk() answers with bytes; this answered with {type(piece).__name__}")
    if len(piece) != asked.size:
        raise HostError(
            f"documents.chunk() was asked for {asked.size} bytes from {asked.offset} on and answered with {len(piece)}"
        )
    return piece


def _decide_document(seen: Document, _asked: DownloadOf, _policy: Policy, _now: datetime) -> Decision[Document]:
    return grant(seen, Because("who_may_see.own", (("section", "documents"),)))


_DOWNLOAD = Operation[DownloadOf, Document, Document](
    name="download", load=_load_document, decide=_decide_document, subject=_subject, writes=False
)
_PIECE = Operation[_Piece, bytes, bytes](
    name="download_chunk",
    load=_load_piece,
    decide=lambda seen, _asked, _policy, _now: grant(seen, Because("who_may_see.own", (("section", "documents"),))),
    subject=_subject,
    writes=False,
    # Staff who look through a client's eyes are in the audit with the download that it is a chunk of.
    audited=False,
)


async def download(
    setup: Setup, caller: Caller, asked: DownloadOf, *, preview: bool = False
) -> Download[AsyncIterator[bytes]]:
    """Begin a download; each chunk is read when it is asked for."""
    document = await perform(setup, caller, _DOWNLOAD, asked, preview=preview)
    length = extent_of(document.size, asked.offset, asked.length)
    name = safe_name(document.name)
    return Download(
        name=name,
        media_type=safe_media_type(document.media_type),
        size=document.size,
        offset=asked.offset,
        length=length,
        content_disposition=content_disposition(document.name),
        chunks=_chunks(setup, caller, document, asked.offset, length),
    )


async def _chunks(setup: Setup, caller: Caller, document: Document, offset: int, length: int) -> AsyncIterator[bytes]:
    first = _Piece(document.id, document.version, document.size, offset, 0)
    end = offset + length
    for start in range(offset, end, UNIT):
        yield await perform(setup, caller, _PIECE, evolve(first, offset=start, size=min(UNIT, end - start)))
