"""Links in mails and registrations, with everything that is said and written, and what every drop is told staff."""

from __future__ import annotations

import pytest
from attrs import evolve

from clientportal.policy import RegisterFrom
from clientportal.records import Allowance, Consent, MailPurpose, MessageKind
from clientportal.rules.mailed_links import (
    Mailing,
    judge_mailed,
    kind_of,
    life_of,
    mail_link,
    mailed_claims,
    request_mail,
    where_to_mail,
)
from clientportal.rules.registering import consents_kept, could_register, judge_consents, register
from clientportal.rules.whom_to_tell import Drop
from clientportal.values import Secret
from rules.emails import ACUITY, DAY, HOUR, MINUTE, NOW, OFF, TIMETAP, account, challenge, mailed, message
from rules.in_full import in_full
from rules.test_registering import asked, from_where, registering

# --- asking ----------------------------------------------------------------------------------------------------------


def test_each_purpose_has_its_own_text_and_its_own_life() -> None:
    """A minute more or less is a setting of the business: no two are mixed up."""
    lives = evolve(
        ACUITY.accounts, verify_life=1 * HOUR, reset_life=2 * MINUTE, sign_in_link_life=3 * MINUTE,
        change_life=4 * MINUTE, revert_for=5 * DAY, invitation_life=6 * DAY,
    )  # fmt: skip
    policy = evolve(ACUITY, accounts=lives)
    assert {purpose: (kind_of(purpose), life_of(purpose, policy)) for purpose in MailPurpose} == {
        MailPurpose.VERIFY: (MessageKind.VERIFY_EMAIL, HOUR),
        MailPurpose.RESET: (MessageKind.RESET_PASSWORD, 2 * MINUTE),
        MailPurpose.SIGN_IN: (MessageKind.SIGN_IN_LINK, 3 * MINUTE),
        MailPurpose.CHANGE_EMAIL: (MessageKind.CHANGE_EMAIL, 4 * MINUTE),
        MailPurpose.REVERT_EMAIL: (MessageKind.EMAIL_CHANGED, 5 * DAY),
        MailPurpose.CLAIM: (MessageKind.CLAIM_LINK, 4 * MINUTE),
        MailPurpose.INVITATION: (MessageKind.INVITATION, 6 * DAY),
    }


def test_a_link_that_is_asked_for() -> None:
    """The link, its mail, and what was spent of the budgets; the mail waits no longer than notices do."""
    seen = asked(purpose=MailPurpose.RESET, source="203.0.113.7", facts={"next": "/book"})
    assert in_full(request_mail(seen, ACUITY, NOW)) == [
        "yes: MailSent(expires_at=2026-11-23 12:30, resend_at=2026-11-23 12:00:30)",
        "because mailed_links.request_mail; facts: purpose reset, address a•••@example.com, open links 0;",
        "  policy: login.enabled = True, login.live_codes = 3",
        "put MailedLink(id=l1, purpose=reset, identity=email:ana@example.com, address=ana@example.com,",
        "  account=new, key_id=k1, created_at=2026-11-23 12:00, expires_at=2026-11-23 12:30,",
        "  last_mark=2026-11-23 12:00, facts={next: /book})",
        "put OutboxMessage(id=m1, kind=reset_password, to=email:ana@example.com, account=new,",
        "  mailed_link_id=l1, created_at=2026-11-23 12:00, due_at=2026-11-23 12:00, expires_at=2026-11-23",
        "  12:30)",
        "put Allowance(id=to:email:ana@example.com|strangers, windows=((600, 2026-11-23 12:00, 1), (86400,",
        "  2026-11-23 12:00, 1)), last_at=2026-11-23 12:00, forget_at=2026-11-24 12:00)",
        "put Allowance(id=from:203.0.113.7, windows=((3600, 2026-11-23 12:00, 1)), last_at=2026-11-23 12:00,",
        "  forget_at=2026-11-23 13:00)",
        "put Allowance(id=tenant, windows=((3600, 2026-11-23 12:00, 1)), last_at=2026-11-23 12:00,",
        "  forget_at=2026-11-23 13:00)",
    ]
    long = asked(purpose=MailPurpose.INVITATION, account=None)
    assert in_full(mail_link(long, ACUITY, NOW)) == [
        "MailedLink(id=l1, purpose=invitation, identity=email:ana@example.com, address=ana@example.com,",
        "  key_id=k1, created_at=2026-11-23 12:00, expires_at=2026-12-07 12:00, last_mark=2026-11-23 12:00)",
        "(put MailedLink(id=l1, purpose=invitation, identity=email:ana@example.com, address=ana@example.com,",
        "  key_id=k1, created_at=2026-11-23 12:00, expires_at=2026-12-07 12:00, last_mark=2026-11-23 12:00),",
        "  put OutboxMessage(id=m1, kind=invitation, to=email:ana@example.com, mailed_link_id=l1,",
        "  created_at=2026-11-23 12:00, due_at=2026-11-23 12:00, expires_at=2026-11-25 12:00))",
    ]


def test_a_link_that_may_not_be_asked_for() -> None:
    """Why, with the masked address and how many are open; the one that ends first says when to come back."""
    live = tuple(mailed(f"l{n}", expires_at=NOW + n * HOUR) for n in (3, 1, 2))
    used = Allowance(id="tenant", windows=((3600, NOW, 10_000),), last_at=NOW, forget_at=NOW + HOUR)
    assert in_full(request_mail(asked(), OFF, NOW)) == [
        "no: disabled",
        "because mailed_links.request_mail; facts: purpose verify, address a•••@example.com, open links 0;",
        "  policy: login.enabled = False, login.live_codes = 3",
    ]
    assert in_full(request_mail(asked(human=False), ACUITY, NOW)) == [
        "no: bot_suspected",
        "because mailed_links.request_mail; facts: purpose verify, address a•••@example.com, open links 0;",
        "  policy: login.enabled = True, login.live_codes = 3",
    ]
    assert in_full(request_mail(asked(live=live), ACUITY, NOW)) == [
        "no: wait, retry_at=2026-11-23 13:00",
        "because mailed_links.request_mail; facts: purpose verify, address a•••@example.com, open links 3;",
        "  policy: login.enabled = True, login.live_codes = 3",
    ]
    assert in_full(request_mail(asked(allowances={"tenant": used}), ACUITY, NOW)) == [
        "no: wait, retry_at=2026-11-23 13:00",
        "because mailed_links.request_mail; facts: purpose verify, address a•••@example.com, open links 0;",
        "  policy: login.enabled = True, login.live_codes = 3",
    ]


# --- where it goes ---------------------------------------------------------------------------------------------------

HER_OWN = account("ana", address="Ana@example.com", proved_at=NOW - DAY, waiting=None)
CLOSED = from_where(TIMETAP, RegisterFrom.NOWHERE)


@pytest.mark.parametrize(
    ("seen", "note"),
    [
        (
            Mailing(message(MessageKind.RESET_PASSWORD, expires_at=NOW), owner=HER_OWN),
            "expired before it could be sent",
        ),
        (
            Mailing(message(MessageKind.INVITATION, mailed_link_id="link"), mailed(expires_at=NOW)),
            "the link is used or expired",
        ),
        (
            Mailing(message(MessageKind.VERIFY_EMAIL_CODE, challenge_id="code", send_number=1), subject=HER_OWN),
            "the code is used or expired",
        ),
        (
            Mailing(
                message(MessageKind.VERIFY_EMAIL_CODE, challenge_id="code", send_number=1),
                challenge=challenge(send_number=2),
                subject=HER_OWN,
            ),
            "a newer code replaced this one",
        ),
        (Mailing(message(MessageKind.VERIFY_EMAIL_CODE)), "the account is gone"),
        (Mailing(message(MessageKind.CLAIM_LINK)), "nobody has this contact"),
        (Mailing(message(MessageKind.SIGN_IN_LINK)), "nobody has an account with this email"),
        (Mailing(message(MessageKind.RESET_PASSWORD)), "nobody has an account with this email"),
        (Mailing(message(MessageKind.PASSWORD_CHANGED), owner=HER_OWN), "the account is gone"),
        (Mailing(message(MessageKind.GUESSES_WARNING), subject=HER_OWN), "the account is gone"),
        (Mailing(message(MessageKind.PASSWORD_CHANGED), subject=account()), "nobody has proved this address"),
        (Mailing(message(MessageKind.INVITATION)), "the account is gone"),
    ],
)
def test_what_staff_read_of_a_mail_that_was_dropped(seen: Mailing, note: str) -> None:
    """One note for each cause."""
    assert where_to_mail(seen, CLOSED, NOW) == Drop(note)


def test_where_each_mail_goes() -> None:
    """By email, whoever is told; only an owner who did not ask gets another text."""
    mine = mailed("link", address="new@example.com")
    stored = ("first@example.com", "second@example.com")
    pair = (account("one", address="one@example.com"), account("two", address="two@example.com"))
    assert in_full(where_to_mail(Mailing(message(MessageKind.CHANGE_EMAIL), mine, owner=HER_OWN), TIMETAP, NOW)) == [
        "Tell(by_sms=False, address=Ana@example.com, diverted=False, instead=already_registered)"
    ]
    assert in_full(where_to_mail(Mailing(message(MessageKind.VERIFY_EMAIL), subject=pair[0]), TIMETAP, NOW)) == [
        "Tell(by_sms=False, address=one@example.com, diverted=False)"
    ]
    told = message(MessageKind.ACCOUNTS_MERGED, facts={"address": "old@example.com"})
    assert in_full(where_to_mail(Mailing(told), TIMETAP, NOW)) == [
        "Tell(by_sms=False, address=old@example.com, diverted=False)"
    ]
    assert in_full(where_to_mail(Mailing(message(MessageKind.INVITATION), mine), TIMETAP, NOW)) == [
        "Tell(by_sms=False, address=new@example.com, diverted=False)"
    ]
    assert in_full(where_to_mail(Mailing(message(MessageKind.CLAIM_LINK), stored=stored), TIMETAP, NOW)) == [
        "Tell(by_sms=False, address=first@example.com, diverted=False)"
    ]
    reset = message(MessageKind.RESET_PASSWORD)
    assert in_full(where_to_mail(Mailing(reset, stored=stored), TIMETAP, NOW)) == [
        "Tell(by_sms=False, address=first@example.com, diverted=False)"
    ]
    assert in_full(where_to_mail(Mailing(reset, registered=pair, stored=stored), TIMETAP, NOW)) == [
        "Tell(by_sms=False, address=two@example.com, diverted=False)"
    ]
    assert in_full(where_to_mail(Mailing(evolve(reset, to=None), owner=HER_OWN), TIMETAP, NOW)) == [
        "Tell(by_sms=False, address=Ana@example.com, diverted=False)"
    ]
    warned = Mailing(message(MessageKind.GUESSES_WARNING), owner=HER_OWN, subject=pair[0])
    assert in_full(where_to_mail(warned, TIMETAP, NOW)) == [
        "Tell(by_sms=False, address=Ana@example.com, diverted=False)"
    ]


# --- coming back -----------------------------------------------------------------------------------------------------


def test_what_a_link_signs() -> None:
    """Its id, what it is for, and until when in whole seconds."""
    assert mailed_claims(mailed()) == {"i": "link", "p": "verify", "e": 1795438800}


def test_why_a_link_may_not_act() -> None:
    """One reason for the client; staff see whether it was the signature, the purpose or the time."""
    link = mailed()
    good = {**mailed_claims(link), "t": "salon"}
    assert in_full(judge_mailed(link, good, (MailPurpose.RESET,), NOW)) == [
        "no: link_gone",
        "because mailed_links.judge_mailed; facts: signature good, purpose verify, open True",
    ]
    assert in_full(judge_mailed(link, {**good, "e": 0}, (MailPurpose.VERIFY,), NOW)) == [
        "no: link_gone",
        "because mailed_links.judge_mailed; facts: signature bad, purpose verify, open True",
    ]
    assert in_full(judge_mailed(link, None, (MailPurpose.VERIFY,), NOW)) == [
        "no: link_gone",
        "because mailed_links.judge_mailed; facts: signature bad, purpose verify, open True",
    ]
    assert in_full(judge_mailed(None, good, (MailPurpose.VERIFY,), NOW)) == [
        "no: link_gone",
        "because mailed_links.judge_mailed; facts: signature bad, purpose none, open False",
    ]
    assert in_full(judge_mailed(evolve(link, spent=True), good, (MailPurpose.VERIFY,), NOW)) == [
        "no: link_gone",
        "because mailed_links.judge_mailed; facts: signature good, purpose verify, open False",
    ]
    assert judge_mailed(link, mailed_claims(link), (MailPurpose.RESET, MailPurpose.VERIFY), NOW) is None


# --- registering -----------------------------------------------------------------------------------------------------


def test_a_registration() -> None:
    """All of one commit: what was typed is on the account, and proves nothing yet."""
    assert in_full(register(registering(), Secret("hash"), ACUITY, NOW)) == [
        "yes: Registered(token=secret token, device=secret device, stage=done, expires_at=2026-12-23 12:00,",
        "  account=new, resend_at=2026-11-23 12:00:30)",
        "because registering.register; facts: address a•••@example.com, from a booking True; policy:",
        "  login.enabled = True, registration.accounts = True, registration.register_from = confirmation_page",
        "put Account(id=new, email=email:ana@example.com, address=ana@example.com, created_at=2026-11-23",
        "  12:00, waiting=proof, first_name=Ana, last_name=Kingi, phone=021 123 4567)",
        "put Credential(id=new, hash=secret hash, set_at=2026-11-23 12:00, set_by=client)",
        "put Consent(id=new|5:terms|1, account=new, document=terms, edition=1, at=2026-11-23 12:00)",
        "put Consent(id=new|7:privacy|1, account=new, document=privacy, edition=1, at=2026-11-23 12:00)",
        "put Session(id=digest, entry=None, own=(), identity=email:ana@example.com, opened_at=2026-11-23",
        "  12:00, used_at=2026-11-23 12:00, idle_until=2026-12-07 12:00, ends_at=2026-12-23 12:00,",
        "  device=device:n, account=new, confirmed_at=2026-11-23 12:00, because=registering.register; facts:",
        "  address a•••@example.com, from a booking True; policy: login.enabled = True, registration.accounts",
        "  = True, registration.register_from = confirmation_page)",
        "put MailedLink(id=l1, purpose=verify, identity=email:ana@example.com, address=ana@example.com,",
        "  account=new, key_id=k1, created_at=2026-11-23 12:00, expires_at=2026-11-26 12:00,",
        "  last_mark=2026-11-23 12:00)",
        "put OutboxMessage(id=m1, kind=verify_email, to=email:ana@example.com, account=new,",
        "  mailed_link_id=l1, created_at=2026-11-23 12:00, due_at=2026-11-23 12:00, expires_at=2026-11-25",
        "  12:00)",
        "put Allowance(id=to:email:ana@example.com|strangers, windows=((600, 2026-11-23 12:00, 1), (86400,",
        "  2026-11-23 12:00, 1)), last_at=2026-11-23 12:00, forget_at=2026-11-24 12:00)",
        "put Allowance(id=tenant, windows=((3600, 2026-11-23 12:00, 1)), last_at=2026-11-23 12:00,",
        "  forget_at=2026-11-23 13:00)",
    ]


def test_a_registration_that_would_be_accepted() -> None:
    """Nothing is written by asking."""
    assert in_full(could_register(registering(), ACUITY, NOW)) == [
        "yes: True",
        "because registering.register; facts: address a•••@example.com, from a booking True; policy:",
        "  login.enabled = True, registration.accounts = True, registration.register_from = confirmation_page",
    ]
    assert in_full(could_register(registering(from_booking=False), ACUITY, NOW)) == [
        "no: booking_first",
        "because registering.register; facts: address a•••@example.com, from a booking False; policy:",
        "  login.enabled = True, registration.accounts = True, registration.register_from = confirmation_page",
    ]
    used = Allowance(id="tenant", windows=((3600, NOW, 10_000),), last_at=NOW, forget_at=NOW + HOUR)
    waits = registering(mail=asked(allowances={"tenant": used}))
    assert in_full(could_register(waits, ACUITY, NOW)) == [
        "no: wait, retry_at=2026-11-23 13:00",
        "because registering.register; facts: address a•••@example.com, from a booking True; policy:",
        "  login.enabled = True, registration.accounts = True, registration.register_from = confirmation_page",
    ]
    assert in_full(register(waits, Secret("hash"), ACUITY, NOW)) == [
        "no: wait, retry_at=2026-11-23 13:00",
        "because registering.register; facts: address a•••@example.com, from a booking True; policy:",
        "  login.enabled = True, registration.accounts = True, registration.register_from = confirmation_page",
    ]
    source = Allowance(id="from:203.0.113.7", windows=((3600, NOW, 10_000),), last_at=NOW, forget_at=NOW + HOUR)
    by_source = registering(mail=asked(source="203.0.113.7", allowances={source.id: source}))
    assert in_full(could_register(by_source, ACUITY, NOW)) == [
        "no: wait, retry_at=2026-11-23 13:00",
        "because registering.register; facts: address a•••@example.com, from a booking True; policy:",
        "  login.enabled = True, registration.accounts = True, registration.register_from = confirmation_page",
    ]

    assert not register(by_source, Secret("hash"), ACUITY, NOW).granted


def test_documents() -> None:
    """Which are missing, in which edition; and one that was agreed to before is not written again."""
    assert in_full(judge_consents((("terms", "1"),), ACUITY)) == [
        "no: consent_missing, facts={documents: privacy (1)}",
        "because registering.judge_consents; facts: missing privacy (1); policy: registration.consents =",
        "  terms 1, privacy 1",
    ]
    held = Consent(id=Consent.id_of("ana", "terms", "1"), account="ana", document="terms", edition="1", at=NOW - DAY)
    assert in_full([one.record for one in consents_kept("ana", ACUITY, NOW, (held,))]) == [
        "Consent(id=ana|7:privacy|1, account=ana, document=privacy, edition=1, at=2026-11-23 12:00)"
    ]
