"""What the doors answer with about documents and forms."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator, Mapping
from datetime import datetime
from typing import Generic, TypeVar

from attrs import field, frozen

__all__ = ["Download", "FormLinkView"]

C = TypeVar("C", Iterator[bytes], AsyncIterator[bytes])


@frozen(eq=False)
class Download(Generic[C]):
    """A document on its way to a client.

    ``size`` is that of the whole document, ``offset`` and ``length`` are the part that ``chunks`` gives: exactly that
    many bytes, or an error before the last of them. Before each chunk the session and the share are checked again:
    where either is over, the iterator raises ``Refused`` (I7), and the response has to be broken off. ``name`` and
    ``media_type`` are safe to tell a browser, whatever the document was called.
    """

    name: str
    media_type: str
    size: int
    offset: int
    length: int
    content_disposition: str
    chunks: C = field(repr=False)

    @property
    def partial(self) -> bool:
        """Whether it is a part of the document: answer with ``206 Partial Content`` then."""
        return self.length < self.size

    @property
    def headers(self) -> Mapping[str, str]:
        """What a response with it says: it is saved and never shown, never guessed at, and kept in no cache."""
        said = {
            "Content-Type": self.media_type,
            "Content-Disposition": self.content_disposition,
            "Content-Length": str(self.length),
            "Accept-Ranges": "bytes",
            "Cache-Control": "private, no-store",
            "Content-Security-Policy": "sandbox; default-src 'none'",
            "X-Content-Type-Options": "nosniff",
        }
        if self.partial and self.length:
            said["Content-Range"] = f"bytes {self.offset}-{self.offset + self.length - 1}/{self.size}"
        return said


@frozen
class FormLinkView:
    """A form's link that is good: which form it leads to, and until when. Whose it is takes a session to learn (T2)."""

    form_id: str
    expires_at: datetime
