"""vcita: the code that could not be sent to the mobile goes to the email that was typed (V3), and what else falls back.

Staff see what nobody could deliver; receipts come late, twice and out of order; nothing is sent where it proves less.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from attrs import evolve

from clientportal import Channel, DeliveryReceipt, RecordRef, SendFailed, presets
from clientportal.policy import Delivery
from clientportal.records import MessageState, OutboxMessage
from clientportal.values import ContactKind
from world import World

EMAIL, MOBILE = "ana@example.com", "+64211234567"


@pytest.fixture
def vcita(world: World) -> World:
    """A business with vcita's policy, in New Zealand; Ana has a mobile and an email."""
    world.use(presets.vcita(region="NZ"))
    world.add_client("ana", "Ana Kingi", email=EMAIL, mobile="021 123 4567")
    return world


def ways(world: World) -> list[tuple[str, str]]:
    """By which channel, and to where, everything went so far."""
    return [(one.channel.value, one.to) for one in world.box.messages]


def only(world: World, state: str = "sent") -> OutboxMessage:
    """The one message in that state."""
    (found,) = world.all_stored(OutboxMessage, "due", state)
    assert isinstance(found, OutboxMessage)
    return found


def no_such_number(world: World, times: int = 1) -> None:
    world.box.fails += [SendFailed("no such number", permanent=True)] * times


def report(world: World, state: str, **more: Any) -> bool:
    """The SMS provider reports on the first message that was sent."""
    message = more.pop("message_id", None) or world.box.messages[0].id
    given = {"message_id": message, "state": state, "provider_id": "SM1", **more}
    return bool(world.portal.delivery_receipt(world.tenant, DeliveryReceipt(**given)))


def send_link(world: World) -> None:
    """A link to an appointment is sent to Ana's record, by whatever contact it has."""
    world.book("a1", RecordRef.client("ana"), "2026-12-01 09:00")
    world.staff().appointment_link("a1", send=True)


# --- refused at once -------------------------------------------------------------------------------------------------


@pytest.mark.requirement("V3")
def test_a_code_that_the_mobile_cannot_get_goes_to_the_email_that_was_typed(vcita: World) -> None:
    """In the same run of the pump, under the same id, with the same code; it opens the record."""
    sent = vcita.visitor().request_code(EMAIL)
    no_such_number(vcita)
    done = vcita.deliver()
    assert (done.sent, done.abandoned, done.put_off) == (1, 0, 0)
    assert ways(vcita) == [("email", EMAIL)]
    message = only(vcita)
    assert (message.id, message.note, message.by) == (vcita.box.messages[0].id, "no such number", "email")
    code = vcita.code_in(vcita.box.messages[0])
    assert vcita.visitor().verify_code(sent.handle, code).record == RecordRef.client("ana")


@pytest.mark.requirement("V3")
def test_a_provider_that_is_down_until_the_tries_are_used_up(vcita: World) -> None:
    """Five passing faults, and then the email; the code is still good."""
    sent = vcita.visitor().request_code(EMAIL)
    vcita.box.fails += [ConnectionError("down")] * 5
    assert vcita.deliver().put_off == 1
    for _ in range(4):
        vcita.clock.advance(timedelta(minutes=2))
        vcita.deliver()
    assert ways(vcita) == [("email", EMAIL)]
    assert vcita.visitor().verify_code(sent.handle, vcita.code_in(vcita.box.messages[0])).record is not None


@pytest.mark.requirement("V3")
def test_where_neither_works_staff_see_it(vcita: World) -> None:
    """Abandoned, with what the second one said; nothing else is tried."""
    vcita.visitor().request_code(EMAIL)
    no_such_number(vcita, 2)
    assert vcita.deliver().abandoned == 1
    (line,) = vcita.staff().outbox()
    assert (line.kind, line.note, line.by) == ("login_code", "no such number", "email")
    vcita.clock.advance(timedelta(minutes=1))
    assert vcita.deliver().sent == 0


@pytest.mark.requirement("V3")
@pytest.mark.parametrize("delivery", [Delivery.SMS, Delivery.SMS_ELSE_EMAIL])
def test_a_code_for_a_number_never_goes_to_an_email(vcita: World, delivery: Delivery) -> None:
    """Asked for by phone: an old mailbox must not log in with a number that is somebody else's by now."""
    both = frozenset({ContactKind.EMAIL, ContactKind.MOBILE})
    vcita.change_policy("login", identifiers=both, delivery=delivery)
    vcita.visitor().request_code("021 123 4567")
    no_such_number(vcita)
    assert vcita.deliver().abandoned == 1
    assert ways(vcita) == []


@pytest.mark.requirement("V3")
def test_a_business_can_do_without(vcita: World) -> None:
    """``messages.fall_back = false``: what cannot be sent is shown, and goes nowhere else."""
    vcita.change_policy("messages", fall_back=False)
    vcita.visitor().request_code(EMAIL)
    no_such_number(vcita)
    assert vcita.deliver().abandoned == 1
    assert ways(vcita) == []


def test_without_a_sender_there_is_no_other_way(memory_world: World) -> None:
    """A business that sends SMS alone: staff read what its provider said, not that there is no way by email."""
    memory_world.add_client("ana", "Ana Kingi", email=EMAIL, mobile="021 123 4567")
    send_link(memory_world)
    no_such_number(memory_world)
    portal = memory_world.make_portal(senders={Channel.SMS: memory_world.box})
    assert portal.deliver(memory_world.tenant).abandoned == 1
    (line,) = memory_world.staff().outbox()
    assert (line.note, line.by) == ("no such number", "sms")


@pytest.mark.requirement("V3")
def test_one_request_is_one_send_of_the_budget(vcita: World) -> None:
    """The email's own budget was spent when the code was asked for: three in ten minutes, fallen back or not."""
    waits = vcita.policy.sends.per_ten_minutes
    for _ in range(waits):
        vcita.visitor().request_code(EMAIL)
        no_such_number(vcita)
        vcita.deliver()
        vcita.clock.advance(timedelta(minutes=3))
    assert ways(vcita) == [("email", EMAIL)] * waits


def test_what_is_sent_to_a_record_goes_to_its_other_contact(vcita: World) -> None:
    """A link to an appointment proves nothing: by SMS, else by email, whatever codes are for."""
    send_link(vcita)
    no_such_number(vcita)
    assert vcita.deliver().sent == 1
    assert ways(vcita) == [("email", EMAIL)]


def test_a_contact_that_was_changed_meanwhile_gets_nothing(vcita: World) -> None:
    """The attack: somebody puts their own email into the record while a link is on its way to the mobile."""
    send_link(vcita)
    vcita.deliver()
    (record,) = vcita.ask("clients", [RecordRef.client("ana")])
    vcita.change_client(evolve(record, email="eve@example.com"))
    assert report(vcita, "failed", permanent=True)
    assert vcita.deliver().abandoned == 1
    assert ways(vcita) == [("sms", MOBILE)]
    (line,) = vcita.staff().outbox()
    assert line.note.endswith("the client's other contact has been changed since")


def test_a_contact_that_is_gone_is_no_way(vcita: World) -> None:
    """The email was taken off the record: staff see that it did not arrive."""
    send_link(vcita)
    vcita.deliver()
    (record,) = vcita.ask("clients", [RecordRef.client("ana")])
    vcita.change_client(evolve(record, email=None))
    report(vcita, "failed", permanent=True, note="30005")
    assert vcita.deliver().abandoned == 1
    (line,) = vcita.staff().outbox()
    assert line.note == "it did not arrive: 30005; there is no other way to this client"


def test_the_other_contact_has_its_own_budget(vcita: World) -> None:
    """Two people share a mailbox, and both links fall back to it: the second one is over its budget, and shown."""
    vcita.change_policy("sends", per_ten_minutes=1)
    vcita.add_client("ben", "Ben Kingi", email=EMAIL, mobile="021 765 4321")
    for name in ("ana", "ben"):
        vcita.book(f"{name}-1", RecordRef.client(name), "2026-12-01 09:00")
        vcita.staff().appointment_link(f"{name}-1", send=True)
        no_such_number(vcita)
        vcita.deliver()
    assert ways(vcita) == [("email", EMAIL)]
    (line,) = vcita.staff().outbox()
    assert (line.note, line.by) == ("over the destination's budget", "sms")


# --- reported later --------------------------------------------------------------------------------------------------


@pytest.mark.requirement("V3")
def test_a_code_that_did_not_arrive_goes_to_the_email_that_was_typed(vcita: World) -> None:
    """The provider took it and reports a minute later that the phone is off: the same code, by email."""
    sent = vcita.visitor().request_code(EMAIL)
    vcita.deliver()
    vcita.clock.advance(timedelta(minutes=1))
    assert report(vcita, "failed", note="30003")
    assert vcita.deliver().sent == 1
    assert ways(vcita) == [("sms", MOBILE), ("email", EMAIL)]
    first, second = vcita.box.messages
    assert (first.id, vcita.code_in(first)) == (second.id, vcita.code_in(second))
    assert vcita.visitor().verify_code(sent.handle, vcita.code_in(second)).record is not None


def test_a_code_that_was_used_meanwhile_goes_nowhere(vcita: World) -> None:
    """The report was wrong: she has the code, and has typed it."""
    sent = vcita.visitor().request_code(EMAIL)
    vcita.deliver()
    vcita.visitor().verify_code(sent.handle, vcita.code_in(vcita.box.messages[0]))
    report(vcita, "failed")
    assert vcita.deliver().dropped == 1
    assert ways(vcita) == [("sms", MOBILE)]


def test_what_arrived_is_shown_as_delivered(vcita: World) -> None:
    """Taken, then delivered; a failure that comes after that is of another time."""
    vcita.visitor().request_code(EMAIL)
    vcita.deliver()
    assert [one.state for one in vcita.staff().outbox("sent")] == ["sent"]
    assert report(vcita, "taken") is False, "that is known"
    assert report(vcita, "delivered")
    assert report(vcita, "delivered") is False
    assert report(vcita, "failed", permanent=True) is False
    assert report(vcita, "taken") is False
    assert [one.state for one in vcita.staff().outbox(MessageState.DELIVERED)] == ["delivered"]
    assert only(vcita, "delivered").sent_to == MOBILE


def test_a_failure_that_is_reported_twice_falls_back_once(vcita: World) -> None:
    """Before and after the email has left; the late report of the SMS says nothing of the email."""
    vcita.visitor().request_code(EMAIL)
    vcita.deliver()
    assert [report(vcita, "failed"), report(vcita, "failed")] == [True, False]
    vcita.deliver()
    assert report(vcita, "failed", provider_id="SM2") is False
    assert vcita.deliver().sent == 0
    assert only(vcita).by == "email"


def test_a_delivery_that_is_reported_after_its_failure_spares_the_second_message(vcita: World) -> None:
    """Out of order, or two sendings of one message: it has arrived."""
    vcita.visitor().request_code(EMAIL)
    vcita.deliver()
    report(vcita, "failed")
    assert report(vcita, "delivered", provider_id="SM2")
    assert vcita.deliver().sent == 0
    assert ways(vcita) == [("sms", MOBILE)]


def test_a_report_that_overtakes_the_pump_counts(memory_world: World) -> None:
    """The provider calls back before its own answer has been read: delivered stays delivered, failed falls back."""
    world = memory_world
    world.use(presets.vcita(region="NZ"))
    world.add_client("ana", "Ana Kingi", email=EMAIL, mobile="021 123 4567")
    said: list[str] = ["delivered", "failed"]

    class Hasty:
        def send(self, message: Any) -> None:
            world.box.messages.append(message)
            receipt = DeliveryReceipt(message_id=message.id, state=said.pop(0), provider_id="SM1")
            assert world.portal.delivery_receipt(world.tenant, receipt)

    portal = world.make_portal(senders={Channel.SMS: Hasty(), Channel.EMAIL: world.box})
    world.visitor().request_code(EMAIL)
    assert portal.deliver(world.tenant).sent == 1
    assert only(world, "delivered").sent_to == MOBILE
    world.clock.advance(timedelta(minutes=11))
    world.visitor().request_code(EMAIL)
    portal.deliver(world.tenant)
    portal.deliver(world.tenant)
    assert [one.channel.value for one in world.box.messages] == ["sms", "sms", "email"]


def test_an_unknown_outcome_that_turns_out_well_is_not_sent_again(vcita: World) -> None:
    """The provider took the message, and its answer was lost: the receipt that it is on its way ends the wait."""
    vcita.visitor().request_code(EMAIL)
    vcita.box.fails.append(TimeoutError("no answer"))
    assert vcita.deliver().put_off == 1
    assert report(vcita, "taken", message_id=only(vcita, "queued").id)
    vcita.clock.advance(timedelta(minutes=1))
    assert vcita.deliver().sent == 0
    assert only(vcita).state is MessageState.SENT


def test_what_is_reported_of_a_message_that_nobody_knows_does_nothing(vcita: World) -> None:
    """An id of nowhere, of another business, of a message that has not left."""
    vcita.visitor().request_code(EMAIL)
    waiting = only(vcita, "queued")
    for state in ("taken", "delivered", "failed"):
        for id in ("nothing", waiting.id):
            assert report(vcita, state, message_id=id) is False
        receipt = DeliveryReceipt(message_id=waiting.id, state=state)
        assert vcita.portal.delivery_receipt(f"{vcita.tenant}-other", receipt) is False
    assert only(vcita, "queued") == waiting


def test_a_failure_without_another_way_is_tried_again_and_then_shown(vcita: World) -> None:
    """No email, a link: by SMS once more for a passing failure; at once among what staff see where it is for good."""
    vcita.add_client("ben", "Ben Abel", mobile="021 765 4321")
    vcita.book("b1", RecordRef.client("ben"), "2026-12-01 09:00")
    vcita.staff().appointment_link("b1", send=True)
    vcita.deliver()
    assert report(vcita, "failed", note="30003")
    assert vcita.deliver().sent == 0, "not before its time"
    vcita.clock.advance(timedelta(seconds=15))
    assert vcita.deliver().sent == 1
    assert report(vcita, "failed", provider_id="SM2", permanent=True, note="30005")
    (line,) = vcita.staff().outbox()
    assert (line.note, line.by) == ("it did not arrive: 30005", "sms")
