"""Messages: one conversation between a client and the business (V10)."""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar

from clientportal.errors import HostError
from clientportal.ports.section import Given, Section
from clientportal.values import HostAnswer, RecordRef, SectionWrite
from clientportal.values.messages import Message

__all__ = ["Messages"]


class Messages(Section[Message]):
    """The port of messages. ``page`` lists one conversation for each client, newest first; ``one`` is not needed.

    A platform that keeps threads shows all of a client's in one, and files what a client writes wherever it likes. The
    records of a merged client are one conversation while they are merged: ``page`` is asked for all of them.
    """

    name: ClassVar[str] = "messages"
    item: ClassVar[type[Message]] = Message
    actions: ClassVar[tuple[str, ...]] = ("send",)

    def send(self, ref: RecordRef, text: str, at: datetime, key: str) -> Given[HostAnswer]:
        """File what a client has written, for that record; answers with the ``item``'s id.

        ``at`` is when they did, aware UTC. ``text`` is at most 4,000 characters of plain text, never markup: escape it
        wherever it is shown. In a franchise it is for the business at whose door it was written: ``self.host.branch``.
        """
        raise HostError(f"{type(self).__name__}.send is not implemented, though a client has written to the business")

    def write(self, change: SectionWrite, key: str) -> Given[HostAnswer]:
        """``send`` is the only action."""
        fields = change.fields
        return self.send(change.ref, fields["text"], datetime.fromisoformat(fields["at"]), key)
