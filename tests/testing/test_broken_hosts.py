"""The contract of hosts bites: each of the broken adapters is caught by the test that is named at it."""

from __future__ import annotations

from functools import cache
from typing import Any

import pytest

import testing.broken_client_rows
import testing.broken_sections  # noqa: F401 - so do these
from clientportal.ports import Host
from clientportal.stores.memory import MemoryHost
from clientportal.testing.contracts import HostContract
from testing.broken_adapters import BROKEN_HOSTS, BrokenHost


def _try(broken: BrokenHost, *, whole: bool) -> None:
    """That test of the contract, over a fresh platform."""
    contract, ground = HostContract(), broken.ground(whole=whole)
    contract.put(ground.open)
    getattr(contract, broken.test)(ground, *broken.arguments)


@cache
def _passes(test: str, arguments: tuple[Any, ...], elsewhere: bool) -> bool:
    _try(BrokenHost(MemoryHost, test, arguments, elsewhere), whole=True)
    return True


@pytest.mark.parametrize("broken", BROKEN_HOSTS, ids=str)
def test_a_broken_adapter_is_caught(broken: BrokenHost) -> None:
    """With the defect that test fails; without it, it passes."""
    undeclared = broken.test == "test_waits" or "by_contact" in (broken.test.removeprefix("test_"), *broken.arguments)
    if not undeclared:  # by the host as it is shipped
        assert _passes(broken.test, broken.arguments, broken.elsewhere)
    with pytest.raises((Exception, pytest.fail.Exception, pytest.skip.Exception)) as caught:
        _try(broken, whole=False)
    assert not isinstance(caught.value, pytest.skip.Exception), "left out is not caught"
    assert not isinstance(caught.value, TypeError | AttributeError | NameError), "the defect itself is broken"


def test_there_are_enough_of_them() -> None:
    """Each has a name and words of its own, and every method of the port has one that forgets the tenant."""
    names = {broken.host.__name__ for broken in BROKEN_HOSTS}
    assert len(names) >= 80
    assert all(broken.host.__doc__ for broken in BROKEN_HOSTS)
    caught = {broken.test for broken in BROKEN_HOSTS}
    assert {name for name in dir(HostContract) if name.startswith("test_")} <= caught
    forgetful = {broken.arguments[0] for broken in BROKEN_HOSTS if broken.test == "test_tenants"}
    assert forgetful == {name for name in vars(Host) if not name.startswith("_")}
