"""Driving awaited code without an event loop, and plain ports through the awaited face.

Every rule, loader and store method is written once, ``async def``. Where nothing underneath really suspends, such a
coroutine runs to its end on the first ``send``: that is how the sync portal runs the very code that the async one
awaits.
"""

from __future__ import annotations

import inspect
from collections.abc import Coroutine
from typing import Any, TypeVar, cast

from clientportal.ports.host import AsyncHost, Host

__all__ = ["awaited_host", "step"]

T = TypeVar("T")


def step(coroutine: Coroutine[Any, Any, T]) -> T:
    """Run a coroutine that never suspends to its end, without an event loop."""
    try:
        coroutine.send(None)
    except StopIteration as end:
        return cast("T", end.value)
    coroutine.close()
    raise TypeError("something here waits on an event loop: use AsyncPortal with async stores, hosts and senders")


class _Awaited:
    """Gives the plain methods of an object an awaited face."""

    def __init__(self, plain: object) -> None:
        self._plain = plain

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._plain, name)

        async def call(*args: Any, **kwargs: Any) -> Any:
            answer = method(*args, **kwargs)
            # An async host may leave an optional method, such as ``heard``, to the plain base class and the reverse.
            return await answer if inspect.isawaitable(answer) else answer

        self.__dict__[name] = call
        return call


def awaited_host(host: Host | AsyncHost) -> AsyncHost:
    """The awaited face of a host of either colour."""
    return cast("AsyncHost", _Awaited(host))
