"""What each operation costs: calls of the ports, and statements as the database sees them.

The numbers are upper bounds, met exactly when they were written: one more is a regression, or has a reason to be given
here. BEGIN, COMMIT and their kin are not counted. Statements on the platform's own tables are counted apart.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import pytest
from attrs import frozen
from sqlalchemy import event

from accounts_ground import a_session, an_account, write
from clientportal.records import Assignment, Put
from clientportal.testing.crashing import _Counting
from clientportal.testing.stepping import Stepper
from mails import acuity
from steps.account_scenes import CASES as ACCOUNT_CASES
from steps.assigning_scenes import hers
from steps.client_list_scenes import CASES as CLIENT_LIST_CASES
from steps.client_list_scenes import front_desk
from steps.login_scenes import RIGHT_LOGIN, SECOND_FACTOR, UNKNOWN_LOGIN, WRONG_LOGIN, with_account
from steps.scenes import CASES, Case, choosing, code_sent, code_waiting, duplicates, logged_in, merged
from steps.stages import Ground, Scene, Stage, answered
from world import at

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
        Case("current_session", logged_in, lambda on: on.client("ben").current_session()),
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

EARLY = "2026-11-01 09:00"


def assigned(count: int) -> Callable[[Scene], None]:
    """An account to which that many upcoming appointments are assigned, and a session of it."""

    def prepare(scene: Scene) -> None:
        world = scene.world
        acuity(world)
        ref = world.add_client("ana", "Ana Kingi", email="ana@example.com")
        account = an_account(world, "ana@example.com", EARLY, proved=EARLY)
        begins = at("2026-12-01 09:00")
        for number in range(count):
            world.book(f"a{number}", ref, f"{begins + timedelta(hours=number):%Y-%m-%d %H:%M}", made=EARLY)
        write(
            world,
            *(
                Put(Assignment(id=f"a{number}", account=account, ref=str(ref), at=world.clock(), actor="test"))
                for number in range(count)
            ),
        )
        scene["session"] = a_session(world, account)

    return prepare


ACCOUNTS = {
    **ACCOUNT_CASES,
    "add_client": CLIENT_LIST_CASES["add_client"],
    **{
        case.name: case
        for case in (
            RIGHT_LOGIN,
            WRONG_LOGIN,
            UNKNOWN_LOGIN,
            SECOND_FACTOR,
            Case("sessions of an account", with_account, lambda on: on.client().sessions()),
            Case("appointments, 10 assigned", assigned(10), lambda on: on.client().appointments()),
            Case("appointments, 300 assigned", assigned(300), lambda on: on.client().appointments()),
            Case("clients, a page", front_desk, lambda on: on.staff().clients()),
            Case("clients, a search", front_desk, lambda on: on.staff().clients("ana")),
            Case("staff.assign", hers, lambda on: on.staff().assign("a2", on["ben"])),
        )
    },
}


@frozen
class Cost:
    """Calls of the ports, BEGINs included; statements on the portal's tables and on the platform's, per database."""

    calls: int
    sqlite: tuple[int, int]
    postgres: tuple[int, int]


# A look by staff is audited before it is answered: one more BEGIN and commit, one INSERT. ``switch`` and ``not_me``
# lock the session that was read before the loader, to see whether staff look with it: one more read. The plan of a
# merge says what speaks for it as the report does: three reads, where there is a key in common. A page of the report
# reads the other keys of whom it shows, and whoever else has those.
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
    "merge": Cost(12, sqlite=(8, 1), postgres=(15, 1)),
    "undo": Cost(10, sqlite=(8, 1), postgres=(11, 1)),
    "verify_code, no key": Cost(10, sqlite=(10, 1), postgres=(16, 1)),
    "verify_code, wrong": Cost(4, sqlite=(5, 0), postgres=(5, 0)),
    "resend_code": Cost(6, sqlite=(8, 0), postgres=(10, 0)),
    "look_at_link": Cost(10, sqlite=(4, 5), postgres=(4, 5)),
    "current_session": Cost(2, sqlite=(1, 0), postgres=(1, 0)),
    "profile": Cost(4, sqlite=(2, 1), postgres=(2, 1)),
    "appointments": Cost(4, sqlite=(2, 1), postgres=(2, 1)),
    "appointment": Cost(5, sqlite=(3, 1), postgres=(3, 1)),
    "change_terms": Cost(10, sqlite=(3, 6), postgres=(3, 6)),
    "sessions": Cost(4, sqlite=(3, 0), postgres=(3, 0)),
    "profiles": Cost(7, sqlite=(5, 1), postgres=(12, 1)),
    "duplicates": Cost(13, sqlite=(10, 1), postgres=(10, 1)),
    "plan_merge": Cost(17, sqlite=(7, 6), postgres=(7, 6)),
    "staff.client": Cost(29, sqlite=(20, 4), postgres=(20, 4)),
    "deliver, two messages": Cost(37, sqlite=(26, 6), postgres=(38, 6)),
    "deliver, nothing due": Cost(3, sqlite=(2, 0), postgres=(2, 0)),
    # Accounts. A first proof and a reset read all that hangs on the email and on every account that typed it (two here,
    # ten reads each), and write over it; a login is three commits, for the slow hash stands between two of them.
    "register": Cost(10, sqlite=(15, 1), postgres=(15, 1)),
    "verify_email": Cost(47, sqlite=(51, 4), postgres=(61, 4)),
    "request_reset": Cost(5, sqlite=(8, 0), postgres=(9, 0)),
    "reset_password": Cost(56, sqlite=(58, 6), postgres=(68, 6)),
    "claim_email": Cost(56, sqlite=(58, 6), postgres=(68, 6)),
    "accept_invitation": Cost(57, sqlite=(59, 7), postgres=(69, 7)),
    "invite": Cost(9, sqlite=(12, 1), postgres=(16, 1)),
    "change_email": Cost(43, sqlite=(47, 1), postgres=(57, 1)),
    "sign_in_by_link": Cost(25, sqlite=(25, 1), postgres=(35, 1)),
    "add_client": Cost(11, sqlite=(11, 1), postgres=(15, 1)),
    "log_in": Cost(19, sqlite=(18, 0), postgres=(23, 0)),
    "log_in, wrong": Cost(10, sqlite=(7, 0), postgres=(7, 0)),
    "log_in, unknown": Cost(10, sqlite=(7, 0), postgres=(7, 0)),
    "second_factor": Cost(11, sqlite=(14, 0), postgres=(19, 0)),
    "sessions of an account": Cost(4, sqlite=(3, 0), postgres=(3, 0)),
    "appointments, 10 assigned": Cost(5, sqlite=(3, 1), postgres=(3, 1)),
    "appointments, 300 assigned": Cost(5, sqlite=(3, 1), postgres=(3, 1)),
    "clients, a page": Cost(15, sqlite=(11, 2), postgres=(11, 2)),
    "clients, a search": Cost(15, sqlite=(11, 2), postgres=(11, 2)),
    "staff.assign": Cost(7, sqlite=(6, 1), postgres=(9, 1)),
}


@contextmanager
def statements(store: Any) -> Iterator[list[str]]:
    """Every statement that reaches the database's driver, transactions' own aside."""
    seen: list[str] = []

    def note(_connection: Any, _cursor: Any, sql: str, *_: Any) -> None:
        # Every few seconds a store asks whether its tables are still those that it knows: no cost of the operation.
        frame = ("BEGIN", "COMMIT", "ROLLBACK", "SAVEPOINT", "RELEASE")
        if sql.split()[0].upper() not in frame and "cp_schema" not in sql:
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


EVERYTHING = {**CASES, **LOOKS, **ACCOUNTS}


@pytest.mark.parametrize("name", EVERYTHING)
def test_calls(name: str, grounds: Grounds) -> None:
    """No operation makes more calls than it did."""
    calls = calls_of(EVERYTHING[name], grounds("memory"))
    assert len(calls) <= COSTS[name].calls, "\n".join(calls)


@pytest.mark.wide
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


@pytest.mark.parametrize("database", ["sqlite", "postgres"])
def test_a_login_costs_the_same_for_known_and_unknown(database: str, grounds: Grounds) -> None:
    """A3, V6.3.8: not only the same calls. What a commit checks again are statements, too, and on PostgreSQL it takes
    others to see that something is still absent: so a try commits nothing but its own count."""
    known, unknown = (statements_of(case, grounds(database)) for case in (WRONG_LOGIN, UNKNOWN_LOGIN))
    assert known == unknown


def test_a_list_of_three_hundred_costs_as_many_calls_as_one_of_ten(grounds: Grounds) -> None:
    """However many appointments are assigned to an account, a page of them is read in the same few calls."""
    few, many = (calls_of(ACCOUNTS[f"appointments, {count} assigned"], grounds("memory")) for count in (10, 300))
    assert len(few) == len(many)
