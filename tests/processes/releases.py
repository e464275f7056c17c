"""Later releases of the library, made from this one's source: what a real process of a later release would run."""

from __future__ import annotations

import shutil
from pathlib import Path

__all__ = ["contracting", "expanding"]

SOURCE = Path(__file__).parents[2] / "src" / "clientportal"

_SESSIONS = "records/proving.py"
_SCHEMA = "stores/sql/schema.py"
_STEPS = 'STEPS: tuple[Step, ...] = (Step(_first, release="0.1.0"),)'

_EXPANDED = """
async def _second(face: Face) -> None:
    await add(face, 2)


async def _third(face: Face) -> None:
    await build(face, 3)


STEPS: tuple[Step, ...] = (
    Step(_first, release="0.1.0"),
    Step(_second, release="0.2.0"),
    Step(_third, release="0.2.0", how=How.OUTSIDE),
)
"""

_CONTRACTED = _EXPANDED.replace(
    "STEPS: ",
    """async def _fourth(face: Face) -> None:
    for row in await face.fetch(_text("SELECT tenant, id FROM cp_sessions WHERE opened_by = ''")):
        said = {"tenant": row[0], "id": row[1]}
        await face.change(_text("UPDATE cp_sessions SET opened_by = '-' WHERE tenant = :tenant AND id = :id"), said)


STEPS: """,
).replace("\n)\n", '\n    Step(_fourth, release="0.3.0", oldest=2),\n)\n')


def expanding(folder: Path) -> Path:
    """Release 0.2.0: a session has one field more, which it can be found by."""
    release = folder / "expanding"
    _copy(release)
    _edit(release, _SESSIONS, "from attrs import frozen\n", "from attrs import field, frozen\n")
    _edit(release, _SESSIONS, 'expiry=("ends_at",))\n@frozen(kw_only=True)\nclass Session', _KEY)
    _edit(release, _SESSIONS, "    viewer: str | None = None\n    because", _FIELD)
    _edit(release, _SCHEMA, _STEPS, _EXPANDED)
    _edit(release, _SCHEMA, "SINCE: Mapping[str, int] = {}", f"SINCE: Mapping[str, int] = {_SINCE}")
    return release


_KEY = 'expiry=("ends_at",), opened_by=("opened_by",))\n@frozen(kw_only=True)\nclass Session'
_FIELD = (
    "    viewer: str | None = None\n"
    '    opened_by: str = field(factory=lambda: __import__("secrets").token_hex(4))\n'
    "    because"
)
_SINCE = {"cp_sessions.opened_by": 2, "cp_sessions_by_opened_by": 3}


def contracting(folder: Path) -> Path:
    """Release 0.3.0: every session has that field, which a process of 0.1.0 would not fill in."""
    release = folder / "contracting"
    shutil.copytree(expanding(folder), release)
    _edit(release, _SCHEMA, _EXPANDED, _CONTRACTED)
    _edit(release, _SCHEMA, "from sqlalchemy import ", "from sqlalchemy import text as _text\nfrom sqlalchemy import ")
    return release


def _copy(release: Path) -> None:
    """With the compiled files, which are found by the time of their source."""
    shutil.copytree(SOURCE, release / "clientportal")


def _edit(release: Path, file: str, old: str, new: str) -> None:
    path = release / "clientportal" / file
    text = path.read_text(encoding="utf-8")
    if text.count(old) != 1:
        raise LookupError(f"{file} has {old!r} {text.count(old)} times: this release must be made another way")
    path.write_text(text.replace(old, new), encoding="utf-8")
