"""What is in the documents of the in-memory host."""

from __future__ import annotations

from collections.abc import Collection
from typing import cast

from clientportal.stores.memory.transaction import MemoryTransaction

__all__ = ["content_of", "forget_contents", "keep_content"]

_CONTENTS = "contents"


def keep_content(tx: MemoryTransaction, document: str, content: bytes) -> None:
    """The content of a document, in place of what there was."""
    tx.put(_CONTENTS, document, content)


def content_of(tx: MemoryTransaction, document: str) -> bytes:
    """The content of a document; of none there is nothing."""
    return cast("bytes | None", tx.get(_CONTENTS, document)) or b""


def forget_contents(tx: MemoryTransaction, documents: Collection[str]) -> None:
    """The contents of documents that are gone."""
    for id in documents:
        tx.remove(_CONTENTS, id)
