"""Sign-in links: when they are offered, what they open, what a first proof takes away; and where such mails go."""

from __future__ import annotations

from typing import Any

import pytest
from attrs import evolve

from clientportal.decisions import Reason, Refusal
from clientportal.policy import Policy
from clientportal.records import (
    Credential,
    GuessCounter,
    Identifier,
    MailedLink,
    MailPurpose,
    MessageKind,
    OutboxMessage,
    Session,
)
from clientportal.rules.account_sessions import AccountSight
from clientportal.rules.first_proof import Unproved
from clientportal.rules.mailed_links import Mailing, MailRequest, where_to_mail
from clientportal.rules.sign_in_links import SigningInByLink, judge_offered, look, request_link, sign_in_by_link
from clientportal.rules.whom_to_tell import Tell
from rules.emails import ANA, DAY, FRESH, HERS, NOW, TIMETAP, account, everything, mailed, message, put, removed

LINKS: Policy = evolve(TIMETAP, accounts=evolve(TIMETAP.accounts, sign_in_links=True))
LINK = mailed("link", MailPurpose.SIGN_IN, account=None)


def signing_in(identifier: Identifier | None, **more: Any) -> SigningInByLink:
    """Ana's link comes back."""
    ana = everything("ana", identifiers=(), **more)
    seen = Unproved(ANA, identifier, () if identifier is None else (ana,))
    sight = None if identifier is None else AccountSight(ana.account)
    return SigningInByLink(LINK, seen, sight, FRESH, "notice")


def asked(**more: Any) -> MailRequest:
    """A link is asked for."""
    return MailRequest(
        purpose=MailPurpose.SIGN_IN, identity=ANA, address="ana@example.com", lane="strangers", source=None, live=(),
        allowances={}, link_id="l", message_id="m", key_id="k1", **more,
    )  # fmt: skip


@pytest.mark.parametrize(
    "policy",
    [TIMETAP, evolve(LINKS, login=evolve(LINKS.login, enabled=False))],
    ids=["no links", "no login"],
)
def test_it_is_offered_where_the_policy_says_so(policy: Policy) -> None:
    """Links and logins both on; else it is disabled, with the settings named, and nothing is written."""
    assert judge_offered(LINKS) is None
    decision = request_link(asked(), policy, NOW)
    assert isinstance(decision.outcome, Refusal)
    assert decision.outcome.reason is Reason.DISABLED
    assert "accounts.sign_in_links" in str(decision.because)
    assert not decision.changes


def test_asking_writes_a_link_and_a_mail() -> None:
    """For this very address, for ten minutes."""
    decision = request_link(asked(), LINKS, NOW)
    (link,) = put(decision.changes, MailedLink)
    assert (link.purpose, link.account, link.expires_at) == (
        MailPurpose.SIGN_IN, None, NOW + LINKS.accounts.sign_in_link_life,
    )  # fmt: skip
    assert [one.kind for one in put(decision.changes, OutboxMessage)] == [MessageKind.SIGN_IN_LINK]


def test_a_look_shows_a_masked_address() -> None:
    """And changes nothing."""
    decision = look(LINK)
    assert not isinstance(decision.outcome, Refusal)
    assert "ana@example.com" not in repr(decision)
    assert decision.changes == ()


def test_a_proved_email_opens_its_account_without_step_up() -> None:
    """The link is spent, a session opened, nothing else touched."""
    decision = sign_in_by_link(signing_in(Identifier(id=HERS, account="ana", proved_at=NOW - DAY)), LINKS, NOW)
    (opened,) = put(decision.changes, Session)
    assert (opened.account, opened.confirmed_at) == ("ana", None)
    assert [one.spent for one in put(decision.changes, MailedLink)] == [True]
    assert len(decision.changes) == 2


@pytest.mark.parametrize("proved_at", [NOW - DAY, None], ids=["proved", "for the first time"])
def test_a_sign_in_link_ends_the_run_of_strangers_guesses(proved_at: Any) -> None:
    """V6.6.3: the mailbox has answered; the day's count stays."""
    run = GuessCounter(
        id=f"{HERS}|strangers", identity=HERS, day_began=NOW, day_count=20, consecutive=100, stopped=True
    )
    seen = evolve(signing_in(Identifier(id=HERS, account="ana", proved_at=proved_at)), runs=(run,))
    ended = put(sign_in_by_link(seen, LINKS, NOW).changes, GuessCounter)
    assert ended == [evolve(run, consecutive=0, stopped=False)]


def test_an_email_of_no_account_is_a_link_that_is_gone() -> None:
    """Nothing says that there is none."""
    decision = sign_in_by_link(signing_in(None), LINKS, NOW)
    assert isinstance(decision.outcome, Refusal)
    assert decision.outcome.reason is Reason.LINK_GONE
    assert decision.changes == ()


@pytest.mark.parametrize("password", [True, False])
def test_a_first_proof_ends_what_stood_there_and_says_so(password: bool) -> None:
    """Non-verifying source: password, sessions, codes and second factor go; a password that went is told of."""
    more: dict[str, Any] = {} if password else {"credential": None}
    decision = sign_in_by_link(signing_in(Identifier(id=HERS, account="ana"), **more), LINKS, NOW)
    assert {"ana-s", "ana-code", "ana-verify", "ana-revert"} <= removed(decision.changes)
    assert put(decision.changes, Credential) == []
    assert [one.proved_at for one in put(decision.changes, Identifier)] == [NOW]
    kinds = [one.kind for one in put(decision.changes, OutboxMessage)]
    assert kinds == ([MessageKind.PASSWORD_CHANGED] if password else [])


def test_a_link_goes_to_the_mailbox_that_it_proves() -> None:
    """An account with a second email: asked for by that, mailed to that, and not to the other one."""
    owner = account("ana", email="email:first@example.com", address="First@example.com", proved_at=NOW)
    seen = Mailing(message(MessageKind.SIGN_IN_LINK), owner=owner)
    assert where_to_mail(seen, LINKS, NOW) == Tell(False, "ana@example.com", False)
    own = Mailing(message(MessageKind.SIGN_IN_LINK, to="email:first@example.com"), owner=owner)
    assert where_to_mail(own, LINKS, NOW) == Tell(False, "First@example.com", False)


def test_a_notice_goes_to_the_address_of_when_it_happened() -> None:
    """Whatever the account's address is by now."""
    told = message(MessageKind.EMAIL_TAKEN_BACK, facts={"address": "thief@example.org"})
    assert where_to_mail(Mailing(told), LINKS, NOW) == Tell(False, "thief@example.org", False)
