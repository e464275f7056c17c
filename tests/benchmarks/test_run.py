"""The command that measures us beside the floor and the peers works: each part once, with very little.

Nothing here is held against a time.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"

A_PEER = """
import sys
sys.path.insert(0, sys.argv[2])
from contextlib import contextmanager
from serving import serve

@contextmanager
def counting():
    seen.clear()
    yield seen

async def check():
    seen.append("SELECT 1")

def request():
    print("what a peer prints is no answer")
    seen.extend(["INSERT", "SELECT"])

seen = []
operations = {"session check": check, "request": request}
serve(f"a peer on {sys.argv[1]}", operations, counting, check)
"""


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch) -> Iterator[ModuleType]:
    """The benchmark, imported as its own command imports it."""
    before = set(sys.modules)
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    import run

    yield run
    for name in set(sys.modules) - before:
        if str(getattr(sys.modules[name], "__file__", None) or "").startswith(str(BENCHMARKS)):
            del sys.modules[name]


def test_one_round_says_everything_of_ours_and_the_floor(
    run: ModuleType, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """One round on SQLite without peers: p50, p99, ratio and statements of each operation, as a table and as JSON."""
    import table

    found = run.measure("SQLite", f"sqlite:///{tmp_path / 'portal.db'}", 20, 1, warming=0)
    found = json.loads(json.dumps(found))
    assert set(found["operations"]) == {*table.OPERATIONS, *table.BESIDES}
    for name in table.OPERATIONS:
        floor, ours = (found["operations"][name]["parties"][party] for party in (table.FLOOR, table.OURS))
        assert floor["of_the_floor"] == 1
        assert 0 < ours["p50_ms"] <= ours["p99_ms"]
    assert found["operations"]["session check"]["goal"] == 1.3
    assert found["statements"] == {
        "clientportal": {
            "request": "7 + 0",
            "verify": "10 + 1",
            "session check": "1 + 0",
            "password login": "14 + 0",
        }
    }, "what each is for stands in benchmarks/README.md"
    table.show("SQLite", found)
    assert "clientportal" in capsys.readouterr().out


@pytest.mark.slow
def test_few_and_many_are_measured_in_turns(run: ModuleType, tmp_path: Path) -> None:
    """Growth is a ratio to the smallest."""
    found = run.growth(lambda size: f"sqlite:///{tmp_path / f'{size}.db'}", (10, 20), 1)
    assert {"request", "verify", "session check", "password login"} <= set(found)
    assert all(ratios[10] == 1 and ratios[20] > 0 for ratios in found.values())


def test_a_ratio_is_that_of_the_median_round(run: ModuleType) -> None:
    """A round in which the machine was busy for both counts as any other; one that was so for us alone, not at all."""
    import table

    floor = [1.0] * table.TURNS + [5.0] * table.TURNS + [1.0] * table.TURNS
    ours = [2.0] * table.TURNS + [10.0] * table.TURNS + [9.0] * table.TURNS
    assert table.ratio(ours, floor) == 2.0


def test_a_peer_answers_by_its_own_clock(run: ModuleType, tmp_path: Path) -> None:
    """A peer is a process that says what it can do, how long it took, and which statements it sent."""
    from peers.asking import Peer

    script = tmp_path / "peer.py"
    script.write_text(A_PEER)
    peer = Peer([sys.executable, str(script), "sqlite:///x", str(BENCHMARKS / "peers")])
    try:
        assert peer.name == "a peer on sqlite:///x"
        assert peer.operations == ["session check", "request"]
        seconds, worked = peer.seconds("session check", 3)
        assert seconds > 0
        assert worked >= 0
        assert peer.statements("request") == ["INSERT", "SELECT"]
    finally:
        peer.close()


def test_a_peer_that_is_not_installed_is_told_of(
    run: ModuleType, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """With how to install it; nothing else stops."""
    import peers.asking as asking

    nowhere = tmp_path / "python"
    nowhere.write_text("#!/bin/sh\necho No module named any >&2\nexit 1\n")
    nowhere.chmod(0o755)
    with asking.peers(lambda name: f"sqlite:///{tmp_path / name}.db", str(nowhere), "") as started:
        assert started == []
    told = capsys.readouterr().out
    for command in asking.INSTALL.values():
        assert f"not installed: {command}" in told
    with asking.peers(lambda name: name, str(nowhere), "", wanted=False) as started:
        assert started == []
    assert capsys.readouterr().out == ""


@pytest.mark.slow
def test_an_import_is_measured_with_its_share_of_reading_contacts(run: ModuleType, tmp_path: Path) -> None:
    """In a process of its own, for the functions that read contacts are wrapped in a clock there."""
    import import_clients

    found = import_clients.apart("first", tmp_path, 40)
    assert found["seconds"] > 0
    assert 0 < found["phones"] < 1
    assert 0 < found["emails"] < 1
