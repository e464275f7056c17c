"""Two ways to move an operation from one port call to the next: a coroutine by hand, or a thread on a short leash."""

from __future__ import annotations

import inspect
import threading
from collections.abc import Awaitable, Callable, Coroutine, Generator
from typing import Any, Protocol, TypeVar

from clientportal.errors import ClientPortalError, Conflict
from clientportal.ports.driving import step
from clientportal.testing.crashing import Crashed
from clientportal.testing.port_calls import Call

__all__ = ["Mover", "SteppedMover", "SteppedPlan", "ThreadedMover", "ThreadedPlan"]

T = TypeVar("T")

_LEASH = 0.1
"""Seconds after which a thread that has not come back counts as waiting for a lock."""

_TOO_LONG = 60.0
"""Seconds that nobody may move before the search gives up: databases find deadlocks within a few."""


class Mover(Protocol):
    """One operation, stopped before its next port call."""

    pending: Call | None
    done: bool

    def move(self) -> None:
        """Make the pending call and go on to the next one, or to the end."""
        ...

    def runnable(self) -> bool:
        """Whether it can be moved now."""
        ...

    def wait_a_little(self) -> bool:
        """Give it time; whether there is anything to wait for."""
        ...

    def deadlocked(self) -> None:
        """Raise ``Conflict`` where it waits."""
        ...

    def outcome(self) -> object:
        """What it returned, or the error of this library that it raised."""
        ...

    def close(self) -> None:
        """End it, wherever it is."""
        ...


class _Signal:
    """What a stepped coroutine suspends with: the call it is about to make, or the lock it waits for."""

    def __init__(self, call: Call | None = None, held: Callable[[], bool] | None = None) -> None:
        self.call = call
        self.held = held

    def __await__(self) -> Generator[_Signal, None, None]:
        yield self


class SteppedPlan:
    """Suspends the coroutine at every call that can matter to another one."""

    async def around(self, call: Call, perform: Callable[[], Awaitable[T]]) -> T:
        if not call.alone:
            await _Signal(call)
        return await perform()

    async def ending(self, call: Call) -> None:
        await _Signal(call)

    async def wait(self, held: Callable[[], bool]) -> None:
        await _Signal(held=held)


class SteppedMover:
    """Moves a coroutine, without an event loop."""

    def __init__(self, coroutine: Coroutine[Any, Any, object]) -> None:
        if not inspect.iscoroutine(coroutine):
            raise TypeError("an operation gives a coroutine here; use threads=True for plain calls")
        self._coroutine = coroutine
        self._held: Callable[[], bool] | None = None
        self._outcome: object = None
        self.pending: Call | None = None
        self.done = False

    def move(self) -> None:
        self._resume(lambda: self._coroutine.send(None))

    def _resume(self, resume: Callable[[], object]) -> None:
        self._held = None
        try:
            signal = resume()
            # asyncio.sleep(0) suspends with nothing: there is nothing to wait for.
            while signal is None:
                signal = self._coroutine.send(None)
        except StopIteration as end:
            self._end(end.value)
        except ClientPortalError as error:
            self._end(error)
        else:
            if not isinstance(signal, _Signal):
                raise TypeError("this operation waits on an event loop; interleavings are stepped without one")
            self.pending = signal.call or self.pending
            self._held = signal.held

    def _end(self, outcome: object) -> None:
        self._outcome, self.pending, self.done = outcome, None, True

    def runnable(self) -> bool:
        return not self.done and (self._held is None or not self._held())

    def wait_a_little(self) -> bool:
        return False

    def deadlocked(self) -> None:
        self._resume(lambda: self._coroutine.throw(Conflict("two units wait for each other's locks")))

    def outcome(self) -> object:
        return self._outcome

    def close(self) -> None:
        self._coroutine.close()


class ThreadedPlan:
    """Stops each operation's thread at every call until it is moved."""

    def __init__(self) -> None:
        self._here = threading.local()

    def enter(self, mover: ThreadedMover) -> None:
        """This thread runs that mover's operation."""
        self._here.mover = mover

    async def around(self, call: Call, perform: Callable[[], Awaitable[T]]) -> T:
        mover: ThreadedMover = self._here.mover
        mover.stop(call)
        return await perform()

    async def ending(self, call: Call) -> None:
        self._here.mover.stop(call)

    async def wait(self, held: Callable[[], bool]) -> None:
        self._here.mover.stop(None, held)


class ThreadedMover:
    """Moves a plain call that runs in a thread of its own."""

    def __init__(self, plan: ThreadedPlan, operation: Callable[[Any], object], world: Any) -> None:
        self._plan = plan
        self._go = threading.Semaphore(0)
        self._stopped = threading.Event()
        self._held: Callable[[], bool] | None = None
        self._conflict = False
        self._closing = False
        self._outcome: object = None
        self._error: BaseException | None = None
        self._waited = 0.0
        self.pending: Call | None = None
        self.done = False
        self._thread = threading.Thread(target=self._work, args=(operation, world), daemon=True)
        self._thread.start()

    def _work(self, operation: Callable[[Any], object], world: Any) -> None:
        self._plan.enter(self)
        self._go.acquire()
        try:
            answer = operation(world)
            self._outcome = step(answer) if inspect.iscoroutine(answer) else answer
        except ClientPortalError as error:
            self._outcome = error
        except BaseException as error:
            self._error = error
        self.pending, self.done = None, True
        self._stopped.set()

    def stop(self, call: Call | None, held: Callable[[], bool] | None = None) -> None:
        """Called in the thread: say where it is, and stay there until it is moved."""
        if self._closing:
            raise Crashed
        self.pending = call or self.pending
        self._held = held
        self._stopped.set()
        self._go.acquire()
        if self._closing:
            raise Crashed
        if self._conflict:
            self._conflict = False
            raise Conflict("two units wait for each other's locks")

    def move(self) -> None:
        self._held = None
        self._waited = 0.0
        self._stopped.clear()
        self._go.release()
        self._stopped.wait(_LEASH)

    def runnable(self) -> bool:
        if self.done or not self._stopped.is_set():
            return False
        return self._held is None or not self._held()

    def wait_a_little(self) -> bool:
        if self.done or self._stopped.is_set():
            return False
        self._waited += _LEASH
        if self._waited > _TOO_LONG:
            raise AssertionError(f"{self.pending} has not come back after {_TOO_LONG:g} s")
        self._stopped.wait(_LEASH)
        return True

    def deadlocked(self) -> None:
        self._conflict = True
        self.move()

    def outcome(self) -> object:
        if self._error is not None:
            raise self._error
        return self._outcome

    def close(self) -> None:
        if not self.done:
            self._closing = True
            self._go.release()
        self._thread.join(_TOO_LONG)
