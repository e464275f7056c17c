"""How the command ends, and what it says then: one sentence, and a code that a script can tell apart."""

from __future__ import annotations

from enum import IntEnum

from clientportal.errors import ClientPortalError, Conflict, HostError, Refused, StoreError

__all__ = ["Exit", "Misconfigured", "exit_of", "sentence_of"]


class Exit(IntEnum):
    """What the command exits with."""

    DONE = 0
    FOUND = 1
    """It was carried out, and found what somebody should look at: a broken audit, a part that failed, a policy that is
    none."""
    USAGE = 2
    """It was called in a way that means nothing."""
    REFUSED = 3
    """The library says no: something handed in, or set up, cannot work."""
    FAILED = 4
    """The store, the platform or something else failed: trying again may help."""
    INTERRUPTED = 130
    """Ctrl-C."""


class Misconfigured(ClientPortalError):
    """The portal, the database or a file that a command is about cannot be found."""


def exit_of(error: BaseException) -> Exit:
    """The code for what was raised."""
    if isinstance(error, StoreError | HostError | Conflict):
        return Exit.FAILED
    return Exit.REFUSED if isinstance(error, ClientPortalError) else Exit.FAILED


def sentence_of(error: BaseException) -> str:
    """What is said of it: the library's own words; of anybody else's error its class alone: it may hold a secret."""
    if isinstance(error, Refused):
        return f"{error.reason.value}: {error.staff_text}"
    if isinstance(error, ClientPortalError):
        return str(error)
    return f"{type(error).__name__} (more with --debug)"
