"""A process of its own that plays a script, tells its parent of each act, and can be killed at any instant."""

from __future__ import annotations

import json
import os
import select
import signal
import time
import traceback
from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Any

from attrs import frozen

from clientportal.errors import ClientPortalError, Refused
from crashes.acts import Act
from crashes.salon import Salon

__all__ = ["Told", "WorkerFailed", "fork", "played"]

Tell = Callable[[dict[str, Any]], None]


_PATIENCE = 300.0
"""Seconds in which a worker that nobody kills comes to its end, however busy the machine is."""


class WorkerFailed(AssertionError):
    """A worker came to an error that no caller should see."""


@frozen
class Told:
    """What a parent heard of its worker: every line, whether it was killed before its end, and how long it lived."""

    lines: Sequence[dict[str, Any]]
    killed: bool
    seconds: float


def played(salon: Salon, acts: Sequence[Act], since: int, tell: Tell, *, later: timedelta = timedelta()) -> None:
    """Play the acts from one place on: say that each begins, do it, and say what came of it."""
    portal = salon.portal()
    for place in range(since, len(acts)):
        act = acts[place]
        salon.at(place, later if place == since else timedelta())
        if any(name not in salon.known for name in act.needs):
            tell({"done": place, "said": "skipped", "learned": {}})
            continue
        tell({"begun": place})
        learned: dict[str, Any] = {}
        if salon.hasty and not act.tells:
            tell({"done": place, "said": "done", "learned": {}})
        try:
            learned = act.run(salon, portal, f"{act.name}-{place}") or {}
            said = "done"
        except Refused as refused:
            said = refused.reason.value
        except ClientPortalError as error:
            said = f"error {type(error).__name__} {error}"
        salon.known.update(learned)
        tell({"done": place, "said": said, "learned": learned})


def fork(work: Callable[[Tell], None], *, kill_after: float | None) -> Told:
    """Do it in a child process; kill that after so many seconds, or never. The pipe says how far it came."""
    read_end, write_end = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(read_end)
        code = 1
        try:
            work(lambda line: _tell(write_end, line))
            code = 0
        except BaseException:
            _tell(write_end, {"failed": traceback.format_exc()})
        finally:
            os._exit(code)
    os.close(write_end)
    said = bytearray()
    began = time.monotonic()
    until = began + _PATIENCE
    while (left := until - time.monotonic()) > 0 and select.select([read_end], [], [], left)[0]:
        piece = os.read(read_end, 65536)
        if not piece:
            break
        if not said and kill_after is not None:
            # It lives so long from the moment at which it begins.
            until = time.monotonic() + kill_after
        said += piece
    os.kill(child, signal.SIGKILL)
    _, status = os.waitpid(child, 0)
    while piece := os.read(read_end, 65536):
        said += piece
    os.close(read_end)
    lines = [json.loads(line) for line in said.decode().splitlines()]
    for line in lines:
        if "failed" in line:
            raise WorkerFailed(line["failed"])
    killed = os.WIFSIGNALED(status)
    if killed and (kill_after is None or not lines):
        raise WorkerFailed(f"a worker did not come to its end in time: {lines[-1:]}")
    return Told(lines, killed, time.monotonic() - began)


def _tell(pipe: int, line: dict[str, Any]) -> None:
    # Less than PIPE_BUF: it arrives whole or not at all.
    os.write(pipe, f"{json.dumps(line)}\n".encode())
