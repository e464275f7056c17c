"""What the doors give back about passwords, second factors, and accounts that staff or the platform deal with."""

from __future__ import annotations

from enum import StrEnum

from attrs import field, frozen

from clientportal.decisions import Refusal
from clientportal.outcomes.clients import SignedIn
from clientportal.values import RecordRef, Secret

__all__ = [
    "Enrolment",
    "AccountImport",
    "ImportedAccount",
    "AccountRow",
    "AccountRowOutcome",
    "PasswordReset",
    "RecoveryCodes",
    "ResetRow",
]


@frozen
class Enrolment:
    """A new authenticator app: show ``uri`` as a QR code, and ``secret`` for typing it in. Both are secrets.

    Nothing is asked of the app until ``client.confirm_second_factor`` was given a code of it.
    """

    uri: Secret
    secret: Secret


@frozen
class RecoveryCodes:
    """Each lets its owner in once without the app. They are shown this once: only digests of them are kept.

    ``signed_in`` is the session under its new token, where it has one.
    """

    codes: tuple[Secret, ...]
    signed_in: SignedIn | None = None


@frozen
class PasswordReset:
    """Staff have reset a password: ``ended`` sessions are over. ``mailed`` says that a link is on its way."""

    account: str
    ended: int
    mailed: bool


@frozen
class ResetRow:
    """One row of a reset of many: whom it was asked for, and what came of it or why nothing did."""

    asked: RecordRef | str
    reset: PasswordReset | None = None
    refusal: Refusal | None = None


def _hidden(value: Secret | str | None) -> Secret | None:
    """What is no text at all is said by the import, with its row."""
    return Secret(value) if isinstance(value, str) else value


@frozen(kw_only=True)
class ImportedAccount:
    """One account of the platform's past.

    ``email`` as the platform has it; ``password_hash`` as it stands in its table, of a kind that the portal was given
    as ``past_hashes``, or argon2; without one, the client sets a password by email. ``ref`` is the client row that the
    account was for.

    ``verified`` may be filled from the platform's own table, and **is ignored**. The attack (the fifth of Sudhodanan &
    Paverd, "non-verifying source"): somebody registered at the platform with an email that is not theirs, and the
    platform calls it verified because it never asked. So an imported email proves nothing: the password works, the
    account shows the row that the platform names, and the first proof of the mailbox takes the password away from
    whoever has it and is not the mailbox's owner.
    """

    email: str = field(repr=False)
    password_hash: Secret | None = field(default=None, converter=_hidden, repr=False)
    ref: RecordRef | None = None
    first_name: str | None = None
    last_name: str | None = None
    phone: str | None = field(default=None, repr=False)
    verified: bool = False


class AccountRowOutcome(StrEnum):
    """What became of one row of an import."""

    ADDED = "added"
    LINKED = "linked"
    """The account was there, from another row with the same email and hash: it shows this record as well."""
    UNCHANGED = "unchanged"
    """The account was there: nothing of it was touched."""
    REFUSED = "refused"


@frozen
class AccountRow:
    """One row: its number (from 1), what became of it, and why where it was refused; ``account`` where there is one."""

    number: int
    outcome: AccountRowOutcome
    account: str | None = None
    problem: str = ""


@frozen
class AccountImport:
    """Every row, in order."""

    rows: tuple[AccountRow, ...]

    def count(self, outcome: AccountRowOutcome | str) -> int:
        """How many rows came to that."""
        return sum(row.outcome is AccountRowOutcome(outcome) for row in self.rows)
