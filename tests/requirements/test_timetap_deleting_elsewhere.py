"""TimeTap, with a platform that keeps its tables in a database of its own: deleted whole, or not at all (TT4)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from attrs import evolve

from accounts_ground import a_link, a_session, an_account
from clientportal import Reason, StoreError, presets
from clientportal.operations import leaving
from clientportal.operations.people import Group, group_of
from clientportal.outcomes import AppointmentDeleted
from clientportal.policy import OnDelete
from clientportal.records import AccountLink, Assignment, ContactEntry, Intent, MessageState, OutboxMessage, Session
from clientportal.stores.memory.store import MemoryState
from clientportal.values import AnswerKind, HostAnswer
from watching import BOTH_COLOURS, everything_stored, far_away, reason_of, refusal_of
from world import World, client

pytestmark = pytest.mark.requirement("TT4")

ANA, ANNA, BEN = client("ana"), client("anna"), client("ben")
NUMBER = "021 123 4567"


def salon(world: World) -> str:
    """Ana with a session, an appointment that is her account's, a link on its way, and a code; Ben beside her."""
    world.use(presets.timely(region="NZ"))
    world.add_client("ana", "Ana Kingi", mobile=NUMBER, email="ana@example.com")
    world.add_client("ben", "Ben Ngata", mobile="021 765 4321")
    world.book("next", ANA, "2026-11-30 09:00")
    account = an_account(world, "ana@example.com", "2026-11-01 09:00", proved="2026-11-01 09:05")
    a_link(world, account, ANA)
    world.staff().assign("next", account)
    world.sign_in(NUMBER)
    a_session(world, account, entry=ANA)
    world.staff().appointment_link("next", send=True)
    return account


def portals_own(world: World) -> dict[str, list[str]]:
    """Everything that the portal holds, but what is told of the call itself, and when a session was last used."""
    told = ("cp_audit", "cp_sessions")
    rows = everything_stored(world)
    return {name: kept for name, kept in rows.items() if kept and name.startswith("cp_") and name not in told}


DELETING: dict[str, tuple[str, Callable[[World], Any]]] = {
    "delete_client": ("delete_client", lambda world: world.staff().delete_client(ANA)),
    "delete_appointment": ("delete_appointment", lambda world: world.staff().delete_appointment("next")),
    "erase": ("erase_client", lambda world: world.staff().erase(ANA, reason="asked to be forgotten")),
}


@BOTH_COLOURS
@pytest.mark.parametrize("name", DELETING)
def test_a_platform_that_says_no_leaves_everything_as_it_was(name: str, awaited: bool) -> None:
    """Sessions go on, the number finds her, links and assignments stand, what was about to be sent is sent."""
    write, delete = DELETING[name]
    with far_away(awaited) as world:
        salon(world)
        before, sessions = portals_own(world), len(world.all_stored(Session, "entry", str(ANA)))
        setattr(world.host, write, lambda *_: HostAnswer(AnswerKind.DECLINED, note="she owes us money"))
        refused = refusal_of(lambda: delete(world))
        assert refused.reason is Reason.NOT_CHANGEABLE
        assert portals_own(world) == before
        assert len(world.all_stored(Session, "entry", str(ANA))) == sessions == 2
        assert world.staff().explain_contact(NUMBER).record == ANA


@BOTH_COLOURS
@pytest.mark.parametrize("name", DELETING)
def test_nothing_is_done_before_the_platform_has_answered(name: str, awaited: bool) -> None:
    """The platform dies while it is asked: all stands, until the pump has its answer; then nothing of it is left."""
    write, delete = DELETING[name]
    with far_away(awaited) as world:
        salon(world)
        before, real = portals_own(world), getattr(world.host, write)

        def dies(*_: Any) -> Any:
            raise OSError("no route to the platform")

        setattr(world.host, write, dies)
        with pytest.raises(StoreError):
            delete(world)
        (intent,) = world.all_stored(Intent, "state", "open")
        assert {**portals_own(world), "cp_intents": []} == {**before, "cp_intents": []}, "the wish alone is written"
        setattr(world.host, write, real)
        world.clock.advance(timedelta(minutes=2))
        world.deliver()
        assert world.all_stored(Intent, "state", "open") == []
        assert (world.stored(Assignment, "next") is None) == (name != "delete_client"), "the books keep whose it was"
        if name != "delete_appointment":
            assert world.all_stored(Session, "entry", str(ANA)) == []
            assert world.all_stored(ContactEntry, "ref", str(ANA)) == []
            assert all(one.revoked_at for one in world.all_stored(AccountLink, "ref", str(ANA)))
        once = everything_stored(world)
        world.clock.advance(timedelta(minutes=2))
        world.deliver()
        assert everything_stored(world) == once, intent


@pytest.mark.parametrize("name", ["delete_client", "erase"])
def test_a_session_that_is_opened_meanwhile_ends_with_the_others(name: str) -> None:
    """She logs in after the platform was asked and before its answer is recorded; the answer ends that session, too."""
    write, delete = DELETING[name]
    with far_away() as world:
        salon(world)
        world.clock.advance(timedelta(minutes=11))
        world.deliver()
        sent, code = world.get_code(NUMBER)
        real = getattr(world.host, write)
        opened: list[Any] = []

        def slow(host: Any, *asked: Any) -> Any:
            opened.append(world.visitor().verify_code(sent.handle, code))
            assert len(world.all_stored(Session, "entry", str(ANA))) == 3
            return real(host, *asked)

        setattr(world.host, write, slow)
        delete(world)
        assert opened
        assert world.all_stored(Session, "entry", str(ANA)) == []
        assert world.staff().explain_contact(NUMBER).record is None


@BOTH_COLOURS
def test_what_hung_on_the_client_goes_as_it_does_in_one_commit(awaited: bool) -> None:
    """Links are revoked, and the platform hears of it; messages are dropped; merged records go with the one."""
    with far_away(awaited) as world:
        account = salon(world)
        world.add_client("anna", "Anna King", email="anna@example.com")
        world.staff().merge(ANA, ANNA)
        deleted = world.staff().delete_client(ANA)
        assert (deleted.refs, deleted.sessions, deleted.links) == ((ANA, ANNA), 2, 1)
        assert world.all_stored(ContactEntry, "ref", str(ANNA)) == []
        (link,) = world.all_stored(AccountLink, "ref", str(ANA))
        assert link.revoked_by == "staff:mia"
        (message,) = world.all_stored(OutboxMessage, "record", str(ANA))
        assert message.state is MessageState.DROPPED
        assert "unlinked" in [event.kind for event in heard(world)]
        assert world.staff().delete_appointment("next") == AppointmentDeleted("next", account)
        assert world.stored(Assignment, "next") is None


def heard(world: World) -> list[Any]:
    """What the platform was told of."""
    return [event for _, event in world.host.home._tables._rows.get((world.tenant, "events"), {}).items()]


@BOTH_COLOURS
def test_a_retry_under_one_key_has_the_first_answer(awaited: bool) -> None:
    """I2: also the appointments that were cancelled one by one before."""
    with far_away(awaited) as world:
        salon(world)
        world.change_policy("clients", on_delete=OnDelete.KEEP_PAST_CANCEL_FUTURE)
        world.book("later", ANA, "2026-12-30 09:00")
        first = world.staff().delete_client(ANA, key="k")
        assert first.cancelled == ("next", "later")
        assert world.staff().delete_client(ANA, key="k") == first


def test_the_key_is_free_again_after_a_no() -> None:
    """The same call, once the platform has changed its mind, deletes."""
    with far_away() as world:
        salon(world)
        real = world.host.delete_client
        world.host.delete_client = lambda *_: HostAnswer(AnswerKind.DECLINED, note="not yet")
        assert reason_of(lambda: world.staff().delete_client(ANA, key="k")) is Reason.NOT_CHANGEABLE
        world.host.delete_client = real
        assert world.staff().delete_client(ANA, key="k").ref == ANA


def test_a_record_that_is_merged_into_the_client_meanwhile_is_not_deleted() -> None:
    """The platform was asked for Ana's row alone: Ben's stands, and so does what is his."""
    with far_away() as world:
        salon(world)
        real = world.host.delete_client
        world.deliver()
        world.sign_in("021 765 4321")

        def slow(host: Any, *asked: Any) -> Any:
            world.staff().merge(ANA, BEN)
            return real(host, *asked)

        world.host.delete_client = slow
        world.staff().delete_client(ANA)
        assert world.all_stored(ContactEntry, "ref", str(BEN))
        assert len(world.all_stored(Session, "entry", str(BEN))) == 1
        assert world.all_stored(Session, "entry", str(ANA)) == []


@pytest.mark.parametrize("call", ["delete_client", "erase"])
def test_the_one_that_speaks_is_held_whichever_record_is_named(call: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A merge of the root waits for a deletion that named a record behind it: both names are held, in one order."""
    with far_away() as world:
        salon(world)
        world.add_client("anna", "Anna King")
        world.staff().merge(ANA, ANNA)
        held: list[str] = []
        hold = MemoryState.hold

        def noted(state: Any, name: str) -> Any:
            held.append(name)
            return hold(state, name)

        monkeypatch.setattr(MemoryState, "hold", noted)
        staff = world.staff()
        if call == "erase":
            assert staff.erase(ANNA, reason="asked to be forgotten").ref == ANA
        else:
            assert reason_of(lambda: staff.delete_client(ANNA)) is Reason.ALREADY_MERGED
        merges = [name for name in held if name.startswith("merge:")]
        assert merges[:2] == ["merge:client:ana", "merge:client:anna"]


def test_who_is_merged_while_a_deletion_waits_is_read_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    """Anna is merged into Ana after it was read that she speaks for herself, and before she was held."""
    with far_away() as world:
        salon(world)
        world.add_client("anna", "Anna King")
        waited: list[Any] = []

        async def merged_once(reading: Any, ref: Any) -> Group:
            waited.append(ref)
            found = await group_of(reading, ref)
            return evolve(found, root=ANA) if len(waited) == 1 else found

        monkeypatch.setattr(leaving, "group_of", merged_once)
        assert world.staff().delete_client(ANNA).ref == ANNA
        assert waited == [ANNA, ANNA]
