"""What may this member of staff do? Least by default: what is not named is not allowed."""

from __future__ import annotations

from collections.abc import Collection
from enum import StrEnum

from clientportal.decisions import Because, Reason, Refusal

__all__ = ["OWNER", "RECEPTION", "Permission", "may"]


class Permission(StrEnum):
    """One thing that staff may do. The host decides who has which; nothing follows from anything else."""

    SEE_CLIENTS = "see_clients"
    """Look at the client list and at a client's profile, internal notes included."""
    ADD_CLIENTS = "add_clients"
    """Add single clients."""
    CHANGE_CLIENTS = "change_clients"
    """Write a client's fields, internal notes included."""
    DELETE_CLIENTS = "delete_clients"
    """Delete clients, and single appointments, for good."""
    SEE_DUPLICATES = "see_duplicates"
    """Look at the duplicate report, and at what was merged."""
    MERGE = "merge"
    """Merge, undo, and say "not a duplicate". The plan of a merge has birthday, notes, custom fields and consents only
    together with ``see_clients``."""
    CHANGE_APPOINTMENTS = "change_appointments"
    """Move and cancel any appointment of the business, whatever its policy lets clients do."""
    ASSIGN = "assign"
    """Say whose account an appointment is, and clear that."""
    LINK_ACCOUNTS = "link_accounts"
    """Say which accounts see which record; see which do."""
    SEND_LINKS = "send_links"
    """Make signed change/cancel links, and send them."""
    END_SESSIONS = "end_sessions"
    """Log a client out everywhere."""
    RESET_PASSWORDS = "reset_passwords"
    """Reset or set a client's password where the policy lets staff; take a lost authenticator app off."""
    UNBLOCK = "unblock"
    """Lift a lane that wrong tries have stopped; give a detached number back."""
    EXPLAIN = "explain"
    """Ask why: whom a contact finds, what a client may change, which sessions are open."""
    SEE_AUDIT = "see_audit"
    """Read the audit, and the messages that could not be delivered."""
    REPLAY_POLICY = "replay_policy"
    """See what every client would gain or lose under another policy."""
    INVITE = "invite"
    """Mail a client an invitation to an account (where the policy lets staff register)."""
    IMPORT_CLIENTS = "import_clients"
    """Add clients from a file."""
    EXPORT_CLIENTS = "export_clients"
    """Take the whole client list away as a file."""
    EXPORT_PERSON = "export_person"
    """Hand out everything that is held about one client."""
    ERASE = "erase"
    """Erase one client for good."""
    NOTIFY = "notify"
    """Tell a client something in the portal, and by email where the business mails notices."""
    VIEW_AS_CLIENT = "view_as_client"
    """Look at the portal through a client's eyes, without touching anything."""

    PAYMENTS = "payments"
    """See the payments that clients have begun, the stuck ones too, and note that one was dealt with."""


RECEPTION = frozenset(
    {
        Permission.SEE_CLIENTS,
        Permission.ADD_CLIENTS,
        Permission.CHANGE_CLIENTS,
        Permission.CHANGE_APPOINTMENTS,
        Permission.SEND_LINKS,
        Permission.END_SESSIONS,
        Permission.UNBLOCK,
        Permission.EXPLAIN,
    }
)
"""What the front desk needs while a client is on the telephone: nothing that joins records, nothing that is about
everybody, no looking through a client's eyes. A plain set of names: take one out, or put one in, as you like.
"""
OWNER = frozenset(Permission)
"""Everything that staff can do, and whatever a later version adds: for whoever answers for the business. To grant what
exists today and nothing else, name it.
"""


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
