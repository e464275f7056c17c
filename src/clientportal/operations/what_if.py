"""What would change under another policy? The same loaders and rules over today's records, without effect (X8)."""

from __future__ import annotations

from collections.abc import AsyncIterator

from attrs import evolve

from clientportal.decisions import Because
from clientportal.operations.auditing import note_action, note_refusal
from clientportal.operations.changing import load_changes
from clientportal.operations.demo_client import counted
from clientportal.operations.frame import Reading
from clientportal.operations.people import load_candidates
from clientportal.operations.setting import Setup, Staff
from clientportal.outcomes import Difference, DifferenceKind
from clientportal.policy import Policy
from clientportal.records import ContactHistory
from clientportal.rules import who_may_change
from clientportal.rules.who_may_manage import Permission, may
from clientportal.rules.whose_contact import (
    Flagged,
    Found,
    Several,
    TooMany,
    is_flagged,
    may_be_recycled,
    whose_contact,
)
from clientportal.values import ChangeKind, ContactKey, ContactKind, RecordRef, When, email_key, mask, phone_key

__all__ = ["replay"]

_BATCH = 100


async def replay(setup: Setup, staff: Staff, other: Policy) -> AsyncIterator[Difference]:
    """Yield every difference between the policy in force and ``other``, client by client, over today's records.

    Read-only, a batch a unit, so that a large business does not hold one transaction open. What clients may cancel,
    move and rebook is judged for every upcoming appointment, what their contacts open for every contact. That it was
    begun is audited, for it shows everybody's standing.
    """
    no = may(staff.permissions, Permission.REPLAY_POLICY)
    if no is not None:
        await note_refusal(setup, staff, "replay", "", no)
        raise setup.refused(no, staff.tenant)
    await note_action(setup, staff, "replay", Because("what_if.replay"))
    after: str | None = None
    while True:
        found: list[Difference] = []
        async with setup.store.begin(staff.tenant, setup.host, writes=False, connection=setup.connection) as unit:
            reading = Reading(setup, unit, staff, setup.clock())
            page = await reading.host.contacts(after, _BATCH)
            for raw in counted(page.items):
                texts = {ContactKind.MOBILE: raw.mobile, ContactKind.PHONE: raw.phone, ContactKind.EMAIL: raw.email}
                for kind, text in texts.items():
                    if text:
                        found.extend(await _login_differences(reading, raw.ref, kind, text, other))
                found.extend(await _change_differences(reading, raw.ref, other))
        for difference in found:
            yield difference
        after = page.next
        if after is None:
            return


async def _opens(reading: Reading, kind: ContactKind, text: str, policy: Policy) -> tuple[str, str]:
    key: ContactKey
    try:
        if kind is ContactKind.EMAIL:
            key = email_key(text)
        else:
            key = phone_key(text, region=policy.contacts.region, kind=kind)
    except ValueError:
        return "no: not a contact", mask(text)
    if not policy.login.enabled or kind not in policy.login.identifiers:
        return "no login with this", mask(key.value)
    history = await reading.state.get(ContactHistory, str(key))
    reading.policy = policy
    candidates, hits = await load_candidates(reading, key, history)
    whose = whose_contact(key, candidates, hits, policy, flagged=is_flagged(history))
    proved_at = None if history is None else history.proved_at
    match whose:
        case Found(candidate, _) if may_be_recycled([candidate], proved_at, policy.login.recycled_after, reading.now):
            word = "no: a second proof comes first"
        case Several(several, _) if may_be_recycled(several, proved_at, policy.login.recycled_after, reading.now):
            word = "no: a second proof comes first"
        case Found(candidate, _):
            word = f"opens {candidate.ref}"
        case Several(several, _):
            word = "a choice of " + ", ".join(str(one.ref) for one in several)
        case TooMany(_):
            word = "no: on too many records"
        case Flagged(_):
            word = "no: flagged as nobody's by staff"
        case _:
            word = f"nobody: {policy.login.unknown.value}"
    return word, mask(key.value)


async def _login_differences(
    reading: Reading, ref: RecordRef, kind: ContactKind, text: str, other: Policy
) -> list[Difference]:
    present = reading.policy
    try:
        before, subject = await _opens(reading, kind, text, present)
        after, _ = await _opens(reading, kind, text, other)
    finally:
        reading.policy = present
    return [Difference(DifferenceKind.LOGIN, ref, subject, before, after)] if before != after else []


async def _change_differences(reading: Reading, ref: RecordRef, other: Policy) -> list[Difference]:
    found: list[Difference] = []
    after: str | None = None
    while True:
        page = await reading.host.appointments([ref], When.UPCOMING, reading.now, after, _BATCH)
        for appointment in page.items:
            loaded = await load_changes(reading, appointment.id, tuple(ChangeKind), mine=None)
            for kind, seen in loaded.items():
                as_client = evolve(seen, staff=False)
                words = [_word(as_client, kind, policy, reading) for policy in (reading.policy, other)]
                if words[0] != words[1]:
                    found.append(Difference(DifferenceKind(kind.value), ref, appointment.id, words[0], words[1]))
        after = page.next
        if after is None:
            return found


def _word(seen: who_may_change.Changing, kind: ChangeKind, policy: Policy, reading: Reading) -> str:
    if kind is ChangeKind.REBOOK:
        judged = who_may_change.judge_rebooking(seen, policy, reading.now)
    else:
        judged = who_may_change.judge(seen, kind, policy, reading.now)
    if judged.reason is not None:
        return f"no: {judged.reason.value}"
    return "yes" if judged.fee is None else f"yes, for {judged.fee}"
