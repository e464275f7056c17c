"""Staff about to add and delete clients, to be crashed and interleaved."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from clientportal.policy import OnDelete
from steps.pairs import Pair
from steps.scenes import Case
from steps.stages import Scene
from world import client

__all__ = ["CASES", "DELETING_ELSEWHERE", "ERASING", "ONE_WRITE_ELSEWHERE", "PAIRS", "front_desk"]

MERE = {"first_name": "Mere", "mobile": "021 555 0142", "email": "mere@example.com"}


def front_desk(scene: Scene) -> None:
    """Ana (with Anna merged into her) has two appointments and a session; Ben is listed; nobody has a number yet."""
    world = scene.world
    world.change_policy("clients", on_delete=OnDelete.KEEP_PAST_CANCEL_FUTURE)
    ana = world.add_client("ana", "Ana Kingi", mobile="021 123 4567", email="ana@example.com")
    anna = world.add_client("anna", "Anna King", email="anna@example.com")
    world.add_client("ben", "Ben Ngata", mobile="021 765 4321")
    world.book("a1", ana, "2026-11-30 09:00", made="2026-11-01 09:00")
    world.book("a2", anna, "2026-12-30 09:00", made="2026-11-01 09:00")
    world.book("a0", ana, "2026-10-30 09:00", made="2026-10-01 09:00")
    scene["merge"] = world.staff().merge(ana, anna).merges[0]
    scene["session"] = world.sign_in("021 123 4567").token
    scene["ana"] = ana
    world.staff().appointment_link("a1", send=True)


def books_kept(scene: Scene) -> None:
    """The same, where what is to come is left as it is."""
    front_desk(scene)
    scene.world.change_policy("clients", on_delete=OnDelete.KEEP)


def coming_in(scene: Scene) -> None:
    """The same, and Ana has a code in her hand."""
    front_desk(scene)
    world = scene.world
    world.clock.advance(timedelta(minutes=2))
    world.deliver()
    sent, scene["code"] = world.get_code("021 123 4567")
    scene["handle"] = sent.handle


def _add(scene: Scene) -> Any:
    return scene.staff().add_client(MERE, key="k")


def _add_other(scene: Scene) -> Any:
    return scene.staff().add_client({"first_name": "Hemi", "mobile": "021 555 0142"})


def _add_stranger(scene: Scene) -> Any:
    return scene.staff().add_client({"first_name": "Zoë"})


def _change(scene: Scene) -> Any:
    return scene.staff().change_client(client("ben"), "1", {"mobile": "021 777 6666"}, key="k")


def _change_other(scene: Scene) -> Any:
    return scene.staff().change_client(client("ben"), "1", {"first_name": "Benny"})


def _delete(scene: Scene) -> Any:
    return scene.staff().delete_client(scene["ana"], key="k")


def _delete_again(scene: Scene) -> Any:
    return scene.staff().delete_client(scene["ana"])


def _cancel(scene: Scene) -> Any:
    return scene.client().cancel("a1")


def _log_in(scene: Scene) -> Any:
    return scene.visitor().verify_code(scene["handle"], scene["code"])


def _erase(scene: Scene) -> Any:
    return scene.staff().erase(scene["ana"], reason="asked to be forgotten")


def _undo(scene: Scene) -> Any:
    return scene.staff().undo(scene["merge"])


CASES = {
    case.name: case
    for case in (
        Case("add_client", front_desk, _add),
        Case("change_client", front_desk, _change),
        Case("delete_client", front_desk, _delete),
        Case("delete_appointment", front_desk, lambda on: on.staff().delete_appointment("a1", key="k")),
    )
}
PAIRS = {
    pair.name: pair
    for pair in (
        Pair("add and add, one contact", front_desk, _add, _add_other),
        Pair("add and add, one number", front_desk, _add_stranger, _add_stranger),
        Pair("add and add, one key", front_desk, _add, _add),
        Pair("change and change", front_desk, _change, _change_other),
        Pair("delete and delete", front_desk, _delete, _delete_again),
        Pair("delete and cancel", front_desk, _delete, _cancel),
        Pair("delete and log in", coming_in, _delete, _log_in),
        Pair("delete and undo", front_desk, _delete, _undo),
    )
}
ERASING = Pair("erase and log in", coming_in, _erase, _log_in)
"""By itself: what the audit tells of codes has been erased with the codes, and cannot be counted against them."""
DELETING_ELSEWHERE = {
    pair.name: pair
    for pair in (
        Pair("delete and log in", coming_in, _delete, _log_in),
        Pair("erase and log in", coming_in, _erase, _log_in),
    )
}
"""With a platform elsewhere; the login may come between the wish and the answer."""
ONE_WRITE_ELSEWHERE = {
    case.name: case
    for case in (
        CASES["add_client"],
        CASES["delete_appointment"],
        Case("delete_client, books kept", books_kept, _delete),
    )
}
"""What asks a platform elsewhere for one write, and can be tried again under its key."""
