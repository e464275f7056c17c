"""Handing a message to a sender without waiting for it for ever, in both colours."""

from __future__ import annotations

import contextlib
import inspect
import threading
from datetime import timedelta

from clientportal.ports import AsyncSender, OutgoingMessage, Sender

__all__ = ["dispatch_async", "dispatch_blocking"]


async def dispatch_blocking(sender: Sender | AsyncSender, message: OutgoingMessage, timeout: timedelta) -> None:
    """Without an event loop: in a thread of its own, so that a sender that hangs holds up nothing but itself.

    A thread cannot be stopped from outside. One that hangs past the time-out is left behind (it dies with the process),
    the try counts as failed, and a provider that takes the message after all gets it twice under the same id.
    """
    ended: list[BaseException | None] = []

    def run() -> None:
        try:
            sender.send(message)
        except BaseException as error:
            ended.append(error)
        else:
            ended.append(None)

    thread = threading.Thread(target=run, name=f"send-{message.id}", daemon=True)
    thread.start()
    thread.join(timeout.total_seconds())
    if not ended:
        raise TimeoutError("the sender did not come back in time")
    if ended[0] is not None:
        raise ended[0]


async def dispatch_async(sender: Sender | AsyncSender, message: OutgoingMessage, timeout: timedelta) -> None:
    """With an event loop: an async sender is awaited, a plain one runs in a thread of its own.

    Not in the loop's own pool: a few senders that hang would fill it, and hold up everybody else's work.
    """
    import asyncio

    if inspect.iscoroutinefunction(sender.send):
        await asyncio.wait_for(sender.send(message), timeout.total_seconds())
        return
    loop = asyncio.get_running_loop()
    ended: asyncio.Future[BaseException | None] = loop.create_future()

    def tell(error: BaseException | None) -> None:
        if not ended.done():  # else it came back after its time
            ended.set_result(error)

    def run() -> None:
        error: BaseException | None = None
        try:
            sender.send(message)
        except BaseException as raised:
            error = raised
        # A loop that was closed meanwhile has nobody left to tell.
        with contextlib.suppress(RuntimeError):
            loop.call_soon_threadsafe(tell, error)

    threading.Thread(target=run, name=f"send-{message.id}", daemon=True).start()
    error = await asyncio.wait_for(ended, timeout.total_seconds())
    if error is not None:
        raise error
