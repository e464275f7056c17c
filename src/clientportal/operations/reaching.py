"""By what a person can be reached, and what is read when a notice leaves by email. Rule: ``rules/notifying.py``."""

from __future__ import annotations

from clientportal.operations.frame import Reading
from clientportal.operations.people import group_of
from clientportal.operations.portraits import Portrait, portrait
from clientportal.operations.preferences import load_preferences
from clientportal.records import Notice, OutboxMessage
from clientportal.rules.notifying import Noticing
from clientportal.rules.whom_to_tell import Reachable
from clientportal.values import RecordRef

__all__ = ["load_noticing", "reachable"]


def reachable(ref: RecordRef, seen: Portrait) -> Reachable:
    demo = any(one.demo for one in seen.records if one.ref == ref)
    return Reachable(ref, seen.fields["mobile"].value, seen.fields["email"].value, demo)


async def load_noticing(reading: Reading, message: OutboxMessage) -> Noticing:
    """The notice and whoever the record is by now; read when it leaves, like everything that is sent (V3)."""
    assert message.ref is not None
    group = await group_of(reading, RecordRef.parse(message.ref))
    seen = await portrait(reading, group)
    notice = await reading.state.get(Notice, message.facts["notice"])
    wants = await load_preferences(reading, group.refs)
    return Noticing(message, notice, reachable(group.root, seen) if seen.records else None, wants)
