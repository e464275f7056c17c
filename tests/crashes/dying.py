"""Processes that end by SIGKILL at one exact instant: a pump between sending and marking, a host between its answer and
our commit.

    PYTHONPATH=tests python -m crashes.dying

Ends with 0 where everything is as it is promised.
"""

from __future__ import annotations

import os
import signal
import sys
import tempfile
from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

from clientportal import OutgoingMessage, SendFailed
from clientportal.errors import ClientPortalError
from clientportal.records import Intent, Snapshot
from clientportal.stores.sql import SqlHost, SqlStore
from crashes.elsewhere import Elsewhere, elsewhere
from crashes.salon import Salon
from crashes.worker import fork
from steps.dumps import contents

__all__ = ["main"]


def _die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


class _Dying:
    """Hands a message over, and its process ends before anybody hears of it."""

    def __init__(self, inner: Any, to: str) -> None:
        self._inner, self._to = inner, to

    def send(self, message: OutgoingMessage) -> None:
        """Send it, and die of that one."""
        self._inner.send(message)
        if message.to == self._to:
            _die()


class _Refusing:
    """Takes no message at all."""

    def send(self, message: OutgoingMessage) -> None:
        """Say no, for the moment."""
        raise SendFailed("the provider is away")


def _deliver(salon: Salon, sender: Any, *, later: timedelta) -> bool:
    """One run of the pump in a process of its own; whether that died."""
    salon.sender = sender
    salon.let_go()
    salon.at(0, later)

    def work(tell: Callable[[dict[str, Any]], None]) -> None:
        tell({"begun": 0})
        salon.portal().deliver(salon.world.tenant)

    return fork(work, kill_after=60.0).killed


def _ask_both(salon: Salon) -> None:
    salon.back()
    for number in ("021 123 4567", "021 765 4321"):
        salon.world.visitor().request_code(number)


def pump(salon: Salon) -> None:
    """It dies of one message: that one goes again, as the same, and the other is not held up; after five deaths it is
    abandoned, where staff see it."""
    _ask_both(salon)
    ana, ben = "+64211234567", "+64217654321"
    before = Counter(mail.to for mail in salon.mailbox.messages)
    lease = timedelta(seconds=13)
    deaths = sum(_deliver(salon, _Dying(salon.mailbox, ana), later=lease * run) for run in range(7))
    sent = salon.mailbox.messages
    new = [mail for mail in sent if mail.to == ana][before[ana] :]
    assert deaths == 5, f"the pump died {deaths} times"
    assert len(new) == 5
    assert len({(mail.id, mail.text) for mail in new}) == 1
    assert sum(mail.to == ben for mail in sent) == before[ben] + 1, "the other message was held up, or went twice"
    lines = salon.world.staff().outbox("abandoned")
    assert len(lines) == 1, lines
    assert "no pump came back" in lines[0].note


def expired(salon: Salon) -> None:
    """A provider that is away for longer than a code lives: the code is not sent when it is back."""
    _ask_both(salon)
    before = len(salon.mailbox.messages)
    assert not _deliver(salon, _Refusing(), later=timedelta())
    assert not _deliver(salon, salon.mailbox, later=timedelta(minutes=11))
    assert len(salon.mailbox.messages) == before, "a code left that no longer opens anything"


class _DyingHost:
    """A platform elsewhere that has committed, and whose answer nobody hears: the process ends right there."""

    shares_transaction = False

    def __init__(self, host: Elsewhere) -> None:
        self._host = host
        self.capabilities, self.home = host.capabilities, host.home

    def open(self, connection: Any, tenant: str) -> Any:
        """For one unit."""
        opened = self._host.open(connection, tenant)

        class Opened:
            def __getattr__(self, name: str) -> Any:
                if name not in ("move", "cancel", "book", "create_client"):
                    return getattr(opened, name)

                def call(*args: Any) -> Any:
                    getattr(opened, name)(*args)
                    _die()

                return call

        return Opened()


def host(salon: Salon) -> None:
    """The pump finishes the move, and a retry under its key is told the same: at the platform it is moved once."""
    platform = salon.world.host
    for who_comes in ("the pump", "the client"):
        salon.back()
        salon.let_go()

        def move(tell: Callable[[dict[str, Any]], None]) -> None:
            tell({"begun": 0})
            salon.world.host = _DyingHost(platform)
            salon.portal().client(salon["ana"]).move("a1", salon["slots"][0], key="k")

        assert fork(move, kill_after=60.0).killed
        assert len(salon.world.all_stored(Intent, "state", "open")) == 1
        if who_comes == "the pump":
            salon.at(0, timedelta(seconds=61))
            salon.world.make_portal().deliver(salon.world.tenant)
        moved = salon.portal().client(salon["ana"]).move("a1", salon["slots"][0], key="k")
        there = salon.world.ask("appointment", "a1")
        assert (there.moves, moved.appointment.start) == (1, there.start), f"{who_comes}: moved {there.moves} times"
        assert salon.world.all_stored(Intent, "state", "open") == []
        assert len(contents(salon.world).of(Snapshot)) == 1


def unkeyed(salon: Salon) -> str:
    """The fault that this finds: a platform that does not look at its keys is asked to move the appointment twice."""
    try:
        host(salon)
    except (AssertionError, ClientPortalError) as error:
        return f"{type(error).__name__}: {error}"
    raise AssertionError("a platform that does not look at its keys was not found")


def main() -> int:
    """All of them, on files."""
    with tempfile.TemporaryDirectory(prefix="clientportal-dying-") as name:
        folder = Path(name)
        store = SqlStore.open(f"sqlite:///{folder / 'portal.db'}")
        store.upgrade()
        here = Salon("by code", store, SqlHost, folder)
        for what in (pump, expired):
            what(here)
            print(f"{what.__name__}: as promised")
        there = elsewhere("sqlite", "", folder)
        away = folder / "away"
        away.mkdir()
        host(Salon("by code", store, there, away))
        print("host: as promised")
        careless = Salon("by code", store, Elsewhere(there.home, keyed=False), away)
        print(f"a host that does not look at its keys: found, {unkeyed(careless)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
