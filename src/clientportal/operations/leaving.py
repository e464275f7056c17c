"""Reading what hangs on a client who goes, with nobody able to log in or to merge in between."""

from __future__ import annotations

from collections.abc import Sequence

from clientportal.errors import Conflict
from clientportal.operations.frame import Reading
from clientportal.operations.people import Group, group_of
from clientportal.operations.reassigning import nothing_under_way
from clientportal.records import Account, AccountLink, ContactEntry, Identifier, OutboxMessage, Pointer, Session
from clientportal.rules.deleting_clients import Leftovers
from clientportal.values import ContactKey, ContactKind, RecordRef

__all__ = ["held_group", "keep_logins_out", "load_leftovers"]

_MOST = 10_000


async def held_group(reading: Reading, ref: RecordRef) -> Group:
    """The client that a record belongs to, with no merge of it under way.

    A merge holds the records that it is asked for, in their order; so both names are held, the one that was asked for
    and the one that speaks. Where the client was merged while this waited, everything is read anew. What a platform
    elsewhere still has to do with all that they have is finished first.
    """
    pointer = await reading.state.get(Pointer, str(ref))
    held = {ref, ref if pointer is None else pointer.root_ref}
    for one in sorted(held):
        await reading.state.hold(f"merge:{one}")
    group = await group_of(reading, ref)
    if group.root not in held:
        raise Conflict(f"{ref} was merged into {group.root} meanwhile")
    await nothing_under_way(reading, group.refs)
    return group


async def keep_logins_out(reading: Reading, keys: Sequence[ContactKey], links: Sequence[AccountLink]) -> None:
    """No login that is under way opens a session for this client that is not seen, and so not ended, here (I7).

    A login holds the contact that it proves, and locks the account that it is for.
    """
    for key in sorted(keys):
        await reading.state.hold(f"contact:{key}")
    emails = sorted(str(key) for key in keys if key.kind is ContactKind.EMAIL)
    owners = await reading.state.get_many(Identifier, emails)
    accounts = {one.account for one in owners.values()} | {one.account for one in links if one.revoked_at is None}
    await reading.state.get_many(Account, sorted(accounts), lock=True)


async def load_leftovers(
    reading: Reading, gone: frozenset[RecordRef], keys: Sequence[ContactKey], actor: str
) -> Leftovers:
    """What the portal holds of the records ``gone``, whose contacts are or were ``keys``."""
    state, refs = reading.state, sorted(map(str, gone))
    links = tuple(await state.find_any(AccountLink, "ref", refs, limit=_MOST))
    await keep_logins_out(reading, keys, links)
    messages = [one for ref in refs for one in await state.find(OutboxMessage, "record", [ref], limit=_MOST)]
    return Leftovers(
        sessions=await _sessions_for(reading, gone, sorted(map(str, keys))),
        entries=tuple(await state.find_any(ContactEntry, "ref", refs, limit=_MOST)),
        links=links,
        messages=tuple(messages),
        actor=actor,
    )


async def _sessions_for(reading: Reading, gone: frozenset[RecordRef], identities: Sequence[str]) -> tuple[Session, ...]:
    """The sessions that show this client, and those that could show nobody else: a family's goes on with the others."""
    found = {one.id: one for one in await reading.state.find_any(Session, "entry", sorted(map(str, gone)), limit=_MOST)}
    for one in await reading.state.find_any(Session, "identity", identities, limit=_MOST):
        if one.entry is None and one.own and gone.issuperset(one.own):
            found[one.id] = one
    return tuple(found[id] for id in sorted(found))
