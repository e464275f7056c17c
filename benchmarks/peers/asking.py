"""Peers as ``run.py`` sees them: each a process that is told what to do and answers how long it took it."""

from __future__ import annotations

import json
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

__all__ = ["Absent", "Peer", "peers"]

HERE = Path(__file__).parent
INSTALL = {
    "with_allauth.py": "pip install django-allauth 'psycopg[binary]' argon2-cffi",
    "with_fastapi_users.py": "pip install 'fastapi-users[sqlalchemy]' aiosqlite 'psycopg[binary]'",
    "with_better_auth.mjs": "npm install better-auth better-sqlite3 pg",
}
WAYS = (
    ("with_allauth.py", "direct"),
    ("with_allauth.py", "handler"),
    ("with_fastapi_users.py", ""),
    ("with_better_auth.mjs", "call"),
    ("with_better_auth.mjs", "handler"),
)


class Absent(Exception):
    """This peer is not installed, or does not start here."""


class Peer:
    """One peer on one database."""

    def __init__(self, command: Sequence[str]) -> None:
        self._last_words = ""
        # A pipe that nobody reads would fill up. It is closed with the process.
        self._complaints = tempfile.TemporaryFile("w+")  # noqa: SIM115
        self._process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self._complaints, text=True
        )
        told = self._answer()
        self.name: str = told["name"]
        self.operations: list[str] = told["operations"]

    def _answer(self) -> Any:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            self.close()
            raise Absent(self._last_words)
        return json.loads(line)

    def _ask(self, **asked: Any) -> Any:
        assert self._process.stdin is not None
        print(json.dumps(asked), file=self._process.stdin, flush=True)
        return self._answer()

    def seconds(self, operation: str, times: int = 1) -> tuple[float, float]:
        """The mean of so many, by the peer's own clock, and of that what its process worked."""
        answer = self._ask(do=operation, times=times)
        return float(answer["seconds"]), float(answer["worked"])

    def statements(self, operation: str) -> list[str]:
        """What one of them sends to the database; BEGIN and its kin are left out."""
        return list(self._ask(do=operation, count=True)["statements"])

    def close(self) -> None:
        """End its process."""
        self._process.communicate()
        self._complaints.seek(0)
        self._last_words = "\n".join(self._complaints.read().strip().splitlines()[-8:])
        self._complaints.close()


def _command(script: str, python: str, modules: Path | None, folder: Path) -> list[str]:
    if script.endswith(".py"):
        return [python, str(HERE / script)]
    node = shutil.which("node")
    if node is None or modules is None or not modules.is_dir():
        raise Absent("no node, or no folder with node_modules")
    # Node looks for packages beside the script.
    shutil.copy(HERE / script, folder)
    if not (folder / "node_modules").exists():
        (folder / "node_modules").symlink_to(modules.resolve())
    return [node, str(folder / script)]


@contextmanager
def peers(new_database: Callable[[str], str], python: str, node: str, wanted: bool = True) -> Iterator[list[Peer]]:
    """Those that start here, each on an empty database of its own; the others are told of. None, if none is wanted.

    ``python`` is the interpreter that has the Python ones, ``node`` the folder in which npm installed the others.
    """
    with ExitStack() as closing:
        folder = Path(closing.enter_context(tempfile.TemporaryDirectory()))
        started: list[Peer] = []
        for script, way in WAYS if wanted else ():
            try:
                modules = Path(node) / "node_modules" if node else None
                command = _command(script, python, modules, folder)
                url = new_database(f"{Path(script).stem}_{way}".strip("_"))
                peer = Peer([*command, url, *([way] if way else [])])
            except Absent as why:
                print(f"{script} {way}: not installed: {INSTALL[script]}\n  {why}")
                continue
            closing.callback(peer.close)
            started.append(peer)
        yield started
