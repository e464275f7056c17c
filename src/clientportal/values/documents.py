"""Documents that a business shares with a client (V9)."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from attrs import field, frozen

from clientportal.errors import InvalidInput
from clientportal.values.field_checks import one_of, text
from clientportal.values.holdings import HoldingKind
from clientportal.values.instants import as_utc, sortable
from clientportal.values.sections import Counted, SectionItem

__all__ = ["Document"]


def _size(instance: object, attribute: Any, value: Any) -> None:
    one_of(int)(instance, attribute, value)
    if isinstance(value, bool) or value < 0:
        raise InvalidInput("Document.size is a number of bytes, 0 or more")


@frozen(kw_only=True)
class Document(SectionItem):
    """One document that is shared with a client, without its content.

    ``name`` is what it was called where it came from, whatever stands in it: what a browser is told is made safe at
    every download. ``size`` is exact, in bytes: a download has that many or fails. ``version`` changes whenever the
    content does. ``uploaded_by`` is whom the client sees as its sender.
    """

    name: str = field(validator=text)
    media_type: str = field(default="application/octet-stream", validator=text)
    size: int = field(validator=_size)
    shared_at: datetime = field(converter=as_utc)
    uploaded_by: str = field(default="", validator=text)

    @property
    def listed_by(self) -> str:
        """Latest shared first."""
        return sortable(self.shared_at)

    @property
    def counted_as(self) -> Counted:
        """A document."""
        return Counted(HoldingKind.DOCUMENT)
