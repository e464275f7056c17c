"""V10: how often a client may write to the business in a day."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from attrs import evolve

from clientportal import InvalidInput, Policy, Reason
from clientportal.decisions import Refusal
from clientportal.policy.portal import PortalPolicy
from clientportal.records import Allowance, Put
from clientportal.rules.writing_messages import Writing, message_charge, write_message
from clientportal.values import RecordRef
from clientportal.values.messages import MAX_MESSAGE, Message, WrittenBy, message_text, readable

pytestmark = pytest.mark.requirement("V10")

NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
POLICY = Policy(portal=PortalPolicy(messages_per_day=2))


def test_a_message_is_spent_and_the_third_waits_for_the_first_to_be_a_day_old() -> None:
    """At 12:00 and 13:00; at 14:00 it is refused until 12:00 of the next day, and nothing is spent by asking."""
    held: dict[str, Allowance] = {}
    for hour in range(2):
        decision = write_message(Writing("client:ana", held), POLICY, NOW + timedelta(hours=hour))
        assert (decision.granted, decision.outcome.section, decision.outcome.action) == (True, "messages", "send")  # type: ignore[union-attr]
        (write,) = decision.changes
        assert isinstance(write, Put)
        assert isinstance(write.record, Allowance)
        held[write.record.id] = write.record
    assert list(held) == ["messages:client:ana"]
    refused = write_message(Writing("client:ana", held), POLICY, NOW + timedelta(hours=2))
    assert isinstance(refused.outcome, Refusal)
    assert (refused.outcome.reason, refused.outcome.retry_at) == (Reason.WAIT, NOW + timedelta(days=1))
    assert refused.changes == ()
    assert str(refused.because) == "writing_messages.write_message; policy: portal.messages_per_day = 2"
    assert write_message(Writing("client:ana", held), POLICY, NOW + timedelta(days=1)).granted


def test_each_client_has_a_budget_of_their_own() -> None:
    """Counted under the record that speaks, or the account."""
    ids = {message_charge(who, POLICY).id for who in ("client:ana", "client:ben", "account:a1")}
    assert len(ids) == 3


@pytest.mark.parametrize(
    ("typed", "shown"),
    [
        ("a\r\nb\rc\u2028d\u2029e", "a\nb\nc\nd\ne"),
        ("\ttab", "\ttab"),
        ("nul\x00 bell\x07 escape\x1b \x85next", "nul bell escape next"),
        ("\u202ertl\u202c \u2066iso\u2069 \u200emark\u200f\u061c", "rtl iso mark"),
        ("soft\u00adhyphen zero\u200bwidth \ufeffbom", "softhyphen zerowidth bom"),
        ("half \ud800", "half "),
        ("می\u200cخواهم 👩\u200d👧", "می\u200cخواهم 👩\u200d👧"),
        ("<script>{code}</script>", "<script>{code}</script>"),
    ],
)
def test_what_cannot_be_read_is_not_there(typed: str, shown: str) -> None:
    """Controls, bidi marks and what nobody sees are gone; joiners, tags and braces are text."""
    assert readable(typed) == shown
    assert readable(shown) == shown


@pytest.mark.parametrize("typed", [None, 7, b"x", "", " \n", "\u202e", "x" * (MAX_MESSAGE + 1)])
def test_what_is_no_message(typed: object) -> None:
    """Each is refused with a sentence about messages."""
    with pytest.raises(InvalidInput, match="message"):
        message_text(typed)


def test_a_message_is_what_it_says() -> None:
    """Its writer is one of two, its text is text; it is listed by its moment."""
    ana = RecordRef.client("ana")
    message = Message(id="m", ref=ana, at=NOW, written_by="client", text="Hi\u202e")  # type: ignore[arg-type]
    assert (message.written_by, message.text) == (WrittenBy.CLIENT, "Hi")
    assert message.listed_by < evolve(message, at=NOW + timedelta(microseconds=1)).listed_by
    assert "Hi" not in repr(message)
    for wrong in ({"written_by": "robot"}, {"text": 7}, {"at": NOW.replace(tzinfo=None)}):
        with pytest.raises(InvalidInput):
            evolve(message, **wrong)
    assert message_text("  Hello\n") == "Hello"
