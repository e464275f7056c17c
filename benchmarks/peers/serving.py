"""The other end of ``asking.py``: a peer in a process of its own, which does what a line on its input tells it to do.

Peers need other versions of the same packages, settings that hold for a whole process, or another language. Each is
told ``{"do": "session check", "times": 10}`` and answers with the mean of its own clock; what the pipe costs is in no
figure.
"""

from __future__ import annotations

import asyncio
import inspect
import json
import sys
import time
from collections.abc import Callable, Coroutine, Mapping
from contextlib import AbstractContextManager
from typing import Any

Operations = Mapping[str, Callable[[], Any]]


def serve(
    name: str,
    operations: Operations,
    counting: Callable[[], AbstractContextManager[list[str]]],
    prepare: Callable[[], Coroutine[Any, Any, None]] | None = None,
) -> None:
    """Answer until the input ends. What a peer prints goes to the standard error."""
    answers, sys.stdout = sys.stdout, sys.stderr
    with asyncio.Runner() as runner:
        if prepare is not None:
            runner.run(prepare())
        print(json.dumps({"name": name, "operations": list(operations)}), file=answers, flush=True)
        for line in sys.stdin:
            asked = json.loads(line)
            operation, times = operations[asked["do"]], asked.get("times", 1)
            if asked.get("count"):
                with counting() as seen:
                    _seconds(runner, operation, 1)
                answer: dict[str, Any] = {"statements": seen}
            else:
                seconds, worked = _seconds(runner, operation, times)
                answer = {"seconds": seconds / times, "worked": worked / times}
            print(json.dumps(answer), file=answers, flush=True)


def _seconds(runner: asyncio.Runner, operation: Callable[[], Any], times: int) -> tuple[float, float]:
    """By the clock, and what the process worked."""

    async def awaited() -> tuple[float, float]:
        began, worked = time.perf_counter(), time.process_time()
        for _ in range(times):
            await operation()
        return time.perf_counter() - began, time.process_time() - worked

    if inspect.iscoroutinefunction(operation):
        return runner.run(awaited())
    began, worked = time.perf_counter(), time.process_time()
    for _ in range(times):
        operation()
    return time.perf_counter() - began, time.process_time() - worked
