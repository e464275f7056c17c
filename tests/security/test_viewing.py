"""A view through a client's eyes is no login: nothing makes one of it, nothing is done with it, no one else gets it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from attrs import evolve

from clientportal import Permission, PolicyError, Reason, Refused
from clientportal.operations.performing import perform
from clientportal.operations.viewing import VIEW_AS, ViewRecord
from clientportal.records import Challenge, OutboxMessage, Receipt, Session
from clientportal.rules.viewing import VIEW_LIFE
from security.attacking import ANA, Neighbour, Trace
from security.test_objects import CLIENT, WITHOUT_THINGS, Things, own_things, said
from watching import everything_stored, reason_of
from world import World

BEN = "021 765 4321"
LOOKS = {
    "profile",
    "appointments",
    "appointment",
    "past_changes",
    "start_booking",
    "profiles",
    "change_terms",
    "slots",
    "current_session",
    "sessions",
    "codes",
    "dashboard",
    "sections",
    "section",
    "section_item",
    "documents",
    "new_documents",
    "download",
    "forms",
    "form",
    "notices",
    "unread_notices",
    "messages",
    "memberships",
    "membership",
    "packages",
    "gift_cards",
    "gift_card_shop",
    "rewards",
    "cards",
    "payments",
    "transactions",
    "total_due",
    "payment",
    "pets",
    "preferences",
    "referrals",
}
"""What can be done in a view: everything else that a client can do is refused. ``log_out`` ends the view."""


def calls(own: Things) -> dict[str, Any]:
    """Every method of the client's door, about things that are the client's own."""
    found: dict[str, Any] = {}
    for name, cells in CLIENT.items():
        cell = (cells or (WITHOUT_THINGS[name],))[0]
        found[name] = lambda door, cell=cell: cell(door, own, own)
    return found


def but_audit(world: World) -> dict[str, Any]:
    """Everything that is stored, but for the audit."""
    return {table: rows for table, rows in everything_stored(world).items() if table != "cp_audit"}


def a_view(world: World) -> tuple[Things, Any]:
    """Ana with one of everything, and the door of Mia's view of her."""
    own = own_things(world, "ana", ANA)
    view = world.client(world.staff().view_as(own.ref))
    world.deliver()
    return own, view


def test_a_view_can_look_at_everything_and_touch_nothing(world: World) -> None:
    """Every method of the client's door by introspection: a look shows something, all else is refused as look-only, and
    not a row is another afterwards, whichever it was: no receipt, no code, no message, no note of the use.
    """
    own, view = a_view(world)
    world.clock.advance(timedelta(minutes=20))  # a client's session would be noted as used by now
    before = but_audit(world)
    for name, call in calls(own).items():
        if name == "log_out":
            continue
        answer = said(lambda call=call: call(view), own)
        assert ("Reason.LOOK_ONLY" in answer) is (name not in LOOKS), f"{name}: {answer[:300]}"
        assert name not in LOOKS or answer.startswith("gave "), f"{name}: {answer[:300]}"
        assert but_audit(world) == before, f"{name} left something"
    for name in ("move", "cancel", "rebook"):
        with_key = {"move": (own.appointment, own.slot), "rebook": (own.appointment, own.slot)}
        args = with_key.get(name, (own.appointment,))
        assert reason_of(lambda name=name, args=args: getattr(view, name)(*args, key="k")) is Reason.LOOK_ONLY
    assert but_audit(world) == before
    assert world.all_stored(Receipt, "expiry") == []


def test_a_preview_in_a_view_shows_and_leaves_nothing(world: World) -> None:
    """What a cancellation would come to can be looked at; what hands something out has no preview here either."""
    own, view = a_view(world)
    before = but_audit(world)
    for name, call in calls(own).items():
        try:
            said(lambda call=call: call(view.preview), own)
        except PolicyError:
            assert name not in LOOKS
        assert but_audit(world) == before, f"{name} left something"


def test_a_refused_write_asks_the_host_nothing(memory_world: World) -> None:
    """The session is read, the refusal written, and that is all: no read of the host's, no lock, no counter."""
    world = memory_world
    own = own_things(world, "ana", ANA)
    viewing = world.staff().view_as(own.ref)
    trace = Trace(world)
    for name, call in calls(own).items():
        if name in LOOKS or name == "log_out":
            continue
        made = trace.of(lambda call=call: call(trace.portal.client(viewing.token)))
        assert len(made) == 4, (name, made)
        assert "look_only" in made[-1]
        assert not any("host" in call for call in made[:-1]), (name, made)


def test_no_session_without_a_viewer_comes_of_a_view(world: World) -> None:
    """Choosing, switching, proving, "not me", logging out everywhere: after all of it there is the view, unchanged, and
    Ana's own session; and a code that Ana gets meanwhile opens a session of hers, not of the view.
    """
    own, view = a_view(world)
    sessions = {one.id: one for one in world.all_stored(Session, "expiry")}
    challenges = {one.id for one in world.all_stored(Challenge, "expiry")}
    for name, call in calls(own).items():
        if name != "log_out":
            said(lambda call=call: call(view), own)
    assert {one.id: one for one in world.all_stored(Session, "expiry")} == sessions
    assert {one.id for one in world.all_stored(Challenge, "expiry")} == challenges
    assert [one.viewer for one in sessions.values()].count("mia") == 1
    world.log_in(ANA).cancel(own.appointment)
    assert reason_of(lambda: view.cancel(own.appointment)) is Reason.LOOK_ONLY
    kept = {one.id: one for one in world.all_stored(Session, "expiry") if one.viewer is not None}
    assert kept == {id: one for id, one in sessions.items() if one.viewer is not None}


def test_a_views_token_is_nothing_at_the_other_doors(world: World) -> None:
    """Neither a handle, a device, a link nor a code: the visitor's door knows it as none of them."""
    own = own_things(world, "ana", ANA)
    token = world.staff().view_as(own.ref).token
    visitor = world.visitor(device=token)
    assert reason_of(lambda: visitor.verify_code(token, "123456")) is Reason.CODE_GONE
    assert reason_of(lambda: visitor.resend_code(token)) is Reason.CODE_GONE
    assert reason_of(lambda: visitor.look_at_link(token)) is Reason.LINK_GONE


def test_a_view_lasts_an_hour_used_or_not(world: World) -> None:
    """To the microsecond; being used does not lengthen it, nor does a clock that is set back revive it for staff's
    list.
    """
    own, view = a_view(world)
    tick = timedelta(microseconds=1)
    for _ in range(5):
        world.clock.advance(timedelta(minutes=10))
        assert view.profile().first_name == "Ana"
    world.clock.advance(VIEW_LIFE - timedelta(minutes=50) - tick)
    assert view.profile().first_name == "Ana"
    world.clock.advance(tick)
    assert reason_of(view.profile) is Reason.SESSION_ENDED
    assert reason_of(lambda: view.cancel(own.appointment)) is Reason.SESSION_ENDED
    assert {line.viewer for line in world.staff().sessions(own.ref)} == {None}


def test_only_the_permission_by_name_opens_a_view(world: World) -> None:
    """All others together do not, and nothing is stored or sent for the try but its refusal."""
    own = own_things(world, "ana", ANA)
    before = but_audit(world)
    door = world.staff(set(Permission) - {Permission.VIEW_AS_CLIENT})
    assert reason_of(lambda: door.view_as(own.ref)) is Reason.PERMISSION
    assert reason_of(lambda: door.view_as_account("acc-ana")) is Reason.PERMISSION
    assert but_audit(world) == before


def test_there_is_no_preview_of_a_view(world: World) -> None:
    """A token that works and that no audit knows of."""
    own = own_things(world, "ana", ANA)
    before = everything_stored(world)
    with pytest.raises(PolicyError, match="view_as cannot be previewed"):
        world.staff().preview.view_as(own.ref)
    assert everything_stored(world) == before


def test_a_client_cannot_make_a_view(world: World) -> None:
    """There is no such method at a client's or a visitor's door, nor at the door of a view."""
    own, view = a_view(world)
    for door in (world.visitor(), world.log_in(ANA), view):
        inner = getattr(door, "_awaited", door)
        assert not [name for name in dir(inner) if name.startswith("view")]
        # Nor would the operation itself take a client for staff, if a door offered it by mistake.
        asked = perform(inner._setup, inner._caller, VIEW_AS, ViewRecord(own.ref))
        with pytest.raises((AssertionError, Refused)):
            world.run(asked)


def test_staff_of_another_business_get_no_view_and_a_token_does_not_travel(world: World) -> None:
    """Ana is nobody next door; and Mia's token with the neighbour's name in it is no session there."""
    other = Neighbour(world)
    ana = own_things(world, "ana", ANA)
    before = everything_stored(world)
    assert reason_of(lambda: other.staff().view_as(ana.ref)) is Reason.NOT_FOUND
    assert everything_stored(world) == before
    token = world.staff().view_as(ana.ref).token.reveal()
    here = own_things(other, "ana", ANA)
    own = other.staff().view_as(here.ref).token.reveal()
    name, neighbours = (text.rpartition(".")[0] for text in (token, own))
    assert name != neighbours
    moved = token.replace(name, neighbours, 1)
    assert moved != token
    assert reason_of(lambda: world.portal.client(moved).profile()) is Reason.SESSION_ENDED


def test_the_token_is_stored_nowhere(world: World) -> None:
    """Not in a session, the audit or a message; and a view does not print it."""
    own = own_things(world, "ana", ANA)
    viewing = world.staff(reason="Ana rang").view_as(own.ref)
    world.client(viewing).profile()
    secret = viewing.token.reveal().rpartition(".")[2]
    assert secret not in repr(everything_stored(world))
    assert secret not in repr(viewing)
    assert world.all_stored(OutboxMessage, "time")[-1].facts == {}


def test_a_session_that_lost_its_mark_is_found_out(world: World) -> None:
    """The proof that the tests above look at the mark: taken off by hand, the same token cancels."""
    own, view = a_view(world)
    (marked,) = [one for one in world.all_stored(Session, "expiry") if one.viewer is not None]

    async def go() -> None:
        from clientportal.records import Put

        async with world.store.begin(world.tenant, world.host, writes=True) as unit:
            session = await unit.state.get(Session, marked.id)
            await unit.commit((Put(evolve(session, viewer=None)),))

    assert reason_of(lambda: view.cancel(own.appointment)) is Reason.LOOK_ONLY
    world.run(go())
    view.cancel(own.appointment)
