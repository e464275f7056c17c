"""How the coroutines of contracts are run: stepped without a loop, or on one; alone, or many at the same time."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Awaitable, Callable, Coroutine, Generator, Sequence
from typing import Any, ClassVar, TypeVar

import pytest

from clientportal.errors import Conflict
from clientportal.ports.driving import step

__all__ = ["Running"]

T = TypeVar("T")


class Running:
    """Runs coroutines of either colour, and waits for none of them for ever."""

    asynchronous: ClassVar[bool] = False
    """Whether the coroutines need an event loop. One private loop then lives as long as the test."""

    _runner: asyncio.Runner | None = None

    @pytest.fixture(autouse=True)
    def _private_loop(self) -> Generator[None, None, None]:
        yield
        if self._runner is not None:
            self._runner.close()

    def run(self, coroutine: Coroutine[Any, Any, T]) -> T:
        """One coroutine to its end: stepped without a loop, or on the private loop."""
        if not self.asynchronous:
            return step(coroutine)
        if self._runner is None:
            self._runner = asyncio.Runner()
        return self._runner.run(coroutine)

    def together(self, *operations: Callable[[], Coroutine[Any, Any, object]]) -> list[object]:
        """All at once: one thread each, or one task each. Gives what each returned, or the exception it raised."""
        if self.asynchronous:
            return self.run(self._tasks(operations))
        outcomes: list[object] = [AssertionError("this operation never ended")] * len(operations)

        def work(at: int) -> None:
            try:
                outcomes[at] = step(operations[at]())
            except Exception as error:
                outcomes[at] = error

        threads = [threading.Thread(target=work, args=(at,), daemon=True) for at in range(len(operations))]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(timeout=60)
        return outcomes

    async def _tasks(self, operations: Sequence[Callable[[], Awaitable[object]]]) -> list[object]:
        return list(await asyncio.gather(*(operation() for operation in operations), return_exceptions=True))

    def several(self, count: int) -> str:
        """How that many at the same time are called."""
        return f"with {count} {'tasks' if self.asynchronous else 'threads'}"

    async def rest(self, seconds: float) -> None:
        """Let the others run for that long."""
        if self.asynchronous:
            await asyncio.sleep(seconds)
        else:
            time.sleep(seconds)

    async def until(self, flag: threading.Event, seconds: float = 0.4) -> None:
        """Wait for the flag, but not for ever: a store may well keep the other one out until this unit ends."""
        for _ in range(int(seconds / 0.01)):
            if flag.is_set():
                return
            await self.rest(0.01)

    def won(self, outcomes: Sequence[object]) -> int:
        """How many succeeded; anything but success and ``Conflict`` fails the test."""
        for outcome in outcomes:
            if isinstance(outcome, BaseException) and not isinstance(outcome, Conflict):
                raise outcome
        return sum(outcome is True for outcome in outcomes)
