"""Writing to the business from the portal (V10). Rule: ``rules/writing_messages.py``.

What was written before is a page of the section like any other: ``SECTION_PAGE`` of ``messages``.
"""

from __future__ import annotations

from datetime import datetime

from attrs import evolve, field, frozen

from clientportal.decisions import Because, Decision, Reason, Refusal
from clientportal.operations.frame import Denied, Keyed, Operation, Reading
from clientportal.operations.people import principal
from clientportal.operations.sections import OpenSection, asks_section, open_section, remember_change, replay_change
from clientportal.outcomes import SectionChanged
from clientportal.policy import Policy
from clientportal.records import Allowance
from clientportal.rules.writing_messages import Writing, message_charge, write_message
from clientportal.values import SectionWrite
from clientportal.values.messages import message_text

__all__ = ["SECTION", "SEND_MESSAGE", "SendMessage"]

SECTION = "messages"


@frozen
class SendMessage:
    """What was typed, as it is filed."""

    text: str = field(repr=False, converter=message_text)


@frozen
class _Sending:
    opened: OpenSection
    writing: Writing
    intent_id: str
    actor: str


async def _load(reading: Reading, _asked: SendMessage) -> _Sending:
    opened = await open_section(reading, SECTION, "send")
    if not opened.refs:
        raise Denied(Refusal(Reason.NOT_FOUND, Because("who_may_see.own", (("records", "none"),))))
    # Whoever is known by records or an account alone: a principal has one of the two.
    caller = opened.caller
    client = str(caller.root) if caller.account is None else f"account:{caller.account.id}"
    charge = message_charge(client, reading.policy)
    allowances = await reading.state.get_many(Allowance, [charge.id], lock=True)
    return _Sending(opened, Writing(client, allowances), reading.fresh_id(), reading.actor)


def _decide(seen: _Sending, asked: SendMessage, policy: Policy, now: datetime) -> Decision[SectionChanged]:
    decision = write_message(seen.writing, policy, now)
    if not decision.granted:
        return decision
    write = SectionWrite(
        section=SECTION,
        action="send",
        ref=seen.opened.writes_for,
        fields={"text": asked.text, "at": now.isoformat()},
        business=seen.opened.branch,
    )
    intent = asks_section(write, intent_id=seen.intent_id, actor=seen.actor, now=now, because=decision.because)
    return evolve(decision, asks=intent)


SEND_MESSAGE = Operation[SendMessage, _Sending, SectionChanged](
    name="send_message",
    load=_load,
    decide=_decide,
    durable=True,
    previewable=False,
    keyed=Keyed(remember_change, replay_change, admit=principal),
)
