"""What becomes of a message: marked by its pump, reported on by its provider, in whatever order the two come."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from clientportal.decisions import Refusal
from clientportal.errors import InvalidInput
from clientportal.policy import Policy, presets
from clientportal.records import MessageKind, MessageState, OutboxMessage, Put
from clientportal.rules.delivering import Ended, Sending, hear, mark
from clientportal.values.channels import Channel
from clientportal.values.receipts import DeliveryReceipt, DeliveryState

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
POLICY = presets.vcita(region="NZ")
ALONE = evolve(POLICY, messages=evolve(POLICY.messages, fall_back=False))
QUEUED, SENT, DELIVERED, ABANDONED, DROPPED = (
    MessageState.QUEUED,
    MessageState.SENT,
    MessageState.DELIVERED,
    MessageState.ABANDONED,
    MessageState.DROPPED,
)


def under_way(**more: Any) -> OutboxMessage:
    """Ana's code, taken for the first time, by SMS; it may go by email instead."""
    given: dict[str, Any] = {
        "id": "m1", "kind": MessageKind.LOGIN_CODE, "to": "email:ana@example.com", "by": "sms", "other": "digest",
        "tries": 1, "created_at": NOW, "due_at": NOW + timedelta(seconds=30), "expires_at": NOW + timedelta(minutes=10),
    }  # fmt: skip
    return OutboxMessage(**{**given, **more})


def sent(**more: Any) -> OutboxMessage:
    """The same, and the provider has taken it."""
    return under_way(**{"state": SENT, "sent_to": "+64211234567", **more})


def after(seen: OutboxMessage | None, said: Sending | DeliveryReceipt, policy: Policy = POLICY) -> OutboxMessage | None:
    """The message as it is then; ``None`` where nothing is written."""
    decision: Any = (mark if isinstance(said, Sending) else hear)(seen, said, policy, NOW)  # type: ignore[arg-type]
    assert not isinstance(decision.outcome, Refusal)
    if not decision.changes:
        return None
    (write,) = decision.changes
    assert isinstance(write, Put)
    assert isinstance(write.record, OutboxMessage)
    return write.record


def receipt(state: DeliveryState | str, **more: Any) -> DeliveryReceipt:
    return DeliveryReceipt(**{"message_id": "m1", "state": state, "provider_id": "SM1", **more})


WENT = Sending("+64211234567", by="sms")
LOST = Sending(None, "503", by="sms")
HOPELESS = Sending(None, "no such number", permanent=True, by="sms")


# --- marking ---------------------------------------------------------------------------------------------------------


def test_what_was_sent_is_sent() -> None:
    """With the address that it went to."""
    decision = mark(under_way(), WENT, POLICY, NOW)
    assert decision.outcome == Ended(SENT)
    assert after(under_way(), WENT) == sent()


@pytest.mark.parametrize("tries", [1, 2, 3, 4])
def test_what_failed_for_now_waits_twice_as_long_each_time(tries: int) -> None:
    """15, 30, 60, 120 seconds, by the same channel."""
    decision = mark(under_way(tries=tries), LOST, POLICY, NOW)
    assert decision.outcome == Ended(QUEUED)
    later = after(under_way(tries=tries), LOST)
    assert later == under_way(tries=tries, note="503", due_at=NOW + timedelta(seconds=15 * 2 ** (tries - 1)))


@pytest.mark.parametrize(("asked", "waits"), [(1, 15), (15, 15), (90, 90), (3600, 3600), (3601, 3600), (10**9, 3600)])
def test_a_provider_that_wants_to_be_left_alone_is(asked: int, waits: int) -> None:
    """The next try is not before that; within an hour: nobody waits a year for a code."""
    later = after(under_way(), evolve(LOST, retry_after=timedelta(seconds=asked)))
    assert later is not None
    assert later.due_at == NOW + timedelta(seconds=waits)


@pytest.mark.parametrize(("seen", "ended"), [(under_way(tries=5), LOST), (under_way(), HOPELESS)])
def test_what_failed_for_good_goes_by_the_other_channel_at_once(seen: OutboxMessage, ended: Sending) -> None:
    """Refused for good, or tried as often as the policy says: its tries are counted anew, once."""
    assert mark(seen, ended, POLICY, NOW).outcome == Ended(QUEUED, again=True)
    by_other = after(seen, ended)
    assert by_other == evolve(seen, failed=("sms",), tries=0, due_at=NOW, note=ended.problem)
    assert by_other is not None
    twice = after(evolve(by_other, by="email", tries=1), evolve(HOPELESS, by="email"))
    assert twice is not None
    assert (twice.state, twice.failed) == (ABANDONED, ("sms",))


@pytest.mark.parametrize(
    ("seen", "policy"),
    [
        (under_way(other=""), POLICY),
        (under_way(), ALONE),
        (under_way(expires_at=NOW), POLICY),
        (under_way(failed=("email",)), POLICY),
    ],
    ids=["no other way", "switched off", "expired", "that was the other way"],
)
def test_where_there_is_no_other_way_it_is_abandoned(seen: OutboxMessage, policy: Policy) -> None:
    """Visibly, with what the sender said."""
    assert mark(seen, HOPELESS, policy, NOW).outcome == Ended(ABANDONED)
    assert after(seen, HOPELESS, policy) == evolve(seen, state=ABANDONED, note="no such number")


def test_a_host_that_cannot_be_read_says_nothing_of_a_channel() -> None:
    """It is a try of its own; after the last one the message is abandoned, and not sent another way."""
    away = Sending(None, "the host failed", untaken=True)
    first = after(under_way(by="", other="", tries=0), away)
    assert first is not None
    assert (first.tries, first.state, first.due_at) == (1, QUEUED, NOW + timedelta(seconds=15))
    last = after(under_way(tries=4), away)
    assert last is not None
    assert (last.state, last.failed) == (ABANDONED, ())


def test_a_failure_without_a_word_says_so() -> None:
    """Staff are not shown an empty line."""
    assert getattr(after(under_way(), evolve(LOST, problem="")), "note", None) == "no reason was given"


def test_what_is_gone_or_done_is_not_marked() -> None:
    """Erased meanwhile; dropped; taken by the other channel; reported as failed before its own mark came."""
    assert mark(None, WENT, POLICY, NOW).outcome is None
    assert mark(sent(state=DROPPED), LOST, POLICY, NOW).outcome is None
    assert after(under_way(state=DROPPED), WENT) is None, "whom it was for was deleted: no address is added"
    assert mark(under_way(by="email"), WENT, POLICY, NOW).outcome is None
    assert mark(under_way(bounced=("SM1",)), WENT, POLICY, NOW).outcome is None
    assert after(under_way(bounced=("SM1",)), evolve(WENT, bounces=1)) == sent(bounced=("SM1",))


def test_a_receipt_that_was_faster_than_the_mark_stands() -> None:
    """Only the address is added; a later mark of a failure changes nothing."""
    faster = under_way(state=DELIVERED)
    assert mark(faster, WENT, POLICY, NOW).outcome == Ended(DELIVERED)
    assert after(faster, WENT) == evolve(faster, sent_to="+64211234567")
    assert after(evolve(faster, sent_to="+64211234567"), WENT) is None
    assert after(evolve(faster, by="email"), WENT) is None
    assert after(faster, LOST) is None


# --- receipts --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("state", list(DeliveryState))
@pytest.mark.parametrize("seen", [None, under_way(by="", tries=0), sent(state=DELIVERED)], ids=["none", "new", "done"])
def test_what_was_never_sent_or_has_arrived_needs_no_receipt(seen: OutboxMessage | None, state: DeliveryState) -> None:
    """An id that nobody knows, one that has not left, one that has arrived: refused quietly."""
    decision = hear(seen, receipt(state), POLICY, NOW)
    assert decision.outcome is False
    assert decision.changes == ()


@pytest.mark.parametrize("state", [QUEUED, SENT, ABANDONED, DROPPED])
def test_delivered_is_the_last_word(state: MessageState) -> None:
    """Also of a message that was given up because nobody knew."""
    assert after(sent(state=state), receipt("delivered")) == sent(state=DELIVERED)
    assert after(sent(state=state, by="email"), receipt("delivered")) == sent(state=DELIVERED)


def test_a_failure_sends_it_by_the_other_channel() -> None:
    """At once, also where the failure would pass: whoever waits for a code has waited long enough."""
    for permanent in (True, False):
        failed = after(sent(), receipt("failed", permanent=permanent, note="30003"))
        assert failed == under_way(
            failed=("sms",), tries=0, due_at=NOW, bounced=("SM1",), note="it did not arrive: 30003"
        )


def test_without_another_channel_a_failure_is_tried_again_or_shown() -> None:
    """A passing one by the same channel, as long as there are tries; one for good is shown to staff at once."""
    passing = after(sent(other=""), receipt("failed"))
    assert passing == under_way(
        other="", bounced=("SM1",), note="it did not arrive", due_at=NOW + timedelta(seconds=15)
    )
    for seen, permanent in ((sent(other=""), True), (sent(other="", tries=5), False), (sent(expires_at=NOW), False)):
        given_up = after(seen, receipt("failed", permanent=permanent, note="30005"))
        assert given_up is not None
        assert (given_up.state, given_up.note) == (ABANDONED, "it did not arrive: 30005")
    switched_off = after(sent(), receipt("failed"), ALONE)
    assert switched_off is not None
    assert (switched_off.state, switched_off.failed) == (QUEUED, ())


@pytest.mark.parametrize(
    "seen",
    [
        sent(bounced=("SM1",)),
        sent(by="email", failed=("sms",)),
        under_way(failed=("sms",)),
        sent(state=ABANDONED),
        sent(state=DROPPED),
    ],
    ids=["repeated", "of the first channel", "on its way to the other", "shown already", "dropped"],
)
@pytest.mark.parametrize("state", ["failed", "taken"])
def test_a_report_that_comes_again_or_too_late_does_nothing(seen: OutboxMessage, state: str) -> None:
    """Each sending fails once, and for the channel that it went by."""
    assert after(seen, receipt(state)) is None


def test_a_message_that_is_on_its_way_is_not_sent_a_second_time() -> None:
    """Its provider was slow to answer and the try counts as failed: the receipt says that it has it after all."""
    assert after(under_way(tries=2, note="TimeoutError"), receipt("taken")) == under_way(
        tries=2, note="TimeoutError", state=SENT
    )
    assert after(sent(), receipt("taken")) is None


@given(
    st.lists(
        st.builds(
            receipt,
            st.sampled_from(list(DeliveryState)),
            provider_id=st.sampled_from(["SM1", "SM2", ""]),
            permanent=st.booleans(),
            channel=st.sampled_from(list(Channel)),
        )
        | st.sampled_from([WENT, LOST, HOPELESS, evolve(WENT, by="email"), evolve(LOST, by="email")]),
        max_size=12,
    ),
    st.booleans(),
)
def test_whatever_comes_in_whatever_order(said: list[Any], has_other: bool) -> None:
    """It falls back once at most; what has arrived stays so; a repeated report changes nothing; nothing is lost
    silently: it waits, is with a provider, has arrived, or staff see it."""
    message = under_way(other="digest" if has_other else "")
    for one in said:
        now = after(message, one)
        if now is None:
            continue
        assert message.state is not DELIVERED or now == evolve(message, sent_to=now.sent_to)
        assert len(now.failed) <= has_other
        assert now.state in (QUEUED, SENT, DELIVERED, ABANDONED)
        if isinstance(one, DeliveryReceipt):
            assert after(now, one) is None
        if now.state is QUEUED and now.failed and now.by in now.failed:
            now = evolve(now, by="email", tries=1)  # a pump takes it
        message = now


@pytest.mark.parametrize(
    "odd", [{"message_id": "m\n1"}, {"note": "x" * 201}, {"provider_id": "\x00"}, {"message_id": 7}]
)
def test_a_receipt_is_made_of_short_lines(odd: dict[str, Any]) -> None:
    """It comes from outside, and its note is shown to staff."""
    with pytest.raises(InvalidInput, match="one line of at most 200 characters"):
        receipt("taken", **odd)
