"""Every two operations that write and share a record, done at once: on the reference store a sample of them, and all by
``CLIENTPORTAL_STEPS=all`` (the small ones in every order, the others in forty); on databases a sample, in threads.
"""

from __future__ import annotations

import random
from collections.abc import Callable

import pytest

from clientportal.records import Allowance
from steps.defects import Blind, NoHolds
from steps.every_pair import Two, at_once, pairs
from steps.stages import Ground
from steps.test_every_operation import EVERYTHING, SEED

pytestmark = pytest.mark.slow

Counted = Callable[[str, str, object], None]
Grounds = Callable[[str], Ground]

IN_MEMORY, ON_A_DATABASE = 60, 4
"""How many pairs are drawn where not all are asked for."""


def _drawn(where: Ground, count: int) -> list[Two]:
    every = list(pairs(where))
    return every if EVERYTHING and where.name == "memory" else random.Random(SEED).sample(every, count)


def test_pairs_in_memory(grounds: Grounds, counted: Counted) -> None:
    """Whatever the order of their calls, it is as if one had come after the other."""
    where = grounds("memory")
    drawn = _drawn(where, IN_MEMORY)
    orders = 0
    for two in drawn:
        try:
            orders += at_once(two, where, limit=None if EVERYTHING else 6, seed=SEED).runs
        except AssertionError as error:
            error.add_note(f"{two}, CLIENTPORTAL_SEED={SEED}")
            raise
    counted("pairs that share a record", "memory", f"{len(drawn)} of {len(pairs(where))}, {orders} orders, seed {SEED}")


@pytest.mark.parametrize("database", ["sqlite", "postgres"])
def test_pairs_on_a_database(database: str, grounds: Grounds, counted: Counted) -> None:
    """The same in threads: whoever waits for a lock waits for it there."""
    where = grounds(database)
    drawn = random.Random(SEED).sample(list(pairs(grounds("memory"))), 40 if EVERYTHING else ON_A_DATABASE)
    for two in drawn:
        try:
            at_once(two, where, limit=2, seed=SEED, threads=True)
        except AssertionError as error:
            error.add_note(f"{two}, CLIENTPORTAL_SEED={SEED}")
            raise
    counted("pairs that share a record", database, f"{len(drawn)}, 2 orders each, seed {SEED}")


def test_a_store_that_does_not_look_at_versions_is_found(grounds: Grounds) -> None:
    """Two ask for a code at once, where nobody looks whether the budget has changed meanwhile: both get one."""
    where = grounds("memory")
    (two,) = (one for one in pairs(where) if (one.one, one.other) == ("request_code", "request_code"))
    with pytest.raises(AssertionError, match="neither order explains"):
        at_once(two, where, limit=40, seed=1, wrap=lambda store: NoHolds(Blind(store, Allowance)))


def test_the_pairs_are_found_by_what_they_touch(grounds: Grounds) -> None:
    """Two who change one appointment share it; the word on a pair of clients and a payment share nothing."""
    found = {(two.one, two.other) for two in pairs(grounds("memory"))}
    assert {("cancel", "move"), ("delete_client", "not_me"), ("log_out", "log_out"), ("merge", "merge")} <= found
    assert ("dismiss", "payment_handled") not in found
