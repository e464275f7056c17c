"""Being told what a portal does: the port for logs, traces and metrics.

Hand an :class:`Observer` to ``Portal(observer=…)``; two that ship are in ``clientportal.observers``. What is told is
made to be kept where many read: kinds, names of operations and reasons, counts and lengths of time. Never a secret, a
contact, a name, or a text that somebody typed; of a client not even a digest of the id, for a digest of a short id is
the id to whoever tries them all. Who it was stands in the audit, which has its own readers.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

from attrs import field, frozen

from clientportal.decisions import Reason

__all__ = ["Begun", "Ended", "Happened", "Happening", "Observer", "Outcome"]


class Outcome(StrEnum):
    """How an operation ended."""

    DONE = "done"
    REFUSED = "refused"
    """By the rules: a client's ordinary day, most of the time."""
    INVALID = "invalid"
    """What was handed in can never work."""
    FAILED = "failed"
    """Something broke: the store, the platform, or the library."""


@frozen
class Begun:
    """An operation begins. ``name`` is what the audit calls it, ``caller`` a visitor, client, staff or the system.

    ``branch`` is the business of a franchise whose door it is, if it is one's. ``preview``: tried without effect.
    """

    name: str
    caller: str
    business: str
    branch: str = ""
    preview: bool = False


@frozen
class Ended:
    """How it ended: with the true reason of a refusal, which the client may not have been told.

    ``rule`` is the file and the function that decided, as in the audit; ``error`` the class of what was raised.
    ``tries`` counts how often it was read and decided, ``conflicts`` how often somebody else was faster. ``replayed``:
    an earlier answer was given again, by its idempotency key. ``seconds`` are of a clock that is never set back.
    """

    begun: Begun
    outcome: Outcome
    seconds: float
    reason: Reason | None = None
    rule: str = ""
    error: str = ""
    tries: int = 0
    conflicts: int = 0
    replayed: bool = False


class Happening(StrEnum):
    """What else is told."""

    MESSAGE_TAKEN = "message_taken"
    MESSAGE_SENT = "message_sent"
    MESSAGE_PUT_OFF = "message_put_off"
    MESSAGE_DROPPED = "message_dropped"
    """Not to be sent after all: nobody there, expired, or over a budget."""
    MESSAGE_ABANDONED = "message_abandoned"
    """Given up: staff see it."""
    PUMP_RAN = "pump_ran"
    PURGE_RAN = "purge_ran"
    AUDIT_SEALED = "audit_sealed"
    AUDIT_BROKEN = "audit_broken"
    """The end of the audit's chain does not hold, or verifying has found what does not."""
    GATE_BUSY = "gate_busy"
    """Every place to hash a password at was taken for too long: somebody was refused for it."""
    HOST_FAILED = "host_failed"
    SENDER_FAILED = "sender_failed"
    STORE_FAILED = "store_failed"


@frozen
class Happened:
    """Something besides an operation. ``facts`` are words and numbers of this library: the id and kind of a message, a
    channel, counts, the class of an error.
    """

    kind: Happening
    business: str
    facts: Mapping[str, str | int] = field(factory=dict[str, "str | int"])


class Observer:
    """Is told what a portal does; make a subclass of it with the methods that you need.

    Called in the thread, or in the task, that does it, and waited for: hand on what takes long. What is raised here
    breaks no operation; it is said once in the log ``clientportal.observing``, and the next thing is told all the same.
    """

    def began(self, begun: Begun) -> object:
        """An operation begins; what is returned comes back with its end. Operations stand inside one another."""
        return None

    def ended(self, ended: Ended, token: object) -> None:
        """It has ended. ``token`` is what :meth:`began` returned."""

    def happened(self, happened: Happened) -> None:
        """Something happened besides."""
