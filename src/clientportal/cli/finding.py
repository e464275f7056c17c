"""Finding the portal that a command is about, and driving it, whatever its colour."""

from __future__ import annotations

import asyncio
import importlib
import inspect
import os
import sys
from collections.abc import AsyncIterator, Coroutine, Iterator
from typing import Any, cast

from clientportal.cli.failing import Misconfigured
from clientportal.doors import AsyncPortal, Portal

__all__ = ["Driven", "find_portal"]


class Driven:
    """A portal of either colour, called without ``await``: on a loop of its own where it needs one."""

    def __init__(self, portal: Portal | AsyncPortal, *, made: bool = False) -> None:
        self.portal = portal
        self._made = made
        self._runner = asyncio.Runner() if isinstance(portal, AsyncPortal) else None

    @property
    def store(self) -> Any:
        """The store that the portal keeps its records in."""
        return self.portal._setup.store

    def run(self, answer: Any) -> Any:
        """An answer, awaited where it has to be."""
        if self._runner is not None and inspect.iscoroutine(answer):
            return self._runner.run(cast("Coroutine[Any, Any, Any]", answer))
        return answer

    def each(self, items: Any) -> Iterator[Any]:
        """Items one by one, as they are read."""
        if self._runner is None:
            yield from items
            return
        walk = cast("AsyncIterator[Any]", items)
        while True:
            try:
                yield self._runner.run(_next_of(walk))
            except StopAsyncIteration:
                return

    def close(self) -> None:
        """Give the loop back, and what the store has open; a portal that was there already keeps what it has."""
        method = getattr(self.store, "close_async" if self._runner is not None else "close", None)
        if method is not None and (self._made or self._runner is not None):
            self.run(method())
        if self._runner is not None:
            self._runner.close()


async def _next_of(items: AsyncIterator[Any]) -> Any:
    return await anext(items)


def find_portal(path: str | None) -> Driven:
    """The portal at ``package.module:name``, where the name is a portal or a function that makes one."""
    if not path:
        raise Misconfigured(
            "which portal? --portal myapp.portal:portal, or CLIENTPORTAL_PORTAL=myapp.portal:portal in the environment"
        )
    module_name, _, attribute = path.partition(":")
    if not module_name or not attribute:
        raise Misconfigured(f"{path!r} is not package.module:name, such as myapp.portal:portal")
    if os.getcwd() not in sys.path:
        # As with every tool that finds an application: from the folder that one stands in.
        sys.path.insert(0, os.getcwd())
    try:
        found: Any = importlib.import_module(module_name)
    except ModuleNotFoundError as error:
        if error.name is not None and (module_name == error.name or module_name.startswith(f"{error.name}.")):
            raise Misconfigured(f"there is no module {module_name!r} that can be imported from here") from error
        raise
    for name in attribute.split("."):
        found = getattr(found, name, None)
        if found is None:
            raise Misconfigured(f"the module {module_name} has no {attribute}")
    given: object = found
    made = not isinstance(given, Portal | AsyncPortal) and callable(given)
    portal: object = found() if made else found
    if not isinstance(portal, Portal | AsyncPortal):
        raise Misconfigured(f"{path} is a {type(portal).__name__}, and not a portal or a function that makes one")
    return Driven(portal, made=made)
