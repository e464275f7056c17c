"""People whose records are merged with their rows, with somebody in each about to do something."""

from __future__ import annotations

from contextlib import suppress
from datetime import timedelta
from typing import Any

from clientportal import Money
from clientportal.errors import StoreError
from clientportal.values import ActiveCode
from steps.pairs import Act, Pair
from steps.scenes import Case, duplicates
from steps.stages import Scene

__all__ = ["REASSIGNING", "REASSIGNING_ELSEWHERE", "REASSIGNING_PAIRS"]


_LEASE = timedelta(minutes=2)


def apart(scene: Scene) -> None:
    """Four records of one person, each with an appointment, two with a gift; rows follow merges here."""
    duplicates(scene)
    world = scene.world
    _rows_follow(scene)
    for name in ("ana", "anna"):
        gift = Money("50.00", "NZD")
        code = ActiveCode(id=f"g-{name}", ref=scene[name], kind="gift", code=f"G{name}", name="Gift", balance=gift)
        world.seed("add_codes", [code])


def _rows_follow(scene: Scene) -> None:
    scene.world.change_policy("merging", reassign=True)
    if not scene.world.host.shares_transaction:
        # A platform elsewhere is told of a merge at most once: what it heard before a crash is nothing to compare.
        scene.world.host.heard = lambda *_: None


def nobody_logged_in(scene: Scene) -> None:
    """Three of them, of whom nobody has ever asked for a code; Anna was merged into Ana with her rows."""
    world = scene.world
    _rows_follow(scene)
    for hour, name in enumerate(("ana", "anna", "annie")):
        scene[name] = world.add_client(name, f"{name.title()} Kingi", mobile=f"021 123 456{hour}")
        world.book(f"{name}-1", scene[name], f"2026-11-30 {9 + hour:02}:00", booked_as=name.title())
    (scene["merge"],) = world.staff().merge(scene["ana"], scene["anna"]).merges


def together(scene: Scene) -> None:
    """Anna was merged into Ana, and her rows have followed."""
    apart(scene)
    (scene["merge"],) = scene.world.staff().merge(scene["ana"], scene["anna"]).merges


def in_a_chain(scene: Scene) -> None:
    """Anna was merged into Ana, and Ana into Annie."""
    together(scene)
    (scene["merge2"],) = scene.world.staff().merge(scene["annie"], scene["ana"]).merges


def _away(scene: Scene, method: str) -> Any:
    """The platform's network breaks for one kind of write; what is given back mends it."""
    host = scene.world.host

    def broken(*_: Any) -> Any:
        raise OSError("no route to the platform")

    kept = getattr(host, method)
    setattr(host, method, broken)
    return lambda: setattr(host, method, kept)


def rows_to_follow(scene: Scene) -> None:
    """Anna was merged into Ana while the platform was away; the lease has run out."""
    apart(scene)
    mend = _away(scene, "reassign")
    merged = scene.world.staff().merge(scene["ana"], scene["anna"])
    mend()
    assert merged.under_way
    (scene["merge"],) = merged.merges
    scene.world.clock.advance(_LEASE)


def rows_to_come_back(scene: Scene) -> None:
    """An undo was asked for while the platform was away; the lease has run out."""
    nobody_logged_in(scene)
    mend = _away(scene, "restore")
    with suppress(StoreError):
        scene.world.staff().undo(scene["merge"])
    mend()
    scene.world.clock.advance(_LEASE)


def _merge(survivor: str, *absorbed: str) -> Act:
    return lambda scene: scene.staff().merge(scene[survivor], [scene[name] for name in absorbed])


def _undo(which: str = "merge") -> Act:
    return lambda scene: scene.staff().undo(scene[which])


def _move(scene: Scene) -> Any:
    return scene.client().move("anna-1", scene["slot"])


def _delete(scene: Scene) -> Any:
    return scene.staff().delete_client(scene["ana"])


def _erase(scene: Scene) -> Any:
    return scene.staff().erase(scene["ana"], reason="She asked.")


REASSIGNING = {
    case.name: case
    for case in (
        Case("merge with rows", apart, lambda on: on.staff().merge(on["ana"], [on["anna"], on["annie"]], key="k")),
        Case("merge with rows, on top", together, lambda on: on.staff().merge(on["annie"], on["ana"], key="k")),
        Case("undo with rows", together, lambda on: on.staff().undo(on["merge"], key="k")),
        Case("undo with rows, below", in_a_chain, lambda on: on.staff().undo(on["merge"], key="k")),
    )
}
"""What is crashed, by name."""

REASSIGNING_PAIRS = {
    pair.name: pair
    for pair in (
        Pair("merge and merge with rows, same", apart, _merge("ana", "anna"), _merge("ana", "anna")),
        Pair("merge and merge with rows, opposite", apart, _merge("ana", "anna"), _merge("anna", "ana")),
        Pair("merge and merge with rows, chain", apart, _merge("ana", "anna"), _merge("annie", "ana")),
        Pair("merge on top and undo with rows", together, _merge("annie", "ana"), _undo()),
        Pair("merge on top and undo with rows, deep", in_a_chain, _merge("anahera", "annie"), _undo()),
        Pair("undo and undo with rows, same", together, _undo(), _undo()),
        Pair("undo and undo with rows, chain", in_a_chain, _undo(), _undo("merge2")),
        Pair("merge with rows and move", apart, _merge("ana", "anna"), _move),
        Pair("undo with rows and move", together, _undo(), _move),
        Pair("undo with rows and delete", nobody_logged_in, _undo(), _delete),
        Pair("undo with rows and erase", nobody_logged_in, _undo(), _erase),
        Pair("merge with rows and erase", nobody_logged_in, _merge("ana", "annie"), _erase),
    )
}
"""What is interleaved, by name."""

REASSIGNING_ELSEWHERE = {
    **REASSIGNING_PAIRS,
    **{
        pair.name: pair
        for pair in (
            Pair("pump and undo of rows to follow", rows_to_follow, Scene.pump, _undo()),
            Pair("pump and merge on rows to follow", rows_to_follow, Scene.pump, _merge("annie", "ana")),
            Pair("pump and pump, rows to follow", rows_to_follow, Scene.pump, Scene.pump),
            Pair("pump and the same undo", rows_to_come_back, Scene.pump, _undo()),
            Pair("pump and merge on rows to come back", rows_to_come_back, Scene.pump, _merge("annie", "ana")),
            Pair("pump and erase of rows to come back", rows_to_come_back, Scene.pump, _erase),
        )
    },
}
"""The same on a platform in another database, and what was left open there."""
