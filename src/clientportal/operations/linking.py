"""Which account sees which record: leaving one, and what staff link and look up. Rules: ``rules/linking.py``."""

from __future__ import annotations

from collections.abc import Sequence

from attrs import evolve, frozen

from clientportal.decisions import Because, Reason, Refusal, grant
from clientportal.operations.accounts import MOST, account_by_email, candidates_of, load_sight
from clientportal.operations.claiming import account_of, numbers_of
from clientportal.operations.frame import Denied, Operation, Reading
from clientportal.operations.people import group_of, records_of
from clientportal.outcomes import ProfileOption
from clientportal.outcomes.claiming import LinkLine
from clientportal.policy import SeenBy
from clientportal.records import (
    Account,
    AccountLink,
    LinkEvidence,
    Session,
)
from clientportal.rules.account_sessions import own_records
from clientportal.rules.claiming import Asserter, LinkFacts
from clientportal.rules.linking import (
    Leaving,
    StaffLinking,
    leave,
    line_of,
    link_by_staff,
    unlink,
)
from clientportal.rules.who_may_manage import Permission
from clientportal.rules.whose_contact import keys_of
from clientportal.values import ContactKind, RecordRef

__all__ = [
    "LEAVE",
    "LINK",
    "LINKS",
    "UNLINK",
    "LeaveRecord",
    "LinkRecord",
    "LinksOf",
]


@frozen
class LeaveRecord:
    """Which of one's own profiles, by its id."""

    option: str


async def _load_leaving(reading: Reading, _asked: LeaveRecord) -> Leaving:
    session, account = await account_of(reading)
    if account is None or reading.policy.visibility.appointments is not SeenBy.RECORD:
        raise Denied(Refusal(Reason.DISABLED, Because("linking.leave", (("profiles", "none of an account"),))))
    sight = await load_sight(reading, account)
    sessions = await reading.state.find(Session, "account", [account.id], lock=True, limit=MOST)
    return Leaving(
        sight=sight,
        sessions=tuple(sessions),
        session=evolve(session, used_at=reading.now),
        numbers=await numbers_of(reading, [*sight.linked, *sight.sharing]),
        actor=reading.actor,
    )


LEAVE = Operation[LeaveRecord, Leaving, tuple[ProfileOption, ...]](
    name="leave",
    load=_load_leaving,
    decide=lambda seen, asked, policy, now: leave(seen, asked.option, policy, now),
    subject=lambda asked: asked.option[:200],
    durable=True,
    previewable=False,
)


# --- staff -----------------------------------------------------------------------------------------------------------


@frozen
class LinkRecord:
    """An account, by its id, and a record."""

    account: str
    ref: RecordRef


def _about_link(asked: LinkRecord) -> str:
    return f"{asked.account[:64]} {asked.ref}"


async def _load_link(reading: Reading, asked: LinkRecord) -> StaffLinking:
    account = await reading.state.get(Account, asked.account, lock=True)
    held = await reading.state.find(AccountLink, "account", [asked.account], limit=MOST)
    return StaffLinking(
        account=account,
        candidates=await candidates_of(reading, [asked.ref]),
        held=tuple(held),
        facts=LinkFacts(
            account=asked.account,
            asserted_by=Asserter.STAFF,
            first_name=None if account is None else account.first_name,
            revoked=frozenset(link.record_ref for link in held if link.revoked_at is not None),
        ),
        rule=reading.setup.decide_link,
        actor=reading.actor,
    )


LINK = Operation[LinkRecord, StaffLinking, bool](
    name="link",
    load=_load_link,
    decide=lambda seen, _asked, policy, now: link_by_staff(seen, policy, now),
    subject=_about_link,
    permission=Permission.LINK_ACCOUNTS,
)


@frozen
class _Unlinking:
    leaving: Leaving | None
    group: frozenset[RecordRef]


async def _load_unlink(reading: Reading, asked: LinkRecord) -> _Unlinking:
    group = await group_of(reading, asked.ref)
    account = await reading.state.get(Account, asked.account, lock=True)
    if account is None:
        return _Unlinking(None, frozenset(group.refs))
    sessions = await reading.state.find(Session, "account", [account.id], lock=True, limit=MOST)
    sight = await load_sight(reading, account)
    return _Unlinking(
        Leaving(sight=sight, sessions=tuple(sessions), actor=reading.actor), frozenset((asked.ref, *group.refs))
    )


UNLINK = Operation[LinkRecord, _Unlinking, int](
    name="unlink",
    load=_load_unlink,
    decide=lambda seen, asked, policy, now: unlink(seen.leaving, asked.ref, seen.group, policy, now),
    subject=_about_link,
    durable=True,
    previewable=False,
    permission=Permission.LINK_ACCOUNTS,
)


@frozen
class LinksOf:
    """Which record."""

    ref: RecordRef


async def _load_links(reading: Reading, asked: LinksOf) -> tuple[LinkLine, ...]:
    group = await group_of(reading, asked.ref)
    refs = (asked.ref, *group.refs)
    links = await reading.state.find_any(AccountLink, "ref", sorted({str(ref) for ref in refs}), limit=MOST)
    accounts = dict(await reading.state.get_many(Account, sorted({link.account for link in links})))
    by_email = await _owners_of_emails(reading, refs)
    accounts.update((account.id, account) for account in by_email)
    sees: dict[str, bool] = {}
    for id, account in accounts.items():
        own = own_records(await load_sight(reading, account), reading.policy)
        sees[id] = any(not {member.ref for member in one.members}.isdisjoint(refs) for one in own)
    lines = [line_of(link, accounts.get(link.account), sees=sees.get(link.account, False)) for link in links]
    known = {link.account for link in links}
    lines += [_by_email(account, group.root) for account in by_email if account.id not in known and sees[account.id]]
    return tuple(sorted(lines, key=lambda line: (line.account, line.record)))


async def _owners_of_emails(reading: Reading, refs: Sequence[RecordRef]) -> list[Account]:
    rows = await records_of(reading, refs)
    keys = {key for row in rows.values() for key in keys_of(row, reading.policy.contacts.region)}
    found = [await account_by_email(reading, key) for key in sorted(keys) if key.kind is ContactKind.EMAIL]
    return [account for account in found if account is not None and account.proved_at is not None]


def _by_email(account: Account, ref: RecordRef) -> LinkLine:
    assert account.proved_at is not None
    link = AccountLink(
        id=AccountLink.id_of(account.id, ref),
        account=account.id,
        ref=str(ref),
        evidence=LinkEvidence.PROVED_EMAIL,
        made_at=account.proved_at,
        actor=f"account:{account.id}",
        because="has proved an email of this record",
    )
    return line_of(link, account, sees=True)


LINKS = Operation[LinksOf, tuple[LinkLine, ...], tuple[LinkLine, ...]](
    name="links",
    load=_load_links,
    decide=lambda seen, _asked, _policy, _now: grant(seen, Because("linking.links", (("links", str(len(seen))),))),
    subject=lambda asked: str(asked.ref),
    writes=False,
    permission=Permission.LINK_ACCOUNTS,
)
