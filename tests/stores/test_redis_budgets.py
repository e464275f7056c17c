"""The script that spends budgets, on a real server: as the rule says, all or none, for many processes."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
import redis
import valkey
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st
from redis.backoff import NoBackoff
from redis.cluster import RedisCluster
from redis.crc import key_slot
from redis.retry import Retry

from clientportal import InvalidInput
from clientportal.ports.budgets import Budgets, Charge
from clientportal.records import Allowance
from clientportal.rules.budgets import next_use, spend
from clientportal.stores.redis import AsyncRedisBudgets, RedisBudgets
from valkey_server import ValkeyServer, free_port

NOON = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
SECOND, MINUTE, HOUR, DAY = timedelta(seconds=1), timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)


@pytest.fixture(scope="module")
def server() -> Iterator[ValkeyServer]:
    """One for what leaves it as it was; keys are drawn anew."""
    with ValkeyServer() as started:
        yield started


@pytest.fixture
def own_server() -> Iterator[ValkeyServer]:
    """One to do anything with."""
    with ValkeyServer() as started:
        yield started


def axis(at_most: int = 3, length: timedelta = HOUR, *, gap: timedelta | None = None, id: str = "") -> Charge:
    """One use of an axis that nobody has used."""
    return Charge(id or uuid4().hex, ((length, at_most),), gap)


# --- what it says ----------------------------------------------------------------------------------------------------

STEPS = st.sampled_from(
    [timedelta(0), timedelta(microseconds=1), SECOND, 30 * SECOND, MINUTE, 10 * MINUTE, 2 * HOUR, -SECOND, -3 * DAY]
)
AXES = st.lists(
    st.builds(
        lambda limits, gap: Charge("", tuple(limits), gap),
        st.lists(
            st.tuples(st.sampled_from([SECOND, 10 * MINUTE, HOUR, DAY]), st.integers(1, 4)), min_size=1, max_size=3
        ),
        st.sampled_from([None, timedelta(microseconds=1), 30 * SECOND, 2 * HOUR]),
    ),
    min_size=1,
    max_size=4,
)


@given(AXES, st.lists(st.tuples(STEPS, st.booleans()), min_size=1, max_size=12))
def test_the_script_says_what_the_rule_says(server: ValkeyServer, axes: list[Charge], uses: list[Any]) -> None:
    """Every axis, window and gap, at every step of a clock that also goes back: yes and no, and to the microsecond
    when. Looking says the same, and spends nothing.
    """
    budgets = RedisBudgets(server.client())
    charges = [evolve(one, id=uuid4().hex) for one in axes]
    held: dict[str, Allowance] = {}
    now = NOON
    for step, looks in uses:
        now += step
        used = spend(held, charges, now)
        said = budgets.spend(charges, now, look=looks)
        if isinstance(used, datetime):
            assert (said.spent, said.at) == (False, used)
            continue
        assert (said.spent, said.at) == (True, next_use(used[0], charges[0], now))
        if not looks:
            held = {one.id: one for one in used}


def test_of_several_axes_all_are_spent_or_none(server: ValkeyServer) -> None:
    """Where the last one is used up, the first has lost nothing."""
    budgets = RedisBudgets(server.client())
    one, other = axis(2), axis(1)
    assert budgets.spend([one, other], NOON).spent
    for _ in range(5):
        assert not budgets.spend([one, other], NOON).spent
    assert budgets.spend([one], NOON).spent
    assert not budgets.spend([one], NOON).spent


def test_a_window_that_began_in_the_future_begins_now(server: ValkeyServer) -> None:
    """A clock that was a year ahead, and was set right again, locks nobody out; one a minute ahead frees nobody."""
    budgets = RedisBudgets(server.client())
    charge = axis(1)
    assert budgets.spend([charge], NOON + 365 * DAY).spent
    assert budgets.spend([charge], NOON).spent
    assert budgets.spend([charge], NOON - MINUTE).at == NOON + HOUR


def test_every_key_ends_by_itself_in_one_slot(server: ValkeyServer) -> None:
    """With its longest window, to the second; and a cluster finds all axes of a request in one place."""
    client = server.client()
    charges = [Charge(uuid4().hex, ((10 * MINUTE, 3), (DAY, 10)), 30 * SECOND), axis(20)]
    RedisBudgets(client, prefix="salon").spend(charges, NOON)
    keys = [f"salon:{{budgets}}:{charge.id}" for charge in charges]
    assert [round(client.pttl(key) / 1000) for key in keys] == [86_401, 3_601]
    assert len({key_slot(key.encode()) for key in keys}) == 1


# --- many processes --------------------------------------------------------------------------------------------------

PROCESS = """
import sys
from datetime import UTC, datetime, timedelta
import redis
from clientportal.ports.budgets import Charge
from clientportal.stores.redis import RedisBudgets
budgets = RedisBudgets(redis.Redis(port=int(sys.argv[1]), socket_timeout=5, retry=None))
now = datetime(2026, 11, 23, 12, tzinfo=UTC)
charges = [Charge("all", ((timedelta(hours=1), 100),)), Charge(f"own-{sys.argv[2]}", ((timedelta(hours=1), 40),))]
print("ready", flush=True)
sys.stdin.readline()
print(sum(budgets.spend(charges, now).spent for _ in range(60)))
"""


@pytest.mark.slow
def test_eight_processes_share_one_budget(own_server: ValkeyServer) -> None:
    """Each asks sixty times, as fast as it can, within a budget of its own of forty: a hundred in all are given."""
    started = [
        subprocess.Popen(
            [sys.executable, "-c", PROCESS, str(own_server.port), str(place)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for place in range(8)
    ]
    for one in started:
        assert one.stdout is not None
        assert one.stdout.readline() == "ready\n"
    counts = [int(one.communicate("go\n", timeout=60)[0]) for one in started]
    assert sum(counts) == 100
    assert max(counts) <= 40
    assert [one.returncode for one in started] == [0] * 8


# --- what fails ------------------------------------------------------------------------------------------------------


def test_a_server_that_has_forgotten_the_script_is_sent_it_again(server: ValkeyServer) -> None:
    """After a flush of the scripts, and after a restart: the caller sees nothing of it."""
    client = server.client()
    budgets, charge = RedisBudgets(client), axis(3)
    for _ in range(2):
        client.script_flush()
        assert budgets.spend([charge], NOON).spent
    assert budgets.spend([charge], NOON).spent
    assert not budgets.spend([charge], NOON).spent


def test_a_server_that_was_restarted_or_flushed_counts_anew(own_server: ValkeyServer) -> None:
    """What it kept in memory alone is gone: the budgets are whole again, and nothing else is lost."""
    budgets, charge = RedisBudgets(own_server.client()), axis(1)
    assert budgets.spend([charge], NOON).spent
    own_server.stop()
    own_server.start()
    assert budgets.spend([charge], NOON).spent
    assert not budgets.spend([charge], NOON).spent
    own_server.client().flushall()
    assert budgets.spend([charge], NOON).spent


def refuses(budgets: Budgets, charge: Charge) -> bool:
    """Whether it answers with an error, which the portal takes for a "no"."""
    with pytest.raises(redis.RedisError):
        budgets.spend([charge], NOON)
    return True


def test_without_a_server_with_one_that_hangs_or_may_not_write_nothing_is_spent(own_server: ValkeyServer) -> None:
    """Down, silent, a replica, full: an error each time, in a moment, and afterwards the budget is what it was."""
    client = own_server.client()
    budgets, charge = RedisBudgets(client), axis(1)
    client.config_set("maxmemory", 1)
    assert refuses(budgets, charge)
    client.config_set("maxmemory", 0)
    client.replicaof("127.0.0.1", own_server.port)
    assert refuses(budgets, charge)
    client.replicaof("NO", "ONE")
    assert budgets.spend([charge], NOON, look=True).spent
    own_server.hang()
    assert refuses(budgets, charge)
    own_server.go_on()
    own_server.stop()
    assert refuses(budgets, charge)


def test_an_answer_that_was_lost_is_given_again(server: ValkeyServer) -> None:
    """A client that sends a call once more, because its answer never came, has spent once."""

    class LosesOne:
        def __init__(self) -> None:
            self.lost = 0
            self.real = server.client()

        def evalsha(self, *words: Any) -> Any:
            said = self.real.evalsha(*words)
            if not self.lost:
                self.lost += 1
                return self.real.evalsha(*words)
            return said

        def eval(self, *words: Any) -> Any:
            return self.real.eval(*words)

    budgets, charge = RedisBudgets(LosesOne()), axis(2, gap=30 * SECOND)  # type: ignore[arg-type]
    first = budgets.spend([charge], NOON)
    assert (first.spent, first.at) == (True, NOON + 30 * SECOND)
    assert budgets.spend([charge], NOON + 30 * SECOND).spent
    assert budgets.spend([charge], NOON + 35 * SECOND).at == NOON + HOUR


# --- which clients ---------------------------------------------------------------------------------------------------


def test_the_clients_of_redis_and_valkey_in_both_colours(server: ValkeyServer) -> None:
    """All four, with answers as bytes and as text, share what they spend."""
    charge = axis(4)
    where: dict[str, Any] = {"port": server.port, "socket_timeout": 2, "retry": None}
    with redis.Redis(**where) as one, valkey.Valkey(**where, decode_responses=True) as other:
        assert RedisBudgets(one).spend([charge], NOON).spent
        assert RedisBudgets(other).spend([charge], NOON).spent

    async def awaited() -> list[bool]:
        async with redis.asyncio.Redis(**where) as one, valkey.asyncio.Valkey(**where) as other:
            await one.script_flush()
            return [(await AsyncRedisBudgets(client).spend([charge], NOON)).spent for client in (one, other, one)]

    assert asyncio.run(awaited()) == [True, True, False]


def test_a_cluster_takes_all_axes_of_a_request_in_one_call(tmp_path: Path) -> None:
    """They are in one slot, and the cluster's own client finds it."""
    options = ("--cluster-enabled", "yes", "--cluster-port", str(free_port()), "--dir", str(tmp_path))
    with ValkeyServer(*options) as server:
        node = server.client()
        node.execute_command("CLUSTER", "ADDSLOTSRANGE", 0, 16_383)
        until = time.monotonic() + 20
        while node.cluster("info")["cluster_state"] != "ok":
            assert time.monotonic() < until
            time.sleep(0.02)
        with RedisCluster(host="127.0.0.1", port=server.port, socket_timeout=1) as cluster:
            budgets = RedisBudgets(cluster)
            charges = [axis(2), axis(20), axis(600)]
            assert [budgets.spend(charges, NOON).spent for _ in range(3)] == [True, True, False]


def test_each_mistake_is_told_when_it_is_made() -> None:
    """No client; one that would wait for ever; a prefix that breaks the keys. The repr has no password in it."""
    with pytest.raises(InvalidInput, match=r"redis\.Redis"):
        RedisBudgets("redis://localhost")  # type: ignore[arg-type]
    for patient in ({"socket_timeout": None}, {"socket_timeout": 5, "retry": Retry(NoBackoff(), 10)}):
        with pytest.raises(InvalidInput, match="socket_timeout=1"):
            RedisBudgets(redis.Redis(**patient))
    with redis.Redis(password="7hush", socket_timeout=1, retry=Retry(NoBackoff(), 1)) as client:
        with pytest.raises(InvalidInput, match="braces"):
            AsyncRedisBudgets(client, prefix="a{b}")
        assert "7hush" not in repr(RedisBudgets(client))
