"""Which records hang together by the keys that they share: read from the contact index alone, before anybody is judged.

Two ways lead to the same components. The whole scan reads every key that several records have, and nothing else: the
database finds them, and what is kept grows with the collisions, not with the table. From a few keys or one record the
rest is looked up level by level, which costs a few statements whatever the size of the business.

The keys are hints. Whoever shows a component reads its rows again first (``weighing.py``).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence

from attrs import frozen

from clientportal.policy import Policy
from clientportal.ports.state import Collision, State
from clientportal.records import ContactEntry, ContactHistory, Pointer
from clientportal.rules.who_is_the_same import says_something
from clientportal.values import MatchKey

__all__ = [
    "LIMITS",
    "MOST_HOLDERS",
    "Held",
    "IndexComponent",
    "Limits",
    "Refs",
    "components_around",
    "holders",
    "holders_of",
    "index_components",
    "joined",
    "telling",
]

MOST_HOLDERS = 1000
"""A key of more records than this says nothing, however few persons they are; ``shared_by_at_most`` is 100 at most."""

KEYS_A_PAGE = 5000
_MOST = 1_000_000
"""No limit: what is asked for is named one by one."""

Refs = tuple[str, ...]
Held = Mapping[str, Refs]
"""Key -> the records that the index names under it, both as text: there are too many to make a value of each."""


@frozen
class Limits:
    """Up to where a component is looked up level by level: beyond, the whole scan is cheaper, and is used instead."""

    records: int = 2000
    levels: int = 16


LIMITS = Limits()


@frozen
class IndexComponent:
    """Records that hang together. ``keys`` are in order, each with the records that have it, as text; ``roots`` leads
    from merged ones to the record that speaks for them."""

    keys: tuple[tuple[str, Refs], ...]
    roots: Mapping[str, str]

    @property
    def first(self) -> str:
        """The smallest key: where the report shows the component."""
        return self.keys[0][0]

    @property
    def persons(self) -> frozenset[str]:
        """The records that speak."""
        return frozenset(self.roots.get(ref, ref) for _, refs in self.keys for ref in refs)


# --- the whole scan ------------------------------------------------------------------------------------------------


async def index_components(state: State, policy: Policy) -> list[IndexComponent]:
    """Every component of the business, in the order of the smallest keys."""
    told: dict[str, Refs] = {}
    roots: dict[str, str] = {}
    merged = bool((await state.page(Pointer, "root", limit=1)).items)
    marked = await _marked(state)
    after: str | None = None
    while True:
        page = await state.collisions(ContactEntry, "key", after=after, limit=KEYS_A_PAGE, most=MOST_HOLDERS + 1)
        told |= await telling(state, policy, holders(page.items, policy), roots, merged=merged, marked=marked)
        after = page.next
        if after is None:
            return joined(told, roots)


def holders(hits: Iterable[Collision], policy: Policy) -> dict[str, Refs]:
    """The keys that count for something, with the records that the index names."""
    return {
        hit.key: tuple([id[: -len(hit.key) - 1] for id in hit.ids])
        for hit in hits
        if len(hit.ids) <= MOST_HOLDERS and kind_of(hit.key) in policy.matching.weights
    }


def kind_of(key: str) -> str:
    kind = key.partition(":")[0]
    return MatchKey.parse(key).kind if "%" in kind else kind


async def _marked(state: State) -> dict[str, ContactHistory]:
    """The contacts that staff have flagged or cleared, or that "this is not me" took off a record: few."""
    found: dict[str, ContactHistory] = {}
    after: str | None = None
    while True:
        page = await state.page(ContactHistory, "marked", [ContactHistory.MARKED], after=after, limit=1000)
        found.update((one.id, one) for one in page.items)
        after = page.next
        if after is None:
            return found


async def telling(
    state: State,
    policy: Policy,
    held: Held,
    roots: dict[str, str],
    *,
    merged: bool = True,
    marked: Mapping[str, ContactHistory] | None = None,
) -> dict[str, Refs]:
    """The keys that say something (X4), without the records that "this is not me" took them off (X6).

    ``roots`` is told of every record that was merged into another. A whole scan knows beforehand which contacts are
    ``marked``, and whether anything was ``merged``.
    """
    if merged:
        refs = {ref for each in held.values() for ref in each}
        roots.update((id, pointer.root) for id, pointer in (await state.get_many(Pointer, sorted(refs))).items())
    histories = await state.get_many(ContactHistory, list(held)) if marked is None else marked
    told: dict[str, Refs] = {}
    for key, every in held.items():
        refs_, word = every, None
        if (history := histories.get(key)) is not None:
            word = history.word
            if history.detached:
                off = frozenset(map(str, history.detached))
                refs_ = tuple(ref for ref in every if ref not in off)
        persons = len({roots.get(ref, ref) for ref in refs_})
        if says_something(MatchKey.parse(key), persons, word, policy):
            told[key] = refs_
    return told


def joined(told: Held, roots: Mapping[str, str]) -> list[IndexComponent]:
    """Close over the keys: union-find, nearly linear in the records that they name."""
    above: dict[str, str] = {}
    keys = sorted(told)
    for key in keys:
        top = ""
        for ref in told[key]:
            person = roots.get(ref, ref)
            found = _top(above, person)
            if not top:
                top = found
            elif found != top:
                above[found] = top
    members: dict[str, list[tuple[str, Refs]]] = {}
    for key in keys:
        refs = told[key]
        members.setdefault(_top(above, roots.get(refs[0], refs[0])), []).append((key, refs))
    return [IndexComponent(tuple(each), roots) for each in members.values()]


def _top(above: dict[str, str], person: str) -> str:
    while (up := above.get(person)) is not None:
        # Halving the way as it is walked keeps every later walk short.
        if (further := above.get(up)) is None:
            return up
        above[person] = further
        person = further
    return person


# --- from where one stands -----------------------------------------------------------------------------------------


async def components_around(
    state: State, policy: Policy, *, held: Held | None = None, persons: Collection[str] = ()
) -> list[IndexComponent] | None:
    """The components that these keys or persons belong to, whole; ``None`` where one is beyond :data:`LIMITS`.

    Level by level: from the keys to the persons who have them, to all of their keys, and on until nothing is new. Those
    of a person are those of everybody merged into them. A key that says nothing is not followed.
    """
    told: dict[str, Refs] = {}
    roots: dict[str, str] = {}
    done: set[str] = set()
    known: set[str] = set(persons)
    ahead: set[str] = known.copy()
    for _ in range(LIMITS.levels):
        if held:
            done.update(held)
            found = await telling(state, policy, held, roots)
            told |= found
            ahead = {roots.get(ref, ref) for refs in found.values() for ref in refs} - known
            known |= ahead
            if len(known) > LIMITS.records and _largest(joined(told, roots)) > LIMITS.records:
                return None
        if not ahead:
            return joined(told, roots)
        keys = await _keys_of(state, policy, sorted(ahead)) - done
        done |= keys
        ahead = set()
        held = await holders_of(state, sorted(keys))
    return joined(told, roots) if not held else None


def _largest(components: Sequence[IndexComponent]) -> int:
    return max((len(one.persons) for one in components), default=0)


async def _keys_of(state: State, policy: Policy, persons: Sequence[str]) -> set[str]:
    """Every key of those persons that counts for something."""
    merged = await state.find_any(Pointer, "root", persons, limit=_MOST)
    members = sorted({*persons, *(one.id for one in merged)})
    entries = await state.find_any(ContactEntry, "ref", members, limit=_MOST)
    return {one.key for one in entries if kind_of(one.key) in policy.matching.weights}


async def holders_of(state: State, keys: Sequence[str]) -> dict[str, Refs]:
    """Who has those keys. One that a whole town has must not use up the limit for the others: it is asked for alone."""
    if not keys:
        return {}
    most = MOST_HOLDERS + 1 if len(keys) == 1 else MOST_HOLDERS + 20 * len(keys)
    entries = await state.find_any(ContactEntry, "key", keys, limit=most)
    if len(entries) < most:
        held: dict[str, list[str]] = {}
        for one in entries:
            held.setdefault(one.key, []).append(one.ref)
        return {key: tuple(refs) for key, refs in held.items() if 1 < len(refs) <= MOST_HOLDERS}
    if len(keys) == 1:
        return {}
    half = len(keys) // 2
    return {**await holders_of(state, keys[:half]), **await holders_of(state, keys[half:])}
