"""The ``clientportal`` command, as somebody types it: what it prints, and what it exits with."""

from __future__ import annotations

import importlib
import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from clientportal import ClientPortalError, KeyRing
from clientportal.cli.start import run
from clientportal.outcomes import AuditHead
from servers import fresh_database

COMMAND = Path(sys.executable).with_name("clientportal")

SHOP = '''
"""A salon, as a platform would set its portal up: {colour}."""
import os
from datetime import UTC, datetime

from clientportal import AsyncPortal, Business, Channel, ClientRecord, KeyRing, Portal, RecordRef, presets
from clientportal.ports import step
from clientportal.stores.sql import SqlHost, SqlStore


class Phone:
    """Takes what is sent, or does not."""

    def send(self, message):
        if os.path.exists("provider_down"):
            raise OSError("the provider is down")
        with open("sent.txt", "a", encoding="utf-8") as file:
            file.write(message.text + "\\n")


class AsyncPhone(Phone):
    """The same, awaited."""

    async def send(self, message):
        Phone.send(self, message)


KEYS = KeyRing.from_secrets({{"2026-11": {secret!r}}})


def portal():
    return Portal(
        store=SqlStore.open(os.environ["DATABASE"]),
        host=SqlHost,
        policy=presets.timely(region="NZ"),
        senders={{Channel.SMS: Phone()}},
        keys=KEYS,
    )


def awaited():
    return AsyncPortal(
        store=SqlStore.open_async(os.environ["DATABASE"]),
        host=SqlHost,
        policy=presets.timely(region="NZ"),
        senders={{Channel.SMS: AsyncPhone()}},
        keys=KEYS,
    )


def fill():
    ours = portal()
    with ours._setup.store.engine.begin() as connection:
        salon = SqlHost(connection, "salon")
        step(salon.add_business(Business("salon", "Kōwhai Hair", "Pacific/Auckland")))
        clients = [
            ClientRecord(RecordRef.client(str(number)), datetime.now(UTC), name, mobile=mobile)
            for number, name, mobile in (
                (1, "Aroha", "021 555 0142"),
                (2, "Aroha", "+64 21 555 0142"),
                (3, "Hemi", "021 555 0177"),
            )
        ]
        step(salon.add_clients(clients))
    ours._setup.store.close()


not_a_portal = 7
'''


class Shop:
    """A folder with a salon in it, and the command in it."""

    def __init__(self, folder: Path, database: str, capsys: pytest.CaptureFixture[str]) -> None:
        self.folder = folder
        self.database = database
        self._capsys = capsys
        self.out = self.err = ""

    def __call__(self, *words: str) -> int:
        """Run it in this process; what it has printed is kept."""
        self._capsys.readouterr()
        ended = run(words)
        self.out, self.err = self._capsys.readouterr()
        return ended

    def told(self, *words: str) -> list[dict[str, Any]]:
        """The same as JSON, which it must be."""
        self(*words, "--json")
        return [json.loads(line) for line in self.out.splitlines()]

    def do(self, code: str) -> None:
        """What the platform itself does with its portal."""
        import shop  # type: ignore[import-not-found]

        ours = shop.portal()
        try:
            exec(code, {"ours": ours, "store": ours._setup.store})
        finally:
            ours._setup.store.close()


def opened(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], database: str, colour: str
) -> Shop:
    """A salon with its tables and three clients, two of whom have one number."""
    (tmp_path / "shop.py").write_text(SHOP.format(secret=KeyRing.generate_secret(), colour=colour), encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DATABASE", database)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    monkeypatch.setenv("CLIENTPORTAL_PORTAL", f"shop:{colour}")
    monkeypatch.setenv("CLIENTPORTAL_BUSINESS", "salon")
    monkeypatch.delitem(sys.modules, "shop", raising=False)
    monkeypatch.syspath_prepend(tmp_path)
    shop = Shop(tmp_path, database, capsys)
    assert shop("schema", "upgrade") == 0
    import shop as module

    module.fill()
    return shop


@pytest.fixture(params=["portal", "awaited"])
def shop(
    request: pytest.FixtureRequest,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Shop:
    """On SQLite, behind the portal of each colour."""
    return opened(tmp_path, monkeypatch, capsys, f"sqlite:///{tmp_path / 'portal.db'}", request.param)


@pytest.fixture
def plain_shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Shop:
    """Behind the plain one alone, for what the colour cannot change."""
    return opened(tmp_path, monkeypatch, capsys, f"sqlite:///{tmp_path / 'portal.db'}", "portal")


def a_night(shop: Shop) -> None:
    """Everything that is run, in the order in which a platform does it."""
    assert shop("schema", "check") == 0
    assert shop("health") == 1, "nobody has walked yet"
    assert "walk_contacts has not run" in shop.out
    assert shop("reindex") == 0
    assert shop.out == "salon: 3 records, 3 contacts, 1 of them on several records, 0 unreadable\n"
    assert shop("health") == 0
    shop.do("ours.visitor('salon').request_code('021 555 0177')")
    assert shop.told("deliver") == [
        {"business": "salon", "sent": 1, "dropped": 0, "put_off": 0, "abandoned": 0, "finished": 0}
    ]
    assert shop("deliver") == 0
    assert shop.out == "salon: nothing\n"
    assert shop("duplicates", "report") == 0
    assert "client:1 (Aroha), client:2 (Aroha)" in shop.out
    assert shop("duplicates", "scan") == 0
    assert "1 groups" in shop.err
    assert shop("audit", "seal") == 0
    assert re.fullmatch(r"salon: \d+ entries sealed\n", shop.out)
    assert shop("audit", "export-head") == 0
    Path("anchors.jsonl").write_text(shop.out, encoding="utf-8")
    assert AuditHead.from_json(shop.out).business == "salon"
    assert shop("audit", "verify", "--anchor", "anchors.jsonl") == 0
    assert "the anchor holds" in shop.out
    assert shop("audit", "show", "--limit", "5") == 0
    assert "scan_duplicates" in shop.out
    assert shop("purge", "--audit-days", "30") == 0
    assert shop.out == "salon: nothing forgotten\n"
    assert shop("keys", "report") == 0
    assert "2026-11 (signs): " in shop.out


def test_a_night_of_a_platform(shop: Shop) -> None:
    """Schema, health, index, pump, duplicates, audit, purge, keys: each says what it did."""
    a_night(shop)


def test_the_same_on_postgresql(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The commands do not know on what they run."""
    a_night(opened(tmp_path, monkeypatch, capsys, fresh_database(), "portal"))


def test_an_audit_that_somebody_has_touched(plain_shop: Shop) -> None:
    """Exits with 1, and says what and where; to a program as well."""
    plain_shop("duplicates", "report")
    plain_shop("audit", "seal")
    plain_shop.do(
        "from sqlalchemy import text\n"
        "with store.engine.begin() as connection:\n"
        "    connection.execute(text(\"UPDATE cp_audit SET body = replace(body, 'command:', 'staff:')\"))"
    )
    assert plain_shop("audit", "verify") == 1
    assert "NOT as it was sealed: changed in seal 1" in plain_shop.out
    (told,) = plain_shop.told("audit", "verify")
    assert (told["intact"], told["broken"]["kind"]) == (False, "changed")
    plain_shop.do(
        "from sqlalchemy import text\n"
        "with store.engine.begin() as connection:\n"
        '    connection.execute(text("DELETE FROM cp_audit_chains"))'
    )
    assert plain_shop("audit", "seal") == 1
    assert "does not hold" in plain_shop.out
    assert plain_shop("audit", "seal", "--accept") == 0


def test_an_end_before_anything_is_sealed(plain_shop: Shop) -> None:
    """There is none to keep; and a file of anchors must have one of the business."""
    assert plain_shop("audit", "export-head") == 1
    assert plain_shop.out == ""
    Path("empty.jsonl").write_text("\n", encoding="utf-8")
    assert plain_shop("audit", "verify", "--anchor", "empty.jsonl") == 3
    assert "no line of salon" in plain_shop.err


MISTAKES: dict[str, tuple[tuple[str, ...], int, str]] = {
    "no business": (("deliver",), 3, "which business?"),
    "no portal": (("deliver", "-b", "salon"), 3, "which portal?"),
    "no such module": (("deliver", "-b", "salon", "-p", "nowhere:portal"), 3, "no module 'nowhere'"),
    "no such name": (("deliver", "-b", "salon", "-p", "shop:nothing"), 3, "has no nothing"),
    "no portal at all": (("deliver", "-b", "salon", "-p", "shop:not_a_portal"), 3, "is a int"),
    "no path": (("deliver", "-b", "salon", "-p", "shop"), 3, "package.module:name"),
    "no such command": (("delve",), 2, "No such command"),
    "no such limit": (("deliver", "--limit", "0"), 2, "range"),
    "no database": (("schema", "check", "--url", "no address"), 3, "sqlite:///portal.db"),
    "another database": (("schema", "check", "--url", "mysql://x"), 3, "SQLite and PostgreSQL"),
    "no such preset": (("policy", "show", "shiny"), 3, "no preset"),
    "no such setting": (("policy", "explain", "login.cod_life"), 3, "did you mean login.code_life?"),
    "a bad id": (("keys", "new", "--id", "two words"), 3, "key id"),
}


@pytest.mark.parametrize(("words", "code", "said"), MISTAKES.values(), ids=MISTAKES)
def test_a_mistake_is_one_sentence(
    plain_shop: Shop, monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...], code: int, said: str
) -> None:
    """No traceback, a code that a script can tell apart, and what would be right."""
    monkeypatch.delenv("CLIENTPORTAL_PORTAL")
    monkeypatch.delenv("CLIENTPORTAL_BUSINESS")
    assert plain_shop(*words) == code
    assert said in plain_shop.err
    assert "Traceback" not in plain_shop.err


@pytest.mark.parametrize("command", ["reindex", "deliver", "purge"])
def test_a_business_that_fails_keeps_no_other_from_its_turn(plain_shop: Shop, command: str) -> None:
    """Of two businesses the first has no name: that is said, the salon has its turn, and the exit code tells."""
    assert plain_shop(command, "-b", "", "-b", "salon") == 3
    assert plain_shop.err.startswith(": a business is named by text")
    assert plain_shop.out.startswith("salon: ")


def test_a_traceback_for_whoever_asks(plain_shop: Shop) -> None:
    """--debug raises what went wrong."""
    with pytest.raises(ClientPortalError, match="no module 'nowhere'"):
        plain_shop("--debug", "deliver", "-p", "nowhere:portal")


@pytest.mark.parametrize(
    ("module", "said"),
    [
        ("import no_such_thing_at_all", "ModuleNotFoundError in {file}, line 1"),
        ("secret = 'kept'\nportal = {}[secret]", "KeyError in {file}, line 2"),
        ("import json\njson.loads('kept')", "JSONDecodeError in {file}, line 2"),
        ("def portal():\n    raise ValueError('kept')", "ValueError in {file}, line 2"),
    ],
)
def test_a_module_that_breaks_is_not_taken_for_a_missing_one(plain_shop: Shop, module: str, said: str) -> None:
    """Where in it something failed, and with what; its text is not shown, for it may hold a secret."""
    file = Path("broken.py").resolve()
    file.write_text(module, encoding="utf-8")
    sys.modules.pop("broken", None)
    importlib.invalidate_caches()
    assert plain_shop("deliver", "-p", "broken:portal") == 4
    assert said.format(file=file) in plain_shop.err
    assert "(more with --debug)" in plain_shop.err
    assert "kept" not in plain_shop.err


def test_a_database_is_never_named_with_its_password(plain_shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither where it works nor where it does not."""
    monkeypatch.setenv("CLIENTPORTAL_DATABASE", "postgresql://portal:s3cret@localhost:1/none")
    assert plain_shop("schema", "check") == 4
    assert "s3cret" not in plain_shop.out + plain_shop.err
    monkeypatch.setenv("CLIENTPORTAL_DATABASE", "sqlite:///other.db?password=s3cret")
    assert plain_shop("schema", "upgrade") in (0, 4)
    assert "s3cret" not in plain_shop.err


def test_tables_that_are_not_there(plain_shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    """Checked, made, made again, checked."""
    monkeypatch.setenv("CLIENTPORTAL_DATABASE", "sqlite:///other.db")
    assert plain_shop("schema", "check") == 4
    assert plain_shop("schema", "upgrade") == 0
    assert plain_shop("schema", "upgrade") == 0
    (told,) = plain_shop.told("schema", "check")
    assert told == {"database": "sqlite:///other.db", "up_to_date": True}


def test_policies_are_shown_checked_explained_and_compared(plain_shop: Shop) -> None:
    """From presets, files and the portal's own businesses."""
    assert plain_shop("policy", "show", "timely") == 0
    assert 'delivery = "sms"' in plain_shop.out
    assert plain_shop("policy", "show", "shop:portal@salon", "--from", "timely") == 0
    assert plain_shop.out == 'preset = "timely"\nregion = "NZ"\n'
    Path("good.toml").write_text('preset = "timely"\n[changes.cancel]\namount = 48\n', encoding="utf-8")
    Path("bad.toml").write_text("[changes.cancel]\namount = -1\n", encoding="utf-8")
    assert plain_shop("policy", "check", "good.toml") == 0
    assert plain_shop("policy", "check", "good.toml", "bad.toml") == 1
    assert "changes.cancel.amount" in plain_shop.out
    assert plain_shop("policy", "diff", "timely", "good.toml") == 1
    assert plain_shop.out == "changes.cancel.amount: 24 → 48\n"
    assert plain_shop("policy", "diff", "timely", "timely") == 0
    assert plain_shop("policy", "explain", "login.code_life", "good.toml") == 0
    assert "login.code_life = 10 minutes" in plain_shop.out
    (told,) = plain_shop.told("policy", "explain", "changes.cancel")
    assert told["values"]["vcita"]["changes.cancel.edge"] == "allowed"
    (shown,) = plain_shop.told("policy", "show", "vcita")
    assert shown["login"]["several"] == "choose"


def test_a_new_key_is_one(plain_shop: Shop) -> None:
    """What is printed goes into a ring."""
    (told,) = plain_shop.told("keys", "new", "--id", "2026-12")
    assert KeyRing.from_secrets({told["id"]: told["secret"]}).signing_id == "2026-12"
    assert plain_shop("keys", "new") == 0
    assert "secret" in plain_shop.err


def test_a_provider_that_is_down_is_told_and_the_message_waits(plain_shop: Shop) -> None:
    """It is put off, and that is no failure of the command."""
    plain_shop("reindex")
    plain_shop.do("ours.visitor('salon').request_code('021 555 0177')")
    Path("provider_down").touch()
    assert plain_shop("deliver") == 0
    assert plain_shop.out == "salon: put_off 1\n"


@pytest.fixture
def started(plain_shop: Shop) -> Callable[..., subprocess.Popen[str]]:
    """The installed command, in a process of its own."""

    def start(*words: str) -> subprocess.Popen[str]:
        environment = {**os.environ, "PYTHONUNBUFFERED": "1"}
        return subprocess.Popen(
            [COMMAND, *words], cwd=plain_shop.folder, env=environment, text=True,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        )  # fmt: skip

    return start


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_the_pump_as_a_service_stops_when_it_is_asked_to(
    plain_shop: Shop, started: Callable[..., subprocess.Popen[str]], number: signal.Signals
) -> None:
    """It sends what comes, and ends cleanly: after the message in hand, with nothing on its way out lost."""
    plain_shop("reindex")
    process = started("deliver", "--loop", "--every", "0.1")
    plain_shop.do("ours.visitor('salon').request_code('021 555 0177')")
    until = time.monotonic() + 60
    while not (plain_shop.folder / "sent.txt").exists() and time.monotonic() < until:
        time.sleep(0.05)
    process.send_signal(number)
    out, err = process.communicate(timeout=60)
    assert (process.returncode, out, err) == (0, "salon: sent 1\n", "stopped\n")


@pytest.mark.slow
def test_a_service_outlives_a_database_that_does_not_answer(
    plain_shop: Shop, monkeypatch: pytest.MonkeyPatch, started: Callable[..., subprocess.Popen[str]]
) -> None:
    """It says so, tries again, and stops when it is asked to; once, without --loop, it exits with 4."""
    monkeypatch.setenv("DATABASE", "sqlite:///no_tables.db")
    assert plain_shop("deliver") == 4
    process = started("deliver", "--loop", "--every", "0.1")
    assert process.stderr is not None
    said = [process.stderr.readline() for _ in range(2)]
    process.terminate()
    process.communicate(timeout=60)
    assert process.returncode == 0
    assert len(set(said)) == 1
    assert said[0].startswith("salon: ")
    assert "Traceback" not in said[0]


@pytest.mark.slow
def test_the_installed_command_says_what_it_is(started: Callable[..., subprocess.Popen[str]]) -> None:
    """With its version, and without a portal."""
    process = started("--version")
    out, _ = process.communicate(timeout=60)
    assert (process.returncode, out.split()[0]) == (0, "clientportal")
    help_ = started("-h").communicate(timeout=60)[0]
    assert "Exits with 0: done" in help_
