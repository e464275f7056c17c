"""Small businesses to be crashed and interleaved, with somebody in each about to do something."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta
from typing import Any

from attrs import frozen

from clientportal import RecordRef
from clientportal.errors import StoreError
from clientportal.policy import SeveralRecords
from steps.stages import Scene

__all__ = [
    "CASES",
    "Case",
    "chained",
    "choosing",
    "code_for_nobody",
    "code_sent",
    "code_waiting",
    "duplicates",
    "left_open",
    "logged_in",
    "merged",
    "twice_logged_in",
]


def _ana(scene: Scene) -> RecordRef:
    return scene.world.add_client("ana", "Ana Kingi", mobile="021 123 4567", email="ana@example.com")


def code_sent(scene: Scene) -> None:
    """Ana has a code in her hand."""
    world = scene.world
    world.book("a1", _ana(scene), "2026-11-30 09:00")
    sent, scene["code"] = world.get_code("021 123 4567")
    scene["handle"] = sent.handle
    world.clock.advance(timedelta(minutes=2))


def code_for_nobody(scene: Scene) -> None:
    """Somebody whose number is on no record has two codes in hand, from two devices."""
    world = scene.world
    for which in ("", "2"):
        world.clock.advance(timedelta(minutes=3))
        sent, scene[f"code{which}"] = world.get_code("027 555 0001")
        scene[f"handle{which}"] = sent.handle


def logged_in(scene: Scene) -> None:
    """Ana and Ben are logged in, each with an appointment; two times are free."""
    world = scene.world
    ana = _ana(scene)
    ben = world.add_client("ben", "Ben Ngata", mobile="021 765 4321")
    world.book("a1", ana, "2026-11-30 09:00", made="2026-11-01 09:00")
    world.book("b1", ben, "2026-11-30 10:00", made="2026-11-01 09:00")
    scene["slot"], scene["slot2"] = world.add_slots("2026-12-01 10:00", "2026-12-02 10:00")
    scene["session"] = world.sign_in("021 123 4567").token
    scene["ben"] = world.sign_in("021 765 4321").token
    scene["link"] = world.staff().appointment_link("a1")
    scene["ana"] = ana


def left_open(scene: Scene) -> None:
    """Ana's move was asked for, the platform's network broke, and she went away; the lease has run out."""
    logged_in(scene)
    host = scene.world.host

    def broken(*_: Any) -> Any:
        raise OSError("no route to the platform")

    host.move, kept = broken, host.move
    with suppress(StoreError):
        scene.world.portal.client(scene["session"]).move("a1", scene["slot"], key="k")
    host.move = kept
    scene.world.clock.advance(timedelta(minutes=2))


def twice_logged_in(scene: Scene) -> None:
    """Ana is logged in on two devices, and asks for a third code."""
    logged_in(scene)
    scene["session2"] = scene.world.sign_in("021 123 4567").token
    scene.world.clock.advance(timedelta(minutes=11))
    sent, scene["code"] = scene.world.get_code("021 123 4567")
    scene["handle"] = sent.handle
    # Long enough for the use of a session to be noted again.
    scene.world.clock.advance(timedelta(minutes=6))


def choosing(scene: Scene) -> None:
    """A mother and her daughter share a number; the session has to choose."""
    world = scene.world
    world.change_policy("login", several=SeveralRecords.CHOOSE)
    world.book("a1", _ana(scene), "2026-11-30 09:00")
    world.add_client("mere", "Mere Kingi", mobile="021 123 4567")
    scene["session"] = world.sign_in("021 123 4567").token


def duplicates(scene: Scene) -> None:
    """Four records of one person, each with an appointment; the session of the second."""
    world = scene.world
    for hour, name in enumerate(("ana", "anna", "annie", "anahera")):
        mobile = "021 123 4567" if name != "anna" else "021 999 8888"
        ref = world.add_client(name, f"{name.title()} Kingi", mobile=mobile, email="ana@example.com")
        world.book(f"{name}-1", ref, f"2026-11-30 {9 + hour:02}:00", made=f"2026-11-0{hour + 1} 09:00")
        scene[name] = ref
    (scene["slot"],) = world.add_slots("2026-12-01 10:00")
    scene["session"] = world.sign_in("021 999 8888").token
    world.clock.advance(timedelta(minutes=11))
    sent, scene["code"] = world.get_code("021 999 8888")
    scene["handle"] = sent.handle


def merged(scene: Scene) -> None:
    """The same, and Anna was merged into Ana."""
    duplicates(scene)
    (scene["merge"],) = scene.world.staff().merge(scene["ana"], scene["anna"]).merges


def chained(scene: Scene) -> None:
    """Anna was merged into Ana, and Ana into Annie."""
    merged(scene)
    (scene["merge2"],) = scene.world.staff().merge(scene["annie"], scene["ana"]).merges


def code_waiting(scene: Scene) -> None:
    """Ana's code is in the outbox, as is one for Ben."""
    world = scene.world
    _ana(scene)
    world.add_client("ben", "Ben Ngata", mobile="021 765 4321")
    world.visitor().request_code("021 123 4567")
    world.visitor().request_code("021 765 4321")


@frozen
class Case:
    """Somebody about to do one thing, under one idempotency key where the operation takes one."""

    name: str
    prepare: Callable[[Scene], None]
    act: Callable[[Scene], Any]

    def __str__(self) -> str:
        return self.name


def _merge(scene: Scene) -> Any:
    return scene.staff().merge(scene["ana"], [scene["anna"], scene["annie"]], key="k")


CASES = {
    case.name: case
    for case in (
        Case("verify_code", code_sent, lambda on: on.visitor().verify_code(on["handle"], on["code"], key="k")),
        Case("first_login", code_for_nobody, lambda on: on.visitor().verify_code(on["handle"], on["code"], key="k")),
        Case("request_code", code_sent, lambda on: on.visitor().request_code("021 123 4567")),
        Case("move", logged_in, lambda on: on.client().move("a1", on["slot"], key="k")),
        Case("cancel", logged_in, lambda on: on.client().cancel("a1", key="k")),
        Case("cancel_by_link", logged_in, lambda on: on.visitor().cancel_by_link(on["link"])),
        Case("switch", choosing, lambda on: on.client().switch("client:mere", key="k")),
        Case("not_me", twice_logged_in, lambda on: on.client().not_me()),
        Case("log_out", logged_in, lambda on: on.client().log_out()),
        Case("merge", duplicates, _merge),
        Case("undo", chained, lambda on: on.staff().undo(on["merge"], key="k")),
    )
}
"""What is crashed, by name."""
