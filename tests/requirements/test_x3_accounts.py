"""X3, its last sentence: merging two accounts with logins ends the absorbed one's; nothing that opens it is joined."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from accounts_ground import a_link, an_account, write
from clientportal import InvalidInput, Permission, PolicyError, Reason
from clientportal.records import (
    Account,
    AccountLink,
    Assignment,
    Consent,
    Credential,
    Identifier,
    Put,
    Session,
)
from clientportal.records import SecondFactor as StoredFactor
from mails import ANOTHER, PASSWORD, acuity, link_in, timetap
from watching import everything_stored, reason_of, refusal_of
from world import World, at

pytestmark = pytest.mark.requirement("X3")

ANA, WORK = "ana@example.com", "ana@work.example"
WHY = "She showed both mailboxes at the desk"


@pytest.fixture
def salon(world: World) -> World:
    """A business of TimeTap's kind, in Auckland."""
    timetap(world)
    return world


def two(world: World) -> tuple[str, str]:
    """Ana has two accounts: one with her own email since March, one with that of her work since June."""
    return (
        an_account(world, ANA, "2026-03-01 09:00", proved="2026-03-01 09:05", password=PASSWORD),
        an_account(world, WORK, "2026-06-01 09:00", proved="2026-06-01 09:05", password=ANOTHER),
    )


def merging(world: World, reason: str = WHY) -> Any:
    """Staff who say why."""
    return world.staff(reason=reason)


def test_what_the_absorbed_account_saw_the_survivor_sees(salon: World) -> None:
    """A linked record, and one that the proved email alone opens (TT11): both are there, by links with evidence."""
    linked = salon.add_client("child", "Mere Kingi")
    shared = salon.add_client("work", "Ana Kingi", email=WORK)
    one, other = two(salon)
    a_link(salon, other, linked)
    merged = merging(salon).merge_accounts(one, other)
    assert (merged.survivor, merged.absorbed, merged.records) == (one, other, 2)
    door = salon.client(salon.visitor().log_in(ANA, PASSWORD))
    assert {option.id for option in door.profiles()} == {str(linked), str(shared)}
    evidence = {ref: salon.stored(AccountLink, AccountLink.id_of(one, ref)).evidence.value for ref in (linked, shared)}
    assert evidence == {linked: "staff", shared: "proved_email"}
    assert salon.all_stored(AccountLink, "account", other) == []


def test_assigned_appointments_come_along(world: World) -> None:
    """A7: what was assigned to either is the survivor's, also in its open session."""
    acuity(world)
    ref = world.add_client("ana", "Ana Kingi")
    one, other = two(world)
    for id, account in (("a1", one), ("a2", other)):
        world.book(id, ref, "2026-12-01 09:00")
        world.staff().assign(id, account)
    door = world.client(world.visitor().log_in(ANA, PASSWORD))
    assert merging(world).merge_accounts(one, other).appointments == 1
    assert {found.id for found in door.appointments().items} == {"a1", "a2"}
    assert {held.account for held in world.all_stored(Assignment, "ref", str(ref))} == {one}


def test_the_absorbed_accounts_logins_end_and_the_survivors_stay(salon: World) -> None:
    """Sessions, password and second factor of the absorbed account are gone; nothing of it is joined to the other."""
    one, other = two(salon)
    stays = salon.client(salon.visitor().log_in(ANA, PASSWORD))
    ends = salon.client(salon.visitor().log_in(WORK, ANOTHER))
    write(salon, Put(StoredFactor(id=other, key_id="k1", nonce="n", begun_at=salon.clock())))
    kept = salon.stored(Credential, one)
    merging(salon).merge_accounts(one, other)
    assert reason_of(ends.sessions) is Reason.SESSION_ENDED
    assert len(stays.sessions()) == 1
    assert salon.stored(Credential, one) == kept
    assert [salon.stored(kind, other) for kind in (Account, Credential, StoredFactor)] == [None, None, None]
    assert salon.all_stored(Session, "account", other) == []


def test_a_proved_email_logs_in_to_the_survivor_by_its_password(salon: World) -> None:
    """Her work's email is a second name of the account; the password that went with it is none."""
    one, other = two(salon)
    merging(salon).merge_accounts(one, other)
    assert salon.stored(Identifier, f"email:{WORK}").account == one
    assert reason_of(lambda: salon.visitor().log_in(WORK, ANOTHER)) is Reason.LOGIN_FAILED
    assert salon.client(salon.visitor().log_in(WORK, PASSWORD)).profile().email == ANA


def test_a_link_for_the_second_email_goes_to_that_very_mailbox(salon: World) -> None:
    """A link proves the mailbox that it lies in: it is not mailed to the other address of the account."""
    salon.change_policy("accounts", sign_in_links=True)
    one, other = two(salon)
    merging(salon).merge_accounts(one, other)
    salon.visitor().request_sign_in_link(WORK)
    link = link_in(salon, WORK, "sign_in")
    assert salon.client(salon.visitor().sign_in_by_link(link)).profile().email == ANA


def test_a_reset_by_the_second_email_leaves_the_first(salon: World) -> None:
    """Both mailboxes are hers: a new password that is set by one works for both."""
    one, other = two(salon)
    merging(salon).merge_accounts(one, other)
    salon.visitor().request_reset(WORK)
    salon.visitor().reset_password(link_in(salon, WORK, "reset"), "yet another few words")
    for email in (ANA, WORK):
        assert salon.client(salon.visitor().log_in(email, "yet another few words")).sessions()
    assert reason_of(lambda: salon.visitor().log_in(ANA, PASSWORD)) is Reason.LOGIN_FAILED


def test_an_email_that_nobody_has_proved_does_not_come_along(salon: World) -> None:
    """Brought along from the platform's past, and never asked: it owns nothing after the merge either."""
    one = an_account(salon, ANA, "2026-03-01 09:00", proved="2026-03-01 09:05", password=PASSWORD)
    other = an_account(salon, WORK, "2025-01-01 09:00", password=ANOTHER, origin="imported")
    write(salon, Put(Identifier(id=f"email:{WORK}", account=other)))
    merging(salon).merge_accounts(one, other)
    assert salon.stored(Identifier, f"email:{WORK}") is None
    assert reason_of(lambda: salon.visitor().log_in(WORK, ANOTHER)) is Reason.LOGIN_FAILED


def test_consents_of_both_are_kept_the_earlier_time_of_one_edition(salon: World) -> None:
    """Both agreed to the terms of 2026-01, one of them earlier; one agreed to the privacy policy alone."""
    one, other = two(salon)
    for account, document, when in (
        (one, "terms", "2026-07-01 09:00"),
        (other, "terms", "2026-06-01 09:00"),
        (other, "privacy", "2026-06-01 09:00"),
    ):
        id = Consent.id_of(account, document, "2026-01")
        write(salon, Put(Consent(id=id, account=account, document=document, edition="2026-01", at=at(when))))
    merging(salon).merge_accounts(one, other)
    kept = {(held.document, held.at) for held in salon.all_stored(Consent, "account", one)}
    assert kept == {("terms", at("2026-06-01 09:00")), ("privacy", at("2026-06-01 09:00"))}
    assert salon.all_stored(Consent, "account", other) == []


def test_a_record_that_was_taken_off_the_survivor_stays_off(salon: World) -> None:
    """ "This is not me", said in the one account, is not undone by the other's link or email."""
    ref = salon.add_client("bert", "Bert Kingi", email=WORK)
    one, other = two(salon)
    a_link(salon, one, ref)
    salon.staff().unlink(one, ref)
    assert merging(salon).merge_accounts(one, other).records == 0
    assert salon.client(salon.visitor().log_in(ANA, PASSWORD)).profiles() == ()


# --- who may, and when not -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("reason", ["", "   "])
def test_without_a_reason_it_is_refused_as_bad_input(salon: World, reason: str) -> None:
    """V8.2.2: two accounts with logins need an explicit reason; the error says how to give one."""
    one, other = two(salon)
    before = everything_stored(salon)
    with pytest.raises(InvalidInput, match="reason="):
        merging(salon, reason).merge_accounts(one, other)
    assert everything_stored(salon) == before


def test_it_needs_the_permission_to_merge(salon: World) -> None:
    """Every other permission together is not enough."""
    one, other = two(salon)
    door = salon.staff(frozenset(Permission) - {Permission.MERGE}, reason=WHY)
    assert reason_of(lambda: door.merge_accounts(one, other)) is Reason.PERMISSION


def test_reason_and_actor_are_in_the_audit_of_the_same_commit(salon: World) -> None:
    """I8, V16: who, which, why; both mailboxes are told."""
    one, other = two(salon)
    merging(salon).merge_accounts(one, other)
    (line,) = salon.staff().audit(subject=one).items
    assert (line.actor, line.action, line.reason, line.outcome) == ("staff:mia", "merge_accounts", WHY, "done")
    assert other in line.because
    salon.deliver()
    assert {message.to for message in salon.box.messages} == {ANA, WORK}
    assert not any(ANA in message.text or WORK in message.text for message in salon.box.messages)


def test_what_is_absent_and_what_is_the_same_are_refused(salon: World) -> None:
    """Foreign and absent are one answer."""
    one, _ = two(salon)
    for pair in ((one, "nobody"), ("nobody", one), (one, "x" * 300), (one, "a\x00b")):
        assert reason_of(lambda pair=pair: merging(salon).merge_accounts(*pair)) is Reason.NOT_FOUND
    assert reason_of(lambda: merging(salon).merge_accounts(one, one)) is Reason.SAME_RECORD


def test_nothing_is_merged_into_an_account_that_nobody_has_proved(salon: World) -> None:
    """Its first proof by somebody else would take all of that away."""
    one, _ = two(salon)
    waiting = an_account(salon, "x@example.com", "2026-11-01 09:00", password=PASSWORD)
    assert reason_of(lambda: merging(salon).merge_accounts(waiting, one)) is Reason.PROOF_NEEDED


def test_a_stolen_account_is_not_merged_away_while_its_email_can_be_taken_back(salon: World) -> None:
    """A thief changes Ana's email and talks the desk into merging: not within the seven days that her link works."""
    one, other = two(salon)
    theirs = salon.client(salon.visitor().log_in(WORK, ANOTHER))
    theirs.change_email("thief@example.org")
    theirs.confirm_email_change(link_in(salon, "thief@example.org", "change_email"))
    refused = refusal_of(lambda: merging(salon).merge_accounts(one, other))
    assert refused.reason is Reason.WAIT
    assert refused.retry_at == salon.clock() + timedelta(days=7)
    salon.clock.set(refused.retry_at)
    assert merging(salon).merge_accounts(one, other).absorbed == other


def test_it_has_no_preview_for_it_ends_access(salon: World) -> None:
    """As everything that ends sessions."""
    one, other = two(salon)
    with pytest.raises(PolicyError, match="merge_accounts"):
        merging(salon).preview.merge_accounts(one, other)
