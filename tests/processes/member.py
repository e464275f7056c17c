"""The processes of a crew: each says when it is ready, waits for the common moment, acts, answers.

Importing everything takes a second of computing, so it is done once: this program listens, and forks a process of its
own for each member, before anything has been opened.
"""

from __future__ import annotations

import json
import os
import selectors
import signal
import socket
import sys
import time
from typing import IO, Any

from clientportal import ClientPortalError, Refused
from processes import acts
from processes.here import Here

_CLOSE = 0.002


def main(address: str) -> None:
    """Fork a member for everyone who calls, until nobody holds the other end of standard input any more."""
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    with socket.socket(socket.AF_UNIX) as listening, selectors.DefaultSelector() as waiting:
        listening.bind(address)
        listening.listen()
        waiting.register(listening, selectors.EVENT_READ)
        waiting.register(sys.stdin, selectors.EVENT_READ)
        print("listening", flush=True)
        while all(key.fileobj is listening for key, _ in waiting.select()):
            called, _ = listening.accept()
            if os.fork() == 0:
                listening.close()
                with called, called.makefile("rw", encoding="utf-8") as line:
                    _serve(line)
                os._exit(0)
            called.close()


def _serve(line: IO[str]) -> None:
    opened: dict[str, Here] = {}
    while asked := line.readline():
        job = json.loads(asked)
        known = json.dumps({name: told for name, told in job["ground"].items() if name != "now"}, sort_keys=True)
        if known not in opened:
            opened[known] = Here(job["ground"])
        here = opened[known]
        here.clock.set(job["ground"]["now"])
        here.connect()
        _say(line, {"ready": True})
        _wait(json.loads(line.readline())["at"])
        _say(line, _answer(here, job))
    for here in opened.values():
        here.store.close()


def _wait(moment: float) -> None:
    # Sleeping wakes up late by a random fraction of a millisecond; the last bit is waited for awake.
    time.sleep(max(0.0, moment - time.time() - _CLOSE))
    while time.time() < moment:
        continue


def _answer(here: Here, job: dict[str, Any]) -> dict[str, Any]:
    try:
        return {"got": getattr(acts, job["act"])(here, **job["arguments"])}
    except Refused as refused:
        return {"refused": refused.reason.value, "text": refused.staff_text}
    except (ClientPortalError, ValueError, LookupError) as error:
        return {"failed": type(error).__name__, "text": str(error)}


def _say(out: IO[str], said: dict[str, Any]) -> None:
    out.write(json.dumps(said) + "\n")
    out.flush()


if __name__ == "__main__":
    main(sys.argv[1])
