"""Random histories through the doors, step by step against a simple model: nothing is lost, mixed up or forgotten."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
from attrs import evolve
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule, run_state_machine_as_test

from clientportal.policy import MergedCards, Policy
from clientportal.stores.memory import MemoryHost, MemoryStore
from clientportal.stores.sql import SqlHost, SqlStore
from clientportal.testing.laws import Ground, check_world, over
from clientportal.testing.laws.histories import Doing, Newcomer, Step, histories
from clientportal.testing.laws.working import Life

_SMALL = st.integers(0, 4)
_CLIENTS = histories(1).map(lambda history: history.clients)
_BUSINESSES = st.sampled_from((0, 0, 0, 1))


class Histories(RuleBasedStateMachine):
    """What clients, staff and the platform may do, in any order. Each rule looks at everything afterwards."""

    def __init__(self) -> None:
        super().__init__()
        ground = Ground()
        self.platform = over(MemoryStore, MemoryHost)(ground)
        self.ground = ground
        self.life: Life

    @initialize(clients=_CLIENTS)
    def begin(self, clients: tuple[tuple[Newcomer, ...], ...]) -> None:
        """Two businesses with a few clients each."""
        self.life = Life(self.platform, self.ground, clients)

    def _do(self, doing: Doing, business: int, first: int = 0, second: int = 0, number: int = 0) -> None:
        self.life.do(Step(doing, business, first, second, number))

    @rule(business=_BUSINESSES, first=_SMALL, second=_SMALL, number=st.integers(0, 2))
    def somebody_new(self, business: int, first: int, second: int, number: int) -> None:
        self._do(Doing.ADD, business, first, second, number)

    @rule(business=_BUSINESSES, first=_SMALL, second=_SMALL, number=st.integers(0, 2))
    def book(self, business: int, first: int, second: int, number: int) -> None:
        self._do(Doing.BOOK, business, first, second, number)

    @rule(business=_BUSINESSES, first=_SMALL, second=_SMALL, number=st.integers(0, 2))
    def give(self, business: int, first: int, second: int, number: int) -> None:
        self._do(Doing.GIVE, business, first, second, number)

    @rule(business=_BUSINESSES, first=_SMALL, second=_SMALL, number=st.integers(0, 2))
    def change_contact(self, business: int, first: int, second: int, number: int) -> None:
        self._do(Doing.CHANGE_CONTACT, business, first, second, number)

    @rule(business=_BUSINESSES, first=_SMALL, number=st.integers(0, 2))
    def log_in(self, business: int, first: int, number: int) -> None:
        self._do(Doing.LOG_IN, business, first, number=number)

    @precondition(lambda self: self.life.eyes.sessions)
    @rule(business=_BUSINESSES, first=_SMALL)
    def not_me(self, business: int, first: int) -> None:
        self._do(Doing.NOT_ME, business, first)

    @rule(business=_BUSINESSES, first=_SMALL, second=_SMALL)
    def merge(self, business: int, first: int, second: int) -> None:
        self._do(Doing.MERGE, business, first, second)

    @rule(business=_BUSINESSES, first=_SMALL, second=_SMALL)
    def merge_and_undo(self, business: int, first: int, second: int) -> None:
        self._do(Doing.MERGE_AND_UNDO, business, first, second)

    @precondition(lambda self: self.life.merges)
    @rule(business=_BUSINESSES, first=_SMALL)
    def undo(self, business: int, first: int) -> None:
        self._do(Doing.UNDO, business, first)

    @rule(business=_BUSINESSES, first=_SMALL, second=_SMALL)
    def dismiss(self, business: int, first: int, second: int) -> None:
        self._do(Doing.DISMISS, business, first, second)

    @rule(business=_BUSINESSES, first=_SMALL, second=_SMALL)
    def restore_pair(self, business: int, first: int, second: int) -> None:
        self._do(Doing.RESTORE_PAIR, business, first, second)

    @rule(business=_BUSINESSES, first=_SMALL)
    def delete(self, business: int, first: int) -> None:
        self._do(Doing.DELETE, business, first)

    def teardown(self) -> None:
        """Whatever happened in one business has left the other alone."""
        if hasattr(self, "life"):
            self.life.finish()


def _run(examples: int, steps: int) -> None:
    run_state_machine_as_test(
        Histories,
        settings=settings(
            max_examples=examples,
            stateful_step_count=steps,
            deadline=None,
            database=None,
            derandomize=True,
            phases=[Phase.generate, Phase.shrink],
            suppress_health_check=list(HealthCheck),
        ),
    )


def test_short_histories() -> None:
    """Ten, of at most fifteen steps: laws 7 to 12 hold after every step, and every session shows its own person."""
    _run(examples=10, steps=15)


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_long_histories(request: pytest.FixtureRequest) -> None:
    """Ten, of at most forty steps; two hundred with ``--long``."""
    _run(examples=200 if request.config.option.long else 10, steps=40)


def test_a_portal_in_memory_keeps_the_laws() -> None:
    """The check that hosts run on their own platform, run on the memory store."""
    checked = check_world(over(MemoryStore, MemoryHost), examples=10, steps=14)
    assert set(checked.examples) >= {4, 6, 7, 9, 10, 12, 14, 15, 16}


_POLICY = Ground().policy
_SETTINGS: Mapping[str, Policy] = {
    "rows are moved": evolve(_POLICY, merging=evolve(_POLICY.merging, reassign=True)),
    "cards come along": evolve(_POLICY, merging=evolve(_POLICY.merging, cards=MergedCards.ALL)),
    "rows are moved and cards come along": evolve(
        _POLICY, merging=evolve(_POLICY.merging, reassign=True, cards=MergedCards.ALL)
    ),
    "names set a household apart": evolve(_POLICY, matching=evolve(_POLICY.matching, vetoes=frozenset({"name"}))),
}


@pytest.mark.parametrize("setting", _SETTINGS)
def test_a_portal_keeps_the_laws_whatever_its_policy_says_of_merging(setting: str) -> None:
    """Clients see the same where rows are moved; cards go where the policy says; a household number proposes nobody."""
    ground = Ground(policy=_SETTINGS[setting])
    checked = check_world(over(MemoryStore, MemoryHost), ground=ground, examples=10, steps=14)
    assert set(checked.examples) >= {1, 4, 6, 7, 8, 9, 10, 11, 12, 14, 15, 16}


def _sqlite(folder: Path) -> SqlStore:
    return _opened(f"sqlite:///{folder / 'laws.db'}")


def _postgres(_folder: Path) -> SqlStore:
    from servers import fresh_database

    return _opened(fresh_database())


def _opened(url: str) -> SqlStore:
    store = SqlStore.open(url)
    store.upgrade()
    return store


@pytest.mark.wide
@pytest.mark.slow
@pytest.mark.parametrize("open_store", [_sqlite, _postgres], ids=["sqlite", "postgres"])
def test_a_portal_over_a_database_keeps_the_laws(open_store: Callable[[Path], SqlStore], tmp_path: Path) -> None:
    """The same on SQLite and PostgreSQL: fewer histories, with merges at once on real connections."""
    checked = check_world(over(lambda: open_store(tmp_path), SqlHost), examples=15, steps=12)
    assert set(checked.examples) >= {1, 4, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16}


@pytest.mark.slow
def test_a_portal_in_memory_keeps_every_law_of_a_world() -> None:
    """So many histories that each law of a whole portal is asked in many of them."""
    checked = check_world(over(MemoryStore, MemoryHost), examples=150, steps=20)
    print(f"\n{checked}")
    assert set(checked.examples) == {1, *range(4, 17)} - {5}
    assert min(checked.examples.values()) >= 10
