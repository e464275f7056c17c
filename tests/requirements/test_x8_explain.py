"""X8: every refusal has a stable reason, a text for the client, another for staff, and a time where time heals it."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from attrs import evolve
from pyotp import TOTP

from accounts_ground import a_session, an_account
from clientportal import AppointmentStatus, Conflict, Money, Reason, Refused, presets
from clientportal.messages.texts import DEFAULTS
from clientportal.policy import Fee, Late, Override, Window
from clientportal.records import Challenge, Merge, Put
from clientportal.testing.fake_provider import Behaviour, FakeProvider
from clientportal.values import RecordRef
from held import card, shows
from mails import acuity, register, timetap
from papers import holds_papers
from password_ground import add_account, log_in, with_passwords
from paying_ground import DUE, owes_and_has_paid
from watching import BOTH_COLOURS, platform, reason_of, refusal_of
from world import World, at, client

pytestmark = pytest.mark.requirement("X8")

NUMBER = "021 123 4567"


def assert_filled(refused: Refused) -> None:
    """Both texts are those of the catalogue, with something in every placeholder."""
    for who, text in (("client", refused.client_text), ("staff", refused.staff_text)):
        pattern = re.escape(DEFAULTS[f"reason.{refused.reason.value}.{who}"])
        assert re.fullmatch(re.sub(r"\\\{[a-z_]+\\\}", r"(?=\\S)(.+)", pattern), text), (refused.reason, text)
        assert "{" not in text


def test_every_reason_has_two_texts_of_its_own() -> None:
    """No reason without words, and no client reads the words for staff."""
    for reason in Reason:
        for_client, for_staff = (DEFAULTS[f"reason.{reason.value}.{who}"] for who in ("client", "staff"))
        assert for_client
        assert for_staff
        if reason is not Reason.UNDONE_ALREADY:
            assert for_client != for_staff
    assert len({DEFAULTS[f"reason.{reason.value}.client"] for reason in Reason}) == len(Reason)


# --- one way to meet each ---------------------------------------------------------------------------------------------


class Stage:
    """Ana with ``a1``, a twin and a session: whatever the refusals below need."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.ana = world.add_client("ana", "Ana Kingi", mobile=NUMBER, email="ana@example.com")
        self.twin = world.add_client("twin", "Anna", mobile="027 555 0001", email="ana@example.com")
        world.book("a1", self.ana, "2026-11-30 09:00", staff_id="mia")
        self.door = world.log_in(NUMBER)
        self.staff = world.staff()
        self.visitor = world.visitor()

    def asked(self, number: str = "021 765 4321") -> Any:
        """A code is on its way."""
        self.world.clock.advance(timedelta(minutes=11))
        return self.world.get_code(number)

    def wrong(self, sent: Any, code: str) -> Refused:
        """Another code than the one that was sent."""
        other = f"{(int(code) + 1) % 10**6:06}"
        return refusal_of(lambda: self.visitor.verify_code(sent.handle, other))

    def merge(self) -> str:
        """The twin is Ana."""
        (id,) = self.staff.merge(self.ana, self.twin).merges
        return str(id)


def _disabled(on: Stage) -> Refused:
    on.world.change_policy("changes", enabled=False)
    return refusal_of(lambda: on.door.cancel("a1"))


def _contact_business(on: Stage) -> Refused:
    (slot,) = on.world.add_slots("2026-12-02 10:00")
    on.world.seed("add_services", [evolve(on.world.ask("service", "cut"), bookable_online=False)])
    return refusal_of(lambda: on.door.rebook("a1", slot))


def _permission(on: Stage) -> Refused:
    return refusal_of(lambda: on.world.staff(permissions=()).duplicates())


def _code_gone(on: Stage) -> Refused:
    sent, code = on.asked()
    on.world.clock.set(sent.expires_at)
    return refusal_of(lambda: on.visitor.verify_code(sent.handle, code))


def _code_wrong(on: Stage) -> Refused:
    return on.wrong(*on.asked())


def _too_many_tries(on: Stage) -> Refused:
    on.world.change_policy("guesses", per_day=2)
    sent, code = on.asked()
    for _ in range(2):
        on.wrong(sent, code)
    return on.wrong(sent, code)


def _wait(on: Stage) -> Refused:
    on.asked()
    return refusal_of(lambda: on.visitor.request_code("021 765 4321"))


def _stopped(on: Stage) -> Refused:
    on.world.change_policy("guesses", stop_after=1)
    sent, code = on.asked()
    on.wrong(sent, code)
    return on.wrong(sent, code)


def _too_many_codes(on: Stage) -> Refused:
    on.world.change_policy("login", live_codes=1)
    on.asked()
    on.world.clock.advance(timedelta(minutes=5))
    return refusal_of(lambda: on.visitor.request_code("021 765 4321"))


def _contact_not_allowed(on: Stage) -> Refused:
    return refusal_of(lambda: on.visitor.request_code("0900 12345"))


def _bot_suspected(on: Stage) -> Refused:
    portal = on.world.make_portal(human=lambda _attempt: False)
    return refusal_of(lambda: portal.visitor(on.world.tenant).request_code(NUMBER))


def _link_gone(on: Stage) -> Refused:
    return refusal_of(lambda: on.visitor.look_at_link("no link at all"))


def _session_ended(on: Stage) -> Refused:
    on.door.log_out()
    return refusal_of(on.door.profile)


def _choose_first(on: Stage) -> Refused:
    on.world.add_client("mere", "Mere", mobile=NUMBER)
    on.world.change_policy("login", several="choose")
    return refusal_of(on.world.log_in(NUMBER).profile)


def _second_proof_first(on: Stage) -> Refused:
    on.world.add_client("old", "Old", mobile="027 555 0002", created="2020-01-01 09:00")
    on.world.change_policy("login", recycled_after=timedelta(days=365))
    return refusal_of(on.world.log_in("027 555 0002").profile)


def _not_found(on: Stage) -> Refused:
    return refusal_of(lambda: on.door.appointment("nothing"))


def _too_late(on: Stage) -> Refused:
    on.world.clock.set(at("2026-11-29 12:00"))
    return refusal_of(lambda: on.door.cancel("a1"))


def _too_many_moves(on: Stage) -> Refused:
    on.world.change_policy("changes", max_moves=0)
    (slot,) = on.world.add_slots("2026-12-02 10:00")
    return refusal_of(lambda: on.door.move("a1", slot))


def _fee_not_accepted(on: Stage) -> Refused:
    fee = Fee(amount=Money("20.00", "NZD"))
    on.world.change_policy("changes", cancel=Window(amount=1000, late=Late.FEE, fee=fee))
    return refusal_of(lambda: on.door.cancel("a1"))


def _already_over(on: Stage) -> Refused:
    on.world.book("c1", on.ana, "2026-12-05 09:00", status=AppointmentStatus.CANCELLED)
    return refusal_of(lambda: on.door.cancel("c1"))


def _not_changeable(on: Stage) -> Refused:
    on.world.book("l1", on.ana, "2026-12-05 09:00", locked="part of a course")
    return refusal_of(lambda: on.door.cancel("l1"))


def _card_needed(on: Stage) -> Refused:
    shows(on.world, "payment_methods")
    on.world.seed("add_items", [card("c1", on.ana, required=True)])
    return refusal_of(lambda: on.door.remove_card("c1"))


def _form_done(on: Stage) -> Refused:
    holds_papers(on.world, on.ana, "intake")
    on.door.submit_form("intake", {})
    return refusal_of(lambda: on.door.submit_form("intake", {}))


def _form_withdrawn(on: Stage) -> Refused:
    holds_papers(on.world, on.ana, "intake")
    on.world.seed("withdraw_form", "intake")
    return refusal_of(lambda: on.door.submit_form("intake", {}))


def _owing(on: Stage, *script: Behaviour) -> Any:
    owes_and_has_paid(on.world, on.ana, "i1")
    on.world.portal = on.world.make_portal(payments=FakeProvider(*script))
    return on.world.log_in(NUMBER)


def _amount_changed(on: Stage) -> Refused:
    door = _owing(on)
    return refusal_of(lambda: door.pay("i1", Money("64.00", "NZD")))


def _nothing_due(on: Stage) -> Refused:
    door = _owing(on)
    door.pay("i1", DUE)
    return refusal_of(lambda: door.pay("i1", DUE))


def _payment_under_way(on: Stage) -> Refused:
    door = _owing(on, Behaviour.PENDS)
    door.pay("i1", DUE)
    return refusal_of(lambda: door.pay("i1", Money("64.00", "NZD")))


def _slot_taken(on: Stage) -> Refused:
    return refusal_of(lambda: on.door.move("a1", "no such slot"))


def _same_slot(on: Stage) -> Refused:
    (slot,) = on.world.add_slots("2026-11-30 09:00")
    return refusal_of(lambda: on.door.move("a1", slot))


def _same_record(on: Stage) -> Refused:
    return refusal_of(lambda: on.staff.merge(on.ana, on.ana))


def _already_merged(on: Stage) -> Refused:
    on.merge()
    zoe = on.world.add_client("zoe", "Zoë Reed")
    return refusal_of(lambda: on.staff.merge(zoe, on.twin))


def _not_duplicates(on: Stage) -> Refused:
    on.staff.dismiss(on.ana, on.twin)
    return refusal_of(lambda: on.staff.merge(on.ana, on.twin))


def _undo_too_late(on: Stage) -> Refused:
    id = on.merge()
    on.world.clock.advance(timedelta(days=31))
    return refusal_of(lambda: on.staff.undo(id))


def _undone_already(on: Stage) -> Refused:
    id = on.merge()
    on.staff.undo(id)
    return refusal_of(lambda: on.staff.undo(id))


def _erased(on: Stage) -> Refused:
    id, world = on.merge(), on.world

    async def erase() -> None:
        async with world.store.begin(world.tenant, world.host, writes=True) as unit:
            await unit.commit([Put(evolve(await unit.state.get(Merge, id), erased=True))])

    world.run(erase())
    return refusal_of(lambda: on.staff.undo(id))


def _key_reused(on: Stage) -> Refused:
    on.staff.merge(on.ana, on.twin, key="press-1")
    return refusal_of(lambda: on.staff.merge(on.twin, on.ana, key="press-1"))


def _not_linked(on: Stage) -> Refused:
    account = an_account(on.world, "rae@example.com", on.world.clock())
    return refusal_of(lambda: on.staff.unlink(account, on.ana))


def _proof_needed(on: Stage) -> Refused:
    on.world.use(presets.timetap(region="NZ"))
    unproved = an_account(on.world, "rae@example.com", on.world.clock())
    return refusal_of(lambda: on.world.portal.client(a_session(on.world, unproved)).claim(NUMBER))


def _prove_contact_first(on: Stage) -> Refused:
    on.world.change_policy("visibility", editable=("mobile",))
    return refusal_of(lambda: on.door.update_profile({"mobile": "021 765 4321"}))


def _fresh_login_first(on: Stage) -> Refused:
    on.world.change_policy("visibility", editable=("mobile",))
    on.world.clock.advance(timedelta(minutes=10))
    return refusal_of(lambda: on.door.request_contact_change("021 765 4321"))


def _changed_meanwhile(on: Stage) -> Refused:
    version = on.staff.client(on.ana).versions[on.ana]
    on.staff.change_client(on.ana, version, {"first_name": "Anahera"})
    return refusal_of(lambda: on.staff.change_client(on.ana, version, {"first_name": "Annie"}))


def _with_password(on: Stage) -> Any:
    """Ana has an account, and clients log in with a password."""
    with_passwords(on.world)
    add_account(on.world)
    return on.world


def _login_failed(on: Stage) -> Refused:
    _with_password(on)
    return refusal_of(lambda: on.visitor.log_in("ana@example.com", "not it"))


def _no_password(on: Stage) -> Refused:
    _with_password(on)
    bare = an_account(on.world, "rae@example.com", on.world.clock())
    return refusal_of(lambda: on.world.portal.client(a_session(on.world, bare)).confirm_password("kereru"))


def _step_up_first(on: Stage) -> Refused:
    signed_in = log_in(_with_password(on))
    on.world.clock.advance(timedelta(minutes=10))
    return refusal_of(lambda: on.world.client(signed_in).change_password("pohutukawa by the sea"))


def _changed_to(on: Stage, password: str) -> Refused:
    signed_in = log_in(_with_password(on))
    return refusal_of(lambda: on.world.client(signed_in).change_password(password))


def _password_too_short(on: Stage) -> Refused:
    return _changed_to(on, "kereru")


def _password_too_common(on: Stage) -> Refused:
    return _changed_to(on, "password1234567")


def _password_breached(on: Stage) -> Refused:
    on.world.portal = on.world.make_portal(breaches=lambda _password: True)
    return _changed_to(on, "pohutukawa by the sea")


def _waiting_for_the_app(on: Stage) -> Any:
    world = _with_password(on)
    world.change_policy("accounts", second_factor="offered")
    door = world.client(log_in(world))
    begun = door.begin_second_factor()
    door.confirm_second_factor(TOTP(begun.secret.reveal()).at(world.clock()))
    return world.client(log_in(world))


def _second_factor_first(on: Stage) -> Refused:
    return refusal_of(_waiting_for_the_app(on).sessions)


def _second_factor_wrong(on: Stage) -> Refused:
    door = _waiting_for_the_app(on)
    return refusal_of(lambda: door.second_factor("0000-0000-0000-0000"))


def _enrol_first(on: Stage) -> Refused:
    world = _with_password(on)
    world.change_policy("accounts", second_factor="required")
    return refusal_of(world.client(log_in(world)).sessions)


def _booking_first(on: Stage) -> Refused:
    acuity(on.world)
    return refusal_of(lambda: register(on.world, came_from="made-up"))


def _consent_missing(on: Stage) -> Refused:
    timetap(on.world)
    on.world.change_policy("registration", consents={"terms": "2026-01"})
    return refusal_of(lambda: register(on.world, consents={"terms": "2025-06"}))


def _already_registered(on: Stage) -> Refused:
    an_account(on.world, "ana@example.com", on.world.clock(), proved=on.world.clock())
    on.world.use(presets.timetap(region="NZ"))
    return refusal_of(lambda: on.staff.invite(on.ana))


def _look_only(on: Stage) -> Refused:
    viewing = on.staff.view_as(on.ana)
    return refusal_of(lambda: on.world.portal.client(viewing.token).cancel("a1"))


def _nothing_assigned(on: Stage) -> Refused:
    return refusal_of(lambda: on.staff.assign_all(on.ana))


def _several_accounts(on: Stage) -> Refused:
    on.world.book("a2", on.ana, "2026-12-01 09:00")
    for id, email in (("a1", "rae@example.com"), ("a2", "tui@example.com")):
        on.staff.assign(id, an_account(on.world, email, on.world.clock(), proved=on.world.clock()))
    return refusal_of(lambda: on.staff.assign_all(on.ana))


def _plan(on: Stage) -> Refused:
    on.world.change_policy("clients", export=False)
    return refusal_of(lambda: list(on.staff.export_clients()))


MEETINGS: dict[Reason, Callable[[Stage], Refused]] = {
    reason: globals()[f"_{reason.value}"] for reason in Reason if reason is not Reason.BUSY
}
HEALED_BY_TIME = {Reason.WAIT, Reason.TOO_MANY_CODES, Reason.TOO_MANY_TRIES}


@pytest.mark.parametrize("reason", list(MEETINGS), ids=lambda reason: reason.value)
def test_every_refusal_explains_itself(world: World, reason: Reason) -> None:
    """The reason, both texts with their placeholders filled, the rule behind it, and when to try again, if ever."""
    refused = MEETINGS[reason](Stage(world))
    assert refused.reason is reason
    assert_filled(refused)
    assert refused.refusal.because.rule
    if reason in HEALED_BY_TIME:
        assert refused.retry_at is not None
        assert refused.retry_at > world.clock()
    else:
        assert refused.retry_at is None


@BOTH_COLOURS
def test_a_conflict_that_does_not_end_is_busy(awaited: bool) -> None:
    """Three tries, then an honest answer."""
    tries: list[str] = []

    def cancel(_host: Any, _appointment: Any, _fee: Any, key: str) -> Any:
        tries.append(key)
        raise Conflict("always")

    with platform(awaited, cancel=cancel) as world:
        refused = refusal_of(lambda: Stage(world).door.cancel("a1"))
        assert (refused.reason, len(tries)) == (Reason.BUSY, 3)
        assert_filled(refused)


@pytest.mark.parametrize("reason", [Reason.WAIT, Reason.TOO_MANY_CODES])
def test_at_the_time_it_names_it_is_granted(world: World, reason: Reason) -> None:
    """A microsecond before it is refused still; at that moment the code is sent."""
    refused = MEETINGS[reason](Stage(world))
    assert refused.retry_at is not None
    world.clock.set(refused.retry_at - timedelta(microseconds=1))
    assert reason_of(lambda: world.visitor().request_code("021 765 4321")) is reason
    world.clock.set(refused.retry_at)
    assert world.visitor().request_code("021 765 4321").digits == 6


def test_the_days_tries_come_back_when_it_says(world: World) -> None:
    """Two wrong tries a day: at the time that was named, a new code is judged again."""
    stage = Stage(world)
    refused = _too_many_tries(stage)
    assert refused.retry_at is not None
    world.clock.set(refused.retry_at - timedelta(minutes=12))
    sent, code = stage.asked()
    assert stage.wrong(sent, code).reason is Reason.TOO_MANY_TRIES
    world.clock.set(refused.retry_at)
    assert world.visitor().verify_code(sent.handle, code).new_record


# --- uniform replies -------------------------------------------------------------------------------------------------


def test_the_right_code_of_a_stranger_is_answered_like_a_wrong_one(world: World) -> None:
    """Where only clients get in, nothing tells who is one; the true reason is in the audit alone."""
    world.use(presets.vcita(region="NZ"))
    world.add_client("ana", "Ana Kingi", email="ana@example.com")
    sent, code = world.get_code("ana@example.com")
    known = refusal_of(lambda: world.visitor().verify_code(sent.handle, f"{(int(code) + 1) % 10**6:06}"))
    world.clock.advance(timedelta(seconds=1))
    stranger = world.visitor().request_code("stranger@example.com")
    assert world.deliver().dropped == 1
    (challenge,) = world.all_stored(Challenge, "lane", "email:stranger@example.com")
    right = world.keys.code(
        challenge.key_id,
        world.tenant,
        challenge.purpose.value,
        challenge.identity,
        challenge.id,
        challenge.send_number,
        6,
    )
    unknown = refusal_of(lambda: world.visitor().verify_code(stranger.handle, right.reveal()))

    def told(refused: Refused) -> tuple[Any, ...]:
        refusal = refused.refusal
        return (
            refused.reason,
            refused.client_text,
            refused.staff_text,
            refused.retry_at,
            refusal.fee,
            str(refusal.facts),
        )

    assert told(unknown) == told(known)
    assert unknown.reason is Reason.CODE_WRONG
    assert "contact_business" not in repr(unknown.refusal)
    lines = [line for line in world.staff().audit().items if line.action == "verify_code"]
    assert [line.outcome for line in lines] == ["contact_business", "code_wrong"]


def test_foreign_and_absent_things_are_refused_alike(world: World) -> None:
    """Ben's appointment and no appointment: the same words; a spent, a forged and an expired link: the same words."""
    stage = Stage(world)
    ben = world.add_client("ben", "Ben Ngata", mobile="021 765 4321")
    world.book("b1", ben, "2026-11-30 11:00")
    for change in (stage.door.appointment, stage.door.cancel, stage.door.change_terms):
        foreign, absent = (refusal_of(lambda id=id, do=change: do(id)) for id in ("b1", "nothing"))
        assert (foreign.reason, foreign.client_text, foreign.staff_text) == (
            absent.reason,
            absent.client_text,
            absent.staff_text,
        )
    spent, old = stage.staff.appointment_link("a1"), stage.staff.appointment_link("b1")
    stage.visitor.cancel_by_link(spent)
    forged = old.reveal()[:-4] + ("aaaa" if not old.reveal().endswith("aaaa") else "bbbb")
    world.clock.advance(timedelta(days=91))
    replies = [refusal_of(lambda link=link: stage.visitor.look_at_link(link)) for link in (spent, old, forged)]
    assert len({(one.reason, one.client_text, one.staff_text) for one in replies}) == 1


# --- explaining ------------------------------------------------------------------------------------------------------


def test_staff_read_which_settings_decide_on_a_change(world: World) -> None:
    """The general window, the service's, the member of staff's, the cap and the switch, each by its name and value."""
    stage = Stage(world)
    explained = stage.staff.explain_change("a1")
    assert "changes.cancel = 24 hours" in explained.because["cancel"]
    assert "changes.move = 24 hours" in explained.because["move"]
    assert "changes.rebooking = True" in explained.because["rebook"]
    world.change_policy(
        "changes",
        max_moves=3,
        services={"cut": Override(cancel=Window(amount=48))},
        staff={"mia": Override(cancel=Window(amount=72))},
    )
    because = stage.staff.explain_change("a1").because
    assert "changes.services.cut.cancel = 48 hours" in because["cancel"]
    assert "changes.staff.mia.cancel = 72 hours" in because["cancel"]
    assert "changes.max_moves = 3" in because["move"]
    assert "moved before 0" in because["move"]
    world.clock.set(at("2026-11-29 12:00"))
    explained = stage.staff.explain_change("a1")
    assert explained.terms.cancel.reason == "too_late"
    assert "last moment 2026-11-27 09:00 NZDT" in explained.because["cancel"]
    world.change_policy("changes", enabled=False)
    assert "changes.enabled = False" in stage.staff.explain_change("a1").because["cancel"]
    assert reason_of(lambda: stage.staff.explain_change("nothing")) is Reason.NOT_FOUND


def test_staff_read_why_a_contact_opens_what_it_opens(world: World) -> None:
    """The rule, how many records have it, and the setting that picks one; the contact itself is masked."""
    stage = Stage(world)
    world.add_client("mere", "Mere", mobile=NUMBER)
    explained = stage.staff.explain_contact(NUMBER)
    assert explained.record == stage.ana
    assert "login.several = newest_booking" in explained.because
    assert "records that have it 2" in explained.because
    assert "+64211234567" not in explained.because + explained.contact
    world.change_policy("login", several="choose")
    chosen = stage.staff.explain_contact(NUMBER)
    assert (chosen.record, "login.several = choose" in chosen.because) == (None, True)
    assert stage.staff.explain_contact("027 000 0000").record is None


def test_every_link_between_a_session_and_a_record_is_explained(world: World) -> None:
    """Staff see of each open session why it shows this record."""
    stage = Stage(world)
    (line,) = stage.staff.sessions(RecordRef.client("ana"))
    assert "whose_contact" in line.because
    assert "login.several = newest_booking" in line.because
    assert stage.door.sessions()[0].because == "", "the client is not told"
    assert stage.staff.sessions(client("twin")) == ()
