"""Finding the portal that a command is about, and driving it, whatever its colour."""

from __future__ import annotations

import asyncio
import importlib
import inspect
import os
import sys
import sysconfig
import traceback
from collections.abc import AsyncIterator, Coroutine, Iterator
from pathlib import Path
from typing import Any, cast

from clientportal.cli.failing import Misconfigured
from clientportal.doors import AsyncPortal, Portal
from clientportal.errors import ClientPortalError, HostError

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
        if module_name.startswith("clientportal.web.django"):
            # As manage.py does it; DJANGO_SETTINGS_MODULE says which project.
            importlib.import_module("django").setup()
        found: Any = importlib.import_module(module_name)
    except ModuleNotFoundError as error:
        if error.name is not None and (module_name == error.name or module_name.startswith(f"{error.name}.")):
            raise Misconfigured(f"there is no module {module_name!r} that can be imported from here") from error
        raise _broken(f"the module {module_name} cannot be imported", error) from error
    except ClientPortalError:
        raise
    except Exception as error:
        raise _broken(f"the module {module_name} cannot be imported", error) from error
    for name in attribute.split("."):
        found = getattr(found, name, None)
        if found is None:
            raise Misconfigured(f"the module {module_name} has no {attribute}")
    given: object = found
    made = not isinstance(given, Portal | AsyncPortal) and callable(given)
    try:
        portal: object = found() if made else found
    except ClientPortalError:
        raise
    except Exception as error:
        raise _broken(f"{path} cannot make a portal", error) from error
    if not isinstance(portal, Portal | AsyncPortal):
        raise Misconfigured(f"{path} is a {type(portal).__name__}, and not a portal or a function that makes one")
    return Driven(portal, made=made)


def _broken(what: str, error: Exception) -> HostError:
    """Where somebody's code failed, and with what: never its words, which may quote a setting that is a secret."""
    frames = traceback.extract_tb(error.__traceback__)
    theirs = [frame for frame in frames if not frame.filename.startswith(_NOT_THEIRS)]
    last = (theirs or frames)[-1]
    return HostError(f"{what}: {type(error).__name__} in {last.filename}, line {last.lineno} (more with --debug)")


_NOT_THEIRS = (
    "<frozen",
    *(sysconfig.get_path(kind) for kind in ("stdlib", "platlib", "purelib")),
    str(Path(__file__).parents[1]),
)
"""Where a traceback is in Python itself, in what is installed, or in this library."""
