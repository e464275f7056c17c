"""Sign-in links, and merging two accounts with logins: everything that is said and written."""

from __future__ import annotations

from attrs import evolve

from clientportal.records import Consent, GuessCounter, Identifier, MailPurpose
from clientportal.rules.merging_accounts import merge_accounts
from clientportal.rules.sign_in_links import judge_offered, look, request_link, sign_in_by_link
from rules.emails import DAY, HERS, HOUR, NOW, TIMETAP, mailed
from rules.in_full import in_full
from rules.test_merging_accounts import link, merging, owner, person
from rules.test_sign_in_links import LINK, LINKS, asked, signing_in

RUN = GuessCounter(id=f"{HERS}|strangers", identity=HERS, day_began=NOW, day_count=20, consecutive=100, stopped=True)
PROVED = Identifier(id=HERS, account="ana", proved_at=NOW - DAY)


def test_a_link_of_a_proved_email() -> None:
    """It is used up, the run of guesses ends, and the session is not stepped up."""
    assert in_full(sign_in_by_link(evolve(signing_in(PROVED), runs=(RUN,)), LINKS, NOW)) == [
        "yes: SignedIn(token=secret token, device=secret device, stage=done, expires_at=2026-12-23 12:00,",
        "  account=ana)",
        "because sign_in_links.sign_in_by_link; facts: address a•••@example.com, first proof False; policy:",
        "  accounts.sign_in_links = True",
        "put GuessCounter(id=email:ana@example.com|strangers, identity=email:ana@example.com,",
        "  day_began=2026-11-23 12:00, day_count=20)",
        "put MailedLink(id=link, purpose=sign_in, identity=email:ana@example.com, address=ana@example.com,",
        "  key_id=k1, created_at=2026-11-23 11:00, expires_at=2026-11-23 13:00, last_mark=2026-11-23 12:00,",
        "  spent=True)",
        "put Session(id=digest, entry=None, own=(), identity=email:ana@example.com, opened_at=2026-11-23",
        "  12:00, used_at=2026-11-23 12:00, idle_until=2026-12-07 12:00, ends_at=2026-12-23 12:00,",
        "  device=device:n, account=ana, because=sign_in_links.sign_in_by_link; facts: address",
        "  a•••@example.com, first proof False; policy: accounts.sign_in_links = True)",
    ]


def test_a_link_that_proves_an_email_for_the_first_time() -> None:
    """Whatever stood there goes, the password with a word to the owner."""
    first = evolve(signing_in(evolve(PROVED, proved_at=None)), runs=(RUN,))
    assert in_full(sign_in_by_link(first, LINKS, NOW)) == [
        "yes: SignedIn(token=secret token, device=secret device, stage=done, expires_at=2026-12-23 12:00,",
        "  account=ana)",
        "because sign_in_links.sign_in_by_link; facts: address a•••@example.com, first proof True; policy:",
        "  accounts.sign_in_links = True",
        "put Account(id=ana, email=email:ana@example.com, address=ana@example.com, created_at=2026-11-22",
        "  12:00, proved_at=2026-11-23 12:00)",
        "put Identifier(id=email:ana@example.com, account=ana, proved_at=2026-11-23 12:00)",
        "remove Session ana-s (version 0)",
        "remove Credential ana (version 4)",
        "remove SecondFactor ana (version 0)",
        "remove MailedLink ana-verify (version 0)",
        "remove MailedLink ana-revert (version 0)",
        "remove Challenge ana-code (version 0)",
        "put MailedLink(id=link, purpose=sign_in, identity=email:ana@example.com, address=ana@example.com,",
        "  key_id=k1, created_at=2026-11-23 11:00, expires_at=2026-11-23 13:00, last_mark=2026-11-23 12:00,",
        "  spent=True)",
        "put GuessCounter(id=email:ana@example.com|strangers, identity=email:ana@example.com,",
        "  day_began=2026-11-23 12:00, day_count=20)",
        "put OutboxMessage(id=notice, kind=password_changed, to=email:ana@example.com, account=ana,",
        "  created_at=2026-11-23 12:00, due_at=2026-11-23 12:00, expires_at=2026-11-25 12:00)",
        "put Session(id=digest, entry=None, own=(), identity=email:ana@example.com, opened_at=2026-11-23",
        "  12:00, used_at=2026-11-23 12:00, idle_until=2026-12-07 12:00, ends_at=2026-12-23 12:00,",
        "  device=device:n, account=ana, because=sign_in_links.sign_in_by_link; facts: address",
        "  a•••@example.com, first proof True; policy: accounts.sign_in_links = True)",
    ]


def test_a_link_that_leads_nowhere() -> None:
    """The email is of no account, or its account sees nothing: one reply."""
    assert in_full(sign_in_by_link(signing_in(None), LINKS, NOW)) == [
        "no: link_gone",
        "because sign_in_links.sign_in_by_link; facts: address a•••@example.com, first proof False; policy:",
        "  accounts.sign_in_links = True",
    ]
    assert in_full(sign_in_by_link(evolve(signing_in(PROVED), sight=None), LINKS, NOW)) == [
        "no: link_gone",
        "because sign_in_links.sign_in_by_link; facts: address a•••@example.com, first proof False; policy:",
        "  accounts.sign_in_links = True",
    ]


def test_a_link_that_is_asked_for_or_looked_at() -> None:
    """What the business chose is named; a look shows the masked address and until when."""
    assert in_full(judge_offered(TIMETAP)) == [
        "no: disabled",
        "because sign_in_links.judge_offered; policy: login.enabled = True, registration.accounts = True,",
        "  accounts.sign_in_links = False",
    ]
    assert in_full(request_link(asked(), LINKS, NOW)) == [
        "yes: MailSent(expires_at=2026-11-23 12:10, resend_at=2026-11-23 12:00:30)",
        "because mailed_links.request_mail; facts: purpose sign_in, address a•••@example.com, open links 0;",
        "  policy: login.enabled = True, login.live_codes = 3",
        "put MailedLink(id=l, purpose=sign_in, identity=email:ana@example.com, address=ana@example.com,",
        "  key_id=k1, created_at=2026-11-23 12:00, expires_at=2026-11-23 12:10, last_mark=2026-11-23 12:00)",
        "put OutboxMessage(id=m, kind=sign_in_link, to=email:ana@example.com, mailed_link_id=l,",
        "  created_at=2026-11-23 12:00, due_at=2026-11-23 12:00, expires_at=2026-11-23 12:10)",
        "put Allowance(id=to:email:ana@example.com|strangers, windows=((600, 2026-11-23 12:00, 1), (86400,",
        "  2026-11-23 12:00, 1)), last_at=2026-11-23 12:00, forget_at=2026-11-24 12:00)",
        "put Allowance(id=tenant, windows=((3600, 2026-11-23 12:00, 1)), last_at=2026-11-23 12:00,",
        "  forget_at=2026-11-23 13:00)",
    ]
    assert in_full(look(LINK)) == [
        "yes: MailedLinkView(address=a•••@example.com, expires_at=2026-11-23 13:00, consents={})",
        "because sign_in_links.look; facts: purpose sign_in, address a•••@example.com",
    ]


# --- two accounts ----------------------------------------------------------------------------------------------------


def test_two_accounts_become_one() -> None:
    """Every write of it: what ends is named, what moves is the survivor's, both addresses are told."""
    assert in_full(merge_accounts(merging(owner("one"), owner("two")), TIMETAP, NOW)) == [
        "yes: AccountsMerged(survivor=one, absorbed=two, records=0, appointments=1)",
        "because merging_accounts.merge_accounts; facts: survivor one, absorbed two, survivor proved True,",
        "  absorbed proved True; policy: accounts.revert_for = 7 days, 0:00:00",
        "remove Session two-s (version 0)",
        "remove Credential two (version 4)",
        "remove SecondFactor two (version 0)",
        "remove MailedLink two-reset (version 0)",
        "remove Challenge two-code (version 0)",
        "remove AccountLink two|client:x (version 0)",
        "remove Consent two|c (version 0)",
        "remove Account two (version 0)",
        "put Assignment(id=two-a1, account=one, ref=client:x, at=2026-11-23 12:00, actor=mia)",
        "put Identifier(id=email:two@example.com, account=one, proved_at=2026-11-22 12:00)",
        "put OutboxMessage(id=n1, kind=accounts_merged, to=email:one@example.com, account=one,",
        "  facts={address: one@example.com}, created_at=2026-11-23 12:00, due_at=2026-11-23 12:00,",
        "  expires_at=2026-11-25 12:00)",
        "put OutboxMessage(id=n2, kind=accounts_merged, to=email:two@example.com, account=one,",
        "  facts={address: two@example.com}, created_at=2026-11-23 12:00, due_at=2026-11-23 12:00,",
        "  expires_at=2026-11-25 12:00)",
        "event HostEvent(kind=accounts_merged, facts=((survivor, one), (absorbed, two), (actor, staff:mia)))",
    ]


def test_what_an_equal_email_showed_the_absorbed_account() -> None:
    """It is linked to the survivor, by the member of staff, with the reason of the merge."""
    seen = merging(owner("one"), owner("two", links=()), sharing=(person("shared"),))
    assert in_full(merge_accounts(seen, TIMETAP, NOW)) == [
        "yes: AccountsMerged(survivor=one, absorbed=two, records=1, appointments=1)",
        "because merging_accounts.merge_accounts; facts: survivor one, absorbed two, survivor proved True,",
        "  absorbed proved True; policy: accounts.revert_for = 7 days, 0:00:00",
        "remove Session two-s (version 0)",
        "remove Credential two (version 4)",
        "remove SecondFactor two (version 0)",
        "remove MailedLink two-reset (version 0)",
        "remove Challenge two-code (version 0)",
        "remove Consent two|c (version 0)",
        "remove Account two (version 0)",
        "put Assignment(id=two-a1, account=one, ref=client:x, at=2026-11-23 12:00, actor=mia)",
        "put Identifier(id=email:two@example.com, account=one, proved_at=2026-11-22 12:00)",
        "put AccountLink(id=one|client:shared, account=one, ref=client:shared, evidence=proved_email,",
        "  made_at=2026-11-23 12:00, actor=staff:mia, because=merging_accounts.merge_accounts; facts:",
        "  survivor one, absorbed two, survivor proved True, absorbed proved True; policy:",
        "  accounts.revert_for = 7 days, 0:00:00)",
        "put OutboxMessage(id=n1, kind=accounts_merged, to=email:one@example.com, account=one,",
        "  facts={address: one@example.com}, created_at=2026-11-23 12:00, due_at=2026-11-23 12:00,",
        "  expires_at=2026-11-25 12:00)",
        "put OutboxMessage(id=n2, kind=accounts_merged, to=email:two@example.com, account=one,",
        "  facts={address: two@example.com}, created_at=2026-11-23 12:00, due_at=2026-11-23 12:00,",
        "  expires_at=2026-11-25 12:00)",
        "event HostEvent(kind=linked, facts=((account, one), (record, client:shared), (evidence,",
        "  proved_email), (actor, staff:mia)))",
        "event HostEvent(kind=accounts_merged, facts=((survivor, one), (absorbed, two), (actor, staff:mia)))",
    ]


def test_what_both_accounts_had() -> None:
    """A link that both have is the survivor's own; what the absorbed one alone had comes along, off or on."""
    agreed = {
        id: Consent(id=Consent.id_of(id, "terms", "1"), account=id, document="terms", edition="1", at=NOW - days * DAY)
        for id, days in (("one", 1), ("two", 2))
    }
    one = owner("one", links=(link("one", "x"),), consents=(agreed["one"],))
    other = owner(
        "two",
        links=(link("two", "x"), link("two", "y", version=3), link("two", "off", revoked_at=NOW - HOUR)),
        consents=(
            agreed["two"],
            Consent(
                id=Consent.id_of("two", "news", "3"),
                account="two",
                document="news",
                edition="3",
                at=NOW - DAY,
                version=7,
            ),
        ),
    )
    assert in_full(merge_accounts(merging(one, other), TIMETAP, NOW)) == [
        "yes: AccountsMerged(survivor=one, absorbed=two, records=1, appointments=1)",
        "because merging_accounts.merge_accounts; facts: survivor one, absorbed two, survivor proved True,",
        "  absorbed proved True; policy: accounts.revert_for = 7 days, 0:00:00",
        "remove Session two-s (version 0)",
        "remove Credential two (version 4)",
        "remove SecondFactor two (version 0)",
        "remove MailedLink two-reset (version 0)",
        "remove Challenge two-code (version 0)",
        "remove AccountLink two|client:x (version 0)",
        "remove AccountLink two|client:y (version 3)",
        "remove AccountLink two|client:off (version 0)",
        "remove Consent two|5:terms|1 (version 0)",
        "remove Consent two|4:news|3 (version 7)",
        "remove Account two (version 0)",
        "put AccountLink(id=one|client:y, account=one, ref=client:y, evidence=staff, made_at=2026-11-23",
        "  12:00, actor=staff:mia)",
        "put AccountLink(id=one|client:off, account=one, ref=client:off, evidence=staff, made_at=2026-11-23",
        "  12:00, actor=staff:mia, revoked_at=2026-11-23 11:00)",
        "put Assignment(id=two-a1, account=one, ref=client:x, at=2026-11-23 12:00, actor=mia)",
        "put Identifier(id=email:two@example.com, account=one, proved_at=2026-11-22 12:00)",
        "put Consent(id=one|5:terms|1, account=one, document=terms, edition=1, at=2026-11-21 12:00)",
        "put Consent(id=one|4:news|3, account=one, document=news, edition=3, at=2026-11-22 12:00)",
        "put OutboxMessage(id=n1, kind=accounts_merged, to=email:one@example.com, account=one,",
        "  facts={address: one@example.com}, created_at=2026-11-23 12:00, due_at=2026-11-23 12:00,",
        "  expires_at=2026-11-25 12:00)",
        "put OutboxMessage(id=n2, kind=accounts_merged, to=email:two@example.com, account=one,",
        "  facts={address: two@example.com}, created_at=2026-11-23 12:00, due_at=2026-11-23 12:00,",
        "  expires_at=2026-11-25 12:00)",
        "event HostEvent(kind=accounts_merged, facts=((survivor, one), (absorbed, two), (actor, staff:mia)))",
    ]


def test_accounts_that_are_not_merged() -> None:
    """Whose email is proved is said; and until when the change of email can be taken back."""
    one, other = owner("one"), owner("two")
    assert in_full(merge_accounts(merging(one, one), TIMETAP, NOW)) == [
        "no: same_record",
        "because merging_accounts.merge_accounts; facts: survivor one, absorbed one, survivor proved True,",
        "  absorbed proved True; policy: accounts.revert_for = 7 days, 0:00:00",
    ]
    unproved = evolve(one, account=evolve(one.account, proved_at=None))
    assert in_full(merge_accounts(merging(unproved, other), TIMETAP, NOW)) == [
        "no: proof_needed",
        "because merging_accounts.merge_accounts; facts: survivor one, absorbed two, survivor proved False,",
        "  absorbed proved True; policy: accounts.revert_for = 7 days, 0:00:00",
    ]
    mails = (
        mailed("r1", MailPurpose.REVERT_EMAIL, account="two", expires_at=NOW + DAY),
        mailed("r2", MailPurpose.RESET, account="two", expires_at=NOW + 2 * DAY),
        mailed("r3", MailPurpose.REVERT_EMAIL, account="two", expires_at=NOW + 3 * DAY, spent=True),
    )
    waits = merging(one, evolve(other, mailed=mails))
    assert in_full(merge_accounts(waits, TIMETAP, NOW)) == [
        "no: wait, retry_at=2026-11-24 12:00",
        "because merging_accounts.merge_accounts; facts: survivor one, absorbed two, survivor proved True,",
        "  absorbed proved True; policy: accounts.revert_for = 7 days, 0:00:00",
    ]
