"""What leaves, when senders raise, hang and die: at least once, under one id, with one code, never too late (I5)."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from clientportal import Business, Channel, ClientRecord, Reason, SendFailed
from clientportal.records import MessageState, OutboxMessage
from clientportal.stores.memory import MemoryHost, MemoryStore
from security.attacking import ANA, patient
from watching import at_once, everything_stored, platform, reason_of
from world import AUCKLAND, World, at, client

BEN = "021 765 4321"


class Killed(BaseException):
    """The process of the pump ended here."""


class Hanging:
    """A provider that does not answer until the test is over."""

    def __init__(self) -> None:
        self.release = threading.Event()
        self.taken: list[Any] = []

    def send(self, message: Any) -> None:
        """Wait, for Ana's messages; take the others."""
        if message.to == "+64211234567":
            self.release.wait(30)
        else:
            self.taken.append(message)


@pytest.fixture
def hanging() -> Iterator[Hanging]:
    """A hanging provider, let go at the end."""
    made = Hanging()
    yield made
    made.release.set()


def queued(world: World) -> list[OutboxMessage]:
    """What still waits."""
    return [one for one in world.all_stored(OutboxMessage, "due", "queued") if isinstance(one, OutboxMessage)]


# --- trying again ----------------------------------------------------------------------------------------------------


def test_a_failing_sender_is_tried_five_times_with_doubling_gaps_then_given_up_visibly(world: World) -> None:
    """A notice that lives for two days: 15, 30, 60, 120 seconds, then abandoned, where staff see it."""
    ana = world.add_client("ana", "Ana Kingi", mobile=ANA)
    world.book("a1", ana, "2026-12-01 09:00")
    world.staff().appointment_link("a1", send=True)
    gaps = []
    for attempt in range(1, 6):
        world.box.fails.append(ConnectionError("refused"))
        done = world.deliver()
        assert (done.sent, done.put_off, done.abandoned) == ((0, 1, 0) if attempt < 5 else (0, 0, 1))
        if attempt < 5:
            (message,) = queued(world)
            assert message.tries == attempt
            gaps.append((message.due_at - world.clock()).total_seconds())
            world.clock.set(message.due_at - timedelta(microseconds=1))
            assert world.deliver().put_off == 0, "not due yet"
            world.clock.set(message.due_at)
    assert gaps == [15, 30, 60, 120]
    (line,) = world.staff().outbox()
    assert (line.tries, line.state, line.note) == (5, "abandoned", "the sender failed: ConnectionError")
    world.clock.advance(timedelta(days=1))
    assert world.deliver().sent == 0


def test_a_permanent_failure_is_not_tried_again(world: World) -> None:
    """The address does not exist: abandoned at once."""
    world.add_client("ana", "Ana Kingi", mobile=ANA)
    world.visitor().request_code(ANA)
    world.box.fails.append(SendFailed("no such number", permanent=True))
    assert world.deliver().abandoned == 1
    (line,) = world.staff().outbox()
    assert (line.tries, line.note) == (1, "no such number")


def test_a_retry_has_the_same_id_and_the_same_code(world: World) -> None:
    """Whatever the provider took the first time, both copies say the same."""
    world.add_client("ana", "Ana Kingi", mobile=ANA)
    seen: list[Any] = []

    class Forgetful:
        def send(self, message: Any) -> None:
            seen.append(message)
            if len(seen) < 3:
                raise TimeoutError("no answer")

    portal = world.make_portal(senders={Channel.SMS: Forgetful(), Channel.EMAIL: world.box})
    sent = world.visitor().request_code(ANA)
    for _ in range(3):
        portal.deliver(world.tenant)
        world.clock.advance(timedelta(minutes=1))
    assert len({(one.id, one.text) for one in seen}) == 1
    assert len(seen) == 3
    assert world.visitor().verify_code(sent.handle, world.code_in(seen[0])).record is not None


def test_an_expired_code_is_never_sent(world: World) -> None:
    """The provider was away for ten minutes: dropped, with a note."""
    world.add_client("ana", "Ana Kingi", mobile=ANA)
    sent = world.visitor().request_code(ANA)
    world.box.fails.append(ConnectionError("away"))
    world.deliver()
    world.clock.set(sent.expires_at)
    done = world.deliver()
    assert (done.sent, done.dropped) == (0, 1)
    assert world.box.messages == []


def test_a_used_or_replaced_code_is_not_sent(world: World) -> None:
    """A later one of the same handle is on its way: the earlier message is dropped."""
    world.add_client("ana", "Ana Kingi", mobile=ANA)
    sent = world.visitor().request_code(ANA)
    world.clock.advance(timedelta(minutes=1))
    world.visitor().resend_code(sent.handle)
    done = world.deliver()
    assert (done.sent, done.dropped) == (1, 1)
    world.visitor().verify_code(sent.handle, world.code_in(world.box.messages[-1]))


# --- one holds up nobody else ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "fault", [ConnectionError("away"), ValueError("odd"), StopIteration(), SendFailed("no"), RuntimeError("\x00\ud800")]
)
def test_one_bad_message_blocks_nobody(world: World, fault: Exception) -> None:
    """Whatever a sender raises for the first, the second leaves in the same run; nothing is lost."""
    world.visitor().request_code(ANA)
    world.clock.advance(timedelta(seconds=1))
    world.visitor().request_code(BEN)
    world.box.fails.append(fault)
    done = world.deliver()
    assert (done.sent, done.put_off) == (1, 1)
    assert [one.to for one in world.box.messages] == ["+64217654321"]
    world.clock.advance(timedelta(seconds=15))
    assert world.deliver().sent == 1


def test_a_sender_that_hangs_is_left_after_its_time(world: World, hanging: Hanging) -> None:
    """Twelve messages hang, the thirteenth leaves all the same; each hanging one counts as a failed try."""
    patient(world)
    world.change_policy("messages", send_timeout=timedelta(seconds=0.05))
    world.change_policy("login", live_codes=20)
    portal = world.make_portal(senders={Channel.SMS: hanging, Channel.EMAIL: hanging})
    for _ in range(12):
        world.visitor().request_code(ANA)
        world.clock.advance(timedelta(seconds=1))
    world.visitor().request_code(BEN)
    done = portal.deliver(world.tenant)
    assert (done.sent, done.put_off) == (1, 12)
    assert [one.to for one in hanging.taken] == ["+64217654321"]
    assert {one.note for one in queued(world)} == {"the sender failed: TimeoutError"}


def test_a_record_that_the_platform_cannot_read_holds_nobody_up() -> None:
    """The host breaks its contract for one contact: that message waits, counted, and is given up in the end."""

    def clients(self: Any, refs: Any) -> Any:
        if any(ref.id == "ana" for ref in refs):
            return [ClientRecord(ref=client("somebody-else"), created_at=at("2026-01-01 09:00"))]
        return MemoryHost.clients(self, refs)

    with platform() as world:
        world.add_client("ana", "Ana Kingi", mobile=ANA)
        world.host.clients = clients
        world.change_policy("messages", tries=2)
        world.visitor().request_code(ANA)
        world.clock.advance(timedelta(seconds=1))
        world.visitor().request_code(BEN)
        done = world.deliver()
        assert (done.sent, done.put_off) == (1, 1)
        world.clock.advance(timedelta(seconds=20))
        assert world.deliver().abandoned == 1


# --- many pumps, and dying ones --------------------------------------------------------------------------------------


def test_two_pumps_at_once_send_each_message_once(world: World) -> None:
    """Eight pumps, ten messages: ten leave."""
    patient(world)
    for place in range(10):
        world.visitor().request_code(f"021 {200 + place} 4567")
    done = at_once(world, *[lambda portal: portal.deliver(world.tenant)] * 8)
    assert not [one for one in done if isinstance(one, Exception)], done
    world.clock.advance(timedelta(seconds=31))
    world.deliver()
    assert len({one.id for one in world.box.messages}) == 10
    assert len(world.box.messages) == 10


def test_a_pump_that_dies_between_sending_and_marking_sends_again_under_the_same_id(world: World) -> None:
    """At least once: after the lease has ended the next pump sends the very same message."""
    world.add_client("ana", "Ana Kingi", mobile=ANA)
    seen: list[Any] = []

    class Dying:
        def send(self, message: Any) -> None:
            seen.append(message)
            if len(seen) == 1:
                raise Killed

    portal = world.make_portal(senders={Channel.SMS: Dying(), Channel.EMAIL: world.box})
    sent = world.visitor().request_code(ANA)
    with pytest.raises(Killed):
        portal.deliver(world.tenant)
    assert portal.deliver(world.tenant).sent == 0, "the lease of the dead one still runs"
    world.clock.advance(timedelta(seconds=30))
    assert portal.deliver(world.tenant).sent == 1
    first, second = seen
    assert (first.id, first.text, first.to) == (second.id, second.text, second.to)
    assert world.visitor().verify_code(sent.handle, world.code_in(second)).record is not None


def test_a_message_that_kills_every_pump_is_given_up(world: World) -> None:
    """Five pumps have died of it: the sixth does not try, and staff see it."""
    ana = world.add_client("ana", "Ana Kingi", mobile=ANA)
    world.book("a1", ana, "2026-12-01 09:00")
    world.staff().appointment_link("a1", send=True)
    for _ in range(5):
        world.box.fails.append(Killed())
        with pytest.raises(Killed):
            world.deliver()
        world.clock.advance(timedelta(seconds=31))
    assert world.deliver().abandoned == 1
    (line,) = world.staff().outbox()
    assert (line.state, line.tries) == (MessageState.ABANDONED.value, 5)


# --- what stands in messages -----------------------------------------------------------------------------------------


def test_nothing_that_a_stranger_typed_stands_in_what_they_can_trigger(world: World) -> None:
    """The code, the business, the minutes: no name, no contact, no text of a request, in SMS, mail and warnings."""
    text = "evil.example/?ana"
    ana = world.add_client("ana", f"{text} {text}", mobile=ANA, email="ana@example.com")
    world.book("a1", ana, "2026-12-01 09:00", booked_as=text)
    patient(world)
    door = world.visitor(source="192.0.2.7", proof=text, device=text)
    sent = door.request_code("\u202e 021\u200b123 4567")
    for _ in range(2):
        for _ in range(5):
            world.clock.advance(timedelta(seconds=2))
            assert reason_of(lambda sent=sent: door.verify_code(sent.handle, "000000")) in set(Reason)
        world.clock.advance(timedelta(seconds=2))
        sent = door.request_code(ANA)
    world.staff().appointment_link("a1", send=True)
    world.deliver()
    assert len(world.box.messages) >= 3
    for message in world.box.messages:
        assert "evil" not in message.text + message.subject
        assert "123 4567" not in message.text
        assert "192.0.2.7" not in message.text
        assert message.text.isprintable() or "\n" in message.text
        assert "\u202e" not in message.text


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("Kōwhai\r\nBcc: all@example.com", "Kōwhai Bcc: all@example.com"),
        ("Kōwhai\u202ehair\u2066\u200f", "Kōwhai hair"),
        ("Kōwhai\x00\x1b[31m\x07Hair", "Kōwhai [31m Hair"),
        ("{code} {link} {business}", "{code} {link} {business}"),
        ("K" * 5000, "K" * 200),
        ("Kōwhai \ud800", "Kōwhai"),
    ],
    ids=["a header", "bidi marks", "controls", "placeholders", "5,000 characters", "a lone surrogate"],
)
def test_a_name_of_a_business_is_one_clean_line(name: str, shown: str) -> None:
    """It comes from the platform, and goes into a subject: no line breaks, no controls, nothing filled in twice."""
    with platform() as world:
        world.seed("add_business", Business(id=world.tenant, name=name, zone=AUCKLAND))
        world.visitor().request_code(ANA)
        world.deliver()
        (message,) = world.box.messages
        assert message.text.endswith(f"is your code for {shown}. Do not pass it on.")


def test_a_senders_words_are_kept_only_without_the_code(world: World) -> None:
    """A provider's error may quote the message: then its words do not reach the outbox, where staff read them."""
    world.add_client("ana", "Ana Kingi", mobile=ANA)
    codes: list[str] = []

    class Chatty:
        def send(self, message: Any) -> None:
            codes.append(world.code_in(message))
            raise SendFailed(f"rejected: {message.text}")

    world.visitor().request_code(ANA)
    world.make_portal(senders={Channel.SMS: Chatty(), Channel.EMAIL: world.box}).deliver(world.tenant)
    assert codes
    assert not [row for row in everything_stored(world)["cp_outbox"] if codes[0] in row]


@pytest.mark.parametrize(
    ("channel", "words"),
    [
        ("sms", "+64 21 123-4567 is switched off"),
        ("sms", "no such subscriber: 0211234567"),
        ("email", "550 no mailbox <ana@kingi.example> here"),
        ("email", "unknown: ANA@Kingi.Example"),
    ],
)
def test_a_senders_words_are_kept_only_without_whom_it_was_to(memory_world: World, channel: str, words: str) -> None:
    """Servers quote the address that they refuse. Why a message was given up is told in the audit as well, where no
    contact stands.
    """
    from clientportal.policy import Delivery, UnknownIdentity
    from security.attacking import by_email

    world = memory_world
    world.use(by_email(world.policy, delivery=Delivery.SMS_ELSE_EMAIL, unknown=UnknownIdentity.REFUSE_SILENTLY))
    world.add_client("ana", "Ana Kingi", mobile=ANA, email="ana@kingi.example")

    class Quoting:
        def send(self, message: Any) -> None:
            raise SendFailed(words if message.channel == channel else "550", permanent=True)

    world.visitor().request_code("ana@kingi.example")
    senders = {Channel.SMS: Quoting(), Channel.EMAIL: Quoting()}
    world.make_portal(senders=senders).deliver(world.tenant)
    (line,) = world.staff().outbox()
    assert line.note == ("550" if channel == "sms" else "the sender's words quote the message, and are not kept")
    assert not [row for rows in everything_stored(world).values() for row in rows if words in str(row)]


def test_mail_goes_to_the_stored_address(world: World) -> None:
    """Whatever spelling is typed, the letter goes where the record says."""
    from clientportal.policy import Delivery
    from security.attacking import by_email

    world.use(by_email(world.policy, delivery=Delivery.EMAIL))
    world.add_client("ana", "Ana Kingi", email="Ana.Kingi@Example.com")
    world.visitor().request_code("ANA.KINGI@EXAMPLE.COM")
    world.deliver()
    assert [one.to for one in world.box.messages] == ["Ana.Kingi@example.com"]


def test_a_host_that_is_away_holds_no_message_up() -> None:
    """A change waits to be finished by the pump, and the host does not answer: the codes leave all the same."""

    def away(*_asked: Any) -> Any:
        raise ConnectionError("away")

    host = type("Away", (MemoryHost.elsewhere(),), {"cancel": away, "outcome": away})
    world = World(MemoryStore(), host, awaited=False, close=lambda: None)
    with contextlib.closing(world):
        ana = world.add_client("ana", "Ana Kingi", mobile=ANA)
        world.book("a1", ana, "2026-12-01 09:00")
        door = world.log_in(ANA)
        with pytest.raises(Exception, match="did not answer"):
            door.cancel("a1")
        world.clock.advance(timedelta(minutes=5))
        world.visitor().request_code(BEN)
        done = world.deliver()
        assert (done.sent, done.finished) == (1, 0)
