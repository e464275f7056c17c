"""Budgets for sending that many processes share: one atomic call to Redis, or to Valkey (extra ``redis``).

What stands there is a keyed digest of each axis with counters and times: no number, no address, no name of a business.
Every key ends by itself when its longest window does, a day at most. All keys share one hash tag, so that a request's
axes, the cap for all businesses among them, are in one slot of a cluster; a send is rare, and one slot takes far more
than any provider does.

Whatever goes wrong (no connection, no answer in time, a replica that may not write, no memory left) is an exception,
and the portal refuses then: nothing is sent that was not counted. A script that the server has forgotten is sent along
again.
"""

from __future__ import annotations

import hashlib
import math
import secrets
from collections.abc import Awaitable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol, cast

from clientportal.errors import InvalidInput
from clientportal.stores.redis.script import SCRIPT
from clientportal.values.spending import Charge, Spending

__all__ = ["AsyncRedisBudgets", "RedisBudgets"]

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_LONGEST = 10.0
_SHA1 = hashlib.sha1(SCRIPT.encode(), usedforsecurity=False).hexdigest()


class _Client(Protocol):
    def evalsha(self, sha: str, numkeys: int, /, *keys_and_args: Any) -> Any: ...
    def eval(self, script: str, numkeys: int, /, *keys_and_args: Any) -> Any: ...


class _Common:
    """What does not depend on the colour."""

    def __init__(self, client: _Client, *, prefix: str = "clientportal") -> None:
        if not callable(getattr(client, "evalsha", None)) or not callable(getattr(client, "eval", None)):
            raise InvalidInput("client is a client of Redis or Valkey, such as redis.Redis(host='…', socket_timeout=1)")
        if not prefix or any(c in prefix for c in "{} \r\n"):
            raise InvalidInput("prefix is a word that the keys begin with, without braces and spaces")
        pool = getattr(client, "connection_pool", None)
        if pool is not None and _longest_wait(pool.connection_kwargs) > _LONGEST:
            raise InvalidInput(
                f"a server that hangs would hold each login up for more than {_LONGEST:.0f} seconds: give the client "
                "a socket_timeout and few retries, such as socket_timeout=1, retry=Retry(NoBackoff(), 1)"
            )
        self._client = client
        self._prefix = prefix

    def __repr__(self) -> str:
        # Not the client: its own repr has the server's password in it.
        return f"{type(self).__name__}(prefix={self._prefix!r})"

    def _call(self, charges: Sequence[Charge], now: datetime, look: bool) -> list[Any]:
        keys = [f"{self._prefix}:{{budgets}}:{charge.id}" for charge in charges]
        words: list[Any] = [(now - _EPOCH) // _MICROSECOND, int(look), secrets.token_hex(8)]
        for charge in charges:
            words += [-1 if charge.gap is None else charge.gap // _MICROSECOND, len(charge.limits)]
            for length, at_most in charge.limits:
                words += [length // _MICROSECOND, at_most]
        return [len(keys), *keys, *words]


def _longest_wait(kept: dict[str, Any]) -> float:
    """How long a client waits for a server that takes the connection and says nothing; its pauses not counted."""
    timeout, retry = kept.get("socket_timeout"), kept.get("retry")
    retries: int = getattr(retry, "_retries", 0)
    return math.inf if timeout is None or retries < 0 else float(timeout) * (retries + 1)


def _spending(said: Any) -> Spending:
    spent, at = cast("tuple[Any, Any]", tuple(said))
    return Spending(int(spent) == 1, _EPOCH + int(at) * _MICROSECOND)


def _forgotten(error: Exception) -> bool:
    # Each client has an error of its own for it, all by this name.
    return type(error).__name__ == "NoScriptError"


class RedisBudgets(_Common):
    """``Portal(budgets=RedisBudgets(client))``.

    ``client``: of ``redis``, ``valkey``, or a cluster's; one that gives up soon: ``redis.Redis(host="…",
    socket_timeout=1, retry=Retry(NoBackoff(), 1))``. The server needs ``maxmemory-policy noeviction``, so that a full
    one refuses rather than forgets. ``prefix``: what the keys begin with, where several installations share one server.
    """

    def spend(self, charges: Sequence[Charge], now: datetime, *, look: bool = False) -> Spending:
        """All charges in one atomic call, or none."""
        call = self._call(charges, now, look)
        try:
            return _spending(self._client.evalsha(_SHA1, *call))
        except Exception as error:
            if not _forgotten(error):
                raise
        return _spending(self._client.eval(SCRIPT, *call))


class AsyncRedisBudgets(_Common):
    """The same over ``redis.asyncio`` or ``valkey.asyncio``, for ``AsyncPortal``."""

    async def spend(self, charges: Sequence[Charge], now: datetime, *, look: bool = False) -> Spending:
        """All charges in one atomic call, or none."""
        call = self._call(charges, now, look)
        try:
            return _spending(await cast("Awaitable[Any]", self._client.evalsha(_SHA1, *call)))
        except Exception as error:
            if not _forgotten(error):
                raise
        return _spending(await cast("Awaitable[Any]", self._client.eval(SCRIPT, *call)))
