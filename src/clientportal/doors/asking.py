"""Asking somebody outside without waiting for ever, in both colours."""

from __future__ import annotations

import inspect
import threading
from collections.abc import Callable
from concurrent.futures import Future
from datetime import timedelta
from typing import Any

from clientportal.errors import InvalidInput
from clientportal.operations.providers import PaymentDesk
from clientportal.ports.payments import PaymentProvider

__all__ = ["ask_async", "ask_blocking", "make_desk"]


def make_desk(provider: PaymentProvider | None, *, loop: bool) -> PaymentDesk | None:
    """The provider, asked in this portal's colour."""
    if provider is None:
        return None
    given: Any = provider
    for name in ("begin", "outcome"):
        method = getattr(given, name, None)
        if not callable(method):
            raise InvalidInput(f"payments is a payment provider, with begin(charge) and outcome(key); it has no {name}")
        if not loop and inspect.iscoroutinefunction(method):
            raise InvalidInput("this payment provider is async: use AsyncPortal, or a plain provider")
    return PaymentDesk(provider, ask_async if loop else ask_blocking)


def _in_thread(method: Callable[[Any], Any], argument: Any) -> Future[Any]:
    """Begin a call in a thread of its own. One that hangs is left behind and dies with the process."""
    future: Future[Any] = Future()
    future.set_running_or_notify_cancel()

    def run() -> None:
        try:
            answer = method(argument)
        except BaseException as error:
            future.set_exception(error)
        else:
            future.set_result(answer)

    threading.Thread(target=run, name="ask-provider", daemon=True).start()
    return future


async def ask_blocking(method: Callable[[Any], Any], argument: Any, timeout: timedelta) -> Any:
    """Without an event loop."""
    return _in_thread(method, argument).result(timeout.total_seconds())


async def ask_async(method: Callable[[Any], Any], argument: Any, timeout: timedelta) -> Any:
    """With one: an async method is awaited, a plain one runs in a thread, and may answer with something to await."""
    import asyncio

    async def ask() -> Any:
        if inspect.iscoroutinefunction(method):
            return await method(argument)
        answer = await asyncio.wrap_future(_in_thread(method, argument))
        return await answer if inspect.isawaitable(answer) else answer

    return await asyncio.wait_for(ask(), timeout.total_seconds())
