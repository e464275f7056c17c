"""Which documents are new to a client, and what may a browser be told about one that it downloads?

The attack: a name is whatever somebody called a file. With a line break it adds a header of its own to the response,
with a quote it ends the header's text early, with ``../`` it climbs out of the folder for downloads, and with a mark of
direction before its last letters an ``.exe`` reads as a PDF. A media type that browsers execute (HTML, SVG, XML) runs
as a page of the portal with the client's session. So a name is told in ASCII and once more percent-encoded (RFC 6266,
RFC 8187), without anything that is no plain character; a type only where it is known to be inert; and every document
as an attachment.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping, Sequence
from datetime import datetime
from urllib.parse import quote

from attrs import evolve, frozen

from clientportal.decisions import Because, Decision, grant
from clientportal.errors import InvalidInput
from clientportal.records import Put
from clientportal.records.papers import DocumentsSeen
from clientportal.values import RecordRef

__all__ = [
    "Opening",
    "anything_new",
    "content_disposition",
    "counted_since",
    "extent_of",
    "mark_seen",
    "safe_media_type",
    "safe_name",
]

# --- what is new (V4) ------------------------------------------------------------------------------------------------


@frozen
class Opening:
    """A page of the list that a client has opened: when the newest of each record's documents on it was shared.

    ``held`` are the marks of those records, and on the first page of all the client's records.
    """

    shown: Mapping[RecordRef, datetime]
    first: bool
    held: Mapping[str, DocumentsSeen]


def anything_new(shown: Mapping[RecordRef, datetime], held: Mapping[str, DocumentsSeen]) -> bool:
    """Whether the page has a document that its record's client had not opened the list for yet."""
    return any(str(ref) not in held or held[str(ref)].upto < shared_at for ref, shared_at in shown.items())


def mark_seen(seen: Opening) -> Decision[int]:
    """Remember that the list was opened; a mark never goes back, and nothing is written where nothing is new.

    The first page has the newest document of all: everything that any of the records has is seen then, and all marks
    are one, so that what is new can be counted in one question. A later page tells of the records on it alone.
    """
    because = Because(
        "seeing_documents.mark_seen", (("records", str(len(seen.shown))), ("first page", str(seen.first)))
    )
    if not anything_new(seen.shown, seen.held):
        return grant(0, because)
    upto = max((*seen.shown.values(), *(mark.upto for mark in seen.held.values())))
    wanted = {str(ref) for ref in seen.shown} | (set(seen.held) if seen.first else set[str]())
    writes = tuple(
        Put(evolve(seen.held[id], upto=upto) if id in seen.held else DocumentsSeen(id=id, upto=upto))
        for id in sorted(wanted)
        if id not in seen.held or seen.held[id].upto < upto
    )
    return grant(len(writes), because, writes)


def counted_since(
    refs: Sequence[RecordRef], held: Mapping[str, DocumentsSeen]
) -> tuple[tuple[datetime | None, tuple[RecordRef, ...]], ...]:
    """Since when each record's documents are new: the records by their mark, those without one first."""
    by_mark: dict[datetime | None, list[RecordRef]] = {}
    for ref in refs:
        mark = held.get(str(ref))
        by_mark.setdefault(None if mark is None else mark.upto, []).append(ref)
    order = sorted(by_mark, key=lambda since: (since is not None, "" if since is None else since.isoformat()))
    return tuple((since, tuple(by_mark[since])) for since in order)


# --- what is handed out ----------------------------------------------------------------------------------------------


def extent_of(size: int, offset: int, length: int | None) -> int:
    """How many bytes are handed out from ``offset`` on: to the end where no ``length`` is asked for, and never beyond
    it.
    """
    for name, value in (("offset", offset), ("length", length)):
        if value is not None and (not isinstance(value, int) or isinstance(value, bool) or value < 0):  # pyright: ignore[reportUnnecessaryIsInstance]
            raise InvalidInput(f"download: {name} is a number of bytes, 0 or more")
    if offset > size or (offset == size and size > 0):
        raise InvalidInput(f"download: the document has {size} bytes; there is nothing from byte {offset} on")
    return size - offset if length is None else min(length, size - offset)


UNKNOWN = "application/octet-stream"
_INERT = frozenset(
    {
        "application/gzip",
        "application/json",
        "application/msword",
        "application/pdf",
        "application/rtf",
        "application/vnd.ms-excel",
        "application/vnd.ms-powerpoint",
        "application/vnd.oasis.opendocument.presentation",
        "application/vnd.oasis.opendocument.spreadsheet",
        "application/vnd.oasis.opendocument.text",
        "application/vnd.openxmlformats-officedocument.presentationml.presentation",
        "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
        "application/zip",
        "audio/aac",
        "audio/mp4",
        "audio/mpeg",
        "audio/ogg",
        "audio/wav",
        "audio/webm",
        "image/avif",
        "image/bmp",
        "image/gif",
        "image/heic",
        "image/heif",
        "image/jpeg",
        "image/png",
        "image/tiff",
        "image/webp",
        "text/calendar",
        "text/csv",
        "text/plain",
        "video/mp4",
        "video/mpeg",
        "video/ogg",
        "video/quicktime",
        "video/webm",
    }
)


def safe_media_type(media_type: str) -> str:
    """The type that a browser is told: one that is known to be inert, without parameters, else plain bytes.

    What browsers execute is a list that grows (``image/svg+xml``, ``text/xsl``, ``multipart/related``), so what is
    told is the list of what they do not.
    """
    essence = media_type.partition(";")[0].strip().lower()
    return essence if essence in _INERT else UNKNOWN


_MOST_NAME = 150
_MOST_ENDING = 20
_NAMELESS = "document"


def safe_name(name: str) -> str:
    """A name that a file can have in any folder, and that reads as what it is.

    Controls, marks of direction and other invisible characters, lone surrogates and unassigned code points go; slashes
    become underscores, whatever they are spelt with; dots and spaces at either end go. A long name keeps its ending.
    """
    plain = "".join(map(_plain, unicodedata.normalize("NFC", name[:10_000])))
    trimmed = " ".join(plain.split()).strip(". ")
    if len(trimmed) > _MOST_NAME:
        stem, dot, ending = trimmed.rpartition(".")
        if stem and len(ending) <= _MOST_ENDING:
            trimmed = stem[: _MOST_NAME - len(ending) - 1].rstrip(". ") + dot + ending
        else:
            trimmed = trimmed[:_MOST_NAME].rstrip(". ")
    return trimmed or _NAMELESS


_SLASHES = frozenset("/\\\u2044\u2215\u29f8\uff0f\uff3c\ufe68\u29f5\u2216:")


def _plain(character: str) -> str:
    if character in _SLASHES:
        return "_"
    category = unicodedata.category(character)
    if category in ("Zs", "Zl", "Zp") or character in "\t\r\n":
        return " "
    return "" if category[0] == "C" else character


def content_disposition(name: str) -> str:
    """The header that makes a browser save the document under a safe form of that name (RFC 6266, RFC 8187)."""
    safe = safe_name(name)
    ascii_only = "".join(one if one.isascii() and one not in '"%;' else "_" for one in safe)
    return f"attachment; filename=\"{ascii_only}\"; filename*=UTF-8''{quote(safe, safe='')}"
