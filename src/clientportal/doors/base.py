"""What every door has: the set-up, who is calling, and whether this is a preview."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from typing import TypeVar, cast

from clientportal.errors import InvalidInput
from clientportal.operations.frame import Operation
from clientportal.operations.performing import perform
from clientportal.operations.setting import Caller, Setup
from clientportal.ports import step
from clientportal.values import Secret

__all__ = ["AsyncDoor", "Door", "as_secret", "describe", "stepped"]

Q = TypeVar("Q")
V = TypeVar("V")
T = TypeVar("T")


def as_secret(value: Secret | str) -> Secret:
    """Callers hold tokens as they like; inside they are secrets."""
    if isinstance(value, Secret):
        return value
    if not isinstance(cast("object", value), str):
        raise InvalidInput(
            f"a token, handle, link, code or password is text or a Secret; this is {type(value).__name__}"
        )
    return Secret(value)


class Door:
    """Runs operations to their end, without an event loop."""

    def __init__(self, setup: Setup, caller: Caller, *, preview: bool = False) -> None:
        self._setup = setup
        self._caller = caller
        self._preview = preview

    def __repr__(self) -> str:
        return f"<{type(self).__name__} of {self._caller.tenant!r}{' (preview)' if self._preview else ''}>"

    def _do(self, operation: Operation[Q, V, T], request: Q, key: str | None = None) -> T:
        return step(perform(self._setup, self._caller, operation, request, key=key, preview=self._preview))


class AsyncDoor:
    """Runs the same operations, awaited."""

    def __init__(self, setup: Setup, caller: Caller, *, preview: bool = False) -> None:
        self._setup = setup
        self._caller = caller
        self._preview = preview

    def __repr__(self) -> str:
        return f"<{type(self).__name__} of {self._caller.tenant!r}{' (preview)' if self._preview else ''}>"

    async def _do(self, operation: Operation[Q, V, T], request: Q, key: str | None = None) -> T:
        return await perform(self._setup, self._caller, operation, request, key=key, preview=self._preview)


def stepped(items: AsyncIterator[T]) -> Iterator[T]:
    """The same items one by one, without an event loop."""
    while True:
        try:
            item = step(_next_of(items))
        except StopAsyncIteration:
            return
        yield item


async def _next_of(items: AsyncIterator[T]) -> T:
    return await anext(items)


def describe(awaited: type, plain: type) -> None:
    """Give every awaited method its plain twin's docstring: what it promises is said once."""
    for name, twin in vars(plain).items():
        method = vars(awaited).get(name)
        if callable(method) and not method.__doc__:
            method.__doc__ = twin.__doc__
