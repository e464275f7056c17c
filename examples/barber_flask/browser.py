"""A browser that fills in forms, over Flask's test client: for the story, and for the tests."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from html import unescape
from typing import Any

from flask import Flask

__all__ = ["Browser"]

_ADDRESS = "http://localhost:5000"


class Browser:
    """Somebody's browser at the shop's site."""

    def __init__(self, app: Flask) -> None:
        self._client = app.test_client()
        self.last: Any = None

    def open(self, path: str) -> Any:
        """A page, wherever it leads; read to its end, as a browser does."""
        return self._client.get(path, base_url=_ADDRESS, follow_redirects=True, buffered=True)

    @contextmanager
    def at(self, path: str) -> Iterator[Any]:
        """Stay at a page: ``portal_client`` is this browser's session meanwhile, as it is in a view."""
        with self._client:
            yield self._client.get(path, base_url=_ADDRESS)

    def send(self, page: Any, to: str = "", **typed: str) -> Any:
        """The form of a page that has those fields, filled in; of several the one whose address ends like that."""
        for form in re.findall(r"<form.*?</form>", page.text, re.DOTALL):
            action = re.findall(r'action="([^"]*)"', form)[0]
            if action.endswith(to) and all(f'name="{name}"' in form for name in typed):
                hidden = re.findall(r'type="hidden" name="([^"]+)" value="([^"]*)"', form)
                fields = {**{name: unescape(value) for name, value in hidden}, **typed}
                return self._client.post(
                    unescape(action),
                    data=fields,
                    base_url=_ADDRESS,
                    headers={"Origin": _ADDRESS},
                    follow_redirects=True,
                    buffered=True,
                )
        raise LookupError(f"no form of {page.request.path} has {', '.join(typed)}")
