"""The programs of the page about the pump, as they stand there: from cron twice at once, and in a Celery worker."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from clientportal import Business, Channel, ClientRecord, KeyRing, Portal, RecordRef, presets
from clientportal.ports import step
from clientportal.records import MessageState, OutboxMessage
from clientportal.stores.sql import SqlHost, SqlStore
from docs.pages import ROOT, blocks, is_file, write_file
from valkey_server import ValkeyServer

PAGE = ROOT / "docs" / "howto" / "pump.md"
pytestmark = pytest.mark.slow


class Salon:
    """A folder with the page's files, a database, and clients who ask for codes."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        for block in blocks(PAGE):
            if is_file(block):
                write_file(block, folder)
        self.key = KeyRing.generate_secret()
        (folder / "portal.key").write_text(self.key)
        self.store = SqlStore.open(f"sqlite:///{folder / 'salon.db'}")
        self.store.upgrade()
        with self.store.engine.begin() as connection:
            salon = SqlHost(connection, "salon")
            step(salon.add_business(Business("salon", "Kōwhai Hair", "Pacific/Auckland")))
            step(salon.add_clients([self._client(place) for place in range(6)]))
        self.portal = self.at(timedelta(0))
        self.portal.walk_contacts("salon")
        self.processes: list[subprocess.Popen[bytes]] = []

    def _client(self, place: int) -> ClientRecord:
        return ClientRecord(
            RecordRef.client(str(place)), datetime(2026, 1, 5, tzinfo=UTC), "Ana", mobile=f"021 {200 + place} 4567"
        )

    def at(self, ahead: timedelta) -> Portal:
        """The portal as it is seen a while from now; it sends nothing."""
        return Portal(
            store=self.store,
            host=SqlHost,
            policy=presets.timely(region="NZ"),
            senders={Channel.SMS: _Nobody()},
            keys=KeyRing.from_secrets({"2026-11": self.key}),
            clock=lambda: datetime.now(UTC) + ahead,
        )

    def kill(self, started: subprocess.Popen[bytes]) -> None:
        """Pull its plug, and that of the beat that a worker has with it."""
        with suppress(ProcessLookupError):
            os.killpg(started.pid, signal.SIGKILL)
        started.wait()

    def ask(self, *places: int) -> None:
        """These clients ask for a code."""
        for place in places:
            self.portal.visitor("salon").request_code(f"021 {200 + place} 4567")

    def run(self, *command: str, **settings: str) -> subprocess.Popen[bytes]:
        """Start a program of the page."""
        environment = {**os.environ, **settings}
        with (self.folder / "log.txt").open("ab") as log:
            started = subprocess.Popen(
                command, cwd=self.folder, env=environment, stdout=log, stderr=log, start_new_session=True
            )
        self.processes.append(started)
        return started

    @property
    def sent(self) -> list[str]:
        """To whom the provider was told to send."""
        told = self.folder / "sent.txt"
        return [line.split()[1] for line in told.read_text().splitlines()] if told.exists() else []

    def outbox(self) -> list[OutboxMessage]:
        """What is on its way."""

        async def read() -> Any:
            async with self.store.begin("salon", SqlHost, writes=False) as unit:
                return (await unit.state.page(OutboxMessage, "due", [MessageState.QUEUED.value])).items

        return list(step(read()))

    def wait_until(self, true: Callable[[], bool]) -> None:
        """Until something has happened; the programs are real, and so is their time."""
        until = time.monotonic() + 60
        while not true():
            assert time.monotonic() < until, (self.folder / "log.txt").read_text()
            time.sleep(0.05)


class _Nobody:
    def send(self, _message: Any) -> None:
        """Take it, and tell nobody."""


@pytest.fixture
def salon(tmp_path: Path) -> Iterator[Salon]:
    """What the page's programs run in; whatever is still running afterwards is ended."""
    made = Salon(tmp_path)
    yield made
    for one in made.processes:
        made.kill(one)
    made.store.engine.dispose()


def numbers(*places: int) -> list[str]:
    """As the provider is told them."""
    return [f"+6421{200 + place}4567" for place in places]


def test_two_runs_from_cron_at_once_send_each_message_once(salon: Salon) -> None:
    """A run that is not done when the next begins: six messages, six calls of the provider, and both runs end well."""
    salon.ask(*range(6))
    runs = [salon.run(sys.executable, "pump.py") for _ in range(2)]
    assert [one.wait(60) for one in runs] == [0, 0]
    assert sorted(salon.sent) == numbers(*range(6))
    assert salon.outbox() == []


def test_a_celery_worker_that_is_killed_leaves_nothing_behind(salon: Salon) -> None:
    """Beat's task takes what is due, and the worker is killed while it sends: due again when the lease ends, and not
    earlier. Another sends the others meanwhile, and ends in order when it is asked to.
    """
    hangs = "from salon_portal import Gateway; import time\n"
    hangs += "Gateway.send = lambda self, message: (open('taken.txt', 'a').write(message.id), time.sleep(600))\n"
    command = (sys.executable, "-m", "celery", "--app", "tasks", "worker", "--beat", "--pool", "solo", "-l", "WARNING")
    tasks = salon.folder / "tasks.py"
    as_it_stands = tasks.read_text()
    with ValkeyServer() as server:
        settings = {"BROKER": f"redis://127.0.0.1:{server.port}/0", "PUMP_EVERY": "1", "PYTHONWARNINGS": "ignore"}
        tasks.write_text(hangs + as_it_stands)
        salon.ask(1)
        killed = salon.run(*command, **settings)
        salon.wait_until((salon.folder / "taken.txt").exists)
        salon.kill(killed)
        (left,) = salon.outbox()
        assert (left.tries, left.state) == (1, MessageState.QUEUED)
        assert salon.portal.deliver("salon").sent == 0

        tasks.write_text(as_it_stands)
        salon.ask(2)
        other = salon.run(*command, **settings)
        salon.wait_until(lambda: salon.sent == numbers(2))
        other.send_signal(signal.SIGTERM)
        assert other.wait(60) == 0
        assert [one.id for one in salon.outbox()] == [left.id]
        assert salon.at(timedelta(seconds=40)).deliver("salon").sent == 1
        assert salon.outbox() == []
