"""Acuity: registering from a booking, consents, the session that opens at once, the switch (A1, A2, A6, A16)."""

from __future__ import annotations

from datetime import timedelta

import pytest

from clientportal import Reason, presets
from clientportal.errors import InvalidContact, InvalidInput
from clientportal.records import Account, Consent, Credential, Identifier, OutboxMessage
from mails import AGREED, ANOTHER, PASSWORD, acuity, confirmed, link_in, links_to, quick, register, timetap
from watching import at_once, everything_stored, reason_of, refusal_of
from world import World

ANA = "ana@example.com"


@pytest.mark.requirement("A1")
def test_registering_from_a_confirmation_page_keeps_each_consent_with_edition_and_time(world: World) -> None:
    """Ana books logged out, is on the confirmation page at 10:11, agrees to both documents, and has an account."""
    acuity(world)
    registered = register(world, first_name="Ana", last_name="Kingi", phone="021 123 4567")
    account = world.stored(Account, registered.account)
    assert (account.first_name, account.last_name, account.phone) == ("Ana", "Kingi", "021 123 4567")
    assert (account.email, account.proved_at) == ("email:ana@example.com", None)
    kept = world.all_stored(Consent, "account", registered.account)
    assert {(one.document, one.edition, one.at) for one in kept} == {
        ("terms", "1", world.clock()),
        ("privacy", "1", world.clock()),
    }
    assert PASSWORD not in world.stored(Credential, registered.account).hash.reveal()


@pytest.mark.requirement("A1")
@pytest.mark.parametrize(
    ("consents", "missing"),
    [
        ({}, "terms (1), privacy (1)"),
        ({"terms": "1"}, "privacy (1)"),
        ({"terms": "1", "privacy": "0"}, "privacy (1)"),
        (None, "terms (1), privacy (1)"),
    ],
)
def test_without_every_consent_nothing_is_made(memory_world: World, consents: object, missing: str) -> None:
    """One document missing, or agreed to in an older edition: refused, saying which."""
    world = memory_world
    acuity(world)
    refused = refusal_of(lambda: register(world, consents=consents))
    assert refused.reason is Reason.CONSENT_MISSING
    assert refused.refusal.facts == {"documents": missing}
    assert missing in refused.client_text
    assert world.all_stored(Account, "time") == []


@pytest.mark.requirement("A1")
def test_only_from_a_booking(world: World) -> None:
    """Without the confirmation page, with one of another business, a made-up one, or one of yesterday: refused."""
    acuity(world)
    page = confirmed(world)
    head, _, mac = page.reveal().rpartition(".")
    flipped = f"{head}.{'A' if mac[0] != 'A' else 'B'}{mac[1:]}"
    other = world.keys.sign("confirmation", "elsewhere", {"a": "a1", "e": 9_999_999_999, "i": "x"})
    for came_from in (None, "made-up", flipped, other):
        assert reason_of(lambda came_from=came_from: register(world, came_from=came_from)) is Reason.BOOKING_FIRST
    world.clock.advance(timedelta(days=1))
    assert reason_of(lambda: register(world, came_from=page)) is Reason.BOOKING_FIRST
    assert reason_of(lambda: world.portal.confirmation(world.tenant, "no-booking")) is Reason.NOT_FOUND


@pytest.mark.requirement("A2")
def test_after_a_staff_booking_the_clients_own_link_leads_to_registering(world: World) -> None:
    """Mia books for Ana and sends the link; Ana registers with it, and can cancel with it; Mia cannot register her."""
    acuity(world)
    ana = world.add_client("ana", "Ana Kingi", email=ANA)
    world.book("a1", ana, "2026-12-01 09:00")
    link = world.staff().appointment_link("a1", send=True)
    registered = register(world, came_from=link)
    assert registered.account
    assert world.visitor().cancel_by_link(link).appointment.id == "a1"
    assert register(world, "ben@example.com", came_from=link).account, "a link that has acted says the same"
    assert reason_of(lambda: world.staff().invite(ana)) is Reason.DISABLED
    world.clock.advance(timedelta(days=91))
    assert reason_of(lambda: register(world, came_from=link)) is Reason.BOOKING_FIRST


@pytest.mark.requirement("A16")
def test_the_session_opens_at_once_and_shows_nothing_that_was_booked_by_others(world: World) -> None:
    """Before the email is proved, what was booked with it logged out is not Ana's to see; after it, it is (A8b)."""
    acuity(world)
    ana = world.add_client("ana", "Ana Kingi", email=ANA)
    world.book("a1", ana, "2026-12-01 09:00", made="2026-11-20 09:00")
    registered = register(world)
    session = world.client(registered)
    assert session.appointments().items == ()
    verified = session.verify_email(link_in(world, ANA))
    assert [one.id for one in world.client(verified).appointments().items] == ["a1"]
    assert world.stored(Account, registered.account).proved_at == world.clock()
    assert world.stored(Identifier, "email:ana@example.com").account == registered.account


@pytest.mark.requirement("A16")
def test_verifying_in_the_registering_session_keeps_password_and_sessions_and_changes_the_token(world: World) -> None:
    """The hash is the same one, the old token is worthless (V7.2.4), the link acts once."""
    acuity(world)
    registered = register(world)
    before = world.stored(Credential, registered.account).hash
    link = link_in(world, ANA)
    verified = world.client(registered).verify_email(link)
    assert world.stored(Credential, registered.account).hash == before
    assert verified.token != registered.token
    assert reason_of(lambda: world.client(registered).appointments()) is Reason.SESSION_ENDED
    assert world.client(verified).appointments().items == ()
    assert reason_of(lambda: world.client(verified).verify_email(link)) is Reason.LINK_GONE


@pytest.mark.requirement("A16")
def test_verifying_elsewhere_with_the_password_keeps_everything_too(world: World) -> None:
    """Ana registers at her desk, opens the mail on her phone, and types her password there: both are logged in."""
    acuity(world)
    desk = register(world)
    link = link_in(world, ANA)
    phone = world.visitor().verify_email(link, PASSWORD)
    assert world.client(phone).appointments().items == ()
    assert world.client(desk).appointments().items == ()
    assert world.stored(Account, desk.account).proved_at == world.clock()
    assert len(world.client(phone).sessions()) == 2


def test_guessing_the_registrations_password_with_its_link_is_bounded(world: World) -> None:
    """Twenty a day, and no answer to the twenty-first, right or wrong; the right one before that is not counted."""
    acuity(world)
    register(world)
    link = link_in(world, ANA)
    for _ in range(20):
        assert reason_of(lambda: world.visitor().verify_email(link, ANOTHER)) is Reason.LOGIN_FAILED
    for typed in (ANOTHER, PASSWORD):
        assert reason_of(lambda typed=typed: world.visitor().verify_email(link, typed)) is Reason.TOO_MANY_TRIES
    world.clock.advance(timedelta(days=1))
    assert world.visitor().verify_email(link, PASSWORD).token


@pytest.mark.requirement("A16")
def test_a_code_typed_into_the_session_proves_the_email_as_well(world: World) -> None:
    """Ana asks for a code instead; wrong ones are counted, and the code is good in her session alone."""
    acuity(world)
    registered = register(world)
    eve = register(world, "eve@example.com")
    world.deliver()
    world.clock.advance(timedelta(minutes=11))
    sent = world.client(registered).request_email_code()
    world.deliver()
    code = world.code_in(world.box.to(ANA)[-1])
    wrong = f"{(int(code) + 1) % 1_000_000:06}"
    assert reason_of(lambda: world.client(registered).verify_email_code(sent.handle, wrong)) is Reason.CODE_WRONG
    assert reason_of(lambda: world.client(eve).verify_email_code(sent.handle, code)) is Reason.CODE_GONE
    assert reason_of(lambda: world.visitor().verify_code(sent.handle, code)) is Reason.CODE_GONE
    verified = world.client(registered).verify_email_code(sent.handle, code)
    assert world.stored(Account, registered.account).proved_at == world.clock()
    assert reason_of(lambda: world.client(verified).verify_email_code(sent.handle, code)) is Reason.CODE_GONE
    assert reason_of(lambda: world.client(verified).request_email_code()) is Reason.ALREADY_REGISTERED
    assert reason_of(lambda: world.client(verified).resend_verification()) is Reason.ALREADY_REGISTERED


def test_a_resent_code_replaces_the_one_before(world: World) -> None:
    """The handle stays good, the first code does not."""
    acuity(world)
    registered = register(world)
    world.deliver()
    world.clock.advance(timedelta(minutes=11))
    sent = world.client(registered).request_email_code()
    world.deliver()
    first = world.code_in(world.box.to(ANA)[-1])
    world.clock.advance(timedelta(minutes=2))
    world.visitor().resend_code(sent.handle)
    world.deliver()
    second = world.code_in(world.box.to(ANA)[-1])
    if first != second:
        assert reason_of(lambda: world.client(registered).verify_email_code(sent.handle, first)) is Reason.CODE_WRONG
    assert world.client(registered).verify_email_code(sent.handle, second).token


def test_the_mail_can_be_sent_again_and_either_link_works_once(world: World) -> None:
    """The second link does not void the first; the first one that acts ends the other."""
    acuity(world)
    registered = register(world)
    link_in(world, ANA)
    world.clock.advance(timedelta(minutes=11))
    sent = world.client(registered).resend_verification(key="again")
    assert world.client(registered).resend_verification(key="again") == sent
    first, second = links_to(world, ANA, "verify")
    verified = world.client(registered).verify_email(first)
    assert reason_of(lambda: world.client(verified).verify_email(second)) is Reason.LINK_GONE


def test_a_session_without_an_account_registers_nothing(world: World) -> None:
    """One that a code opened has no registration to prove."""
    world.add_client("ana", "Ana Kingi", mobile="021 123 4567")
    signed_in = world.sign_in("021 123 4567")
    acuity(world)
    assert reason_of(lambda: world.client(signed_in).resend_verification()) is Reason.NOT_FOUND


def test_another_registrations_link_is_no_link(world: World) -> None:
    """Eve follows the link of Ana's registration in her own session: as if there were none."""
    acuity(world)
    register(world)
    eve = register(world, "eve@example.com")
    assert reason_of(lambda: world.client(eve).verify_email(link_in(world, ANA))) is Reason.LINK_GONE


@pytest.mark.requirement("A6")
def test_off_is_off_and_on_again_finds_everything_as_it_was(world: World) -> None:
    """Login off: no registering, no proving, no reset, open sessions refused; on: the same session goes on."""
    acuity(world)
    ana = world.add_client("ana", "Ana Kingi", email=ANA)
    world.book("a1", ana, "2026-12-01 09:00", made="2026-11-20 09:00")
    registered = register(world)
    link = link_in(world, ANA)
    verified = world.client(registered).verify_email(link)
    reset = world.visitor()
    world.clock.advance(timedelta(minutes=11))
    page = confirmed(world)
    stored = everything_stored(world)
    world.change_policy("login", enabled=False)
    for refused in (
        lambda: register(world, came_from=page),
        lambda: reset.request_reset(ANA),
        lambda: world.visitor().look_at_verification(link),
        lambda: world.visitor().verify_email(link, PASSWORD),
        lambda: world.visitor().claim_email(link, ANOTHER),
        lambda: world.visitor().reset_password(link, ANOTHER),
        lambda: world.client(verified).appointments(),
        lambda: world.client(verified).request_email_code(),
    ):
        assert reason_of(refused) is Reason.DISABLED
    changed = {name for name, rows in everything_stored(world).items() if rows != stored.get(name, [])}
    assert changed <= {"cp_audit"}, "nothing is lost"
    world.change_policy("login", enabled=True)
    assert [one.id for one in world.client(verified).appointments().items] == ["a1"]


@pytest.mark.requirement("A6")
def test_without_accounts_their_open_sessions_are_refused_and_those_of_records_go_on(memory_world: World) -> None:
    """A business goes over to codes without accounts: whoever is in with an account is refused at the next click. It
    goes back: the same session goes on."""
    world = memory_world
    timetap(world)
    with_accounts = world.policy
    ana = world.client(register(world))
    world.use(quick(presets.timely(region="NZ")))
    for refused in (ana.appointments, ana.profiles, ana.sessions):
        assert reason_of(refused) is Reason.DISABLED
    world.use(with_accounts)
    assert ana.appointments().items == ()


@pytest.mark.requirement("A6")
def test_without_accounts_there_is_nothing_to_register(memory_world: World) -> None:
    """Timely has no accounts: registering is refused, wherever it comes from."""
    memory_world.use(quick(memory_world.policy))
    assert reason_of(lambda: memory_world.visitor().register(ANA, PASSWORD)) is Reason.DISABLED


def test_a_registration_asked_for_twice_under_one_key_is_one(world: World) -> None:
    """After a crash the same call gives the same account and a new token; another password under the key is refused."""
    acuity(world)
    page = confirmed(world)
    once = register(world, came_from=page, key="k")
    again = world.visitor().register(ANA, PASSWORD, consents=AGREED, came_from=page, key="k")
    assert (again.account, again.resend_at) == (once.account, once.resend_at)
    assert len(world.all_stored(Account, "time")) == 1
    assert reason_of(lambda: world.client(once).appointments()) is Reason.SESSION_ENDED
    assert world.client(again).appointments().items == ()
    other = refusal_of(lambda: world.visitor().register(ANA, ANOTHER, consents=AGREED, came_from=page, key="k"))
    assert other.reason is Reason.KEY_REUSED


def test_two_registrations_at_once_are_two_and_the_first_proof_is_one(world: World) -> None:
    """Two browsers register with one address and verify at the same moment: one account has it, the other is gone."""
    acuity(world)
    one = register(world)
    other = register(world)
    first, second = links_to(world, ANA, "verify")
    ended = at_once(
        world,
        lambda portal: portal.client(one.token).verify_email(first),
        lambda portal: portal.client(other.token).verify_email(second),
    )
    won = [answer for answer in ended if not isinstance(answer, Exception)]
    assert len(won) == 1, ended
    accounts = world.all_stored(Account, "time")
    assert [world.stored(Identifier, "email:ana@example.com").account] == [account.id for account in accounts]
    lost = next(answer for answer in ended if isinstance(answer, Exception))
    assert lost.reason in (Reason.SESSION_ENDED, Reason.LINK_GONE)  # type: ignore[attr-defined]


def test_a_registration_that_nobody_proves_is_forgotten_after_thirty_days(world: World) -> None:
    """With its password, consents, sessions and links; one that was proved stays."""
    acuity(world)
    forgotten = register(world)
    kept = register(world, "ben@example.com")
    world.client(kept).verify_email(link_in(world, "ben@example.com"))
    world.clock.advance(timedelta(days=29))
    world.portal.purge(world.tenant)
    assert world.stored(Account, forgotten.account) is not None
    world.clock.advance(timedelta(days=2))
    world.portal.purge(world.tenant)
    assert world.stored(Account, forgotten.account) is None
    assert world.stored(Credential, forgotten.account) is None
    assert world.all_stored(Consent, "account", forgotten.account) == []
    assert world.stored(Account, kept.account) is not None
    assert world.stored(Credential, kept.account) is not None


@pytest.mark.parametrize(
    ("how", "error"),
    [
        ({"email": "not an address"}, InvalidContact),
        ({"phone": "ring me"}, InvalidContact),
        ({"first_name": "x" * 101}, InvalidInput),
        ({"last_name": "two\nlines"}, InvalidInput),
        ({"password": "half a surrogate \ud800"}, InvalidInput),
        ({"consents": "terms"}, InvalidInput),
        ({"consents": {"terms": 1}}, InvalidInput),
        ({"email": None}, InvalidInput),
        ({"key": 7}, InvalidInput),
        ({"came_from": 7}, InvalidInput),
    ],
)
def test_what_can_never_work_is_said(memory_world: World, how: dict[str, object], error: type[Exception]) -> None:
    """One typed error each, and nothing was made."""
    world = memory_world
    acuity(world)
    with pytest.raises(error):
        register(world, **how)  # type: ignore[arg-type]
    assert world.all_stored(Account, "time") == []


@pytest.mark.parametrize(
    ("password", "reason"),
    [
        ("short words", Reason.PASSWORD_TOO_SHORT),
        ("password1234567", Reason.PASSWORD_TOO_COMMON),
        ("KowhaiHair-Auckland-2026", Reason.PASSWORD_TOO_COMMON),
        ("ana.kingi@example.com!", Reason.PASSWORD_TOO_COMMON),
        ("leaked elsewhere before", Reason.PASSWORD_BREACHED),
    ],
)
def test_a_password_that_will_not_do_costs_nothing(memory_world: World, password: str, reason: Reason) -> None:
    """Refused with its reason before anything is charged: the next try may follow at once."""
    world = memory_world
    acuity(world)
    world.change_policy("passwords", context_words=("Auckland",))
    world.portal = world.make_portal(breaches=lambda secret: secret.reveal() == "leaked elsewhere before")
    page = confirmed(world)

    def attempt(typed: str) -> object:
        return world.visitor(source="192.0.2.7").register(
            "ana.kingi@example.com", typed, first_name="Ana", last_name="Kingi", consents=AGREED, came_from=page
        )

    assert reason_of(lambda: attempt(password)) is reason
    assert attempt(PASSWORD)
    assert len(world.all_stored(OutboxMessage, "time")) == 1


def test_registering_is_charged_like_any_mail(memory_world: World) -> None:
    """A second one to the same mailbox within thirty seconds waits; a bot is refused before anything is hashed."""
    world = memory_world
    acuity(world)
    page = confirmed(world)
    world.visitor().register(ANA, PASSWORD, consents=AGREED, came_from=page)
    refused = refusal_of(lambda: world.visitor().register(ANA, PASSWORD, consents=AGREED, came_from=page))
    assert (refused.reason, refused.retry_at) == (Reason.WAIT, world.clock() + timedelta(seconds=30))
    world.portal = world.make_portal(human=lambda attempt: attempt.proof == "a person")
    assert reason_of(lambda: register(world, came_from=page)) is Reason.BOT_SUSPECTED
