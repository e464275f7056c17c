"""Every error that this library raises on purpose.

::

    ClientPortalError
    ├── InvalidInput (also a ValueError)      what was handed in can never work
    │   ├── InvalidContact                    not a phone number, not an email address
    │   ├── InvalidCode                       typed text that cannot be a code (no try is charged)
    │   ├── InvalidCursor                     a paging cursor that this library did not make
    │   ├── InvalidField                      one field of what was typed is wrong; ``field`` names it
    │   ├── InvalidFile                       a file of clients whose header or encoding cannot be read
    │   └── InvalidAnswers                    a form with answers that cannot be taken; says which, and why
    ├── PolicyError (also a ValueError)       a policy that contradicts itself, or that cannot be carried out
    │   └── MissingCapability                 ... because the host does not declare what it needs
    ├── Refused                               the rules say no; carries a ``Refusal`` with its reason
    ├── DurableOperation                      an operation that must commit by itself was called in a host's transaction
    ├── Conflict                              the same things were changed meanwhile (joined units only: try again)
    ├── StoreError                            the store failed; whether the work is done is in ``committed``
    ├── HostError                             the host's adapter broke its contract
    ├── SendFailed                            raised *by* senders: the message did not leave
    └── SecretUsedAsText (also a TypeError)   somebody tried to pickle a secret

``Refused`` is the only one that a client's ordinary behaviour can cause on a sound installation, next to
``InvalidInput``. Neither carries secrets: their texts may be logged.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime, timedelta

    from clientportal.decisions import Reason, Refusal
    from clientportal.values.forms import AnswerProblem

__all__ = [
    "ClientPortalError",
    "Conflict",
    "DurableOperation",
    "HostError",
    "InvalidAnswers",
    "InvalidCode",
    "InvalidContact",
    "InvalidCursor",
    "InvalidField",
    "InvalidFile",
    "InvalidInput",
    "MissingCapability",
    "PolicyError",
    "Refused",
    "SecretUsedAsText",
    "SendFailed",
    "StoreError",
]


class ClientPortalError(Exception):
    """The root of the tree."""


class InvalidInput(ClientPortalError, ValueError):
    """A value that can never work, with a sentence that says what would."""


class InvalidContact(InvalidInput):
    """Not a phone number or an email address that can be used.

    ``problem`` is one stable word: ``empty``, ``too_long``, ``letters``, ``extension``, ``not_a_number``,
    ``not_an_address``, ``unsupported``.
    """

    def __init__(self, problem: str, message: str) -> None:
        super().__init__(message)
        self.problem = problem


class InvalidCode(InvalidInput):
    """Typed text that cannot be a one-time code (wrong length, letters). It is not charged as a try."""


class InvalidCursor(InvalidInput):
    """A paging cursor that was cut, changed, or made for another list."""


class InvalidField(InvalidInput):
    """One field of what was typed is wrong: ``field`` is its name, the message says what would be right."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(f"{field}: {message}")
        self.field = field


class InvalidFile(InvalidInput):
    """A file of clients that cannot be read as a whole: its header, or its encoding from some line on.

    ``line`` counts from 1, ``column`` is the name in the file's header; each is ``None`` where it is not about one.
    """

    def __init__(self, message: str, *, line: int | None = None, column: str | None = None) -> None:
        super().__init__(message)
        self.line = line
        self.column = column


class InvalidAnswers(InvalidInput):
    """Answers to a form that cannot be taken as they are: nothing was saved.

    ``problems`` has one entry for each question, in the form's order, with a stable ``code`` and what would be right;
    never what was typed.
    """

    def __init__(self, problems: tuple[AnswerProblem, ...]) -> None:
        said = "; ".join(f"{one.name}: {one.message}" for one in problems[:20])
        super().__init__(f"{len(problems)} of the answers cannot be taken: {said}")
        self.problems = problems


class PolicyError(ClientPortalError, ValueError):
    """A policy whose settings contradict each other. ``settings`` names them, dotted."""

    def __init__(self, message: str, settings: tuple[str, ...] = ()) -> None:
        super().__init__(message)
        self.settings = settings


class MissingCapability(PolicyError):
    """A policy needs something that the host does not declare. ``capability`` names it."""

    def __init__(self, message: str, settings: tuple[str, ...], capability: str) -> None:
        super().__init__(message, settings)
        self.capability = capability


class Refused(ClientPortalError):
    """The rules say no.

    ``client_text`` may be shown to the client; ``staff_text`` says more and may not. ``retry_at`` (aware UTC)
    is set where time heals it. ``refusal`` is the whole answer, with the rule, facts and settings behind it.
    """

    def __init__(self, refusal: Refusal, client_text: str, staff_text: str) -> None:
        super().__init__(f"{refusal.reason.value}: {client_text}")
        self.refusal = refusal
        self.client_text = client_text
        self.staff_text = staff_text

    @property
    def reason(self) -> Reason:
        """The stable reason code."""
        return self.refusal.reason

    @property
    def retry_at(self) -> datetime | None:
        """When it is worth trying again, aware UTC, or ``None`` where waiting does not help."""
        return self.refusal.retry_at


class DurableOperation(ClientPortalError):
    """An operation that judges a proof, spends a budget or revokes access was called inside a host's transaction.

    A rollback there would hand out free guesses, so it refuses before it reads anything. Call it outside of
    ``portal.on(connection)``.
    """


class Conflict(ClientPortalError):
    """Something that was read has changed since. Own units retry; in a joined unit the host's transaction must."""


class StoreError(ClientPortalError):
    """The store failed.

    ``committed`` is ``False`` where nothing was written and ``None`` where it cannot be known (the connection
    broke during COMMIT): retry with the same idempotency key.
    """

    def __init__(self, message: str, *, committed: bool | None = False) -> None:
        super().__init__(message)
        self.committed = committed


class HostError(ClientPortalError):
    """The host's adapter answered with something its contract rules out; the message says which method and what."""


class SendFailed(ClientPortalError):
    """Raised by a sender. ``permanent`` means that another try cannot work (the address does not exist).

    ``retry_after``: how long a provider wants to be left alone; the next try of this message is not before that.
    """

    def __init__(self, message: str, *, permanent: bool = False, retry_after: timedelta | None = None) -> None:
        super().__init__(message)
        self.permanent = permanent
        self.retry_after = retry_after


class SecretUsedAsText(ClientPortalError, TypeError):
    """A secret was pickled; formatting one gives its mask. ``reveal()`` says that it is meant."""
