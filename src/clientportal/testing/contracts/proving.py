"""What a contract's tests have in common: each says its promise, and what is not declared is said to be that."""

from __future__ import annotations

import inspect
from typing import Any, ClassVar, NoReturn

import pytest

from clientportal.testing.contracts.report import FACT, PROMISE, attach

__all__ = ["NOT_DECLARED", "Proving"]

NOT_DECLARED = "not declared: "
"""How the reason of a test begins that was left out because the adapter never promised it."""


class Proving:
    """A class of tests, each of which proves one promise: the first sentence of its docstring.

    What was proven is listed at the end of the run (see :mod:`clientportal.testing.contracts.report`).
    """

    contract: ClassVar[str] = ""
    """The name that the report gives to the contract."""

    _item: Any = None

    @pytest.fixture(autouse=True)
    def _says_its_promise(self, request: pytest.FixtureRequest) -> None:
        item: Any = request.node
        attach(request.config)
        self._item = item
        words = inspect.getdoc(item.function) or item.originalname.replace("_", " ")
        chosen = item.callspec.id if hasattr(item, "callspec") else ""
        first = " ".join(words.partition("\n\n")[0].split()).rstrip(".")
        item.user_properties.append((PROMISE, [self.contract, type(self).__name__, item.originalname, first, chosen]))

    def proven(self, fact: str) -> None:
        """Note for the report how far something was tried: ``with 64 threads``."""
        if self._item is not None:
            self._item.user_properties.append((FACT, fact))

    def not_declared(self, what: str) -> NoReturn:
        """Leave this test out, and say in the report what the adapter does not promise."""
        pytest.skip(NOT_DECLARED + what)
