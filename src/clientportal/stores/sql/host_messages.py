"""The conversations of the shipped SQL host."""

from __future__ import annotations

from datetime import datetime

from clientportal.ports.host import HostAnswer
from clientportal.sections.messages import Messages
from clientportal.stores.sql.kept_items import KeptItems
from clientportal.values import RecordRef
from clientportal.values.messages import Message, WrittenBy

__all__ = ["SqlMessages"]


class SqlMessages(KeptItems, Messages):
    """Messages in ``cp_host_items``."""

    async def send(self, ref: RecordRef, text: str, at: datetime, key: str) -> HostAnswer:
        """File it. The id follows from the key, so that one message is filed once."""
        id = f"message-{key}"
        written = Message(id=id, ref=ref, at=at, written_by=WrittenBy.CLIENT, text=text, business=self.host.branch)
        await self.add(written)
        return HostAnswer(item=id)
