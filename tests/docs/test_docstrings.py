"""The examples in the library's own docstrings."""

from __future__ import annotations

import ast
import doctest
import importlib
import inspect
import pkgutil
import re
import textwrap
import tomllib
from collections.abc import Iterator

import pytest

import clientportal
from clientportal.policy import policy_from_toml
from django_app import project

# Models, an admin and a view can only be imported inside of a project.
project.set_up()

MODULES = sorted(
    found.name
    for found in pkgutil.walk_packages(clientportal.__path__, "clientportal.")
    if "__main__" not in found.name
)


@pytest.mark.parametrize("module", MODULES)
def test_prompts_in_docstrings_say_what_happens(module: str) -> None:
    """Every ``>>>`` does what the lines under it show."""
    result = doctest.testmod(importlib.import_module(module), optionflags=doctest.ELLIPSIS)
    assert result.failed == 0


def _literal_blocks(module: str) -> Iterator[tuple[str, str]]:
    """The indented blocks after ``::`` in the docstrings of a module, its classes and functions."""
    tree = ast.parse(inspect.getsource(importlib.import_module(module)))
    for node in ast.walk(tree):
        if not isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            continue
        text = ast.get_docstring(node) or ""
        for found in re.finditer(r"::\n\n((?:(?: {4}.*)?\n)*(?: {4}.*))", text):
            yield getattr(node, "name", module), textwrap.dedent(found[1])


PYTHON = re.compile(r"(from|import|with|class|def|async) ")
EXAMPLES = [(module, *example) for module in ["clientportal", *MODULES] for example in _literal_blocks(module)]


@pytest.mark.parametrize(("module", "where", "text"), EXAMPLES, ids=[f"{m}:{w}" for m, w, _ in EXAMPLES])
def test_blocks_in_docstrings_are_what_they_look_like(module: str, where: str, text: str) -> None:
    """A block that begins as Python parses, and runs where it brings its own imports; one of TOML is a policy."""
    if text.startswith("from clientportal"):
        exec(compile(text, f"<docstring of {module}.{where}>", "exec"), {"__name__": "docstring"})
    elif PYTHON.match(text) or (re.match(r"\w+ = |\[", text) and not _is_toml(text)):
        ast.parse(text)  # the middle of a function may stand there by itself
    elif re.match(r"\w+ = |\[", text):
        policy_from_toml(text)


def _is_toml(text: str) -> bool:
    try:
        tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        return False
    return True
