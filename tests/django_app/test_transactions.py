"""One transaction for the project's writes and the portal's: joining, savepoints, what refuses, tests, connections."""

from __future__ import annotations

import threading
import unittest
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import IntegrityError, OperationalError, connections, transaction
from django.test import Client, TestCase

from clientportal import (
    Channel,
    Conflict,
    DurableOperation,
    KeyRing,
    Permission,
    Portal,
    StoreError,
    presets,
)
from clientportal.ports import BaseHost, step
from clientportal.records import NumberCounter, Put
from clientportal.stores.sql import SqlHost
from clientportal.stores.sql.django import DjangoStore
from clientportal.web.django import portal
from django_app.conftest import postgres, use
from django_app.project import ANA, ANA_AGAIN, KEY, PHONE, fill, log_in

EVERYTHING = frozenset(Permission)


@pytest.fixture(params=["sqlite", "postgres"])
def salon(request: pytest.FixtureRequest, fresh_setting: None) -> None:
    """A salon with Ana twice, on either database."""
    request.getfixturevalue(f"on_{request.param}")
    fill()


def _staff() -> Any:
    return portal().staff("salon", actor="mia", permissions=EVERYTHING)


class _Changed(Exception):
    """The project changes its mind."""


def _hired_and_merged() -> None:
    User.objects.create(username="mia")
    _staff().merge(ANA, ANA_AGAIN)
    assert len(_staff().merges(ANA)) == 1
    raise _Changed


def test_a_rollback_of_the_project_undoes_the_merge(salon: None) -> None:
    """A merge inside of ``atomic`` is part of it: rolled back with the project's own row, committed with it."""
    with pytest.raises(_Changed), transaction.atomic():
        _hired_and_merged()
    assert (User.objects.count(), _staff().merges(ANA)) == (0, ())
    with transaction.atomic():
        User.objects.create(username="mia")
        _staff().merge(ANA, ANA_AGAIN)
    assert (User.objects.count(), len(_staff().merges(ANA))) == (1, 1)


def test_a_savepoint_takes_back_its_own_merge_alone(salon: None) -> None:
    """An inner block that fails takes its merge with it; what the outer block wrote stays, before and after."""
    with transaction.atomic():
        User.objects.create(username="before")
        with pytest.raises(_Changed), transaction.atomic():
            _hired_and_merged()
        with pytest.raises(IntegrityError), transaction.atomic():
            User.objects.create(username="before")
        assert _staff().merges(ANA) == ()
        _staff().dismiss(ANA, ANA_AGAIN)
        User.objects.create(username="after")
    assert User.objects.count() == 2
    assert _staff().duplicates().groups == ()


def test_on_hands_the_connection_over(salon: None) -> None:
    """``portal().on(connection)`` says the same in words, and refuses where there is nothing to join."""
    with transaction.atomic():
        joined = portal().on(connections["default"])
        joined.staff("salon", actor="mia", permissions=EVERYTHING).merge(ANA, ANA_AGAIN)
        transaction.set_rollback(True)
    assert _staff().merges(ANA) == ()
    with pytest.raises(StoreError, match=r"transaction\.atomic"):
        portal().on(connections["default"]).staff("salon", actor="mia", permissions=EVERYTHING).merges(ANA)


@pytest.mark.parametrize("durable", [True, False])
def test_what_commits_by_itself_refuses_inside(salon: None, durable: bool) -> None:
    """A code, a login and an end of sessions refuse inside of any block, and nothing is charged for it."""
    ask = portal().visitor("salon", source="192.0.2.7")
    with transaction.atomic(durable=durable):
        for refused in (
            lambda: ask.request_code("021 555 0142"),
            lambda: ask.verify_code("handle", "123456"),
            lambda: _staff().end_sessions(ANA),
            lambda: portal().deliver("salon"),
        ):
            with pytest.raises(DurableOperation, match="non_atomic_requests"):
                refused()
    ask.request_code("021 555 0142")
    portal().deliver("salon")
    assert len(PHONE.messages) == 1


@pytest.mark.parametrize("on", ["sqlite", "postgres"])
def test_with_autocommit_off(on: str, request: pytest.FixtureRequest, fresh_setting: None) -> None:
    """A thread that has switched autocommit off commits by itself: what joins waits for that, the rest refuses."""
    request.getfixturevalue(f"on_{on}")
    fill()
    transaction.set_autocommit(False)
    try:
        _staff().dismiss(ANA, ANA_AGAIN)
        transaction.rollback()
        assert len(_staff().duplicates().groups) == 1
        _staff().dismiss(ANA, ANA_AGAIN)
        transaction.commit()
        with pytest.raises(DurableOperation):
            portal().visitor("salon", source="192.0.2.7").request_code("021 555 0142")
        transaction.rollback()
    finally:
        transaction.set_autocommit(True)
    assert _staff().duplicates().groups == ()


def test_threads_have_connections_of_their_own(salon: None) -> None:
    """Eight threads that dismiss and restore one pair at the same time: each answer is true, none is lost."""
    said: list[bool] = []

    def work() -> None:
        try:
            said.append(_staff().dismiss(ANA, ANA_AGAIN))
        finally:
            connections["default"].close()

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert sorted(said) == [False] * 7 + [True]


def test_a_lock_that_a_host_meets_is_a_conflict(on_sqlite: Path) -> None:
    """An adapter that meets a lock in a statement of its own met the same conflict as the portal would have."""

    async def busy() -> None:
        async with DjangoStore().begin("salon", BaseHost, writes=True) as unit:
            await unit.commit([Put(NumberCounter(id="n"))])
            error = OperationalError("database is locked")
            error.__cause__ = _Busy("database is locked")
            raise error

    with pytest.raises(Conflict):
        step(busy())


class _Busy(Exception):
    sqlite_errorcode = 5


def test_an_adapter_calls_no_portal(on_sqlite: Path, fresh_setting: None) -> None:
    """A portal that is called from inside of its own unit says so; it would commit what is not decided yet."""
    fill()

    class Circular(SqlHost):
        async def clients(self, *args: Any, **kwargs: Any) -> Any:
            made.staff("salon", actor="mia", permissions=EVERYTHING).merges(ANA)
            return await super().clients(*args, **kwargs)

    made = Portal(
        store=DjangoStore(),
        host=Circular,
        policy=presets.timely(region="NZ"),
        keys=KeyRing.from_secrets({"k": KEY}),
        senders={Channel.SMS: PHONE},
    )
    with pytest.raises(StoreError, match="one of its own units"):
        made.staff("salon", actor="mia", permissions=EVERYTHING).client(ANA)
    assert not connections["default"].in_atomic_block
    assert _staff().client(ANA).root == ANA


# --- connections


@pytest.mark.parametrize("age", [0, 60, None])
def test_connections_live_as_the_project_says(
    migrated_postgres: str, on_postgres: str, fresh_setting: None, age: int | None
) -> None:
    """With CONN_MAX_AGE 0 a request's connection is closed after the pump has had it; else it is kept."""
    use(postgres(migrated_postgres, CONN_MAX_AGE=age))
    fill()
    browser = Client(headers={"accept-language": "en"})
    assert log_in(browser).status_code == 303
    from django.core.signals import request_finished
    from django.db import close_old_connections

    # Django's test client leaves this receiver out, so that a test keeps its transaction.
    assert close_old_connections in [one[1]() for one in request_finished.receivers]
    close_old_connections()
    assert (connections["default"].connection is None) == (age == 0)
    assert browser.get("/shop/", secure=True).content == b"shop of Ben"


def test_a_pool_of_connections(migrated_postgres: str, on_postgres: str, fresh_setting: None) -> None:
    """With Django's pool of two, six threads that each log a client's sessions out take turns and all get one."""
    use(postgres(migrated_postgres, OPTIONS={"pool": {"min_size": 1, "max_size": 2, "timeout": 20}}))
    fill()
    done: list[int] = []

    def work() -> None:
        done.append(_staff().end_sessions(ANA).sessions)
        connections["default"].close()

    threads = [threading.Thread(target=work) for _ in range(6)]
    connections["default"].close()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert done == [0] * 6
    connections["default"].close_pool()


def test_a_connection_that_was_lost_is_opened_again(on_postgres: str, fresh_setting: None) -> None:
    """The server has ended the connection between two requests: the call that meets it fails, whole; the next works."""
    fill()
    connections["default"].connection.close()
    with pytest.raises(StoreError):
        _staff().merges(ANA)
    connections["default"].close_if_unusable_or_obsolete()
    assert _staff().merges(ANA) == ()


# --- how a project tests


class _Booking(TestCase):
    """A test as a project writes it: Django's own ``TestCase``, and its client."""

    __test__ = False

    @classmethod
    def setUpTestData(cls) -> None:
        PHONE.messages.clear()
        fill()

    def test_it(self) -> None:
        page = log_in(self.client)
        assert page.status_code == 303
        assert self.client.get("/shop/", secure=True).content == b"shop of Ben"

    def test_inside(self) -> None:
        with pytest.raises(DurableOperation), transaction.atomic():
            portal().visitor("salon", source="192.0.2.7").request_code("021 555 0142")

    def test_nothing_is_left(self) -> None:
        portal().staff("salon", actor="mia", permissions=EVERYTHING).merge(ANA, ANA_AGAIN)
        assert len(portal().staff("salon", actor="mia", permissions=EVERYTHING).merges(ANA)) == 1


@pytest.mark.parametrize("on", ["sqlite", "postgres"])
def test_a_project_tests_with_testcase(on: str, request: pytest.FixtureRequest, fresh_setting: None) -> None:
    """Inside the block that ``TestCase`` keeps, clients log in and staff merge, and the end takes all of it back."""
    request.getfixturevalue(f"on_{on}")
    suite = unittest.defaultTestLoader.loadTestsFromTestCase(_Booking)
    result = unittest.TestResult()
    suite.run(result)
    assert (result.testsRun, result.errors, result.failures) == (3, [], [])
    with connections["default"].cursor() as cursor:
        for table in ("cp_sessions", "cp_merges", "cp_host_clients", "cp_audit"):
            cursor.execute(f"SELECT count(*) FROM {table}")
            assert cursor.fetchone() == (0,), table
