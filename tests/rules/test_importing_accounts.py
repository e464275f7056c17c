"""Accounts of the platform's past: their email is unproved, whatever the platform says, and nobody comes twice."""

from __future__ import annotations

from typing import Any

import pytest
from attrs import evolve

from clientportal.decisions import Because, Reason
from clientportal.outcomes import AccountRowOutcome, ImportedAccount
from clientportal.records import (
    Account,
    AccountLink,
    AccountOrigin,
    Credential,
    Identifier,
    LinkEvidence,
)
from clientportal.rules.importing_accounts import Importing, import_account
from clientportal.values import RecordRef, mask
from rules.one_account import ANA, EMAIL, HASH, NOW, STRONGER, TIMELY, TIMETAP, account, credential, put, reason

REF = RecordRef.client("ana")
ROW = ImportedAccount(email="ana@example.com", password_hash=HASH, ref=REF, first_name="Ana", verified=True)
IMPORTED = account(proved_at=None, origin=AccountOrigin.IMPORTED)


def importing(**more: Any) -> Importing:
    """The row was read."""
    given: dict[str, Any] = {
        "identity": ANA, "address": "ana@example.com", "hash": HASH, "exists": True, "account_id": "new",
    }  # fmt: skip
    return Importing(**given | more)


@pytest.mark.requirement("X6")
@pytest.mark.parametrize("verified", [False, True])
def test_an_imported_email_logs_in_and_proves_nothing(verified: bool) -> None:
    """``verified`` is ignored: the fifth class of pre-hijacking begins with believing it."""
    decision = import_account(importing(), evolve(ROW, verified=verified), TIMETAP, NOW)
    assert decision.outcome == (AccountRowOutcome.ADDED, "new")
    (made,) = put(decision, Account)
    assert (made.proved_at, made.origin, made.first_name) == (None, AccountOrigin.IMPORTED, "Ana")
    assert put(decision, Identifier) == [Identifier(id=EMAIL, account="new")]
    assert put(decision, Credential) == [Credential(id="new", hash=HASH, set_at=NOW, set_by="import")]
    (link,) = put(decision, AccountLink)
    assert (link.ref, link.evidence) == ("client:ana", LinkEvidence.HOST)


def test_all_that_a_row_says_of_somebody_is_kept_and_who_brought_it() -> None:
    """The names, the phone and the address as it was typed; the record, on the platform's word, since the import."""
    row = evolve(ROW, last_name="Kingi", phone="021 123 4567")
    decision = import_account(importing(address="Ana@Example.com"), row, TIMETAP, NOW)
    assert put(decision, Account) == [
        Account(
            id="new",
            email=EMAIL,
            address="Ana@Example.com",
            created_at=NOW,
            origin=AccountOrigin.IMPORTED,
            first_name="Ana",
            last_name="Kingi",
            phone="021 123 4567",
        )
    ]
    assert put(decision, AccountLink) == [
        AccountLink(
            id="new|client:ana",
            account="new",
            ref="client:ana",
            evidence=LinkEvidence.HOST,
            made_at=NOW,
            actor="import",
        )
    ]


def test_the_reason_of_an_import_says_whether_the_email_was_there_and_masks_it() -> None:
    """A journal of a million rows is read by people who need not know the addresses."""
    for seen, there, policy, word in (
        (importing(), "new", TIMETAP, "True"),
        (known(), "there", TIMETAP, "True"),
        (known(), "there", TIMELY, "False"),
    ):
        assert import_account(seen, ROW, policy, NOW).because == Because(
            "importing_accounts.import_account",
            (("email", mask("ana@example.com")), ("account", there)),
            (("registration.accounts", word),),
        )


def test_a_row_without_password_and_record_is_an_account_all_the_same() -> None:
    """Its owner sets a password by email."""
    decision = import_account(importing(hash=None), ImportedAccount(email="ana@example.com"), TIMETAP, NOW)
    assert put(decision, Credential) == put(decision, AccountLink) == []


def known(**more: Any) -> Importing:
    """The email has an account."""
    return importing(**{"known": IMPORTED, "credential": credential()} | more)


def test_a_row_that_comes_again_changes_nothing() -> None:
    """Nor does one of an email that somebody registered here, or one that names no record."""
    link = AccountLink(
        id="a1|client:ana", account="a1", ref="client:ana", evidence=LinkEvidence.HOST, made_at=NOW, actor="import"
    )
    for seen, row in (
        (known(link=link), ROW),
        (known(known=account()), ROW),
        (known(), evolve(ROW, ref=None)),
    ):
        decision = import_account(seen, row, TIMETAP, NOW)
        assert decision.outcome == (AccountRowOutcome.UNCHANGED, "a1")
        assert decision.changes == ()


def test_a_household_with_one_password_is_one_account_and_with_two_it_is_not() -> None:
    """The second person's record joins where the hashes are equal; else the first would see what was the second's."""
    decision = import_account(known(), ROW, TIMETAP, NOW)
    assert decision.outcome == (AccountRowOutcome.LINKED, "a1")
    assert [(one.account, one.made_at) for one in put(decision, AccountLink)] == [("a1", NOW)]
    for seen in (known(hash=STRONGER), known(hash=None), known(credential=None)):
        assert reason(import_account(seen, ROW, TIMETAP, NOW)) is Reason.ALREADY_REGISTERED


def test_a_record_that_the_platform_does_not_have_and_accounts_that_are_off() -> None:
    """Refused, each with its reason, and nothing is written."""
    assert reason(import_account(importing(exists=False), ROW, TIMETAP, NOW)) is Reason.NOT_FOUND
    assert reason(import_account(importing(), ROW, TIMELY, NOW)) is Reason.DISABLED
