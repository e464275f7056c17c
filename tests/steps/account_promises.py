"""What must be true of accounts, their appointments and their records whatever failed, and however two were mixed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from clientportal import Refused
from clientportal.policy import SeenBy
from clientportal.records import (
    Account,
    AccountLink,
    Assignment,
    AuditEntry,
    Challenge,
    Credential,
    Identifier,
    Intent,
    MailedLink,
    MailPurpose,
    Pointer,
    Purpose,
    Receipt,
    Session,
    Snapshot,
    Trail,
)
from clientportal.stores.memory import MemoryStore
from clientportal.values import ChangeKind, When
from steps.dumps import Contents, _appointments, _merges
from steps.stages import Ground, Scene, _MemoryHostAtRest

__all__ = ["account_ground", "holder", "kept", "readable"]


class _Renaming(_MemoryHostAtRest):
    """Books anew at each move, so that an assignment has to go along."""

    move_makes_new_id = True


def account_ground(name: str) -> Ground:
    """A platform in memory that books anew at each move: ``renaming``, or ``renaming elsewhere``."""
    return Ground(name, MemoryStore, _Renaming.elsewhere if name.endswith("elsewhere") else lambda: _Renaming)


def kept(held: Contents) -> list[str]:
    """Every promise that these contents break, in words; empty is good."""
    return [
        *_appointments(held),
        *_merges(held),
        *_one_account(held),
        *_nothing_left_behind(held),
        *_told(held),
        *_taken_off(held),
        *_once(held),
        *_one_email(held),
    ]


def _last_id(held: Contents, id: str) -> str:
    """What an appointment is called today."""
    onward = {one.id: one.current_id for one in held.of(Trail)}
    passed = [id]
    while (following := onward.get(passed[-1], passed[-1])) not in passed:
        passed.append(following)
    return passed[-1]


def holder(held: Contents, id: str) -> str | None:
    """The account that an appointment is assigned to, under whatever id."""
    last = _last_id(held, id)
    return next((one.account for one in held.of(Assignment) if _last_id(held, one.id) == last), None)


def _one_account(held: Contents) -> Iterable[str]:
    """A7: one booking is one account's, under whatever ids it has had."""
    whose: dict[str, list[str]] = {}
    for one in held.of(Assignment):
        whose.setdefault(_last_id(held, one.id), []).append(f"{one.account} as {one.id}")
    for id, accounts in whose.items():
        if len(accounts) > 1:
            yield f"{id} is assigned {len(accounts)} times: to {', '.join(sorted(accounts))}"


def _nothing_left_behind(held: Contents) -> Iterable[str]:
    """What belongs to an account is there only as long as the account is."""
    accounts = {one.id for one in held.of(Account)}
    for kind in (Assignment, AccountLink, Identifier, Session):
        for one in held.of(kind):
            if one.account is not None and one.account not in accounts:
                yield f"{kind.TABLE} {one.id} is of {one.account}, whom nobody knows"
    for credential in held.of(Credential):
        if credential.id not in accounts:
            yield f"a password is left of {credential.id}"


def _done(held: Contents) -> list[AuditEntry]:
    return [one for one in held.of(AuditEntry) if one.outcome == "done"]


def _told(held: Contents) -> Iterable[str]:
    """I8: each assignment and each link, made or taken off, has its entry of the same actor at the same time; and a
    platform in memory, which keeps what it hears, was told of each link once.
    """
    done = _done(held)
    told = {(entry.actor, entry.at) for entry in done}
    by_the_pump = {entry.subject for entry in done if entry.action == "finish_book"}
    for one in held.of(Assignment):
        if (one.actor, one.at) not in told and one.actor not in by_the_pump:
            yield f"the audit does not tell who assigned {one.id}: {one.actor} at {one.at}"
    made = [link for link in held.of(AccountLink) if link.because and link.actor != "staff:prepared"]
    for link in made:
        if (link.actor, link.made_at) not in told:
            yield f"the audit does not tell who linked {link.id}"
        if link.revoked_by is not None and (link.revoked_by, link.revoked_at) not in told:
            yield f"the audit does not tell who took {link.id} off"
    moves = sum(one.change is ChangeKind.MOVE for one in held.of(Snapshot))
    moved = Counter(one.action for one in done if "receipt found" not in one.because)
    if moves != moved["move"] + moved["staff_move"] + moved["finish_move"]:
        yield f"{moves} moves are stored, the audit tells of {dict(moved)}"


def _taken_off(held: Contents) -> Iterable[str]:
    """I7: what the audit says was left or taken off is off, unless it was linked again since."""
    links = {link.id: link for link in held.of(AccountLink)}
    for entry in _done(held):
        if entry.action not in ("leave", "unlink"):
            continue
        by_staff = entry.action == "unlink"
        account, _, ref = (entry.subject if by_staff else f"{entry.actor} {entry.subject}").partition(" ")
        link = links.get(f"{account.removeprefix('account:')}|{ref}")
        if link is None or (link.revoked_at is None and link.made_at < entry.at):
            yield f"the audit tells that {ref} was taken off {account}, and it is not"


def _once(held: Contents) -> Iterable[str]:
    """I3: a code or link that is used up was used once, and what used it is written down once."""
    done = Counter(one.action for one in _done(held) if "receipt found" not in one.because)
    claimed = sum(one.spent and one.purpose is Purpose.CLAIM for one in held.of(Challenge))
    if claimed != done["finish_claim"]:
        yield f"{claimed} codes for claims are used up, the audit tells of {done['finish_claim']}"
    by_link = sum(one.spent and one.purpose is MailPurpose.CLAIM for one in held.of(MailedLink))
    if by_link != done["claim_by_link"]:
        yield f"{by_link} links for claims are used up, the audit tells of {done['claim_by_link']}"
    proved = sum(one.proved_at is not None for one in held.of(Account))
    prepared = sum(one.proved_at == one.created_at for one in held.of(Account))
    if proved - prepared != done["verify_email"]:
        yield f"{proved - prepared} accounts were proved, the audit tells of {done['verify_email']}"
    for key, count in Counter(one.id for one in held.of(Receipt)).items():
        if count > 1:
            yield f"the receipt {key} is there {count} times"


def _one_email(held: Contents) -> Iterable[str]:
    """An email that somebody has proved is one account's, and no other account claims to have proved it."""
    owner = {one.id: one.account for one in held.of(Identifier) if one.proved_at is not None}
    for account in held.of(Account):
        if account.proved_at is not None and owner.get(account.email) != account.id:
            yield f"{account.id} says that it has proved {account.email}, which is {owner.get(account.email)}'s"


def readable(scene: Scene, *sessions: str) -> list[str]:
    """I7: what those sessions can read that is not their account's by what is stored now. It is asked at the end: to
    read leaves traces.
    """
    held = scene.held()
    assert held.of(Intent) == [], "something is still on its way"
    wrong: list[str] = []
    for name in sessions:
        wrong += [f"{name} reads {id}" for id in _read(scene, name) if id not in _may_read(scene, held, name)]
    return wrong


def _read(scene: Scene, name: str) -> set[str]:
    door = scene.world.portal.client(scene[name])
    try:
        return {one.id for when in When for one in door.appointments(when).items}
    except Refused:
        return set()


def _may_read(scene: Scene, held: Contents, name: str) -> set[str]:
    account = scene[f"account of {name}"]
    if scene.world.policy.visibility.appointments is SeenBy.ASSIGNED:
        return {_last_id(held, one.id) for one in held.of(Assignment) if one.account == account}
    links = [one for one in held.of(AccountLink) if one.account == account and one.revoked_at is None]
    # Who was merged into whom is one person: a link to either shows both.
    person = {one.id: one.root for one in held.of(Pointer)}
    mine = {person.get(link.ref, link.ref) for link in links}
    return {one.id for one in held.appointments if person.get(str(one.ref), str(one.ref)) in mine}
