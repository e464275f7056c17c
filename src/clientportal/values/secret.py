"""A wrapper for text that must not reach a log, a repr, an error or a pickle."""

from __future__ import annotations

import hmac
from typing import NoReturn, final

from clientportal.errors import SecretUsedAsText

__all__ = ["Secret"]


@final
class Secret:
    """Text that shows itself only through :meth:`reveal`.

    >>> token = Secret("s3cr3t")
    >>> token
    Secret('…')
    >>> token.reveal()
    's3cr3t'

    Comparison is in constant time over UTF-8 bytes. Formatting gives the mask, never the text; a copy is the same
    object; pickling raises :class:`~clientportal.errors.SecretUsedAsText`.
    """

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        self._text = text

    def reveal(self) -> str:
        """The text itself. Calling this is the one sign that it is meant."""
        return self._text

    def __repr__(self) -> str:
        return "Secret('…')"

    __str__ = __repr__

    def __format__(self, spec: str) -> str:
        return format(repr(self), spec)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Secret):
            return NotImplemented
        return hmac.compare_digest(
            self._text.encode("utf-8", "surrogatepass"), other._text.encode("utf-8", "surrogatepass")
        )

    def __hash__(self) -> int:
        return hash(("Secret", self._text))

    def __bool__(self) -> bool:
        return bool(self._text)

    def __reduce__(self) -> NoReturn:
        raise SecretUsedAsText("a Secret cannot be pickled; call reveal() where the text is really needed")

    def __copy__(self) -> Secret:
        return self

    def __deepcopy__(self, _memo: object) -> Secret:
        return self
