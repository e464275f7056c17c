"""What may this member of staff do? Least by default: what is not named is not allowed."""

from __future__ import annotations

from collections.abc import Collection
from enum import StrEnum

from clientportal.decisions import Because, Reason, Refusal

__all__ = ["Permission", "may"]


class Permission(StrEnum):
    """One thing that staff may do. The host decides who has which; nothing follows from anything else."""

    SEE_CLIENTS = "see_clients"
    SEE_DUPLICATES = "see_duplicates"
    MERGE = "merge"
    """Merge, undo, and say "not a duplicate"."""
    CHANGE_APPOINTMENTS = "change_appointments"
    SEND_LINKS = "send_links"
    END_SESSIONS = "end_sessions"
    UNBLOCK = "unblock"
    """Lift a lane that wrong tries have stopped; give a detached number back."""
    EXPLAIN = "explain"
    SEE_AUDIT = "see_audit"
    REPLAY_POLICY = "replay_policy"


def may(permissions: Collection[Permission], needed: Permission | None) -> Refusal | None:
    """Refuse what was not granted by name."""
    if needed is None or needed in permissions:
        return None
    return Refusal(
        Reason.PERMISSION,
        Because(
            "who_may_manage.may", (("needed", needed.value), ("granted", ", ".join(sorted(permissions)) or "none"))
        ),
        facts={"permission": needed.value},
    )
