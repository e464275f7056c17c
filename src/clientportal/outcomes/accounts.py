"""What the doors give back about accounts."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from attrs import field, frozen

from clientportal.outcomes.clients import SignedIn
from clientportal.values import Secret

__all__ = ["AccountLine", "MailSent", "MailedLinkView", "Registered", "ResetDone"]


@frozen
class MailSent:
    """The same for everybody, known or not: a mail goes out where there is somebody to get it.

    ``expires_at`` is when its link stops working, ``resend_at`` when another one may be asked for; both aware UTC.
    """

    expires_at: datetime
    resend_at: datetime


@frozen
class Registered(SignedIn):
    """A registration, and the session that it opened at once (A16).

    The same whether the email has an account or not. ``account`` is the new account's id, ``resend_at`` (aware UTC)
    when another mail may be asked for.
    """

    account: str = field(kw_only=True)
    resend_at: datetime = field(kw_only=True)


@frozen
class MailedLinkView:
    """What a link in a mail is about, before it acts: for the page that asks "set a new password for …?".

    ``address`` is masked. ``consents`` (document -> edition) must be agreed to where following it makes a new account.
    """

    address: str
    expires_at: datetime
    consents: Mapping[str, str]


@frozen
class ResetDone:
    """A new password is set, and nobody is logged in by that. ``first``: the account is new, or had none.

    ``device`` is kept in a cookie, as after a login, and handed to ``portal.visitor(..., device=...)`` at the next one:
    this browser has shown the mailbox, so the owner logs in from it at once, whatever strangers have used up by
    guessing. It opens nothing. ``account`` is the account's id.
    """

    first: bool
    device: Secret = field(kw_only=True, repr=False)
    account: str = field(kw_only=True)


@frozen
class AccountLine:
    """One account, as staff find it by an email.

    ``logs_in``: it is the one that the email logs in to; the others have only typed it when registering. ``proved_at``
    is when somebody proved the email, ``None`` where nobody has. Times are aware UTC.
    """

    account_id: str
    email: str
    name: str
    created_at: datetime
    proved_at: datetime | None
    logs_in: bool
    has_password: bool
    second_factor: bool
