"""Processes of two releases side by side on one database: expand, roll out, contract; nobody stops, nothing is lost."""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from clientportal import Reason
from processes.crew import Crew, Ground, Member, make_ground
from processes.releases import contracting, expanding
from processes.test_storm import blow, check_conserved
from security.attacking import ANA, patient
from world import World

pytestmark = pytest.mark.slow

BEN = "027 555 0163"
SHORT = 0.3
"""Seconds for which a process trusts that it may go on, where a test waits for the end of that."""


@pytest.fixture
def ground(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Ground]:
    """One business in a database that is upgraded under it, and nobody else's."""
    ground = make_ground(request.param, tmp_path, own=True)
    yield ground
    ground.world.close()


both = pytest.mark.parametrize("ground", ["postgres", "sqlite"], indirect=True)
on_postgres = pytest.mark.parametrize("ground", ["postgres"], indirect=True)


@pytest.fixture(scope="module")
def later(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Crew]:
    """Processes of the next release."""
    crew = Crew(expanding(tmp_path_factory.mktemp("release")))
    yield crew
    crew.close()


@pytest.fixture(scope="module")
def latest(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Crew]:
    """Processes of the release after that."""
    crew = Crew(contracting(tmp_path_factory.mktemp("release")))
    yield crew
    crew.close()


@pytest.fixture
def old(crew: Crew) -> Iterator[Member]:
    """A process of this release."""
    member = crew.join()
    yield member
    member.close()


def ana_and_ben(world: World) -> None:
    patient(world)
    for id, name, mobile in (("ana", "Ana Kingi", ANA), ("ben", "Ben Ngata", BEN)):
        ref = world.add_client(id, name, mobile=mobile, created="2026-01-05 09:00")
        world.book(f"{id}-1", ref, "2026-12-01 09:00" if id == "ana" else "2026-12-01 11:00")


def log_in(ground: Ground, member: Member, contact: str) -> str:
    """A login of which that process does the part that opens the session."""
    sent, code = ground.world.get_code(contact)
    answer = member.do(ground, "type_code", handle=sent.handle.reveal(), code=code)
    assert answer.done, answer
    return str(answer.got)


def said(ground: Ground, sql: str) -> list[Any]:
    """What the database says."""
    engine: Any = ground.world.store.engine  # type: ignore[attr-defined]
    with engine.connect() as connection:
        return [tuple(row) for row in connection.execute(text(sql))]


def stored(ground: Ground, entry: str) -> tuple[dict[str, Any], str]:
    """The one session of a record as it is stored: its body, and the column that the later release has added."""
    ((body, column),) = said(ground, f"SELECT body, opened_by FROM cp_sessions WHERE entry = '{entry}'")
    return json.loads(body), str(column)


@both
def test_an_old_process_works_beside_an_upgraded_database_and_loses_nothing(
    ground: Ground, old: Member, later: Crew
) -> None:
    """It opens sessions, and notes the use of one that the later release has opened: whatever that one stored in it,
    and this one has never heard of, is still there. Its own ``upgrade()`` finds nothing to do.
    """
    world = ground.world
    ana_and_ben(world)
    (new,) = later.members(1)
    before = log_in(ground, old, ANA)
    refused = new.do(ground, "see", token=before)
    assert (refused.failed, "run store.upgrade()" in refused.text) == ("StoreError", True)
    assert new.do(ground, "upgrade").done
    assert old.do(ground, "upgrade").done
    theirs = log_in(ground, new, BEN)
    first, column = stored(ground, "client:ben")
    assert first["opened_by"] == column != ""
    world.clock.advance(timedelta(minutes=30))
    assert old.do(ground, "see", token=theirs).got["appointments"] == ["ben-1"]
    second, column = stored(ground, "client:ben")
    assert second["used_at"] > first["used_at"], "the old process has written the record"
    assert second["opened_by"] == first["opened_by"] == column
    assert new.do(ground, "see", token=theirs).got["appointments"] == ["ben-1"]
    assert new.do(ground, "see", token=before).got["appointments"] == ["ana-1"]
    mine = log_in(ground, old, ANA)
    assert new.do(ground, "see", token=mine).got["appointments"] == ["ana-1"]


@both
def test_processes_that_upgrade_at_once_do_each_step_once(ground: Ground, later: Crew) -> None:
    """Four processes of the next release start together, as a platform's do; all find the tables as they need them."""
    answers = later.at_once(ground, [("upgrade", {}) for _ in range(4)])
    assert [answer for answer in answers if not answer.done] == []
    assert said(ground, "SELECT version, release FROM cp_schema ORDER BY version") == [
        (1, "0.1.0"),
        (2, "0.2.0"),
        (3, "0.2.0"),
    ]


@both
def test_a_storm_goes_on_over_an_upgrade(ground: Ground, crew: Crew, later: Crew) -> None:
    """Old processes log in, move, merge and send, while a new one adds a column and builds an index: nothing fails, and
    nothing is lost.
    """
    (new,) = later.members(1)
    answers = blow(crew, ground, lambda: new.do(ground, "upgrade"), seconds=2)
    assert [answer for answer in answers if not answer.done] == []
    assert sum((Counter(answer.got["failed"]) for answer in answers), Counter()) == Counter()
    assert new.do(ground, "check_schema").done
    check_conserved(ground, answers)


@both
def test_who_is_too_old_is_told_before_anything_is_taken_away(
    ground: Ground, old: Member, later: Crew, latest: Crew
) -> None:
    """The release after the next contracts: an old process, in the middle of its work, is told which release it takes,
    and is shown nothing any more by the time that the step is made; one of the release between goes on.
    """
    ana_and_ben(ground.world)
    (new,), (newest,) = later.members(1), latest.members(1)
    for member in (old, new, newest):
        assert member.do(ground, "shorten_leases", seconds=SHORT).done
    assert new.do(ground, "upgrade").done
    token = log_in(ground, old, ANA)
    for member in (old, new):
        member.get_ready(ground, "see_until", {"token": token, "seconds": 6 if member is old else 2})
        assert member.hear() == {"ready": True}
        member.go(0)
    assert newest.do(ground, "upgrade").done
    turned_away = old.answer().got
    assert turned_away["shown"] > 0
    assert turned_away["error"] == "StoreError"
    assert "needs a library that knows version 2; this one knows version 1" in turned_away["text"]
    assert "install clientportal 0.2.0 or later" in turned_away["text"]
    went_on = new.answer().got
    assert went_on["error"] == ""
    assert old.do(ground, "upgrade").failed == "StoreError"
    assert newest.do(ground, "see", token=token).got["appointments"] == ["ana-1"]
    assert said(ground, "SELECT version, oldest, release FROM cp_schema WHERE version = 4") == [(4, 2, "0.3.0")]


@on_postgres
def test_an_upgrade_keeps_nobody_waiting_behind_it(ground: Ground, later: Crew) -> None:
    """Somebody's transaction keeps a table for as long as it likes: the upgrade tries, gives way, and tries again, so
    that all others get at the table meanwhile; once it is free the upgrade ends.
    """
    ana_and_ben(ground.world)
    (new,) = later.members(1)
    engine: Any = ground.world.store.engine  # type: ignore[attr-defined]
    with engine.connect() as holder:
        holder.execute(text("SELECT count(*) FROM cp_sessions"))
        new.get_ready(ground, "upgrade", {})
        assert new.hear() == {"ready": True}
        new.go(0)
        waiting = text("SELECT count(*) FROM pg_locks WHERE NOT granted AND relation = 'cp_sessions'::regclass")
        for _ in range(2):
            with engine.connect() as watcher:
                until = time.monotonic() + 20
                while not watcher.execute(waiting).scalar():
                    assert time.monotonic() < until, "the upgrade never came to the table"
                    watcher.rollback()
            # Behind a lock that waits, everybody waits: but only as long as that one does.
            ground.world.sign_in(ANA)
    assert new.answer().done
    assert new.do(ground, "check_schema").done


@on_postgres
def test_an_index_that_was_left_half_built_is_built_anew(ground: Ground, later: Crew) -> None:
    """What a killed ``CREATE INDEX CONCURRENTLY`` leaves behind is not taken for an index."""
    engine: Any = ground.world.store.engine  # type: ignore[attr-defined]
    with engine.begin() as connection:
        connection.execute(text("ALTER TABLE cp_sessions ADD COLUMN opened_by TEXT COLLATE \"C\" NOT NULL DEFAULT ''"))
        connection.execute(text("CREATE INDEX cp_sessions_by_opened_by ON cp_sessions (tenant, opened_by, id)"))
        connection.execute(
            text("UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'cp_sessions_by_opened_by'::regclass")
        )
        connection.execute(text("INSERT INTO cp_schema VALUES (2, '2026-11-21', 1, '0.2.0')"))
    (new,) = later.members(1)
    assert new.do(ground, "upgrade").done
    valid = "SELECT indisvalid FROM pg_index WHERE indexrelid = 'cp_sessions_by_opened_by'::regclass"
    assert said(ground, valid) == [(True,)]


@on_postgres
def test_sessions_of_either_release_are_ended_by_the_other(ground: Ground, old: Member, later: Crew) -> None:
    """Who logs out everywhere is out everywhere, whichever release opened the session."""
    ana_and_ben(ground.world)
    (new,) = later.members(1)
    assert new.do(ground, "upgrade").done
    one = log_in(ground, old, ANA)
    ground.world.clock.advance(timedelta(minutes=11))
    other = log_in(ground, new, ANA)
    assert old.do(ground, "log_out_everywhere", token=one).got == 2
    assert new.do(ground, "see", token=other).refused == Reason.SESSION_ENDED
