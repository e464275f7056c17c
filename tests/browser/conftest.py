"""What a story in a real browser needs: a business that is open, and people who come to it."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser

from browser.chromium import axe_source, open_chromium
from browser.person import Person
from browser.shop import Shop, open_shop

Comes = Callable[..., Person]
Shoots = Callable[[Person, str], None]
_IMAGES = Path(__file__).parents[2] / "docs" / "images"
_LARGEST = 150_000


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Every story in a real browser takes seconds."""
    here = Path(__file__).parent
    for item in items:
        if item.path.is_relative_to(here):
            item.add_marker(pytest.mark.slow)


@pytest.fixture(scope="module")
def tools(pytestconfig: pytest.Config) -> Path:
    """Where what is fetched for these tests is kept."""
    return Path(pytestconfig.cache.mkdir("browser"))


@pytest.fixture(scope="module")
def chromium(tools: Path) -> Iterator[Browser]:
    """One browser for the stories of a file. While it is open an event loop runs in this thread, which other tests
    cannot do with: so it is closed after each file.
    """
    with open_chromium(tools) as browser:
        yield browser


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Shop]:
    """A business whose pages are served."""
    opened = open_shop(tmp_path)
    yield opened
    opened.close()


@pytest.fixture
def comes(chromium: Browser, shop: Shop, tools: Path) -> Iterator[Comes]:
    """Somebody comes: ``comes(PHONE)``, ``comes(DESKTOP, scripts=False)``."""
    people: list[Person] = []

    def come(size: tuple[int, int], **more: Any) -> Person:
        people.append(Person.with_browser(chromium, shop, axe_source(tools), size, **more))
        return people[-1]

    yield come
    for person in people:
        person.context.close()


@pytest.fixture
def shoots() -> Shoots:
    """Takes a picture for the documentation, where ``SCREENSHOTS=write`` asks for it: ``shoots(ana, "dashboard")``."""

    def shoot(person: Person, name: str) -> None:
        if os.environ.get("SCREENSHOTS") != "write":
            return
        picture = person.page.screenshot(animations="disabled", caret="hide")
        assert len(picture) <= _LARGEST, f"{name} has {len(picture)} bytes"
        _IMAGES.mkdir(exist_ok=True)
        (_IMAGES / f"{name}_{'phone' if person.width < 600 else 'desktop'}.png").write_bytes(picture)

    return shoot
