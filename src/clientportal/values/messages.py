"""What a client and the business write to each other (V10): plain text, and never anything but text."""

from __future__ import annotations

import unicodedata
from datetime import datetime
from enum import StrEnum

from attrs import field, frozen

from clientportal.errors import InvalidInput
from clientportal.values.field_checks import as_member
from clientportal.values.field_checks import text as is_text
from clientportal.values.instants import as_utc, sortable
from clientportal.values.sections import SectionItem

__all__ = ["MAX_MESSAGE", "Message", "WrittenBy", "message_text", "readable"]

MAX_MESSAGE = 4_000
"""What a client writes has at most so many characters; what the business writes is as long as its platform allows."""

# Marks that turn the direction of what follows, or are not seen at all, so that a text shows something else than it
# says. The two joiners stay: Persian and many emoji cannot be written without them.
_UNSEEN = frozenset("\u00ad\u061c\u200b\u200e\u200f\ufeff") | frozenset(
    chr(code)
    for first, last in ((0x202A, 0x202E), (0x2060, 0x206F), (0xFFF9, 0xFFFB))
    for code in range(first, last + 1)
)


def readable(value: str) -> str:
    """Text over several lines as it may be shown: no controls, no marks that turn its direction, no half characters.

    It is shown as text: whoever puts it into a page escapes it, as the pages that come with the portal do.
    """
    lines = value.replace("\r\n", "\n").replace("\r", "\n").replace("\u2028", "\n").replace("\u2029", "\n")
    return "".join(
        c for c in lines if c in "\n\t" or (c not in _UNSEEN and unicodedata.category(c) not in ("Cc", "Cs"))
    )


def message_text(typed: object) -> str:
    """What a client has typed, as it is written down; raises :class:`~clientportal.errors.InvalidInput`."""
    if not isinstance(typed, str):
        raise InvalidInput(f"a message is text; this is {type(typed).__name__}")
    if len(typed) > MAX_MESSAGE:
        raise InvalidInput(f"a message has at most {MAX_MESSAGE} characters; this has {len(typed)}")
    shown = readable(typed).strip()
    if not shown:
        raise InvalidInput("a message says something: there is nothing in this one that could be read")
    return shown


class WrittenBy(StrEnum):
    """Who wrote a message."""

    CLIENT = "client"
    BUSINESS = "business"


def _written_by(value: WrittenBy | str) -> WrittenBy:
    return as_member(WrittenBy, value, "writer of a message")


def _shown(value: str) -> str:
    # What is no text is refused by the field's own check, which says so.
    return readable(value) if isinstance(value, str) else value  # pyright: ignore[reportUnnecessaryIsInstance]


@frozen(kw_only=True)
class Message(SectionItem):
    """One message of the conversation between a client and the business.

    ``at`` is when it was written, aware UTC. ``text`` is plain text of any number of lines, without controls and marks
    that turn its direction, whoever handed it over. ``author`` is the name that the business signs with, if it does.
    """

    at: datetime = field(converter=as_utc)
    written_by: WrittenBy = field(converter=_written_by)
    text: str = field(converter=_shown, validator=is_text, repr=False)
    author: str = field(default="", validator=is_text)

    @property
    def listed_by(self) -> str:
        """Newest first."""
        return sortable(self.at)
