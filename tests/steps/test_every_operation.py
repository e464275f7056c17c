"""Every operation that writes is crashed at every call of its ports: on the reference store in full, on databases a
sample, in full by ``CLIENTPORTAL_STEPS=all``.
"""

from __future__ import annotations

import os
import secrets
from collections.abc import Callable
from datetime import timedelta

import pytest

from clientportal.errors import StoreError
from clientportal.ports import step
from clientportal.records import Intent
from clientportal.testing.fake_provider import Behaviour
from clientportal.testing.stepping import Stepper, crash_points
from clientportal.values import AnswerKind, HostAnswer
from held import with_section
from steps.every_operation import DEEDS, FUNCTIONS, INSIDE, PAYING, READS, functions, operations_there_are
from steps.further_deeds import ELSEWHERE
from steps.scenes import logged_in
from steps.stages import Ground, Scene, Stage, answered
from steps.stepped import drawn, granted, stage_of, stepped
from steps.test_elsewhere import pumps
from steps.test_paying import Till, prepare

Counted = Callable[[str, str, object], None]
Grounds = Callable[[str], Ground]

EVERYTHING = os.environ.get("CLIENTPORTAL_STEPS") == "all"
_RUN = os.environ.get("PYTEST_XDIST_TESTRUNUID")
SEED = int(os.environ.get("CLIENTPORTAL_SEED", "0")) or (int(_RUN, 16) % 2**32 if _RUN else 0) or secrets.randbits(32)
"""Which deeds, and which of their calls, a sample takes: one for all workers of a run. Every failure and every count
names it; ``CLIENTPORTAL_SEED`` repeats it."""

ON_A_DATABASE = len(DEEDS) if EVERYTHING else 6
CALLS = None if EVERYTHING else 4


def test_every_operation_that_writes_is_stepped() -> None:
    """A new one has to say here what crashes it, before it can be forgotten; and one that is gone goes."""
    there = operations_there_are()
    writing = {name for name, one in there.items() if one.writes}
    stepped_somewhere = {*DEEDS, *INSIDE, *PAYING, *ELSEWHERE}
    assert writing == stepped_somewhere
    assert functions() == set(FUNCTIONS)


@pytest.mark.parametrize("name", INSIDE)
def test_a_step_of_a_deed_is_one(name: str, grounds: Grounds) -> None:
    """What is said to be part of it is carried out by it, and is not refused."""
    prepare_it, deed = DEEDS[INSIDE[name]]
    assert name in granted(stage_of(grounds("memory"), prepare_it).scene(Stepper()), deed.act)


def test_what_only_reads_cannot_commit(grounds: Grounds) -> None:
    """So a crash can leave nothing of it, whichever operation it is."""
    assert READS
    world = Stage(grounds("memory"), logged_in).world

    async def commit() -> None:
        async with world.store.begin(world.tenant, world.host, writes=False) as unit:
            await unit.commit(())

    with pytest.raises(StoreError):
        step(commit())


# --- crashes ----------------------------------------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize("name", DEEDS)
def test_in_memory_every_crash(name: str, grounds: Grounds, counted: Counted) -> None:
    """It is carried out, nothing is there between two commits, and in the end what there would be without a crash."""
    prepare_it, deed = DEEDS[name]
    counted(name, "memory", stepped(prepare_it, name, deed, grounds("memory"), seed=SEED, twice=200 * EVERYTHING))


@pytest.mark.slow
@pytest.mark.parametrize("database", ["sqlite", "postgres"])
@pytest.mark.parametrize("name", drawn(list(DEEDS), ON_A_DATABASE, SEED))
def test_on_a_database_some_crashes(name: str, database: str, grounds: Grounds, counted: Counted) -> None:
    """The same for some of the deeds, at some of their calls."""
    prepare_it, deed = DEEDS[name]
    counted(name, database, stepped(prepare_it, name, deed, grounds(database), some=CALLS, seed=SEED))


@pytest.mark.slow
def test_a_client_who_is_deleted_elsewhere_is_gone_with_what_was_to_come(grounds: Grounds, counted: Counted) -> None:
    """A write at the platform for each appointment, and one for the client: whoever dies in between, the next who asks
    ends it, and nothing is left open."""
    further = ELSEWHERE["cancel_for_deletion"]
    stage = Stage(grounds("elsewhere"), further.prepare)
    assert "cancel_for_deletion" in granted(stage.scene(Stepper()), further.deed.act)

    def retry(scene: Scene) -> None:
        pumps(scene)
        answered(lambda: further.deed.act(scene))

    def check(scene: Scene) -> None:
        pumps(scene)
        held = scene.held()
        assert held.of(Intent) == []
        assert scene["ana"] not in held.clients
        coming = [one for one in held.appointments if one.id in ("a1", "a2")]
        assert {str(one.status) for one in coming} <= {"cancelled"}

    counted(
        "cancel_for_deletion",
        "elsewhere",
        crash_points(stage.scene, further.deed.act, check, retry=retry, restart=Scene.restarted),
    )


# --- payments ---------------------------------------------------------------------------------------------------------


def _declines(_self: object, _change: object, _key: str) -> HostAnswer:
    return HostAnswer(AnswerKind.DECLINED, note="it was paid at the desk")


def _fails(_self: object, _change: object, _key: str) -> HostAnswer:
    raise OSError("the books are away")


PLATFORMS: dict[str, tuple[Behaviour, Callable[..., HostAnswer] | None, set[str]]] = {
    "sound": (Behaviour.PAYS, None, {"pay", "payment_heard", "settle_payment"}),
    "sound, the provider fails once": (Behaviour.RAISES, None, {"charge_again"}),
    "declines": (Behaviour.PAYS, _declines, {"payment_not_taken"}),
    "fails": (Behaviour.PAYS, _fails, {"put_off_payment"}),
}
"""What the platform's books do with what was paid, and which operations that leads to."""


def _till(where: Ground, name: str) -> Stage:
    _, write, _ = PLATFORMS[name]

    def set_up(scene: Scene) -> None:
        prepare(scene)
        if write is not None:
            with_section(scene.world, "payments", write=write)

    return Stage(where, set_up)


def _paid(till: Till) -> None:
    answered(till.pay)
    for _ in range(3):
        till.scene.world.clock.advance(timedelta(minutes=3))
        till.pump()


@pytest.mark.parametrize("name", PLATFORMS)
def test_payments_come_to_each_of_their_operations(name: str, grounds: Grounds) -> None:
    """With such a provider and such books, each is carried out."""
    behaviour, _, operations = PLATFORMS[name]
    till = Till(_till(grounds("memory"), name).scene(Stepper()), behaviour)
    assert operations <= granted(till.scene, lambda _scene: _paid(till))


def test_every_operation_of_paying_is_come_to() -> None:
    """None of them is left out above."""
    assert set().union(*(operations for _, _, operations in PLATFORMS.values())) == set(PAYING)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["declines", "fails"])
def test_money_that_no_book_takes_is_charged_once_and_stays_known(
    name: str, grounds: Grounds, counted: Counted
) -> None:
    """Crashed at any call, and asked again: one payment, one charge, and staff or the pump have it before them."""
    behaviour, _, _ = PLATFORMS[name]
    stage = _till(grounds("memory"), name)
    ends: list[object] = []

    def check(till: Till) -> None:
        till.settle_down()
        (payment,) = till.payments()
        ends.append((payment.state, payment.stage, payment.charged))
        assert ends[-1] == ends[0]
        assert list(till.provider.charged) == [payment.id]

    report = crash_points(
        lambda stepper: Till(stage.scene(stepper), behaviour),
        lambda till: answered(till.pay),
        check,
        restart=Till.restarted,
    )
    counted(f"pay, the books {name.split()[0]}", "memory", report)
