"""What a contract's tests have in common: each says its promise, and what is not declared is said to be that."""

from __future__ import annotations

from typing import Any, ClassVar, NoReturn

import pytest

from clientportal.testing.contracts.report import FACT, UNTRIED, attach, says_its_promise

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

    def pytest_generate_tests(self, metafunc: pytest.Metafunc) -> None:
        """As these tests are collected: have them listed, also those that will be left out before they begin."""
        attach(metafunc.config)

    @pytest.fixture(autouse=True)
    def _says_its_promise(self, request: pytest.FixtureRequest) -> None:
        attach(request.config)
        self._item = request.node
        says_its_promise(self._item)

    def proven(self, fact: str) -> None:
        """Note for the report how far something was tried: ``with 64 threads``."""
        if self._item is not None:
            self._item.user_properties.append((FACT, fact))

    def untried(self, what: str) -> None:
        """Note for the report what the adapter does not promise, and this test therefore did without."""
        if self._item is not None:
            self._item.user_properties.append((UNTRIED, what))

    def not_declared(self, what: str) -> NoReturn:
        """Leave this test out, and say in the report what the adapter does not promise."""
        pytest.skip(NOT_DECLARED + what)
