"""Where passwords are hashed: at few places at once, behind a short queue, so that a flood of logins fills no memory.

The attack first: one argon2 takes 19 MiB and tens of milliseconds on purpose, so two hundred logins at once, all of
them wrong, would take four gigabytes and every core (ASVS V15.2.2). Therefore four places, a queue of thirty-two, two
seconds of waiting, then :class:`HashingBusy`, before anything was judged, so that nothing is charged.

Two gates of one face. What is written once over it, ``async def``, runs on both::

    async with gate.place(policy) as hashing:
        checked = await hashing.check(stored, password)

Take the place *before* beginning a unit of work, and no second one inside it: whoever waits for a place must hold
nothing that the holders of places wait for.
"""

from __future__ import annotations

import asyncio
import threading
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from concurrent.futures import Future
from contextlib import AbstractAsyncContextManager
from datetime import timedelta
from functools import partial
from typing import Protocol, TypeVar

from attrs import field, frozen
from attrs.validators import ge, instance_of

from clientportal.passwords import hashing
from clientportal.passwords.hashing import Checked
from clientportal.passwords.legacy import PastHashes
from clientportal.policy.passwords import PasswordPolicy
from clientportal.values import Secret

__all__ = ["AwaitedGate", "BlockingGate", "Hashing", "HashingBusy", "HashingLimits", "PasswordGate"]

T = TypeVar("T")


class HashingBusy(Exception):
    """Every place is taken and the queue is full, or the wait was in vain. Nothing was judged: charge nobody.

    Internal: whoever asked for the place turns it into a refusal, ``busy``.
    """


@frozen
class HashingLimits:
    """How much hashing a process does: ``at_once``, how many wait in the ``queue``, and how long each of them."""

    at_once: int = field(default=4, validator=[instance_of(int), ge(1)])
    queue: int = field(default=32, validator=[instance_of(int), ge(0)])
    wait: timedelta = field(default=timedelta(seconds=2), validator=[instance_of(timedelta), ge(timedelta(0))])


class Hashing(Protocol):
    """What can be done at a place."""

    async def check(self, stored: Secret | None, password: Secret) -> Checked:
        """Whether the password is the one of ``stored`` (a hash); ``None`` where nobody has that identity.

        A wrong password and an unknown identity take one argon2 of the policy's parameters alike.
        """
        ...

    async def make(self, password: Secret, salt: bytes | None = None) -> Secret:
        """A new hash with the policy's parameters, salted anew, or with 16 bytes that were drawn for this very use."""
        ...


class PasswordGate(Protocol):
    """The one way to hashing. An object per portal, used from any number of threads and tasks.

    ``past``: the kinds of hashes that accounts were imported with.
    """

    past: tuple[PastHashes, ...]

    def place(self, policy: PasswordPolicy) -> AbstractAsyncContextManager[Hashing]:
        """A place, once one is free; raises :class:`HashingBusy` on entering where none becomes free in time."""
        ...

    async def run(self, work: Callable[[], T], longest: timedelta | None = None) -> T:
        """Run what blocks, in the gate's own way: in the calling thread, or in one that holds up no event loop.

        Raises ``TimeoutError`` where it takes longer than ``longest``; it is then left behind.
        """
        ...

    async def within(self, longest: timedelta, answer: Awaitable[T]) -> T:
        """Await something for no longer than that, where there is an event loop to wait on."""
        ...


class _Places:
    """The free places and the queue before them, first come, first served. A place that is left goes to the next."""

    def __init__(self, limits: HashingLimits) -> None:
        self._longest = limits.queue
        self._free = limits.at_once
        self._queue = deque[Callable[[], bool]]()
        # Reentrant: a coroutine that was thrown away leaves its place when it is collected, whatever runs just then.
        self._lock = threading.RLock()

    def take(self, give: Callable[[], bool]) -> bool:
        """Take a place, or queue for one: ``give`` is called when it is there, and says whether anybody still waits."""
        with self._lock:
            if self._free:
                self._free -= 1
                return True
            if len(self._queue) >= self._longest:
                raise HashingBusy("every place is taken, and the queue is full")
            self._queue.append(give)
            return False

    def withdraw(self, give: Callable[[], bool]) -> bool:
        """Leave the queue. ``False`` where a place was given meanwhile: it is the caller's now."""
        with self._lock:
            if give not in self._queue:
                return False
            self._queue.remove(give)
            return True

    def leave(self) -> None:
        """Give a place back."""
        with self._lock:
            while self._queue:
                if self._queue.popleft()():
                    return
            self._free += 1


class _Gate(PasswordGate, Protocol):
    """What a place needs of its gate."""

    past: tuple[PastHashes, ...]
    places: _Places

    async def wait(self) -> None:
        """Return with a place, or raise :class:`HashingBusy`."""
        ...


class _Place:
    """One place, from entering until it was left *and* the work on it has ended.

    The two differ where a task is cancelled: its argon2 runs on in its thread, and still has its memory.
    """

    def __init__(self, gate: _Gate, policy: PasswordPolicy) -> None:
        self._gate = gate
        self._policy = policy
        self._users = 0
        self._lock = threading.RLock()

    async def __aenter__(self) -> Hashing:
        await self._gate.wait()
        self._users = 1
        return self

    async def __aexit__(self, *_error: object) -> None:
        self._let_go()

    async def check(self, stored: Secret | None, password: Secret) -> Checked:
        return await self._do(partial(hashing.check, stored, password, self._policy, self._gate.past))

    async def make(self, password: Secret, salt: bytes | None = None) -> Secret:
        return await self._do(partial(hashing.make, password, self._policy, salt))

    async def _do(self, work: Callable[[], T]) -> T:
        with self._lock:
            if self._users != 1:
                raise RuntimeError("one thing at a time is hashed at a place, and nothing after it was left")
            self._users = 2

        def held() -> T:
            try:
                return work()
            finally:
                self._let_go()

        try:
            return await self._gate.run(held)
        except HashingBusy:  # it was never begun
            self._let_go()
            raise

    def _let_go(self) -> None:
        with self._lock:
            self._users -= 1
            last = self._users == 0
        if last:
            self._gate.places.leave()


class BlockingGate:
    """The gate of the plain portal: waits and hashes in the calling thread, and never suspends.

    ``past``: the kinds of hashes that accounts were imported with, asked in this order.
    """

    def __init__(self, limits: HashingLimits | None = None, past: Sequence[PastHashes] = ()) -> None:
        self.limits = limits or HashingLimits()
        self.past = tuple(past)
        self.places = _Places(self.limits)

    def place(self, policy: PasswordPolicy) -> AbstractAsyncContextManager[Hashing]:
        """A place, once one is free."""
        return _Place(self, policy)

    async def wait(self) -> None:
        given = threading.Event()

        def give() -> bool:
            given.set()
            return True

        if self.places.take(give):
            return
        try:
            in_time = given.wait(self.limits.wait.total_seconds())
        except BaseException:  # such as a KeyboardInterrupt
            if not self.places.withdraw(give):
                self.places.leave()
            raise
        if not in_time and self.places.withdraw(give):
            raise HashingBusy("no place became free in time")

    async def run(self, work: Callable[[], T], longest: timedelta | None = None) -> T:
        """Run it here; where it may take no longer than that, in a thread of its own."""
        if longest is None:
            return work()
        ended: Future[T] = Future()
        _in_thread(work, ended)
        return ended.result(longest.total_seconds())

    async def within(self, longest: timedelta, answer: Awaitable[T]) -> T:
        """Await what never suspends; there is nothing here that could wait."""
        return await answer


class AwaitedGate:
    """The gate of the async portal: waits on the event loop, and hashes in threads of its own.

    Not in the loop's own pool, where a few slow lookups of somebody else's would hold every login up. ``past`` as for
    :class:`BlockingGate`. One gate may serve several loops.
    """

    def __init__(self, limits: HashingLimits | None = None, past: Sequence[PastHashes] = ()) -> None:
        self.limits = limits or HashingLimits()
        self.past = tuple(past)
        self.places = _Places(self.limits)

    def place(self, policy: PasswordPolicy) -> AbstractAsyncContextManager[Hashing]:
        """A place, once one is free."""
        return _Place(self, policy)

    async def wait(self) -> None:
        loop = asyncio.get_running_loop()
        given: asyncio.Future[None] = loop.create_future()

        def arrive() -> None:
            if not given.done():
                given.set_result(None)

        def give() -> bool:
            try:
                loop.call_soon_threadsafe(arrive)
            except RuntimeError:  # the loop was closed: nobody waits there any more
                return False
            return True

        if self.places.take(give):
            return
        try:
            await asyncio.wait_for(given, self.limits.wait.total_seconds())
        except TimeoutError:
            if self.places.withdraw(give):
                raise HashingBusy("no place became free in time") from None
        except BaseException:  # cancelled, or thrown away with its loop
            if not self.places.withdraw(give):
                self.places.leave()
            raise

    async def run(self, work: Callable[[], T], longest: timedelta | None = None) -> T:
        """Run it in a thread, and await its end."""
        ended: Future[T] = Future()
        _in_thread(work, ended)
        answer = asyncio.wrap_future(ended)
        return await (answer if longest is None else self.within(longest, answer))

    async def within(self, longest: timedelta, answer: Awaitable[T]) -> T:
        """Await it for no longer than that."""
        return await asyncio.wait_for(answer, longest.total_seconds())


def _in_thread(work: Callable[[], T], ended: Future[T]) -> None:
    """Run it in a thread of its own: a pool does not survive the fork of a web server, and a thread costs less than
    a hundredth of a hash.
    """

    # Running from here on: what is not yet begun could be cancelled, and then nobody would leave its place.
    ended.set_running_or_notify_cancel()

    def go() -> None:
        try:
            answer = work()
        except BaseException as error:
            ended.set_exception(error)
        else:
            ended.set_result(answer)

    try:
        threading.Thread(target=go, name="clientportal-passwords", daemon=True).start()
    except RuntimeError:  # the system has no thread left
        raise HashingBusy("no thread could be started") from None
