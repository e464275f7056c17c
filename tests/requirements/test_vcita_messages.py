"""V10: while it is enabled, the client writes to the business from the portal."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from clientportal import DurableOperation, InvalidInput, PolicyError, Reason, RecordRef, presets
from clientportal.stores.memory import MemoryHost
from clientportal.values.messages import MAX_MESSAGE, Message, WrittenBy
from own_sections import open_sections
from watching import everything_stored, far_away, reason_of, refusal_of
from world import World, at

pytestmark = pytest.mark.requirement("V10")

ANA = "ana@example.com"


@pytest.fixture
def salon(world: World) -> World:
    """A business of vcita's kind that shows messages; it is Saturday, 21 November 2026, 10:00 in Auckland."""
    world.use(presets.vcita(region="NZ"))
    open_sections(world, "messages")
    return world


def said(world: World, id: str, ref: RecordRef, when: str, text: str, by: str = "business") -> None:
    """A message that the platform has already."""
    world.seed("add_items", [Message(id=id, ref=ref, at=at(when), written_by=by, text=text)])


def texts(door: Any, **more: Any) -> list[str]:
    """What stands in the conversation, newest first."""
    return [one.text for one in door.messages(**more).items]


def test_a_client_writes_and_reads_what_the_business_answered(salon: World) -> None:
    """Ana asks at 10:11 and is answered at 11:00; the newest stands first, each says who wrote it and when."""
    ana = salon.add_client("ana", "Ana Kingi", email=ANA)
    door = salon.log_in(ANA)
    sent = door.send_message("May I bring my dog?\nHe is small.")
    said(salon, "m2", ana, "2026-11-21 11:00", "Of course.")
    answer, asked = door.messages().items
    assert (answer.text, answer.written_by) == ("Of course.", WrittenBy.BUSINESS)
    assert (asked.text, asked.written_by) == ("May I bring my dog?\nHe is small.", WrittenBy.CLIENT)
    assert (asked.id, asked.ref, asked.at) == (sent.item, ana, salon.clock())


def test_whoever_has_no_message_of_their_own_sees_none(salon: World) -> None:
    """Ben reads nothing of Ana's."""
    salon.add_client("ana", "Ana Kingi", email=ANA)
    salon.add_client("ben", "Ben Moana", email="ben@example.com")
    salon.log_in(ANA).send_message("It is a secret.")
    assert texts(salon.log_in("ben@example.com")) == []


def test_a_message_is_sent_once_under_its_key(salon: World) -> None:
    """A form that is sent twice is one message, and costs one of the day's; the key with another text is refused."""
    salon.add_client("ana", "Ana Kingi", email=ANA)
    salon.change_policy("portal", messages_per_day=1)
    door = salon.log_in(ANA)
    assert door.send_message("Hello", key="k") == door.send_message("Hello", key="k")
    assert texts(door) == ["Hello"]
    assert reason_of(lambda: door.send_message("Hullo", key="k")) is Reason.KEY_REUSED


def test_closed_messages_are_refused_from_the_next_call_on(salon: World) -> None:
    """An open session, and the business hides the section, or only what is done in it: refused on the server."""
    salon.add_client("ana", "Ana Kingi", email=ANA)
    door = salon.log_in(ANA)
    door.send_message("Hello")
    salon.change_policy("portal", actions=frozenset({"bookings.cancel"}))
    assert texts(door) == ["Hello"]
    assert reason_of(lambda: door.send_message("Still there?")) is Reason.DISABLED
    salon.change_policy("portal", actions=None)
    salon.change_policy("visibility", sections=("bookings", "account"))
    for call in (lambda: door.messages(), lambda: door.send_message("Still there?"), lambda: door.section("messages")):
        assert reason_of(call) is Reason.DISABLED
    open_sections(salon, "messages")
    assert texts(door) == ["Hello"]


def test_a_platform_without_messages_has_none(memory_world: World) -> None:
    """The policy names the section and the platform has no class for it: it is absent, not an error."""
    world = memory_world
    world.use(presets.vcita(region="NZ"))
    others = tuple(one for one in MemoryHost.sections if one.name != "messages")
    world.host = type("NoMessagesHost", (MemoryHost,), {"sections": others})
    world.portal = world.make_portal()
    open_sections(world, "messages")
    world.add_client("ana", "Ana Kingi", email=ANA)
    door = world.log_in(ANA)
    assert reason_of(lambda: door.send_message("Hello")) is Reason.DISABLED
    assert "messages" not in [one.name for one in door.sections()]


def test_a_day_has_so_many_messages_whatever_the_session(salon: World) -> None:
    """Two a day: the third waits until the first is a day old, in a new session too; another client's are others."""
    salon.add_client("ana", "Ana Kingi", email=ANA)
    salon.add_client("ben", "Ben Moana", email="ben@example.com")
    salon.change_policy("portal", messages_per_day=2)
    door = salon.log_in(ANA)
    first = salon.clock()
    door.send_message("one")
    salon.clock.advance(timedelta(hours=1))
    door.send_message("two")
    for session in (door, salon.log_in(ANA)):
        no = refusal_of(lambda session=session: session.send_message("three"))
        assert (no.reason, no.retry_at) == (Reason.WAIT, first + timedelta(days=1))
    salon.log_in("ben@example.com").send_message("mine")
    salon.clock.set(first + timedelta(days=1))
    door.send_message("three")
    assert texts(door) == ["three", "two", "one"]


def test_what_is_no_message_is_said_at_once(salon: World) -> None:
    """Nothing, only spaces, only marks that nobody sees, a character too many, a number: each says what would do."""
    salon.add_client("ana", "Ana Kingi", email=ANA)
    door = salon.log_in(ANA)
    wrong: tuple[Any, ...] = ("", "  \n ", "\u202e\u200b", "x" * (MAX_MESSAGE + 1), 7, None)
    for text in wrong:
        with pytest.raises(InvalidInput, match="message"):
            door.send_message(text)
    door.send_message("x" * MAX_MESSAGE)


def test_markup_is_text_and_marks_that_turn_it_are_not_there(salon: World) -> None:
    """A tag is filed as it was typed; controls and bidi marks are gone, on the way in and on the way out."""
    ana = salon.add_client("ana", "Ana Kingi", email=ANA)
    door = salon.log_in(ANA)
    door.send_message("<b>now</b> {business}\x00\x1b[31m \u202egpj.exe\r\nمرحبا 👩‍👩‍👧")
    assert texts(door) == ["<b>now</b> {business}[31m gpj.exe\nمرحبا 👩‍👩‍👧"]
    said(salon, "m2", ana, "2026-11-21 12:00", "\u2066paid\u2069 \x07 yes")
    assert texts(door)[0] == "paid  yes"


def test_a_preview_sends_nothing_and_a_hosts_transaction_cannot_hold_it(salon: World) -> None:
    """It spends a budget: no preview."""
    salon.add_client("ana", "Ana Kingi", email=ANA)
    door = salon.log_in(ANA)
    with pytest.raises(PolicyError):
        door.preview.send_message("Hello")
    with pytest.raises(DurableOperation):
        salon.portal.on(object()).client(salon.sign_in(ANA).token).send_message("Hello")
    assert texts(door) == []


def test_a_merge_shows_one_conversation_and_an_undo_two(salon: World) -> None:
    """New ones are filed for the survivor; after the undo each has their own again."""
    old = salon.add_client("old", "Ana Kingi", email="old@example.com")
    new = salon.add_client("new", "Ana Kingi", email=ANA)
    said(salon, "m1", old, "2026-11-01 09:00", "from the old record")
    said(salon, "m2", new, "2026-11-02 09:00", "from the new record")
    door = salon.log_in(ANA)
    (merge,) = salon.staff().merge(new, old).merges
    assert texts(door) == ["from the new record", "from the old record"]
    sent = door.send_message("after the merge")
    assert door.messages(limit=1).items[0].ref == new
    salon.staff().undo(merge)
    assert texts(door) == ["after the merge", "from the new record"]
    assert sent.item in [one.id for one in door.messages().items]
    assert texts(salon.log_in("old@example.com")) == ["from the old record"]


def test_a_long_conversation_is_paged_by_key(salon: World) -> None:
    """Forty-five messages in pages of twenty; what is written meanwhile moves nothing."""
    ana = salon.add_client("ana", "Ana Kingi", email=ANA)
    began = at("2026-11-01 09:00")
    every = [
        Message(id=f"m{n:02}", ref=ana, at=began + timedelta(minutes=n // 3), written_by="client", text=f"{n}")
        for n in range(45)
    ]
    salon.seed("add_items", every)
    door = salon.log_in(ANA)
    first = door.messages()
    door.send_message("meanwhile")
    second = door.messages(after=first.next)
    third = door.messages(after=second.next)
    shown = [one.text for page in (first, second, third) for one in page.items]
    assert shown == [f"{n}" for n in reversed(range(45))]
    assert third.next is None


def test_a_platform_elsewhere_files_it_once() -> None:
    """A platform that keeps its tables in another database gets the key; a retry after silence files nothing twice."""
    with far_away() as world:
        world.use(presets.vcita(region="NZ"))
        open_sections(world, "messages")
        world.add_client("ana", "Ana Kingi", email=ANA)
        door = world.log_in(ANA)
        assert door.send_message("Hello", key="k").item == door.send_message("Hello", key="k").item
        assert texts(door) == ["Hello"]


def test_what_was_written_stands_where_the_platform_filed_it_and_nowhere_else(world: World) -> None:
    """Neither the audit, nor a receipt, an intent, a budget or the outbox has Ana's words, also after a refusal; what a
    platform told her stands in the notice alone, for the mail is made when it leaves."""
    world.use(presets.vcita(region="NZ"))
    open_sections(world, "messages", "notifications")
    world.change_policy("portal", messages_per_day=1)
    ana = world.add_client("ana", "Ana Kingi", email=ANA)
    door = world.log_in(ANA)
    door.send_message("my left knee", key="k")
    assert reason_of(lambda: door.send_message("my right knee")) is Reason.WAIT
    world.portal.notify(world.tenant, ana, "other", title="About your knee", text="The knee.", key="k")
    world.deliver()
    stored = everything_stored(world)
    having = {name.removeprefix("cp_") for name, rows in stored.items() if "knee" in "".join(rows).lower()}
    assert having <= {"notices", "host_items", "host_items.messages"}
    assert "knee" not in repr((door.messages(), world.staff().audit().items))
