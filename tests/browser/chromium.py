"""A real browser for the tests, and axe, which knows what makes a page hard to use for people who cannot see it well.

Chromium is the one that is installed here; ``CLIENTPORTAL_TEST_CHROMIUM`` names another. Where there is none and this
is Debian under root (a container), it is installed. axe-core comes from npm once, into pytest's cache. Where either
cannot be had these tests are skipped, with the reason; on CI they fail.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import subprocess
import tarfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

import pytest
from playwright.sync_api import Browser, sync_playwright

__all__ = ["axe_source", "open_chromium"]

_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
# Nobody but our own pages is to hear of a run: no updates, no reports, no syncing.
_ARGUMENTS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
_AXE = "axe-core@4"


@contextmanager
def open_chromium(cache_folder: Path) -> Iterator[Browser]:
    """A browser with a fresh profile, closed at the end."""
    executable = _chromium(cache_folder)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=executable, headless=True, args=list(_ARGUMENTS))
        try:
            yield browser
        finally:
            browser.close()


@cache
def axe_source(cache_folder: Path) -> str:
    """The text of axe, fetched once."""
    kept = cache_folder / "axe.min.js"
    with _one_at_a_time(cache_folder):
        if not kept.exists():
            try:
                kept.write_bytes(_packed_axe(cache_folder))
            except (OSError, subprocess.SubprocessError, tarfile.TarError, LookupError) as error:
                _cannot(f"axe-core could not be had from npm: {error}")
    return kept.read_text()


def _packed_axe(folder: Path) -> bytes:
    npm = shutil.which("npm")
    if npm is None:
        raise LookupError("npm is not installed")
    said = _run([npm, "pack", _AXE, "--silent", "--pack-destination", str(folder)], folder, patience=120)
    archive = folder / said.split()[-1]
    with tarfile.open(archive) as packed:
        file = packed.extractfile("package/axe.min.js")
        if file is None:
            raise LookupError(f"{archive.name} holds no axe.min.js")
        text = file.read()
    archive.unlink()
    return text


def _chromium(cache_folder: Path) -> str:
    with _one_at_a_time(cache_folder):
        found = _installed()
        if found is None and _may_install():
            # The packages of the system itself; what it costs is minutes, once in a new container.
            try:
                _run(["apt-get", "update", "-qq"], cache_folder, patience=100)
                _run(["apt-get", "install", "-y", "-qq", "--no-install-recommends", "chromium"], cache_folder, 180)
            except (OSError, subprocess.SubprocessError, LookupError) as error:
                _cannot(f"Chromium is not installed, and could not be: {error}")
            found = _installed()
    if found is None:
        _cannot("no Chromium or Chrome is installed, and only Debian under root is installed to by these tests")
    return found or ""


def _installed() -> str | None:
    given = os.environ.get("CLIENTPORTAL_TEST_CHROMIUM")
    if given:
        return given
    return next((path for name in _NAMES if (path := shutil.which(name))), None)


def _may_install() -> bool:
    system = Path("/etc/os-release")
    return os.geteuid() == 0 and system.exists() and "\nID=debian\n" in f"\n{system.read_text()}\n"


def _cannot(reason: str) -> None:
    if os.environ.get("CI"):
        pytest.fail(reason)
    pytest.skip(reason)


def _run(command: list[str], folder: Path, patience: int) -> str:
    quiet = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    done = subprocess.run(
        command, cwd=folder, env=quiet, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=patience
    )
    if done.returncode:
        raise LookupError(f"{' '.join(command[:2])} ended with {done.returncode}: {done.stderr.strip()[-300:]}")
    return done.stdout


@contextmanager
def _one_at_a_time(folder: Path) -> Iterator[None]:
    # The workers of pytest-xdist come here at the same moment.
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
