"""Changing an email: step-up first, the new one proves itself, the old one is told and takes it back."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from attrs import evolve

from clientportal.decisions import Because, HostEvent, Reason, Refusal
from clientportal.outcomes import EmailTakenBack
from clientportal.records import (
    Account,
    AccountLink,
    Credential,
    Identifier,
    LinkEvidence,
    MailedLink,
    MailPurpose,
    MessageKind,
    OutboxMessage,
    SecondFactor,
    Session,
)
from clientportal.rules.account_sessions import AccountSight
from clientportal.rules.changing_email import (
    AskingChange,
    ChangingEmail,
    TakingBack,
    change_email,
    confirm_change,
    take_back,
)
from clientportal.rules.first_proof import Belongings, Unproved
from clientportal.rules.mailed_links import MailRequest
from clientportal.rules.signing_in import signed_in
from clientportal.rules.whose_contact import Candidate
from clientportal.values import ClientRecord, ContactKey, RecordRef, mask
from rules.emails import ANA, DAY, FRESH, HERS, HOUR, NOW, TIMETAP, account, everything, mailed, put, removed, session

NEW = ContactKey.parse("email:ana@new.example")
RECORD = ClientRecord(RecordRef.client("ana"), NOW - 300 * DAY, "Ana")
LINK = mailed("change", MailPurpose.CHANGE_EMAIL, identity=str(NEW), address="Ana@new.example", account="ana")
BACK = mailed("back", MailPurpose.REVERT_EMAIL, account="ana")
EARLIEST = BACK.created_at - TIMETAP.accounts.change_life - TIMETAP.accounts.step_up_for
"""The first moment at which a thief may have had the password shown for the change that BACK takes back."""


def request(purpose: MailPurpose = MailPurpose.CHANGE_EMAIL, **more: Any) -> MailRequest:
    """A mail to the new address, or to the one of before."""
    given: dict[str, Any] = {
        "identity": NEW, "address": "ana@new.example", "lane": "strangers", "source": None, "live": (),
        "allowances": {}, "link_id": "new-link", "message_id": "m", "key_id": "k1", "account": "ana",
    }  # fmt: skip
    return MailRequest(purpose=purpose, **given | more)


def hers(**more: Any) -> Belongings:
    """Ana's account, proved, with everything; her own email is hers."""
    proved = account("ana", proved_at=NOW - DAY)
    identifier = Identifier(id=HERS, account="ana", proved_at=NOW - DAY)
    return everything("ana", **{"account": proved, "identifiers": (identifier,), "links": (), **more})


def changing(own: Belongings, **more: Any) -> ChangingEmail:
    """The link comes back in Ana's session."""
    changed = evolve(own.account, email=str(NEW), address=LINK.address, proved_at=NOW)
    given: dict[str, Any] = {
        "session": session("ana-s", account="ana"), "unproved": Unproved(NEW, None, ()),
        "before": AccountSight(own.account), "after": AccountSight(changed), "link": LINK, "fresh": FRESH,
        "notice_id": "n", "actor": "account:ana",
        "back": request(MailPurpose.REVERT_EMAIL, identity=ANA, address="ana@example.com"),
    }  # fmt: skip
    return ChangingEmail(own=own, **given | more)


def reason(decision: Any) -> Reason:
    """Why not; nothing is written."""
    assert isinstance(decision.outcome, Refusal)
    assert decision.changes == ()
    return decision.outcome.reason


# --- asking ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("shown", "asked"), [(None, False), (timedelta(minutes=10), False), (timedelta(minutes=9, seconds=59), True)]
)
def test_the_password_must_have_been_shown_lately(shown: timedelta | None, asked: bool) -> None:
    """V7.5.1: within ten minutes, exclusive."""
    one = session(confirmed_at=None if shown is None else NOW - shown)
    decision = change_email(AskingChange(one, request()), TIMETAP, NOW)
    if asked:
        assert [link.identity for link in put(decision.changes, MailedLink)] == [str(NEW)]
    else:
        assert reason(decision) is Reason.STEP_UP_FIRST
        settings = (("accounts.step_up_for", "0:10:00"),)
        assert decision.because == Because("changing_email.change_email", (), settings)


# --- confirming ------------------------------------------------------------------------------------------------------


def test_the_email_moves_and_what_was_under_way_ends() -> None:
    """Sessions, codes, pending changes and links to the old address go; what takes an earlier change back stays."""
    other = mailed("other", MailPurpose.CHANGE_EMAIL, account="ana")
    own = hers(sessions=(session("ana-s", account="ana"), session("elsewhere", account="ana")))
    own = evolve(own, mailed=(*own.mailed, LINK, other))
    reset = mailed("reset", MailPurpose.RESET, account=None)
    decision = confirm_change(changing(own, pending=(reset, other)), TIMETAP, NOW)
    gone = removed(decision.changes)
    assert gone == {"ana-s", "elsewhere", "ana-code", "ana-verify", "other", "reset", HERS}
    (moved,) = put(decision.changes, Account)
    assert (moved.email, moved.address, moved.proved_at) == (str(NEW), "Ana@new.example", NOW)
    assert [(one.id, one.account) for one in put(decision.changes, Identifier)] == [(str(NEW), "ana")]
    assert put(decision.changes, Credential) == []
    links = {link.id: link for link in put(decision.changes, MailedLink)}
    assert links["change"].spent
    assert links["new-link"].expires_at == NOW + TIMETAP.accounts.revert_for
    told = {one.kind: one.to for one in put(decision.changes, OutboxMessage)}
    assert told == {MessageKind.EMAIL_CHANGED: HERS, MessageKind.EMAIL_CONFIRMED: str(NEW)}
    facts = (("account", "ana"), ("before", "ana@example.com"), ("email", "Ana@new.example"), ("actor", "account:ana"))
    assert decision.events == (HostEvent("account_email_changed", facts),)


def test_the_session_goes_on_under_a_new_token_and_says_what_changed() -> None:
    """With the new email, on this device; the addresses are masked in the reason."""
    decision = confirm_change(changing(hers()), TIMETAP, NOW + HOUR)
    facts = (("account", "ana"), ("from", mask("ana@example.com")), ("to", mask("ana@new.example")))
    settings = (("accounts.revert_for", "7 days, 0:00:00"),)
    assert decision.because == Because(
        "changing_email.confirm_change", (*facts, ("from was its own", "True")), settings
    )
    opened = session(
        FRESH.digest,
        account="ana",
        identity=str(NEW),
        device=FRESH.device_lane,
        used_at=NOW + HOUR,
        because=str(decision.because),
    )
    assert put(decision.changes, Session) == [opened]
    assert decision.outcome == signed_in(FRESH, opened)
    typed = hers(account=account("ana"), identifiers=())
    merely = confirm_change(changing(typed, back=None), TIMETAP, NOW)
    assert merely.because.facts == (*facts, ("from was its own", "False"))
    assert {(one.id, one.account) for one in put(merely.changes, OutboxMessage)} == {("n", "ana")}


def test_what_the_old_email_opened_is_linked_and_the_session_is_for_it() -> None:
    """TT11: one record by the email alone: linked, and the new session is for it."""
    own = hers()
    before = AccountSight(own.account, sharing=(Candidate(RECORD, (RECORD,)),))
    decision = confirm_change(changing(own, before=before), TIMETAP, NOW)
    assert put(decision.changes, AccountLink) == [
        AccountLink(
            id="ana|client:ana",
            account="ana",
            ref="client:ana",
            evidence=LinkEvidence.PROVED_EMAIL,
            made_at=NOW,
            actor="account:ana",
            because=str(decision.because),
        )
    ]
    assert [one.entry for one in put(decision.changes, Session)] == ["client:ana"]
    assert [event.kind for event in decision.events] == ["linked", "account_email_changed"]


def test_an_email_that_was_never_the_accounts_is_not_told() -> None:
    """It was merely typed: no way back, no link to records, and its owner hears nothing."""
    own = hers(account=account("ana"), identifiers=())
    proved_once = AccountSight(hers().account, sharing=(Candidate(RECORD, (RECORD,)),))
    decision = confirm_change(changing(own, back=None, before=proved_once), TIMETAP, NOW)
    assert [one.kind for one in put(decision.changes, OutboxMessage)] == [MessageKind.EMAIL_CONFIRMED]
    assert put(decision.changes, AccountLink) == []
    assert [one.own for one in put(decision.changes, Session)] == [()]


def test_another_spelling_keeps_the_identifier_and_a_second_email_stays() -> None:
    """The key is the same; an email that came along by a merge is not the one that is left."""
    own = hers()
    second = Identifier(id="email:work@example.com", account="ana", proved_at=NOW - DAY)
    own = evolve(own, identifiers=(*own.identifiers, second))
    link = evolve(LINK, identity=HERS, address="ANA@example.com")
    seen = changing(own, link=link, back=None, unproved=Unproved(ANA, own.identifiers[0], (own,)))
    decision = confirm_change(seen, TIMETAP, NOW)
    assert not {HERS, second.id} & removed(decision.changes)
    assert [one.address for one in put(decision.changes, Account)] == ["ANA@example.com"]


def test_an_address_of_another_account_is_a_link_that_is_gone() -> None:
    """Proved meanwhile by somebody else."""
    taken = Unproved(NEW, Identifier(id=str(NEW), account="ben", proved_at=NOW), ())
    assert reason(confirm_change(changing(hers(), unproved=taken), TIMETAP, NOW)) is Reason.LINK_GONE


# --- taken back ------------------------------------------------------------------------------------------------------


def taking(own: Belongings, identifier: Identifier | None = None, *others: Belongings, **more: Any) -> TakingBack:
    """The old mailbox says no."""
    seen = Unproved(ANA, identifier, others)
    return TakingBack(
        link=BACK, own=own, unproved=seen, sight=AccountSight(own.account, own.links), notice_ids=("n1", "n2"), **more
    )


def stolen(**more: Any) -> Belongings:
    """Ana's account as the thief has it."""
    thiefs = account("ana", email="email:thief@example.org", address="thief@example.org", proved_at=NOW)
    identifier = Identifier(id="email:thief@example.org", account="ana", proved_at=NOW)
    return everything("ana", **{"account": thiefs, "identifiers": (identifier,), "mailed": (BACK,), **more})


def test_the_thief_is_out_and_the_email_is_back() -> None:
    """Sessions, password, codes, the thief's email and links on their way go; earlier ways back stay, later ones go."""
    earlier = mailed("earlier", MailPurpose.REVERT_EMAIL, account="ana", created_at=NOW - 5 * HOUR)
    later = mailed("later", MailPurpose.REVERT_EMAIL, account="ana", created_at=NOW)
    own = stolen(mailed=(BACK, earlier, later))
    reset = mailed("reset", MailPurpose.RESET, account=None, identity="email:thief@example.org")
    decision = take_back(taking(own, pending=(reset,)), TIMETAP, NOW)
    assert decision.outcome == EmailTakenBack(joined=False)
    gone = removed(decision.changes)
    assert {"ana-s", "ana-code", "ana", "reset", "later", "email:thief@example.org"} <= gone
    assert "earlier" not in gone
    (home,) = put(decision.changes, Account)
    assert (home.email, home.address) == (HERS, "ana@example.com")
    assert [one.id for one in put(decision.changes, Identifier)] == [HERS]
    assert [one.spent for one in put(decision.changes, MailedLink)] == [True]
    assert {one.facts["address"] for one in put(decision.changes, OutboxMessage)} == {
        "ana@example.com", "thief@example.org",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("factor", "stays"),
    [
        (None, False),
        (SecondFactor(id="f", key_id="k1", nonce="n", begun_at=NOW - 30 * DAY, confirmed_at=NOW - 30 * DAY), True),
        (SecondFactor(id="f", key_id="k1", nonce="n", begun_at=NOW - 30 * DAY), True),
        (SecondFactor(id="f", key_id="k1", nonce="n", begun_at=NOW - 30 * DAY, confirmed_at=NOW), False),
        # Replaced under the same step-up, before the change was confirmed.
        (SecondFactor(id="f", key_id="k1", nonce="n", begun_at=NOW - 2 * HOUR), False),
        (SecondFactor(id="f", key_id="k1", nonce="n", begun_at=EARLIEST), False),
        (SecondFactor(id="f", key_id="k1", nonce="n", begun_at=EARLIEST - timedelta(microseconds=1)), True),
    ],
)
def test_a_second_factor_stays_where_it_was_there_before(factor: SecondFactor | None, stays: bool) -> None:
    """The change was confirmed an hour ago, and may have been under way for an hour and ten minutes before."""
    decision = take_back(taking(stolen(second_factor=factor)), TIMETAP, NOW)
    assert ("f" not in removed(decision.changes)) == (stays or factor is None)


def test_where_the_owner_has_another_account_by_now_it_takes_this_one_in() -> None:
    """Both are proved to be hers by the one mailbox: what was here is there, without the thief's email."""
    other = hers(account=account("new", proved_at=NOW - HOUR), mailed=(), identifiers=())
    identifier = Identifier(id=HERS, account="new", proved_at=NOW - HOUR)
    seen = taking(stolen(), identifier, other)
    by_email = evolve(seen.sight, sharing=(Candidate(RECORD, (RECORD,)),))
    decision = take_back(evolve(seen, sight=by_email), TIMETAP, NOW)
    assert decision.outcome == EmailTakenBack(joined=True)
    assert {"ana", "ana-s", "email:thief@example.org"} <= removed(decision.changes)
    assert put(decision.changes, AccountLink) == [
        AccountLink(
            id="new|client:x",
            account="new",
            ref="client:x",
            evidence=LinkEvidence.STAFF,
            made_at=NOW,
            actor="mia",
        ),
        AccountLink(
            id="new|client:ana",
            account="new",
            ref="client:ana",
            evidence=LinkEvidence.PROVED_EMAIL,
            made_at=NOW,
            actor="account:ana",
            because=str(decision.because),
        ),
    ]
    assert put(decision.changes, Identifier) == []
    named = [(type(write.record), write.record.id) for write in decision.changes]
    assert len(named) == len(set(named))


@pytest.mark.parametrize("joined", [False, True])
def test_staff_and_the_platform_read_what_was_taken_back(joined: bool) -> None:
    """From where to where, masked; whether another account has the address by now; and the event for the platform's
    own record. Both addresses are told at once, about the account that it was."""
    other = hers(account=account("new", proved_at=NOW - HOUR), mailed=(), identifiers=())
    owns = (Identifier(id=HERS, account="new", proved_at=NOW - HOUR), other) if joined else ()
    decision = take_back(taking(stolen(), *owns), TIMETAP, NOW)
    assert decision.because == Because(
        "changing_email.take_back",
        (
            ("account", "ana"),
            ("to", mask("ana@example.com")),
            ("from", mask("thief@example.org")),
            ("another account has it by now", str(joined)),
        ),
        (("accounts.revert_for", "7 days, 0:00:00"),),
    )
    facts = (
        ("account", "ana"), ("before", "thief@example.org"), ("email", "ana@example.com"), ("actor", "account:ana"),
    )  # fmt: skip
    assert decision.events[-1] == HostEvent("account_email_changed", facts)
    told = {(one.id, one.account, one.to) for one in put(decision.changes, OutboxMessage)}
    assert told == {("n1", "ana", "email:thief@example.org"), ("n2", "ana", HERS)}


def test_what_is_hers_by_her_other_emails_stays() -> None:
    """The earlier address is still an identifier of her own account, and so is one that came along by a merge: what
    she had set up before stays with her, and ways back from before the thief as well."""
    second = Identifier(id="email:work@example.com", account="ana", proved_at=NOW - 30 * DAY)
    mine = Identifier(id=HERS, account="ana", proved_at=NOW - 30 * DAY)
    app = SecondFactor(id="f", key_id="k1", nonce="n", begun_at=NOW - 30 * DAY, confirmed_at=NOW - 30 * DAY)
    earlier = mailed("earlier", MailPurpose.REVERT_EMAIL, account="ana", created_at=BACK.created_at - HOUR)
    own = stolen(second_factor=app, mailed=(BACK, earlier), identifiers=(second, mine))
    decision = take_back(taking(own, mine, own), TIMETAP, NOW)
    assert decision.outcome == EmailTakenBack(joined=False)
    assert not {"f", "earlier", second.id, HERS} & removed(decision.changes)
    assert put(decision.changes, Identifier) == [evolve(mine, proved_at=NOW)]


def test_a_way_back_of_the_same_moment_goes() -> None:
    """Of two that the thief had mailed at once, the one that was used is good, and the other no more."""
    twin = evolve(BACK, id="twin")
    decision = take_back(taking(stolen(mailed=(BACK, twin))), TIMETAP, NOW)
    assert "twin" in removed(decision.changes)


def test_an_account_that_was_brought_along_since_takes_nothing_in() -> None:
    """Non-verifying source: an import put the address on another account, which nobody has proved; it goes."""
    imported = everything("imp", identifiers=())
    decision = take_back(taking(stolen(), Identifier(id=HERS, account="imp"), imported), TIMETAP, NOW)
    assert decision.outcome == EmailTakenBack(joined=False)
    assert {"imp", "imp-s"} <= removed(decision.changes)
    assert [(one.id, one.account) for one in put(decision.changes, Identifier)] == [(HERS, "ana")]
