"""Which messages a client wants, and the link in a mailing that turns them off (M11). Rules: ``rules/preferring.py``"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, cast

from attrs import evolve, field, frozen

from clientportal.decisions import Because, Decision, Reason, Refusal, grant
from clientportal.errors import HostError, InvalidInput, MissingCapability
from clientportal.operations.frame import Denied, Keyed, Operation, Reading
from clientportal.operations.people import group_of, principal, records_of
from clientportal.operations.sections import asks_section, open_section
from clientportal.operations.sessions import Nothing
from clientportal.operations.trusting_sections import CheckedSection
from clientportal.outcomes.own import Unsubscribing
from clientportal.policy import Policy
from clientportal.records import Receipt
from clientportal.rules.preferring import UNSUBSCRIBE, put_together, read_unsubscribe
from clientportal.values import RecordKind, RecordRef, Secret, SectionWrite
from clientportal.values.channels import Channel
from clientportal.values.field_checks import as_member
from clientportal.values.preferences import Category, Preference, Preferences

__all__ = [
    "LOOK_AT_UNSUBSCRIBE",
    "PREFERENCES",
    "PREFERENCES_OF",
    "SET_PREFERENCE",
    "UNSUBSCRIBE_BY_LINK",
    "UNSUBSCRIBE_LINK",
    "ByUnsubscribeLink",
    "Choose",
    "LinkOf",
    "PreferencesOf",
    "load_preferences",
]

SECTION = "preferences"


# --- reading ---------------------------------------------------------------------------------------------------------


async def _port(reading: Reading) -> CheckedSection | None:
    """The platform's preferences, where it has them and the business has activated them. Whether the portal shows the
    section makes no difference here: what a client chose holds while it is hidden.
    """
    port = await reading.host.section(SECTION)
    return port if port is not None and await port.active() else None


async def load_preferences(reading: Reading, refs: Sequence[RecordRef]) -> Preferences:
    """What one person wants: ``refs`` are all records behind them (``group.refs``). For whoever sends them messages."""
    port = await _port(reading)
    return Preferences() if port is None else put_together(await _chosen(port, refs))


async def _chosen(port: CheckedSection, refs: Sequence[RecordRef]) -> Sequence[Preference]:
    """What those records have chosen, believed as far as the contract goes."""
    found: Any = await port.ask("chosen", tuple(refs)) if refs else ()
    if not isinstance(cast("object", found), Sequence):
        raise HostError(f"{SECTION}.chosen() answers with a sequence of Preference; this is {type(found).__name__}")
    return port.those(found, refs, "chosen")


async def _load_own(reading: Reading, _asked: Nothing) -> Preferences:
    opened = await open_section(reading, SECTION)
    return put_together(await _chosen(opened.port, opened.refs))


def _shown(seen: Preferences, _asked: object, _policy: Policy, _now: datetime) -> Decision[Preferences]:
    return grant(seen, Because("preferring.put_together"))


PREFERENCES = Operation[Nothing, Preferences, Preferences](
    name="preferences", load=_load_own, decide=_shown, writes=False
)


@frozen
class PreferencesOf:
    """Whose: any record of theirs."""

    ref: RecordRef


async def _load_of(reading: Reading, asked: PreferencesOf) -> Preferences:
    return await load_preferences(reading, (await group_of(reading, asked.ref)).refs)


PREFERENCES_OF = Operation[PreferencesOf, Preferences, Preferences](
    name="preferences_of", load=_load_of, decide=_shown, subject=lambda asked: str(asked.ref), writes=False
)


# --- choosing --------------------------------------------------------------------------------------------------------


def _category(value: Category | str) -> Category:
    return as_member(Category, value, "category of messages")


def _channel(value: Channel | str) -> Channel:
    return as_member(Channel, value, "channel")


def _flag(_instance: object, _attribute: Any, value: Any) -> None:
    if not isinstance(value, bool):
        raise InvalidInput(f"on is True or False; this is {type(value).__name__}")


@frozen
class Choose:
    """Which of the four, and what it shall be."""

    category: Category = field(converter=_category)
    channel: Channel = field(converter=_channel)
    on: bool = field(validator=_flag)


@frozen
class _Choosing:
    """What is there, and what a write for all records needs."""

    chosen: tuple[Preference, ...]
    refs: tuple[RecordRef, ...]
    intent_id: str
    actor: str


async def _load_choosing(reading: Reading, _asked: Choose) -> _Choosing:
    opened = await open_section(reading, SECTION, "set")
    if not opened.refs:
        raise Denied(Refusal(Reason.NOT_FOUND, Because("preferring.choose", (("records", "none"),))))
    chosen = await _chosen(opened.port, opened.refs)
    return _Choosing(tuple(chosen), opened.refs, reading.fresh_id(), reading.actor)


def _decide_choosing(seen: _Choosing, asked: Choose, _policy: Policy, now: datetime) -> Decision[Preferences]:
    """The client's own choice holds for all their records, so that neither a merge nor its undo brings back another."""
    name = f"{asked.category.value}_{asked.channel.value}"
    because = Because("preferring.choose", (("which", name), ("on", "yes" if asked.on else "no")))
    after = evolve(put_together(seen.chosen), **{name: asked.on})
    same = {
        one.ref
        for one in seen.chosen
        if (one.category, one.channel, one.on) == (asked.category, asked.channel, asked.on)
    }
    if same.issuperset(seen.refs):
        return grant(after, because)
    write = SectionWrite(
        section=SECTION,
        action="set",
        ref=seen.refs[0],
        refs=seen.refs,
        fields={"category": asked.category.value, "channel": asked.channel.value, "on": "yes" if asked.on else "no"},
    )
    intent = asks_section(write, intent_id=seen.intent_id, actor=seen.actor, now=now, because=because)
    return grant(after, because, asks=intent)


def _remember(_outcome: Preferences) -> Mapping[str, str]:
    return {"chosen": "1"}


async def _replay(reading: Reading, _asked: Choose, _receipt: Receipt) -> Decision[Preferences]:
    return grant(await _load_own(reading, Nothing()), Because("performing.perform", (("receipt", "found"),)))


SET_PREFERENCE = Operation[Choose, _Choosing, Preferences](
    name="set_preference",
    load=_load_choosing,
    decide=_decide_choosing,
    subject=lambda asked: f"{asked.category.value} {asked.channel.value}",
    keyed=Keyed(_remember, _replay, admit=principal),
)


# --- one click, from a mailing ---------------------------------------------------------------------------------------


@frozen
class LinkOf:
    """For whom a link is made, by which channel it will travel, and what it turns off."""

    ref: RecordRef
    channel: Channel = field(converter=_channel)
    category: Category = field(converter=_category, default=Category.MARKETING)


async def _load_link(reading: Reading, asked: LinkOf) -> Secret:
    if await _port(reading) is None:
        raise MissingCapability(
            "a link that turns messages off needs a host with the section 'preferences', activated", (), SECTION
        )
    claims = {"r": str(asked.ref), "c": asked.category.value, "h": asked.channel.value}
    return reading.setup.keys.sign(UNSUBSCRIBE, reading.tenant, claims)


UNSUBSCRIBE_LINK = Operation[LinkOf, Secret, Secret](
    name="unsubscribe_link",
    load=_load_link,
    decide=lambda seen, _asked, _policy, _now: grant(seen, Because("preferring.unsubscribe")),
    subject=lambda asked: str(asked.ref),
    writes=False,
)


@frozen
class ByUnsubscribeLink:
    """What the mailing brought."""

    link: Secret = field(repr=False)


async def _read_link(reading: Reading, asked: ByUnsubscribeLink) -> tuple[RecordRef, Choose]:
    claims = read_unsubscribe(reading.setup.keys.verify(UNSUBSCRIBE, asked.link.reveal()), reading.tenant)
    if claims is None or await _port(reading) is None:
        raise Denied(Refusal(Reason.LINK_GONE, Because("preferring.unsubscribe", (("link", "gone"),))))
    ref, category, channel = claims
    return ref, Choose(category, channel, False)


async def _load_look(reading: Reading, asked: ByUnsubscribeLink) -> Choose:
    return (await _read_link(reading, asked))[1]


LOOK_AT_UNSUBSCRIBE = Operation[ByUnsubscribeLink, Choose, Unsubscribing](
    name="look_at_unsubscribe",
    load=_load_look,
    decide=lambda seen, _asked, _policy, _now: grant(
        Unsubscribing(seen.category, seen.channel), Because("preferring.unsubscribe")
    ),
    writes=False,
)


@frozen
class _ByLink:
    asked: Choose
    seen: _Choosing


async def _load_by_link(reading: Reading, asked: ByUnsubscribeLink) -> _ByLink:
    ref, choice = await _read_link(reading, asked)
    group = await group_of(reading, ref)
    if group.root.kind is RecordKind.CLIENT and not await records_of(reading, [group.root]):
        raise Denied(Refusal(Reason.LINK_GONE, Because("preferring.unsubscribe", (("client", "gone"),))))
    port = await _port(reading)
    assert port is not None
    reading.actor = f"link:{group.root}"
    chosen = await _chosen(port, group.refs)
    return _ByLink(choice, _Choosing(tuple(chosen), group.refs, reading.fresh_id(), reading.actor))


def _decide_by_link(seen: _ByLink, _asked: ByUnsubscribeLink, policy: Policy, now: datetime) -> Decision[Unsubscribing]:
    decision = _decide_choosing(seen.seen, seen.asked, policy, now)
    outcome = Unsubscribing(seen.asked.category, seen.asked.channel, done=True)
    return grant(outcome, decision.because, decision.changes, asks=decision.asks)


UNSUBSCRIBE_BY_LINK = Operation[ByUnsubscribeLink, _ByLink, Unsubscribing](
    name="unsubscribe", load=_load_by_link, decide=_decide_by_link
)
