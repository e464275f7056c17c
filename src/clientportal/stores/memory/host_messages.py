"""The conversations of the in-memory host, the twin of ``stores.sql.host_messages``."""

from __future__ import annotations

from datetime import datetime

from clientportal.ports.host import HostAnswer
from clientportal.sections.messages import Messages
from clientportal.stores.memory.kept_items import KeptItems
from clientportal.stores.memory.transaction import MemoryTransaction
from clientportal.values import RecordRef
from clientportal.values.messages import Message, WrittenBy

__all__ = ["MemoryMessages"]


class MemoryMessages(KeptItems, Messages):
    """Messages of the in-memory host."""

    def send(self, ref: RecordRef, text: str, at: datetime, key: str) -> HostAnswer:
        """File it. The id follows from the key, so that one message is filed once."""

        def write(tx: MemoryTransaction) -> HostAnswer:
            id = f"message-{key}"
            written = Message(id=id, ref=ref, at=at, written_by=WrittenBy.CLIENT, text=text, business=self.host.branch)
            self.add(tx, written)
            return HostAnswer(item=id)

        return self.once(key, write)
