"""Whole portals: histories through the doors of your own platform, against the laws that no rule can keep alone."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from random import Random

from hypothesis import Phase, find, settings
from hypothesis.errors import NoSuchExample

from clientportal.errors import InvalidInput
from clientportal.policy import SeveralRecords, UnknownIdentity
from clientportal.testing.laws.histories import History, histories
from clientportal.testing.laws.looking import Broke
from clientportal.testing.laws.platforms import Ground, Platform
from clientportal.testing.laws.statements import Checked, LawBroken
from clientportal.testing.laws.working import Life

__all__ = ["check_world"]

_PHASES = (Phase.generate, Phase.shrink)
"""Not ``explain``: it traces every line that runs, and what it would tell is told here in words."""

_MAKING_SMALL = 80
"""How many histories are tried to make a broken one smaller: each is lived through on a real platform."""


def check_world(
    open_platform: Callable[[Ground], Platform], *, ground: Ground | None = None, examples: int = 20, steps: int = 12
) -> Checked:
    """Check a portal over your own platform (laws 1, 4, 7 to 16), through the doors that clients and staff use.

    Histories of bookings, cards and balances, code logins, merges (some at the same moment), undos, dismissals,
    deletions, new numbers and "this is not me" happen in two businesses with the same ids and numbers, to clients who
    share numbers, have none, or a placeholder. After each step every record, number and session, and the report with
    each of its parts, is held against a simple model.

    Pass a ``ground`` with your own policy: ``merging.reassign``, ``merging.cards`` and ``matching`` are looked at too.

    ``open_platform`` is called once, with the clock, keys and senders that the portal has to be opened with; each
    history gets businesses of its own. ``steps`` is how long a history gets at most::

        from clientportal.stores.memory import MemoryHost, MemoryStore
        from clientportal.testing.laws import check_world, over

        print(check_world(over(MemoryStore, MemoryHost), examples=2, steps=3))
    """
    standing = ground or Ground()
    login = standing.policy.login
    if (login.several, login.unknown) != (SeveralRecords.NEWEST_BOOKING, UnknownIdentity.CREATE_EMPTY):
        raise InvalidInput(
            "the histories of check_world log in as presets.timely says: evolve its matching, merging and contacts, "
            "and leave its login as it is"
        )
    platform = open_platform(standing)
    try:
        return _lived_through(platform, standing, examples, steps)
    finally:
        platform.close()


def _lived_through(platform: Platform, ground: Ground, examples: int, steps: int) -> Checked:
    asked: Counter[int] = Counter()
    broken: int | None = None
    known: set[History] = set()
    tries = _MAKING_SMALL
    began = ground.clock()

    def live(history: History) -> tuple[Broke | None, list[str]]:
        ground.clock.set(began)
        life: Life | None = None
        try:
            life = Life(platform, ground, history.clients)
            for step in history.steps:
                life.do(step)
            life.finish()
        except Broke as found:
            return found, [] if life is None else life.told
        asked.update(life.asked.keys())
        return None, life.told

    def breaks_one(history: History) -> bool:
        nonlocal broken, tries
        if broken is not None:
            if history in known or tries == 0:
                return history in known
            tries -= 1
        found, _ = live(history)
        if found is None or (broken is not None and found.law != broken):
            return False
        broken = found.law
        known.add(history)
        return True

    quiet = settings(max_examples=examples, phases=_PHASES, database=None, deadline=None)
    try:
        smallest = find(histories(steps), breaks_one, settings=quiet, random=Random(1))  # noqa: S311
    except NoSuchExample:
        return Checked("the portal", dict(sorted(asked.items())))
    found, told = live(smallest)
    if found is None:
        found = Broke(broken or 13, "Lived through once more, nothing was broken: it depends on the moment.")
    raise LawBroken(found.law, told, found.found)
