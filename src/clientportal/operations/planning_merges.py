"""What staff are shown of a merge before they decide, beyond what it rests on. Rule: ``rules/merging.py``."""

from __future__ import annotations

from collections.abc import Mapping

from attrs import evolve

from clientportal.operations.frame import Reading
from clientportal.operations.people import Group
from clientportal.operations.portraits import own_refs, proofs_of
from clientportal.operations.setting import Staff
from clientportal.operations.weighing import common_of
from clientportal.records import Account, AccountLink, Identifier
from clientportal.rules.merging import Merging
from clientportal.rules.surviving import rules_today
from clientportal.rules.taking_over import LeadsTo, emails_that_lead, who_leads
from clientportal.rules.who_may_manage import Permission
from clientportal.values import ClientRecord, Holding, RecordRef, When

__all__ = ["with_what_is_planned"]

_REFS = 100
_MOST_LINKS = 10_000
_COUNT_UP_TO = 100


async def with_what_is_planned(reading: Reading, seen: Merging, groups: Mapping[RecordRef, Group]) -> Merging:
    """The same merge with all that its plan shows."""
    heads = {group.root: group for group in groups.values()}
    everyone = sorted({ref for group in groups.values() for ref in group.refs})
    rows = {record.ref: record for record in seen.records}
    everybody = [rows[ref] for ref in everyone if ref in rows]
    # The rules of the group itself are asked where its records are one already: then what is there is shown again.
    asking = rules_today(reading.policy, seen.own)
    asking |= {name: rule for one in seen.journal for name, rule in one.rules.items()}
    return evolve(
        seen,
        appointments={str(root): await _count_appointments(reading, group.refs) for root, group in heads.items()},
        proofs=await proofs_of(reading, everybody, asking),
        holdings=await _holdings(reading, everyone),
        own_cards=await own_refs(reading, groups[seen.survivor]),
        logins=await _logins(reading, everybody),
        common=await common_of(reading, {root: group.refs for root, group in heads.items()}, rows),
        sees_clients=isinstance(reading.caller, Staff) and Permission.SEE_CLIENTS in reading.caller.permissions,
    )


async def _holdings(reading: Reading, refs: list[RecordRef]) -> tuple[Holding, ...] | None:
    """What the records hold besides appointments; ``None`` where the platform does not say."""
    if not reading.setup.host.capabilities.holdings:
        return None
    found: list[Holding] = []
    for start in range(0, len(refs), _REFS):
        found.extend(await reading.host.holdings(refs[start : start + _REFS]))
    return tuple(found)


async def _logins(reading: Reading, records: list[ClientRecord]) -> tuple[LeadsTo, ...]:
    """The accounts that lead to any of these records, as ``rules/taking_over.py`` says."""
    if not reading.policy.registration.accounts:
        return ()  # the rule says so, too; this spares the reading
    refs = sorted(str(record.ref) for record in records)
    links = await reading.state.find_any(AccountLink, "ref", refs, limit=_MOST_LINKS)
    emails = emails_that_lead(records, reading.policy)
    owners = await reading.state.get_many(Identifier, sorted({str(key) for key, _ in emails}))
    leads = who_leads(links, emails, owners, reading.policy)
    accounts = await reading.state.get_many(Account, list(leads))
    return tuple(LeadsTo(account, leads[id]) for id, account in accounts.items())


async def _count_appointments(reading: Reading, refs: tuple[RecordRef, ...]) -> int:
    """How many appointments the preview shows, up to a hundred of each kind: it is a hint, not an account."""
    count = 0
    for when in When:
        page = await reading.host.appointments(list(refs), when, reading.now, None, _COUNT_UP_TO)
        count += len(page.items)
    return count
