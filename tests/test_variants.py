"""The usual command leaves out no store, no portal, and nothing in which several act at once."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from variants import PORTALS, STORES, VARIANTS, is_left_out, sampled

NAMES = [f"test_vcita.py::test_scenario_{number}[]" for number in range(400)]


def test_every_scenario_runs_on_every_store_and_behind_both_portals_on_databases() -> None:
    """Twice in memory, once on each database, the one plain and the other async; half go each way."""
    ways = [sampled(name) for name in NAMES]
    for way in ways:
        assert {variant.partition("-")[0] for variant in way} == set(STORES)
        assert {"memory-plain", "memory-async"} <= way
        assert sorted(variant.partition("-")[2] for variant in way) == ["async", "async", "plain", "plain"]
        assert len(way & {"sqlite-plain", "sqlite-async"}) == 1
    assert 160 < sum("sqlite-async" in way for way in ways) < 240
    assert [sampled(name) for name in NAMES] == ways


def _scenario(world: Any) -> Any:
    return world.portal


def _race(world: Any) -> Any:
    return at_once(world)  # type: ignore[name-defined]  # noqa: F821


def left_out(request: pytest.FixtureRequest, scenario: Any, folder: str = "requirements", **params: Any) -> set[str]:
    """The variants of a scenario that are left out, were it a test of that folder."""
    found: set[str] = set()
    for variant in VARIANTS:
        item = pytest.Function.from_parent(request.node.parent, name=f"test_x[{variant}]", callobj=scenario)
        item.path = Path(f"/tests/{folder}/test_vcita.py")
        item.callspec = SimpleNamespace(params={"world": variant, **params})
        if is_left_out(item):
            found.add(variant)
    return found


def test_of_a_requirement_two_variants_are_left_out_and_of_a_race_none(request: pytest.FixtureRequest) -> None:
    """One of each database, of the pages alike; and everything else runs everywhere."""
    assert left_out(request, _scenario) == set(VARIANTS) - sampled("test_vcita.py::test_x[]")
    assert left_out(request, _scenario, "web") == left_out(request, _scenario)
    assert left_out(request, _scenario, "security") == left_out(request, _scenario)
    assert left_out(request, _race) == set()
    assert left_out(request, _race, "security") == set()
    assert left_out(request, _scenario, "stores") == set()


def test_a_file_that_starts_threads_runs_everywhere(
    request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever its tests name themselves: a sender that hangs is a class above them."""
    monkeypatch.setattr(request.module, "threading", "imported", raising=False)
    assert left_out(request, _scenario) == set()


@pytest.mark.parametrize("portal", PORTALS)
def test_what_makes_its_own_worlds_is_left_alone(request: pytest.FixtureRequest, portal: str) -> None:
    """It has no ``world``, or has chosen one."""
    item = pytest.Function.from_parent(request.node.parent, name=f"test_x[{portal}]", callobj=_scenario)
    item.path = Path("/tests/requirements/test_vcita.py")
    assert not is_left_out(item)
    item.callspec = SimpleNamespace(params={"variant": f"sqlite-{portal}"})
    assert not is_left_out(item)
