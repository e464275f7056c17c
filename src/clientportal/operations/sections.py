"""The sections of the portal: which are open, what is in them, and what a client does there.

Rules: ``rules/who_may_see.py``. What a section of its own rules may do has a file of its own beside this one.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from attrs import field, frozen

from clientportal.decisions import Because, Decision, Reason, Refusal, grant
from clientportal.errors import InvalidAnswers, InvalidInput
from clientportal.operations.active_codes import whose_cards, whose_codes
from clientportal.operations.frame import INTENT_LEASE, Denied, Keyed, Operation, Reading
from clientportal.operations.paging import Paged, check_limit
from clientportal.operations.people import Principal, principal
from clientportal.operations.sessions import Nothing
from clientportal.operations.trusting_sections import CheckedSection
from clientportal.outcomes import SectionChanged, SectionEntry
from clientportal.policy import Policy
from clientportal.records import HostWrite, Intent, Receipt
from clientportal.rules.form_filling import fill
from clientportal.rules.franchises import acts_on
from clientportal.rules.who_may_see import SectionState, judge_action, judge_section
from clientportal.sections import SECTIONS, STANDING
from clientportal.sections.payments import Payments
from clientportal.values import ItemPage, RecordKind, RecordRef, SectionItem, SectionWrite
from clientportal.values.field_checks import quoted
from clientportal.values.sections import MAX_ITEM_ID, SECTION_NAME

__all__ = [
    "LIST_SECTIONS",
    "SECTION_ACT",
    "SECTION_ITEM",
    "SECTION_PAGE",
    "Act",
    "ItemById",
    "ListItems",
    "OpenSection",
    "asks_section",
    "item_of",
    "open_section",
    "remember_change",
    "replay_change",
    "require_section",
]


# --- what is open ---------------------------------------------------------------------------------------------------


@frozen
class OpenSection:
    """An open section, over the host, for one caller: ``refs`` are the records whose items are the caller's."""

    port: CheckedSection
    caller: Principal
    refs: tuple[RecordRef, ...]
    because: Because
    branch: str = ""
    acting: bool = False

    @property
    def writes_for(self) -> RecordRef:
        """The record that something new is made for: the one that speaks; where single appointments are shown (A7) the
        first that the account is linked to. An appointment can be assigned to somebody else tomorrow, who would read
        what was filed under it.
        """
        return next((ref for ref in self.refs if ref.kind is RecordKind.CLIENT), self.refs[0])


async def _state_of(reading: Reading, name: str) -> tuple[SectionState, CheckedSection | None]:
    if SECTION_NAME.fullmatch(name) is None:
        # A client may type anything here: it reaches neither the platform nor, with its megabytes, the audit.
        return SectionState("(no name of a section)", False, False), None
    if name == "codes":
        return SectionState(name, reading.setup.host.capabilities.active_codes, True), None
    if name in STANDING:
        return SectionState(name, True, True), None
    port = await reading.host.section(name)
    active = port is not None and name in reading.policy.visibility.sections and await port.active()
    return SectionState(name, port is not None, active), port


async def require_section(reading: Reading, name: str, action: str | None = None) -> Because:
    """Refuse unless that section is open, and that action allowed in it."""
    state, _ = await _state_of(reading, name)
    return _allowed(state, action, reading.policy)


def _allowed(state: SectionState, action: str | None, policy: Policy) -> Because:
    seen = judge_section(state, policy)
    if isinstance(seen, Refusal):
        raise Denied(seen)
    if action is None:
        return seen
    done = judge_action(state.name, action, policy)
    if isinstance(done, Refusal):
        raise Denied(done)
    return done


async def open_section(reading: Reading, name: str, action: str | None = None) -> OpenSection:
    """The caller's session, and that section over its records; refused where either is not theirs.

    The session is checked first: what a business has is nobody's to learn from without one.
    """
    caller = await principal(reading)
    state, port = await _state_of(reading, name)
    because = _allowed(state, action, reading.policy)
    if port is None:
        raise InvalidInput(f"the section {name!r} has methods of its own at the door, and no items to ask for by name")
    refs = await _whose(reading, caller, name)
    return OpenSection(port, caller, refs, because, reading.setup.branch, acting=action is not None)


async def _whose(reading: Reading, caller: Principal, name: str) -> tuple[RecordRef, ...]:
    """Whose items a section shows. Cards pay, so those of a record that was merged in are shown where the policy says
    so alone (``merging.cards``); an account without a record has what its linked records have (A7, A15).
    """
    return await (whose_cards if name == "payment_methods" else whose_codes)(reading, caller)


async def item_of(opened: OpenSection, id: str) -> Any:
    """One item of the caller's own; refused as ``not_found`` where it is somebody else's or nobody's."""
    found = None
    if 0 < len(id) <= MAX_ITEM_ID and "\x00" not in id:
        found = await opened.port.one(id)
    mine = frozenset(opened.refs)
    if found is None or (found.ref not in mine and found.moved_from not in mine):
        raise Denied(Refusal(Reason.NOT_FOUND, Because("who_may_see.own", (("section", opened.port.name),))))
    if opened.acting and not acts_on(found.business, opened.branch):
        facts = (("section", opened.port.name), ("business", found.business))
        why = "it is done where it belongs, at another business of the franchise"
        raise Denied(Refusal(Reason.NOT_CHANGEABLE, Because("franchises.acts_on", facts), facts={"why": why}))
    return found


def _given(seen: Any, _asked: object, _policy: Policy, _now: datetime) -> Decision[Any]:
    return grant(seen, Because("who_may_see.own"))


# --- looking --------------------------------------------------------------------------------------------------------


async def _load_sections(reading: Reading, _asked: Nothing) -> tuple[SectionEntry, ...]:
    await principal(reading)
    found: list[SectionEntry] = []
    for name in reading.policy.visibility.sections:
        state, port = await _state_of(reading, name)
        if isinstance(judge_section(state, reading.policy), Refusal):
            continue
        can = STANDING[name] if port is None else port.actions
        if name == Payments.name and reading.setup.payments is None:
            can = ()  # invoices are listed, and there is nobody to take the money
        allowed = tuple(one for one in can if isinstance(judge_action(name, one, reading.policy), Because))
        found.append(_entry(name, port, allowed))
    return tuple(found)


def _entry(name: str, port: CheckedSection | None, allowed: tuple[str, ...]) -> SectionEntry:
    if port is None:
        return SectionEntry(name, None, allowed)
    begins = tuple(one for one in port.begins if one in allowed)
    asks = {action: tuple(questions) for action, questions in port.asks.items() if action in allowed}
    return SectionEntry(name, port.within, allowed, begins, asks, port.details)


LIST_SECTIONS = Operation[Nothing, tuple[SectionEntry, ...], tuple[SectionEntry, ...]](
    name="sections", load=_load_sections, decide=_given, writes=False
)


@frozen
class ListItems(Paged):
    """Which section, from where, how many."""

    section: str
    after: str | None = None
    limit: int = field(default=20, converter=check_limit)


async def _load_page(reading: Reading, asked: ListItems) -> ItemPage[Any]:
    opened = await open_section(reading, asked.section)
    if not opened.refs:
        return ItemPage()
    page = await opened.port.page(opened.refs, asked.after, asked.limit)
    return ItemPage(tuple(item.as_shown() for item in page.items), page.next)


SECTION_PAGE = Operation[ListItems, ItemPage[Any], ItemPage[Any]](
    name="section", load=_load_page, decide=_given, subject=lambda asked: asked.section[:MAX_ITEM_ID], writes=False
)


@frozen
class ItemById:
    """Which item of which section."""

    section: str
    id: str


async def _load_item(reading: Reading, asked: ItemById) -> Any:
    return (await item_of(await open_section(reading, asked.section), asked.id)).as_shown()


SECTION_ITEM = Operation[ItemById, Any, Any](
    name="section_item", load=_load_item, decide=_given, subject=lambda asked: asked.id[:MAX_ITEM_ID], writes=False
)


# --- doing ----------------------------------------------------------------------------------------------------------


@frozen
class Act:
    """Which action of a platform's own section, on what, with what."""

    section: str
    action: str
    item: str | None = None
    fields: Mapping[str, str] = field(factory=dict[str, str])


@frozen
class _Acting:
    opened: OpenSection
    item: SectionItem | None
    intent_id: str
    actor: str


async def _load_act(reading: Reading, asked: Act) -> _Acting:
    if asked.section in SECTIONS:
        raise InvalidInput(f"{asked.section}.{asked.action} has a method of its own at this door")
    opened = await open_section(reading, asked.section, asked.action)
    if asked.action not in opened.port.actions:
        raise InvalidInput(
            f"{asked.section} has no action {quoted(asked.action)}; there is {', '.join(opened.port.actions) or 'none'}"
        )
    item = None if asked.item is None else await item_of(opened, asked.item)
    if not opened.refs:
        raise Denied(Refusal(Reason.NOT_FOUND, Because("who_may_see.own", (("records", "none"),))))
    return _Acting(opened, item, reading.fresh_id(), reading.actor)


def asks_section(write: SectionWrite, *, intent_id: str, actor: str, now: datetime, because: Because) -> Intent:
    """The one write of a section that a decision asks for."""
    return Intent(
        id=intent_id,
        write=HostWrite.SECTION,
        actor=actor,
        asked_at=now,
        due_at=now + INTENT_LEASE,
        section=write,
        because=str(because),
    )


def _answered(seen: _Acting, asked: Act, policy: Policy) -> Mapping[str, str]:
    """What was told with an action: where the section asks questions, each answer as its question wants it."""
    if asked.action not in seen.opened.port.asks:
        return asked.fields
    filled = fill(tuple(seen.opened.port.asks[asked.action]), asked.fields, policy.contacts.region)
    if filled.problems:
        raise InvalidAnswers(filled.problems)
    return filled.answers


def _decide_act(seen: _Acting, asked: Act, policy: Policy, now: datetime) -> Decision[SectionChanged]:
    item = seen.item
    write = SectionWrite(
        section=asked.section,
        action=asked.action,
        ref=seen.opened.writes_for if item is None else item.ref,
        item=asked.item,
        version="" if item is None else item.version,
        fields=_answered(seen, asked, policy),
        business=seen.opened.branch if item is None else item.business,
    )
    because = seen.opened.because
    intent = asks_section(write, intent_id=seen.intent_id, actor=seen.actor, now=now, because=because)
    return grant(SectionChanged(asked.section, asked.action, asked.item or ""), because, asks=intent)


def remember_change(outcome: SectionChanged) -> Mapping[str, str]:
    """What an idempotency key remembers of an action."""
    return {
        "section": outcome.section,
        "action": outcome.action,
        "item": outcome.item,
        "waits": "1" if outcome.waits else "",
    }


async def replay_change(_reading: Reading, _asked: object, receipt: Receipt) -> Decision[SectionChanged]:
    """The same answer again."""
    kept = receipt.result
    outcome = SectionChanged(kept["section"], kept["action"], kept["item"], bool(kept["waits"]))
    return grant(outcome, Because("performing.perform", (("receipt", "found"),)))


SECTION_ACT = Operation[Act, _Acting, SectionChanged](
    name="act",
    load=_load_act,
    decide=_decide_act,
    subject=lambda asked: f"{asked.section}.{asked.action} {asked.item or ''}"[:MAX_ITEM_ID].strip(),
    keyed=Keyed(remember_change, replay_change, admit=principal),
)
