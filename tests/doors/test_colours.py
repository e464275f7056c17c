"""Both colours are one library: the same doors, the same arguments, the same words."""

from __future__ import annotations

import inspect
from typing import Any

import pytest

from clientportal.doors import (
    AsyncClientDoor,
    AsyncPortal,
    AsyncStaffDoor,
    AsyncVisitorDoor,
    ClientDoor,
    Portal,
    StaffDoor,
    VisitorDoor,
)
from clientportal.ports import AsyncHost, AsyncSender, BaseHost, Host, Sender

TWINS = [
    (Portal, AsyncPortal),
    (VisitorDoor, AsyncVisitorDoor),
    (ClientDoor, AsyncClientDoor),
    (StaffDoor, AsyncStaffDoor),
    (Host, AsyncHost),
    (Sender, AsyncSender),
]


def _methods(cls: type) -> dict[str, Any]:
    return {name: value for name, value in inspect.getmembers(cls, inspect.isfunction) if not name.startswith("_")}


def _parameters(method: Any) -> list[tuple[str, object, object, object]]:
    found = inspect.signature(method).parameters.values()
    return [(one.name, one.kind, one.default, one.annotation) for one in found]


@pytest.mark.parametrize(("plain", "awaited"), TWINS, ids=lambda cls: cls.__name__)
def test_every_method_has_its_twin_with_the_same_arguments(plain: type, awaited: type) -> None:
    """Names, order, defaults and annotations agree; a method added to one colour alone fails here."""
    assert _methods(plain).keys() == _methods(awaited).keys()
    for name, method in _methods(plain).items():
        assert _parameters(method) == _parameters(_methods(awaited)[name]), name


@pytest.mark.parametrize(("plain", "awaited"), TWINS[:4], ids=lambda cls: cls.__name__)
def test_the_twin_says_the_same_of_itself(plain: type, awaited: type) -> None:
    """What a method promises is written once and shown at both."""
    for name, method in _methods(plain).items():
        assert method.__doc__, f"{plain.__name__}.{name} promises nothing"
        assert _methods(awaited)[name].__doc__ == method.__doc__


@pytest.mark.parametrize(("plain", "awaited"), TWINS[1:4], ids=lambda cls: cls.__name__)
def test_doors_of_the_second_colour_are_awaited(plain: type, awaited: type) -> None:
    """Every operation is a coroutine there (or an async iterator), and none is one here."""
    for name, method in _methods(plain).items():
        assert not inspect.iscoroutinefunction(method), name
        twin = _methods(awaited)[name]
        assert inspect.iscoroutinefunction(twin) or inspect.isasyncgenfunction(twin), name


def test_the_base_host_has_every_method_of_the_port_with_its_promise() -> None:
    """A host author reads each promise where it is overridden."""
    assert _methods(Host).keys() <= _methods(BaseHost).keys()
    for name, method in _methods(Host).items():
        ours = _methods(BaseHost)[name]
        assert _parameters(method) == _parameters(ours), name
        assert ours.__doc__, name
