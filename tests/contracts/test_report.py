"""At the end of a run of contracts stands what was proven, in words."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from clientportal.testing.contracts.host_ground import LACKS

PROJECT = """
import pytest
from attrs import evolve

from clientportal.stores.memory import MemoryHost, MemoryStore
from clientportal.testing.contracts import HostContract, ShippedGround, StateContract


class Small(MemoryHost):
    capabilities = evolve(MemoryHost.capabilities, book=False)

    def business(self):
        return evolve(super().business(), zone="UTC")


class TestSmall(HostContract):
    racers = 8

    @pytest.fixture
    def ground(self):
        return ShippedGround(MemoryStore(), Small)


class TestStore(StateContract):
    @pytest.fixture
    def store(self):
        return MemoryStore()
"""

SKIPPING = """
import pytest

from clientportal.stores.memory import MemoryHost, MemoryStore
from clientportal.testing.contracts import HostContract, ShippedGround


class _Memory(HostContract):
    @pytest.fixture
    def ground(self):
        return ShippedGround(MemoryStore(), MemoryHost)


class TestOverriding(_Memory):
    @pytest.mark.skip(reason="not on a Tuesday")
    def test_business(self, ground):
        super().test_business(ground)

    @pytest.mark.xfail(reason="to do")
    def test_cancel(self, ground):
        raise AssertionError

    def test_book(self, ground):
        super().test_book(ground)


@pytest.mark.skipif(True, reason="no database here")
class TestSkipped(_Memory):
    pass


class TestGroundless(HostContract):
    @pytest.fixture
    def ground(self):
        pytest.skip("no server")
"""

LACKING = """
import pytest
from attrs import evolve

from clientportal.stores.memory import MemoryHost, MemoryStore
from clientportal.testing.contracts import HostContract, ShippedGround


class Small(MemoryHost):
    capabilities = evolve(MemoryHost.capabilities, move=False, book=False, slots=False)


class Nameless(MemoryHost):
    def appointments(self, refs, when, now, after, limit):
        page = super().appointments(refs, when, now, after, limit)
        return evolve(page, items=tuple(evolve(one, booked_as="") for one in page.items))

    def appointment(self, id):
        found = super().appointment(id)
        return found and evolve(found, booked_as="")


class Lacking(ShippedGround):
    lacks = frozenset({"guests", "second_hour", "sealed_cursors", "cancelled"})


class TestSmall(HostContract):
    @pytest.fixture
    def ground(self):
        return Lacking(MemoryStore(), Small)


class TestNameless(HostContract):
    @pytest.fixture
    def ground(self):
        return ShippedGround(MemoryStore(), Nameless)
"""

WANTED = "business or cancel or consumed or race_for or upto"


def run(folder: Path, *options: str, project: str = PROJECT, wanted: str = WANTED, code: int = 1) -> str:
    """The project's own test run; gives all that it printed."""
    (folder / "test_adapters.py").write_text(project)
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-k", wanted, *options]
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}
    done = subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == code, done.stdout + done.stderr
    return done.stdout


@pytest.mark.slow
def test_the_report_lists_every_promise(tmp_path: Path) -> None:
    """What was proven and how far, what failed, and what was never declared: one line for each promise."""
    told = run(tmp_path)
    lines = told.splitlines()
    assert any("what was proven of test_adapters.py::TestSmall (HostContract)" in line for line in lines)
    assert "FAILED        A business is known by its tenant, with its own name and the zone of its calendar" in lines
    race = "proven        Of many who decided on the same version at the same time, exactly one writes: "
    assert f"{race}update_client, move, cancel, delete_appointment (with 8 threads)" in lines
    slot = "proven        Of many who want the same free time at the same time, exactly one gets it: move"
    assert f"{slot} (with 2 threads) [not declared: book]" in lines
    consumed = "proven        Consuming is atomic: of many at the same time exactly one consumes a record"
    assert f"{consumed}: locked, optimistic (with 64 threads)" in lines
    assert any(" proven, 1 FAILED, " in line for line in lines), "and how many there are of each"


@pytest.mark.slow
@pytest.mark.parametrize("options", [("-q",), ("-q", "-n", "2", "-p", "clientportal.testing.contracts.report")])
def test_the_report_is_short_where_it_is_asked_to_be(tmp_path: Path, options: tuple[str, ...]) -> None:
    """One line for each adapter with -q; and, where it is named as a plugin, also under xdist."""
    lines = run(tmp_path, *options).splitlines()
    assert "StateContract test_adapters.py::TestStore: 2 proven, 0 FAILED, 0 not declared, 0 not run" in lines
    (small,) = [line for line in lines if line.startswith("HostContract test_adapters.py::TestSmall: ")]
    assert "1 FAILED" in small


@pytest.mark.slow
@pytest.mark.parametrize("options", [(), ("-n", "2", "-p", "clientportal.testing.contracts.report")])
def test_what_is_skipped_is_listed(tmp_path: Path, options: tuple[str, ...]) -> None:
    """A promise whose test is skipped by a mark, at its class, or in its ``ground`` stands there as not run."""
    told = run(tmp_path, *options, project=SKIPPING, wanted="business or test_cancel or test_book", code=0)
    lines = told.splitlines()
    named = "A business is known by its tenant, with its own name and the zone of its calendar"
    for why in ("not on a Tuesday", "no database here", "no server"):
        assert f"not run       {named} [{why}]" in lines
    assert any(line.startswith("FAILED        A cancelled appointment is open no more") for line in lines)
    (booked,) = [line for line in lines if line.startswith("proven        A new booking stands in that time")]
    assert booked.endswith(" (overridden)")
    whole = [line for line in lines if line.startswith("0 proven, 0 FAILED, 0 not declared, ")]
    assert len(whole) == 2, "a class that is skipped has its block as well"


@pytest.mark.slow
def test_what_a_line_leaves_out_stands_at_its_end(tmp_path: Path) -> None:
    """A promise that was proven in part says which part was not tried; a column that is lacking is no leak."""
    tests = "test_cancel or clock_changes or cursors or walk or test_appointment or tenants"
    lines = run(tmp_path, project=LACKING, wanted=tests).splitlines()
    for promise, left_out in (
        ("A cancelled appointment is open no more", "free times (that its time is free again)"),
        ("On the nights when clocks change", LACKS["second_hour"]),
        ("A cursor that was made up", LACKS["sealed_cursors"]),
        ("The walk over contacts names every record once", LACKS["guests"]),
    ):
        told = [line for line in lines if line.startswith(f"proven        {promise}")]
        assert any(f" [not declared: {left_out}" in line for line in told), promise
    appointments = [line for line in lines if "An appointment comes back as it stands" in line]
    assert any(line.startswith("FAILED ") for line in appointments), "a name that is lost"
    assert sum(line.startswith("FAILED        ") and "another business" in line for line in lines) == 0
