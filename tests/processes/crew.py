"""Real processes that do something at the same moment: what a platform runs, where tests usually have threads.

A :class:`Crew` is a number of Python processes (``member.py``), each with its own engine, store and portal, over one
real database. They are told what to do (an act of ``acts.py``), get ready, wait for one moment, and answer in JSON. A
test process keeps its crew from one test to the next.
"""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import IO, Any

from attrs import evolve, field, frozen
from sqlalchemy import Engine

from clientportal import KeyRing
from clientportal.policy import policy_to_toml
from world import World, make_world

__all__ = ["Answer", "Crew", "Ground", "Member", "make_ground"]

TESTS = Path(__file__).parents[1]
SOON = 0.03
"""Seconds from the last "ready" to the common moment."""


@frozen
class Answer:
    """What an act came to: it ``got`` something, was ``refused`` for a reason, or ``failed`` with an error's name."""

    got: Any = None
    refused: str = ""
    failed: str = ""
    text: str = ""

    @property
    def done(self) -> bool:
        """Whether it was granted."""
        return not self.refused and not self.failed


@frozen
class Ground:
    """One business on one real database: what this process sees of it, and what the members are told of it."""

    world: World
    secret: str
    mailbox: Path
    url: str
    more: Mapping[str, Any] = field(factory=dict)

    def with_engine(self, **settings: Any) -> Ground:
        """The same for members whose engines are the host's own, made with these settings."""
        return evolve(self, more={**self.more, "engine": settings})

    def told(self) -> dict[str, Any]:
        """All that a member needs to open a portal of its own."""
        return {
            "url": self.url,
            "tenant": self.world.tenant,
            "secret": self.secret,
            "policy": policy_to_toml(self.world.policy),
            "now": self.world.clock().isoformat(),
            "mailbox": str(self.mailbox),
            **self.more,
        }

    def sent(self) -> list[dict[str, str]]:
        """Every message that any of the members' senders has taken, in the order in which they left."""
        if not self.mailbox.exists():
            return []
        return [json.loads(line) for line in self.mailbox.read_text(encoding="utf-8").splitlines()]


def make_ground(database: str, folder: Path, *, own: bool = False) -> Ground:
    """A business on ``postgres`` or in an ``sqlite`` file; ``own``: in a database that nobody else has."""
    world = make_world(f"{database}-plain", folder if own else None, own=own)
    secret = KeyRing.generate_secret()
    world.keys = KeyRing.from_secrets({"k1": secret})
    world.portal = world.make_portal()
    engine: Engine = world.store.engine  # type: ignore[attr-defined]
    url = engine.url.render_as_string(hide_password=False)
    return Ground(world, secret, folder / "mailbox.jsonl", url)


class Member:
    """One process, at the other end of a socket."""

    def __init__(self, address: str) -> None:
        self._socket = socket.socket(socket.AF_UNIX)
        self._socket.connect(address)
        self._line: IO[str] = self._socket.makefile("rw", encoding="utf-8")

    def say(self, **said: Any) -> None:
        """One line to it."""
        self._line.write(json.dumps(said) + "\n")
        self._line.flush()

    def hear(self) -> dict[str, Any]:
        """One line from it."""
        line = self._line.readline()
        if not line:
            raise RuntimeError("a member of the crew has ended; standard error says why")
        heard: dict[str, Any] = json.loads(line)
        return heard

    def get_ready(self, ground: Ground, act: str, arguments: Mapping[str, Any]) -> None:
        """Tell it what to do; it waits for :meth:`go`."""
        self.say(ground=ground.told(), act=act, arguments=dict(arguments))

    def go(self, moment: float) -> None:
        """Begin at that moment."""
        self.say(at=moment)

    def answer(self) -> Answer:
        """What it came to."""
        return Answer(**self.hear())

    def do(self, ground: Ground, act: str, **arguments: Any) -> Answer:
        """One act, now, by this one alone."""
        self.get_ready(ground, act, arguments)
        self.hear()
        self.go(0)
        return self.answer()

    def close(self) -> None:
        """It ends when nobody is at this end any more."""
        self._line.close()
        self._socket.close()


Job = tuple[str, Mapping[str, Any]]


class Crew:
    """As many members as somebody needs; they stay until :meth:`close`. ``library``: the folder of another release."""

    def __init__(self, library: Path | None = None) -> None:
        self._members: list[Member] = []
        self._folder = tempfile.TemporaryDirectory(prefix="clientportal-crew-")
        paths = [*([str(library)] if library else []), str(TESTS), *filter(None, [os.environ.get("PYTHONPATH")])]
        self._forking = subprocess.Popen(
            [sys.executable, "-W", "error", "-m", "processes.member", self._address],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(paths)},
            text=True,
        )
        assert self._forking.stdout is not None
        if self._forking.stdout.readline() != "listening\n":
            raise RuntimeError("the crew could not be started; standard error says why")

    @property
    def _address(self) -> str:
        return f"{self._folder.name}/socket"

    def join(self) -> Member:
        """One more process, which is nobody else's; whoever asks for it closes it."""
        return Member(self._address)

    def members(self, count: int) -> Sequence[Member]:
        """That many, started where they are not there yet."""
        while len(self._members) < count:
            self._members.append(self.join())
        return self._members[:count]

    def at_once(self, ground: Ground, jobs: Iterable[Job]) -> list[Answer]:
        """Every job by a process of its own, all from the same moment on; the answers in the order of the jobs."""
        return self.meanwhile(ground, jobs, lambda: None)

    def meanwhile(self, ground: Ground, jobs: Iterable[Job], work: Callable[[], Any]) -> list[Answer]:
        """The same; and in the meantime this process does something itself."""
        asked = list(jobs)
        members = self.members(len(asked))
        for member, (act, arguments) in zip(members, asked, strict=True):
            member.get_ready(ground, act, arguments)
        for member in members:
            assert member.hear() == {"ready": True}
        moment = time.time() + SOON
        for member in members:
            member.go(moment)
        try:
            work()
        finally:
            answers = [member.answer() for member in members]
        return answers

    def close(self) -> None:
        """End all of them."""
        for member in self._members:
            member.close()
        self._members.clear()
        self._forking.communicate(timeout=20)
        self._folder.cleanup()
