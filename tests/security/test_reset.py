"""Resetting a password: asked without a word on who is there, used once, ends everything (ASVS V6.4.3)."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from attrs import evolve

from clientportal import KeyRing, Reason
from clientportal.errors import InvalidContact, InvalidInput
from clientportal.records import (
    Account,
    AccountLink,
    Challenge,
    Consent,
    Credential,
    Identifier,
    MailedLink,
    MailPurpose,
    MessageKind,
    MessageState,
    OutboxMessage,
    Purpose,
    Put,
    SecondFactor,
    Session,
)
from mails import ANOTHER, PASSWORD, acuity, confirmed, link_in, links_to, register, reset_link, timetap
from security.attacking import Trace
from watching import at_once, everything_stored, reason_of, refusal_of
from world import World

ANA = "ana@example.com"
HERS = "email:ana@example.com"


def put(world: World, *records: Any) -> None:
    """What another part of the portal would have stored."""

    async def go() -> None:
        async with world.store.begin(world.tenant, world.host, writes=True) as unit:
            await unit.commit([Put(record) for record in records])

    world.run(go())


def proved(world: World) -> Any:
    """Ana has registered and proved her address; her session."""
    registered = register(world)
    return world.client(registered).verify_email(link_in(world, ANA))


@pytest.mark.requirement("A3")
def test_a_reset_ends_everything_and_logs_nobody_in(world: World) -> None:
    """Two sessions, a code, another reset, a sign-in link and a change under way: all dead; the second factor stays.

    The way back to an address that was changed before stays too: whoever took the account must not end it by a reset.
    """
    timetap(world)
    session = proved(world)
    account = world.stored(Identifier, HERS).account
    other = world.stored(Session, world.all_stored(Session, "account", account)[0].id)
    now = world.clock()
    link = MailedLink(
        id="sign-in",
        purpose=MailPurpose.SIGN_IN,
        identity=HERS,
        key_id="k1",
        created_at=now,
        expires_at=now + timedelta(days=1),
        last_mark=now,
    )
    put(
        world,
        evolve(other, id="0" * 64, version=0),
        SecondFactor(id=account, key_id="k1", nonce="n", begun_at=now, confirmed_at=now),
        link,
        evolve(link, id="change", purpose=MailPurpose.CHANGE_EMAIL, account=account, identity="email:new@example.com"),
        evolve(link, id="revert", purpose=MailPurpose.REVERT_EMAIL, account=account, identity="email:old@example.com"),
        evolve(link, id="claim", purpose=MailPurpose.CLAIM, account="somebody"),
        Challenge(
            id="code",
            purpose=Purpose.CLAIM,
            identity="email:other@example.com",
            lane="x",
            key_id="k1",
            created_at=now,
            expires_at=now + timedelta(minutes=10),
            last_mark=now,
            bound_to=account,
        ),
    )
    first = reset_link(world)
    second = reset_link(world)
    done = world.visitor().reset_password(second, ANOTHER)
    assert not hasattr(done, "token")
    assert not done.first
    assert world.all_stored(Session, "account", account) == []
    assert reason_of(lambda: world.client(session).profile()) is Reason.SESSION_ENDED
    assert reason_of(lambda: world.visitor().reset_password(first, PASSWORD)) is Reason.LINK_GONE
    assert reason_of(lambda: world.visitor().reset_password(second, PASSWORD)) is Reason.LINK_GONE
    for id in ("sign-in", "change"):
        assert world.stored(MailedLink, id) is None, id
    for id in ("revert", "claim"):
        assert world.stored(MailedLink, id) is not None, id
    assert world.stored(Challenge, "code") is None
    assert world.stored(SecondFactor, account) is not None
    assert world.stored(Account, account) is not None
    notices = [one for one in world.all_stored(OutboxMessage, "time") if one.kind is MessageKind.PASSWORD_CHANGED]
    assert [one.created_at for one in notices] == [world.clock()], "told in the same commit (I8)"
    world.deliver()
    assert "password" in world.box.to(ANA)[-1].text


def test_a_reset_forgets_registrations_that_merely_typed_the_address(world: World) -> None:
    """Eve registers with Ana's address while Ana has an account: it goes with Ana's next reset."""
    timetap(world)
    proved(world)
    eve = register(world, ANA, "a password of eve")
    world.visitor().reset_password(reset_link(world), ANOTHER)
    assert world.stored(Account, eve.account) is None
    assert reason_of(lambda: world.client(eve).profile()) is Reason.SESSION_ENDED


@pytest.mark.parametrize("who", ["known", "registered", "client", "nobody"])
def test_asking_looks_the_same_for_everybody(world: World, who: str) -> None:
    """The same answer, from the same calls in the same order; no account and no client is read."""
    timetap(world)
    proved(world)
    register(world, "registered@example.com")
    world.add_client("client", "Some Client", email="client@example.com")
    world.deliver()
    world.clock.advance(timedelta(minutes=11))
    trace = Trace(world)
    door = trace.portal.visitor(world.tenant, source="192.0.2.7")
    door.request_reset("warm-up@example.com")
    address = {"known": ANA}.get(who, f"{who}@example.com")
    said: list[Any] = []
    calls = trace.of(lambda: said.append(door.request_reset(address)))
    world.clock.advance(timedelta(minutes=11))
    expected: list[Any] = []
    assert calls == trace.of(lambda: expected.append(door.request_reset("stranger@example.com")))
    assert said[0].expires_at + timedelta(minutes=11) == expected[0].expires_at
    assert not [call for call in calls if "host." in call or "(Account" in call or "(Identifier" in call]
    sent = len(links_to(world, address, "reset"))
    assert sent == (0 if who == "nobody" else 1)


@pytest.mark.parametrize("preset", [acuity, timetap], ids=["acuity", "timetap"])
def test_registering_looks_the_same_for_known_and_unknown(world: World, preset: Any) -> None:
    """The same answer and the same calls for an address with an account, with a client, and with nobody."""
    preset(world)
    proved(world)
    world.add_client("client", "Some Client", email="client@example.com")
    world.deliver()
    # What Ana's mailbox has got today is forgotten tomorrow; the page is of tomorrow, too.
    world.clock.advance(timedelta(days=1))
    page = confirmed(world) if preset is acuity else None
    trace = Trace(world)
    door = trace.portal.visitor(world.tenant, source="192.0.2.7")
    consents = dict(world.policy.registration.consents)
    said: dict[str, Any] = {}
    door.register("warm-up@example.com", PASSWORD, consents=consents, came_from=page)
    for address in (ANA, "client@example.com", "stranger@example.com"):
        world.clock.advance(timedelta(minutes=11))
        answers: list[Any] = []
        calls = trace.of(
            lambda address=address, answers=answers: answers.append(
                door.register(address, PASSWORD, consents=consents, came_from=page)
            )
        )
        answer = answers[0]
        said[address] = (calls, answer.stage, answer.record, answer.resend_at - world.clock(), len(answer.account))
        again = trace.of(lambda address=address: door.register(address, PASSWORD, consents=consents, came_from=page))
        said[address] += (again,)
    assert said[ANA] == said["client@example.com"] == said["stranger@example.com"]
    assert said[ANA][-1][-1].startswith("raised wait")
    reads = [call for call in said[ANA][0] if not call.startswith("commit")]
    assert not [call for call in reads if "host.clients" in call or "(Account" in call or "(Identifier" in call]


def test_looking_three_times_has_no_effect(world: World) -> None:
    """HEAD, GET, a mail scanner's GET: nothing is written, and the link still works."""
    timetap(world)
    proved(world)
    link = reset_link(world)
    before = everything_stored(world)
    views = [world.visitor().look_at_reset(link) for _ in range(3)]
    assert everything_stored(world) == before
    assert views[0] == views[2]
    assert ANA not in views[0].address
    assert world.visitor().reset_password(link, ANOTHER)
    assert reason_of(lambda: world.visitor().look_at_reset(link)) is Reason.LINK_GONE


def test_a_link_is_good_for_its_purpose_its_time_and_its_business_alone(world: World) -> None:
    """Flipped, for something else, thirty minutes old, or another business's: all are one answer."""
    timetap(world)
    registered = register(world)
    verification = link_in(world, ANA)
    link = reset_link(world)
    assert reason_of(lambda: world.visitor().reset_password(verification, ANOTHER)) is Reason.LINK_GONE
    assert reason_of(lambda: world.visitor().claim_email(link, ANOTHER)) is Reason.LINK_GONE
    assert reason_of(lambda: world.visitor().accept_invitation(link, ANOTHER)) is Reason.LINK_GONE
    assert reason_of(lambda: world.client(registered).verify_email(link)) is Reason.LINK_GONE
    for at in range(0, len(link), 7):
        changed = link[:at] + ("A" if link[at] != "A" else "B") + link[at + 1 :]
        assert reason_of(lambda changed=changed: world.visitor().look_at_reset(changed)) is Reason.LINK_GONE
    world.clock.advance(timedelta(minutes=30))
    assert reason_of(lambda: world.visitor().reset_password(link, ANOTHER)) is Reason.LINK_GONE


def test_one_link_used_many_times_at_once_acts_once(world: World) -> None:
    """Three resets with one link: one new password."""
    timetap(world)
    proved(world)
    link = reset_link(world)
    ended = at_once(
        world, *[lambda portal, n=n: portal.visitor(world.tenant).reset_password(link, f"{ANOTHER} {n}") for n in "abc"]
    )
    won = [one for one in ended if not isinstance(one, Exception)]
    lost = {getattr(one, "reason", one) for one in ended if isinstance(one, Exception)}
    assert len(won) == 1, ended
    assert lost <= {Reason.LINK_GONE, Reason.BUSY}


def test_a_reset_under_one_key_is_answered_twice_the_same(world: World) -> None:
    """After a crash the same call is answered again; another password under the key is refused."""
    timetap(world)
    proved(world)
    world.clock.advance(timedelta(minutes=11))
    sent = world.visitor().request_reset(ANA, key="ask")
    assert world.visitor().request_reset(ANA, key="ask") == sent
    link = link_in(world, ANA, "reset")
    once = world.visitor().reset_password(link, ANOTHER, key="k")
    again = world.visitor().reset_password(link, ANOTHER, key="k")
    assert (again.first, again.account) == (once.first, once.account)
    assert world.visitor(device=again.device).log_in(ANA, ANOTHER).stage.value == "done"
    refused = refusal_of(lambda: world.visitor().reset_password(link, PASSWORD, key="k"))
    assert refused.reason is Reason.KEY_REUSED
    assert reason_of(lambda: world.visitor().reset_password(link, ANOTHER, key="k")) is Reason.LINK_GONE


def test_a_fourth_open_link_waits_and_evicts_none(world: World) -> None:
    """Whoever asks for Ana sends her mails, and voids no link of hers."""
    timetap(world)
    proved(world)
    first = reset_link(world)
    for _ in range(2):
        world.clock.advance(timedelta(minutes=3))
        world.visitor().request_reset(ANA)
    world.clock.advance(timedelta(minutes=8))
    assert reason_of(lambda: world.visitor().request_reset(ANA)) is Reason.WAIT
    assert world.visitor().reset_password(first, ANOTHER)


@pytest.mark.parametrize("password", ["too short", "password1234567", "ana@example.com 2026"])
def test_a_new_password_that_will_not_do_does_not_use_the_link_up(memory_world: World, password: str) -> None:
    """Refused before anything is written; the same link sets a better one."""
    world = memory_world
    timetap(world)
    proved(world)
    link = reset_link(world)
    before = everything_stored(world)
    assert reason_of(lambda: world.visitor().reset_password(link, password)).value.startswith("password_")
    assert everything_stored(world) == before
    assert world.visitor().reset_password(link, ANOTHER)


def test_what_can_never_work_is_said(memory_world: World) -> None:
    """No address, no text, no password: typed errors."""
    world = memory_world
    timetap(world)
    with pytest.raises(InvalidContact):
        world.visitor().request_reset("ana at example")
    with pytest.raises(InvalidInput):
        world.visitor().request_reset(None)
    with pytest.raises(InvalidInput):
        world.visitor().reset_password(None, PASSWORD)
    with pytest.raises(InvalidInput):
        world.visitor().reset_password("link", "\x00" * 15)
    with pytest.raises(InvalidInput):
        world.visitor().reset_password("link", PASSWORD, key=7)


@pytest.mark.parametrize("busy", ["register", "verify", "reset"])
def test_where_nothing_can_be_hashed_just_now_nothing_is_charged(memory_world: World, busy: str) -> None:
    """Every place is taken and the queue is full: ``busy``; the same call works a moment later."""
    from clientportal.passwords import BlockingGate, HashingLimits

    world = memory_world
    timetap(world)
    register(world)
    verification = link_in(world, ANA)
    link = reset_link(world)
    world.clock.advance(timedelta(minutes=11))
    calls: dict[str, Any] = {
        "register": lambda: world.visitor().register("ben@example.com", PASSWORD),
        "verify": lambda: world.visitor().verify_email(verification, PASSWORD),
        "reset": lambda: world.visitor().reset_password(link, ANOTHER),
    }
    sound = world.portal._setup
    gate = BlockingGate(HashingLimits(at_once=1, queue=0, wait=timedelta(0)))
    gate.places.take(lambda: True)
    world.portal._setup = evolve(sound, gate=gate)
    before = everything_stored(world)
    assert reason_of(calls[busy]) is Reason.BUSY
    assert everything_stored(world) == before
    world.portal._setup = sound
    assert calls[busy]()


# --- key rotation in mid-flow ----------------------------------------------------------------------------------------

ROTATED = ("verify", "reset", "invitation")


def ask_for(world: World, purpose: str) -> None:
    """Have a mail with such a link put in the outbox."""
    world.clock.advance(timedelta(minutes=11))
    if purpose == "verify":
        world.visitor().register(ANA, PASSWORD)
    elif purpose == "reset":
        world.visitor().request_reset(ANA)
    else:
        world.staff().invite(world.add_client("ana", "Ana Kingi", email=ANA))


def act(world: World, purpose: str, link: str) -> Any:
    """Follow it."""
    door = world.visitor()
    if purpose == "verify":
        return door.verify_email(link, PASSWORD)
    return door.reset_password(link, ANOTHER) if purpose == "reset" else door.accept_invitation(link, ANOTHER)


def rings(world: World) -> tuple[KeyRing, KeyRing]:
    """The ring with a new key in front, and the new key alone."""
    secret = KeyRing.generate_secret()
    new = KeyRing.from_secrets({"k2": secret})
    both = KeyRing([*new._keys, *world.keys._keys])
    return both, new


@pytest.mark.parametrize("purpose", ROTATED)
def test_with_a_new_key_in_front_a_link_under_way_works(world: World, purpose: str) -> None:
    """Asked for under the old key, sent and followed with the new one in front."""
    timetap(world)
    if purpose == "reset":
        proved(world)
    ask_for(world, purpose)
    both, _ = rings(world)
    world.portal = world.make_portal(keys=both)
    assert act(world, purpose, link_in(world, ANA, purpose))


@pytest.mark.parametrize("purpose", ROTATED)
def test_removing_the_key_ends_a_link_and_the_mail_is_visibly_abandoned(world: World, purpose: str) -> None:
    """Sent before: gone. Not sent yet: abandoned, staff see why, and another can be asked for at once."""
    timetap(world)
    if purpose == "reset":
        proved(world)
    ask_for(world, purpose)
    link = link_in(world, ANA, purpose)
    _, new = rings(world)
    world.portal = world.make_portal(keys=new)
    assert reason_of(lambda: act(world, purpose, link)) is Reason.LINK_GONE
    if purpose == "verify":
        return
    world.portal = world.make_portal()
    ask_for(world, purpose)
    world.portal = world.make_portal(keys=new)
    world.deliver()
    (line,) = world.staff().outbox(MessageState.ABANDONED)
    assert "key" in line.note
    for _ in range(2):
        ask_for(world, purpose)
    assert act(world, purpose, link_in(world, ANA, purpose))


# --- invitations -----------------------------------------------------------------------------------------------------


def test_an_invitation_makes_an_account_for_that_record(world: World) -> None:
    """Mia invites Ana; Ana chooses a password, agrees, and sees her appointments; the link is staff's evidence."""
    timetap(world)
    world.change_policy("registration", consents={"terms": "2026-01"})
    ana = world.add_client("ana", "Ana Kingi", email=ANA)
    world.book("a1", ana, "2026-12-01 09:00")
    world.staff().invite(ana, key="k")
    world.staff().invite(ana, key="k")
    (link,) = links_to(world, ANA, "invitation")
    assert dict(world.visitor().look_at_invitation(link).consents) == {"terms": "2026-01"}
    assert reason_of(lambda: world.visitor().accept_invitation(link, PASSWORD)) is Reason.CONSENT_MISSING
    signed_in = world.visitor().accept_invitation(link, PASSWORD, consents={"terms": "2026-01"}, key="k")
    again = world.visitor().accept_invitation(link, PASSWORD, consents={"terms": "2026-01"}, key="k")
    assert reason_of(lambda: world.client(signed_in).profile()) is Reason.SESSION_ENDED
    assert [one.id for one in world.client(again).appointments().items] == ["a1"]
    account = world.stored(Identifier, HERS).account
    (made,) = world.all_stored(AccountLink, "account", account)
    assert (made.ref, made.evidence.value, made.actor) == ("client:ana", "staff", "staff:mia")
    assert len(world.all_stored(Consent, "account", account)) == 1
    assert reason_of(lambda: world.staff().invite(ana)) is Reason.ALREADY_REGISTERED
    assert reason_of(lambda: world.visitor().accept_invitation(link, PASSWORD)) is Reason.LINK_GONE


def test_an_invitation_goes_on_without_an_app_that_somebody_else_has_set_up(world: World) -> None:
    """An account came along from the platform's past, and whoever has its old password has set an app up on it. Ana
    accepts: the app goes with the password, so nobody asks her for a code of it, and she is in at once."""
    timetap(world)
    world.change_policy("accounts", second_factor="offered")
    ana = world.add_client("ana", "Ana Kingi", email=ANA)
    now = world.clock()
    put(
        world,
        Account(id="old", email=HERS, address=ANA, created_at=now),
        Identifier(id=HERS, account="old"),
        SecondFactor(id="old", key_id="k1", nonce="n", begun_at=now, confirmed_at=now),
    )
    world.staff().invite(ana)
    signed_in = world.visitor().accept_invitation(link_in(world, ANA, "invitation"), PASSWORD)
    assert (signed_in.stage.value, signed_in.record) == ("done", ana)
    assert world.stored(SecondFactor, "old") is None


def test_an_invitation_to_a_mistyped_address_opens_nothing_once_it_is_corrected(world: World) -> None:
    """The mail lies in a stranger's mailbox; the record has another email by now, or is gone."""
    timetap(world)
    ref = world.add_client("ana", "Ana Kingi", email="anna@example.com")
    world.staff().invite(ref)
    link = link_in(world, "anna@example.com", "invitation")
    (record,) = world.ask("clients", [ref])
    world.change_client(evolve(record, email=ANA))
    assert reason_of(lambda: world.visitor().accept_invitation(link, PASSWORD)) is Reason.LINK_GONE
    world.change_client(evolve(record, usable=False))
    assert reason_of(lambda: world.visitor().accept_invitation(link, PASSWORD)) is Reason.LINK_GONE
    world.change_client(record)
    assert world.visitor().accept_invitation(link, PASSWORD).record == ref


def test_whom_staff_cannot_invite(world: World) -> None:
    """Nobody, a client without an email, one without the permission, and where staff may not register anybody."""
    timetap(world)
    nobody = evolve(world.add_client("ben", "Ben Ngata", mobile="021 765 4321"), id="nobody")
    ben = evolve(nobody, id="ben")
    assert reason_of(lambda: world.staff().invite(nobody)) is Reason.NOT_FOUND
    assert reason_of(lambda: world.staff().invite(ben)) is Reason.CONTACT_NOT_ALLOWED
    assert reason_of(lambda: world.staff(permissions=()).invite(ben)) is Reason.PERMISSION
    ana = world.add_client("ana", "Ana Kingi", email=ANA)
    world.staff().invite(ana)
    link = link_in(world, ANA, "invitation")
    world.change_policy("registration", staff_may_register=False)
    assert reason_of(lambda: world.staff().invite(ana)) is Reason.DISABLED
    assert reason_of(lambda: world.visitor().accept_invitation(link, PASSWORD)) is Reason.DISABLED


def test_an_invitation_takes_over_what_the_platform_brought_along_and_nobody_proved(world: World) -> None:
    """An imported account with Ana's address: its links and consents stay, its password does not."""
    timetap(world)
    world.change_policy("registration", consents={"terms": "2026-01"})
    ana = world.add_client("ana", "Ana Kingi", email=ANA)
    now = world.clock()
    put(
        world,
        Account(id="old-1", email=HERS, address=ANA, created_at=now),
        Identifier(id=HERS, account="old-1"),
        Consent(
            id=Consent.id_of("old-1", "terms", "2026-01"), account="old-1", document="terms", edition="2026-01", at=now
        ),
        AccountLink(
            id="old-1|client:ana",
            account="old-1",
            ref="client:ana",
            evidence="host",  # type: ignore[arg-type]
            made_at=now,
            actor="import",
        ),
    )
    world.staff().invite(ana)
    link = link_in(world, ANA, "invitation")
    world.visitor().accept_invitation(link, PASSWORD, consents={"terms": "2026-01"})
    assert world.stored(Identifier, HERS).account == "old-1"
    assert world.stored(Credential, "old-1") is not None
    assert [one.evidence.value for one in world.all_stored(AccountLink, "account", "old-1")] == ["staff"]
