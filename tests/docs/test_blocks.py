"""What the documentation shows is run: every Python block, what it prints, every policy, every link."""

from __future__ import annotations

import contextlib
import io
import os
import re
import subprocess
import sys
import types
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest

from clientportal.policy import policy_from_toml
from docs.pages import PAGES, ROOT, Block, blocks, goes_on_from, name, write_file

TUTORIAL = ROOT / "docs" / "tutorial" / "first_portal.md"
GOES_ON = "](../tutorial/first_portal.md#2-a-portal)"
LANGUAGES = {"python", "output", "toml", "console", "text"}


def _with(language: str) -> list[Path]:
    return [page for page in PAGES if any(block.language == language for block in blocks(page))]


@pytest.fixture
def namespace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, object]]:
    """A module of its own for each page, so that its classes know where they live; its files can be imported."""
    module = types.ModuleType("page")
    sys.modules["page"] = module
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    before = set(sys.modules)
    yield module.__dict__
    for made in set(sys.modules) - before:
        if str(getattr(sys.modules[made], "__file__", None) or "").startswith(str(tmp_path)):
            del sys.modules[made]
    del sys.modules["page"]


def _programs() -> list[object]:
    """The page that searches examples for what breaks a law takes longer than the inner loop can wait."""
    slow = {"docs/howto/merge_rules.md": [pytest.mark.slow]}
    return [pytest.param(page, id=name(page), marks=slow.get(name(page), [])) for page in _with("python")]


_APART = {"docs/howto/django.md"}
"""A process can be one Django project, and only once: such a page has a process of its own."""

_PROGRAM = """
import sys, types
from pathlib import Path
from docs.pages import blocks
from docs.test_blocks import _run
module = sys.modules["page"] = types.ModuleType("page")
_run(Path(sys.argv[1]), blocks(Path(sys.argv[1])), module.__dict__)
"""


def _run_apart(page: Path) -> None:
    paths = os.pathsep.join((str(Path.cwd()), str(ROOT / "tests")))
    command = [sys.executable, "-W", "error", "-c", _PROGRAM, str(page)]
    environment = {**os.environ, "PYTHONPATH": paths}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("page", _programs())
def test_the_code_of_a_page_runs_from_top_to_bottom(page: Path, namespace: dict[str, object]) -> None:
    """Its blocks are one program, in an empty folder; a block marked ``output`` is what the one before it printed.

    A page that says so goes on from another, in the same folder; or from the tutorial's second part: a salon and a
    portal over it.
    """
    if name(page) in _APART:
        _run_apart(page)
        return
    for earlier in goes_on_from(page):
        _run(earlier, blocks(earlier), namespace)
    if GOES_ON in page.read_text(encoding="utf-8"):
        before, _, _ = TUTORIAL.read_text(encoding="utf-8").partition("\n## 3. ")
        _run(TUTORIAL, (block for block in blocks(TUTORIAL) if block.line <= before.count("\n")), namespace)
    _run(page, blocks(page), namespace)


def _run(page: Path, program: Iterable[Block], namespace: dict[str, object]) -> None:
    printed = ""
    for block in program:
        if block.language == "python":
            write_file(block, Path.cwd())
            # The empty lines in front make a traceback point into the page.
            code = compile("\n" * (block.line - 1) + block.text, str(page), "exec")
            with contextlib.redirect_stdout(io.StringIO()) as stream:
                exec(code, namespace)
            printed = stream.getvalue()
        elif block.language == "output":
            assert _same(printed, block), f"{name(page)}:{block.line} printed:\n{printed}"


def _same(printed: str, block: Block) -> bool:
    """Equal but for space at the ends of lines; ``…`` in the page stands for anything on that line."""
    shown = [line.rstrip() for line in block.text.rstrip().splitlines()]
    real = [line.rstrip() for line in printed.rstrip().splitlines()]
    if len(shown) != len(real):
        return False
    patterns = [".*".join(re.escape(part) for part in line.split("…")) for line in shown]
    return all(re.fullmatch(pattern, line) for pattern, line in zip(patterns, real, strict=True))


@pytest.mark.parametrize("page", _with("toml"), ids=name)
def test_every_policy_that_is_shown_is_one(page: Path) -> None:
    """A TOML block is a policy file, whole and without contradictions."""
    for block in blocks(page):
        if block.language == "toml":
            policy_from_toml(block.text)


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_no_block_escapes(page: Path) -> None:
    """Every block says what it is in a word that these tests know, so that none is shown and never run."""
    unknown = {block.language for block in blocks(page) if not block.language.startswith("{")} - LANGUAGES
    assert unknown == set()


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_links_lead_somewhere(page: Path) -> None:
    """A link to a file of the project finds it, and the heading where it names one."""
    text = re.sub(r"^```.*?^```", "", page.read_text(encoding="utf-8"), flags=re.DOTALL | re.MULTILINE)
    for target in re.findall(r"\]\(([^)\s]+)\)", text):
        if re.match(r"[a-z]+:", target):
            continue
        path, _, anchor = target.partition("#")
        found = (page.parent / path).resolve() if path else page
        assert found.exists(), f"{name(page)} links to {target}"
        if anchor:
            headings = re.findall(r"^#+ (.+)$", found.read_text(encoding="utf-8"), flags=re.MULTILINE)
            assert anchor in {_anchor(heading) for heading in headings}, f"{name(page)} links to {target}"


def _anchor(heading: str) -> str:
    kept = re.sub(r"[^\w\- ]", "", heading.replace("`", "").lower())
    return kept.strip().replace(" ", "-")


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_files_that_are_named_exist(page: Path) -> None:
    """A page that says where something is tested, or stands, is right."""
    for path in re.findall(r"`((?:tests|examples|docs|clientportal)/[\w./]*)`", page.read_text(encoding="utf-8")):
        assert (ROOT / path).exists() or (ROOT / "src" / path).exists(), f"{name(page)} names {path}"


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_tests_that_are_named_exist(page: Path) -> None:
    """A page that names the test that proves something names one that there is."""
    for path, test in re.findall(r"`(tests/[\w/]+\.py)::(\w+)`", page.read_text(encoding="utf-8")):
        source = (ROOT / path).read_text(encoding="utf-8")
        assert f"def {test}(" in source, f"{name(page)} names {path}::{test}"


def test_who_may_cancel_is_one_click_away() -> None:
    """The question that everybody asks first is linked from the README and from the first page."""
    for page in (ROOT / "README.md", ROOT / "docs" / "index.md"):
        assert "explanation/who_may_cancel.md" in page.read_text(encoding="utf-8"), name(page)
