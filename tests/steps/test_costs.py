"""What each operation costs: calls of the ports, and statements as the database sees them.

The numbers are upper bounds, met exactly when they were written: one more is a regression, or has a reason to be given
here. BEGIN, COMMIT and their kin are not counted. Statements on the platform's own tables are counted apart.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from attrs import frozen
from sqlalchemy import event

from clientportal.testing.crashing import _Counting
from clientportal.testing.stepping import Stepper
from steps.scenes import CASES, Case, choosing, code_sent, code_waiting, duplicates, logged_in, merged
from steps.stages import Ground, Scene, Stage, answered

Counted = Callable[[str, str, object], None]
Grounds = Callable[[str], Ground]


def _wrong(scene: Scene) -> Any:
    wrong = "000000" if scene["code"] != "000000" else "111111"
    return answered(lambda: scene.visitor().verify_code(scene["handle"], wrong))


LOOKS = {
    case.name: case
    for case in (
        Case("verify_code, no key", code_sent, lambda on: on.visitor().verify_code(on["handle"], on["code"])),
        Case("verify_code, wrong", code_sent, _wrong),
        Case("resend_code", code_sent, lambda on: on.visitor().resend_code(on["handle"])),
        Case("look_at_link", logged_in, lambda on: on.visitor().look_at_link(on["link"])),
        Case("profile", logged_in, lambda on: on.client("ben").profile()),
        Case("appointments", logged_in, lambda on: on.client("ben").appointments()),
        Case("appointment", logged_in, lambda on: on.client("ben").appointment("b1")),
        Case("change_terms", logged_in, lambda on: on.client("ben").change_terms("b1")),
        Case("sessions", logged_in, lambda on: on.client("ben").sessions()),
        Case("profiles", choosing, lambda on: on.client().profiles()),
        Case("duplicates", duplicates, lambda on: on.staff().duplicates()),
        Case("plan_merge", duplicates, lambda on: on.staff().plan_merge(on["ana"], on["anna"])),
        Case("staff.client", merged, lambda on: on.staff().client(on["ana"])),
        Case("deliver, two messages", code_waiting, Scene.pump),
        Case("deliver, nothing due", logged_in, Scene.pump),
    )
}


@frozen
class Cost:
    """Calls of the ports, BEGINs included; statements on the portal's tables and on the platform's, per database."""

    calls: int
    sqlite: tuple[int, int]
    postgres: tuple[int, int]


# A look by staff is audited before it is answered: one more BEGIN and commit, one INSERT. ``switch`` and ``not_me``
# lock the session that was read before the loader, to see whether staff look with it: one more read.
COSTS: dict[str, Cost] = {
    "verify_code": Cost(11, sqlite=(12, 1), postgres=(18, 1)),
    "first_login": Cost(10, sqlite=(12, 1), postgres=(16, 1)),
    "request_code": Cost(5, sqlite=(7, 0), postgres=(10, 0)),
    "move": Cost(12, sqlite=(10, 9), postgres=(12, 9)),
    "cancel": Cost(11, sqlite=(9, 7), postgres=(13, 7)),
    "cancel_by_link": Cost(11, sqlite=(7, 8), postgres=(11, 8)),
    "switch": Cost(13, sqlite=(13, 2), postgres=(19, 2)),
    "not_me": Cost(10, sqlite=(11, 1), postgres=(14, 1)),
    "log_out": Cost(3, sqlite=(3, 0), postgres=(3, 0)),
    "merge": Cost(19, sqlite=(8, 7), postgres=(15, 7)),
    "undo": Cost(10, sqlite=(8, 1), postgres=(11, 1)),
    "verify_code, no key": Cost(10, sqlite=(10, 1), postgres=(16, 1)),
    "verify_code, wrong": Cost(4, sqlite=(5, 0), postgres=(5, 0)),
    "resend_code": Cost(6, sqlite=(8, 0), postgres=(10, 0)),
    "look_at_link": Cost(10, sqlite=(4, 5), postgres=(4, 5)),
    "profile": Cost(5, sqlite=(3, 1), postgres=(3, 1)),
    "appointments": Cost(5, sqlite=(3, 1), postgres=(3, 1)),
    "appointment": Cost(6, sqlite=(4, 1), postgres=(4, 1)),
    "change_terms": Cost(11, sqlite=(4, 6), postgres=(4, 6)),
    "sessions": Cost(5, sqlite=(4, 0), postgres=(4, 0)),
    "profiles": Cost(7, sqlite=(5, 1), postgres=(12, 1)),
    "duplicates": Cost(10, sqlite=(7, 1), postgres=(7, 1)),
    "plan_merge": Cost(14, sqlite=(4, 5), postgres=(4, 5)),
    "staff.client": Cost(29, sqlite=(20, 4), postgres=(20, 4)),
    "deliver, two messages": Cost(36, sqlite=(25, 6), postgres=(37, 6)),
    "deliver, nothing due": Cost(2, sqlite=(1, 0), postgres=(1, 0)),
}


@contextmanager
def statements(store: Any) -> Iterator[list[str]]:
    """Every statement that reaches the database's driver, transactions' own aside."""
    seen: list[str] = []

    def note(_connection: Any, _cursor: Any, sql: str, *_: Any) -> None:
        if sql.split()[0].upper() not in ("BEGIN", "COMMIT", "ROLLBACK", "SAVEPOINT", "RELEASE"):
            seen.append(sql)

    event.listen(store.engine, "before_cursor_execute", note)
    try:
        yield seen
    finally:
        event.remove(store.engine, "before_cursor_execute", note)


def calls_of(case: Case, where: Ground) -> list[str]:
    """The calls of the ports, in order."""
    stepper = Stepper()
    scene = Stage(where, case.prepare).scene(stepper)
    counting = _Counting()
    stepper.use(counting)
    case.act(scene)
    stepper.use(None)
    return [str(call) for call in counting.calls]


def statements_of(case: Case, where: Ground) -> tuple[int, int]:
    """How many statements went to the portal's tables, and how many to the platform's."""
    scene = Stage(where, case.prepare).scene(Stepper())
    with statements(scene.world.store) as seen:
        case.act(scene)
    host = sum("cp_host_" in sql for sql in seen)
    return len(seen) - host, host


EVERYTHING = {**CASES, **LOOKS}


@pytest.mark.parametrize("name", EVERYTHING)
def test_calls(name: str, grounds: Grounds) -> None:
    """No operation makes more calls than it did."""
    calls = calls_of(EVERYTHING[name], grounds("memory"))
    assert len(calls) <= COSTS[name].calls, "\n".join(calls)


@pytest.mark.parametrize("name", EVERYTHING)
def test_statements(name: str, grounds: Grounds, counted: Counted) -> None:
    """Nor more statements, on either database."""
    cost, case = COSTS[name], EVERYTHING[name]
    sqlite, postgres = (statements_of(case, grounds(database)) for database in ("sqlite", "postgres"))
    counted(
        f"cost of {name}",
        "portal+host",
        f"{cost.calls} calls; SQLite {sqlite[0]}+{sqlite[1]}, PostgreSQL {postgres[0]}+{postgres[1]} statements",
    )
    for database, found, bound in (("SQLite", sqlite, cost.sqlite), ("PostgreSQL", postgres, cost.postgres)):
        assert found[0] <= bound[0], f"{database}: {found[0]} statements on the portal's tables"
        assert found[1] <= bound[1], f"{database}: {found[1]} statements on the platform's tables"
