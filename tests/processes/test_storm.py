"""A storm of everything at once, by real processes, and what must be true when it is over.

It blows for three seconds; ``CLIENTPORTAL_STORM_SECONDS=300 pytest -n 0 -s tests/processes/test_storm.py`` for as long
as that, and says what was done in it.
"""

from __future__ import annotations

import os
import time
from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from clientportal import RecordRef
from clientportal.records import MessageState, OutboxMessage, Pointer
from clientportal.stores.sql.host_tables import APPOINTMENTS, SLOTS
from processes.crew import Answer, Crew, Ground
from processes.storming import SPEED
from security.attacking import patient
from world import World

pytestmark = pytest.mark.slow

SECONDS = float(os.environ.get("CLIENTPORTAL_STORM_SECONDS", "3"))
AT_WORK = 4
CLIENTS = 24
EACH = 2


def seeded(world: World) -> dict[str, Any]:
    """Twenty-four clients with two appointments each, and thirty-two times that everybody wants."""
    patient(world)
    records: list[str] = []
    for at in range(CLIENTS):
        ref = world.add_client(f"c{at:02}", "Ana Kingi", mobile=f"021 555 {at:04}", created="2026-01-05 09:00")
        records.append(str(ref))
        for number in range(EACH):
            world.book(f"a{at:02}-{number}", ref, f"2026-12-{10 + number:02} {8 + at // 2:02}:{at % 2 * 30:02}")
    slots = world.add_slots(*(f"2026-12-{20 + at % 8:02} {9 + at // 8:02}:00" for at in range(32)))
    return {"records": records, "slots": slots}


def blow(crew: Crew, ground: Ground, work: Callable[[], Any] = lambda: None, seconds: float = SECONDS) -> list[Answer]:
    """Every process its own clients, and everybody everything else; in the meantime, ``work``."""
    world = ground.world
    common = {"seconds": seconds, "since": time.time(), "now": world.clock().isoformat(), **seeded(world)}
    jobs = []
    for process in range(AT_WORK):
        mine = {f"021 555 {at:04}": f"+6421555{at:04}" for at in range(CLIENTS) if at % AT_WORK == process}
        jobs.append(("storm", {**common, "seed": process, "contacts": mine}))
    answers = crew.meanwhile(ground, jobs, work)
    world.clock.advance(timedelta(seconds=SPEED * (time.time() - common["since"]) + 60))
    return answers


def rows(world: World, table: Any) -> list[Any]:
    """All rows of one of the platform's tables."""
    engine: Any = world.store.engine  # type: ignore[attr-defined]
    with engine.connect() as connection:
        return list(connection.execute(select(table).where(table.c.tenant == world.tenant)))


def check_conserved(ground: Ground, answers: list[Answer]) -> None:
    """Nothing is lost, nothing is there twice, and all that was acknowledged is written down."""
    world = ground.world
    check_appointments(world)
    check_merges(world)
    check_messages(ground)
    check_audit(world, answers)


def check_appointments(world: World) -> None:
    """Each is still there, is its record's, and stands at one time; no time has two."""
    stand = {row.id: row for row in rows(world, APPOINTMENTS)}
    assert {id: row.client_id for id, row in stand.items()} == {
        f"a{at:02}-{number}": f"c{at:02}" for at in range(CLIENTS) for number in range(EACH)
    }
    taken = {row.taken_by: row.start_at for row in rows(world, SLOTS) if row.taken_by is not None}
    assert len(taken) == len([row for row in rows(world, SLOTS) if row.taken_by is not None])
    moved = {id: row.start_at for id, row in stand.items() if row.start_at >= "2026-12-19"}
    assert moved == taken


def check_merges(world: World) -> None:
    """Each record leads to one that leads nowhere; all records together are shown exactly once."""
    refs = [f"client:c{at:02}" for at in range(CLIENTS)]
    pointers = {ref: world.stored(Pointer, ref) for ref in refs}
    roots = {ref: pointer.root if pointer else ref for ref, pointer in pointers.items()}
    assert {pointers[root] for root in roots.values()} == {None}
    groups = {
        root: {str(one) for one in view.members}
        for root in set(roots.values())
        for view in [world.staff().client(RecordRef.parse(root))]
    }
    assert sorted(ref for group in groups.values() for ref in group) == refs
    assert {ref: root for root, group in groups.items() for ref in group} == roots


def check_messages(ground: Ground) -> None:
    """Whoever took one, it left once; and nothing is stuck."""
    world = ground.world
    while world.deliver().sent:
        continue
    outbox = world.all_stored(OutboxMessage, "time")
    left = Counter([one["id"] for one in ground.sent()] + [message.id for message in world.box.messages])
    assert set(left.values()) <= {1}
    assert set(left) == {one.id for one in outbox if one.state is MessageState.SENT}
    assert {one.state for one in outbox} <= {MessageState.SENT, MessageState.DROPPED}


def check_audit(world: World, answers: list[Answer]) -> None:
    """One line for each action that somebody was told was done: not one less, and not one more."""
    acknowledged: Counter[str] = sum((Counter(answer.got["done"]) for answer in answers), Counter())
    lines: list[Any] = []
    after: str | None = None
    while True:
        page = world.staff().audit(after=after, limit=200)
        lines += page.items
        after = page.next
        if after is None:
            break
    written = Counter(line.action for line in lines if line.outcome == "done")
    assert {name: written[name] for name in acknowledged} == dict(acknowledged)


def test_nothing_is_lost_in_a_storm(crew: Crew, ground: Ground) -> None:
    """Logins, moves, merges, undos and pumps by four processes: each appointment is one record's and stands at one
    time, each message has left once, and the audit has each action that was acknowledged.
    """
    answers = blow(crew, ground)
    assert [answer for answer in answers if not answer.done] == []
    assert sum((Counter(answer.got["failed"]) for answer in answers), Counter()) == Counter()
    done: Counter[str] = sum((Counter(answer.got["done"]) for answer in answers), Counter())
    assert {"verify_code", "move", "merge", "undo"} <= set(done), "a storm in which too little happened proves nothing"
    print(f"{SECONDS:g} s, {AT_WORK} processes: {dict(done)}, refused {refused_in(answers)}")
    check_conserved(ground, answers)


def refused_in(answers: list[Answer]) -> dict[str, int]:
    """How often for which reason."""
    return dict(sum((Counter(answer.got["refused"]) for answer in answers), Counter()))
