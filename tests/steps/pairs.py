"""Two people about to do something to the same thing at the same time."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from attrs import frozen

from steps.scenes import (
    chained,
    choosing,
    code_for_nobody,
    code_sent,
    duplicates,
    left_open,
    logged_in,
    merged,
    twice_logged_in,
)
from steps.stages import Scene

__all__ = ["ELSEWHERE", "PAIRS", "Pair"]

Act = Callable[[Scene], Any]


@frozen
class Pair:
    """Two operations that share a record."""

    name: str
    prepare: Callable[[Scene], None]
    one: Act
    other: Act

    def __str__(self) -> str:
        return self.name


def _verify(scene: Scene) -> Any:
    return scene.visitor().verify_code(scene["handle"], scene["code"])


def _verify_keyed(scene: Scene) -> Any:
    return scene.visitor().verify_code(scene["handle"], scene["code"], key="k")


def _verify_other(scene: Scene) -> Any:
    return scene.visitor().verify_code(scene["handle2"], scene["code2"])


def _guess(scene: Scene) -> Any:
    wrong = "000000" if scene["code"] != "000000" else "111111"
    return scene.visitor().verify_code(scene["handle"], wrong)


def _request(scene: Scene) -> Any:
    return scene.visitor().request_code("021 123 4567")


def _resend(scene: Scene) -> Any:
    return scene.visitor().resend_code(scene["handle"])


def _move(scene: Scene) -> Any:
    return scene.client().move("a1", scene["slot"])


def _move_elsewhere(scene: Scene) -> Any:
    return scene.client().move("a1", scene["slot2"])


def _move_other(scene: Scene) -> Any:
    return scene.client("ben").move("b1", scene["slot"])


def _move_of_absorbed(scene: Scene) -> Any:
    return scene.client().move("anna-1", scene["slot"])


def _cancel(scene: Scene) -> Any:
    return scene.client().cancel("a1")


def _cancel_keyed(scene: Scene) -> Any:
    return scene.client().cancel("a1", key="k")


def _move_keyed(scene: Scene) -> Any:
    return scene.client().move("a1", scene["slot"], key="k")


def _by_link(scene: Scene) -> Any:
    return scene.visitor().cancel_by_link(scene["link"])


def _merge(survivor: str, absorbed: str) -> Act:
    return lambda scene: scene.staff().merge(scene[survivor], scene[absorbed])


def _undo(which: str = "merge") -> Act:
    return lambda scene: scene.staff().undo(scene[which])


def _not_me(scene: Scene) -> Any:
    return scene.client().not_me()


def _switch(scene: Scene) -> Any:
    return scene.client().switch("client:mere")


def _log_out(scene: Scene) -> Any:
    return scene.client().log_out()


def _log_out_everywhere(scene: Scene) -> Any:
    return scene.client().log_out_everywhere()


def _move_second(scene: Scene) -> Any:
    return scene.client("session2").move("a1", scene["slot"])


def _end_all(scene: Scene) -> Any:
    return scene.staff().end_sessions(scene["ana"])


PAIRS = {
    pair.name: pair
    for pair in (
        Pair("verify and verify, one code", code_sent, _verify, _verify),
        Pair("verify and verify, new number", code_for_nobody, _verify, _verify_other),
        Pair("verify and verify, one key", code_sent, _verify_keyed, _verify_keyed),
        Pair("verify and wrong guess", code_sent, _verify, _guess),
        Pair("wrong guess and wrong guess", code_sent, _guess, _guess),
        Pair("verify and request", code_sent, _verify, _request),
        Pair("verify and resend", code_sent, _verify, _resend),
        Pair("wrong guess and resend", code_sent, _guess, _resend),
        Pair("request and request", code_sent, _request, _request),
        Pair("move and move, one appointment", logged_in, _move, _move_elsewhere),
        Pair("move and move, one slot", logged_in, _move, _move_other),
        Pair("move and move, one key", logged_in, _move_keyed, _move_keyed),
        Pair("move and cancel", logged_in, _move, _cancel),
        Pair("cancel and cancel", logged_in, _cancel, _cancel),
        Pair("cancel and cancel, one key", logged_in, _cancel_keyed, _cancel_keyed),
        Pair("cancel and cancel by link", logged_in, _cancel, _by_link),
        Pair("link and link", logged_in, _by_link, _by_link),
        Pair("merge and merge, same", duplicates, _merge("ana", "anna"), _merge("ana", "anna")),
        Pair("merge and merge, opposite", duplicates, _merge("ana", "anna"), _merge("anna", "ana")),
        Pair("merge and merge, chain", duplicates, _merge("ana", "anna"), _merge("annie", "ana")),
        Pair("merge and merge, group", merged, _merge("annie", "ana"), _merge("ana", "anahera")),
        Pair("merge and undo", merged, _merge("annie", "ana"), _undo()),
        Pair("merge and undo, deep", chained, _merge("anahera", "annie"), _undo()),
        Pair("merge and undo, middle", chained, _merge("anahera", "annie"), _undo("merge2")),
        Pair("merge and verify", duplicates, _merge("ana", "anna"), _verify),
        Pair("merge and move of absorbed", duplicates, _merge("ana", "anna"), _move_of_absorbed),
        Pair("undo and undo, same", merged, _undo(), _undo()),
        Pair("undo and undo, chain", chained, _undo(), _undo("merge2")),
        Pair("undo and move of absorbed", merged, _undo(), _move_of_absorbed),
        Pair("log out and move", logged_in, _log_out, _move),
        Pair("log out everywhere and move", twice_logged_in, _log_out_everywhere, _move_second),
        Pair("switch and log out", choosing, _switch, _log_out),
        Pair("switch and switch", choosing, _switch, _switch),
        Pair("not me and verify", twice_logged_in, _not_me, _verify),
        Pair("not me and move", twice_logged_in, _not_me, _move_second),
    )
}
"""What is interleaved, by name."""

ELSEWHERE = {
    pair.name: pair
    for pair in (
        PAIRS["verify and verify, one code"],
        PAIRS["verify and verify, new number"],
        PAIRS["move and move, one appointment"],
        PAIRS["move and move, one slot"],
        PAIRS["move and move, one key"],
        PAIRS["move and cancel"],
        PAIRS["cancel and cancel"],
        PAIRS["cancel and cancel, one key"],
        PAIRS["cancel and cancel by link"],
        PAIRS["link and link"],
        Pair("pump and retry of what was left open", left_open, Scene.pump, _move_keyed),
        Pair("pump and another move", left_open, Scene.pump, _move_elsewhere),
        Pair("pump and cancel", left_open, Scene.pump, _cancel),
        Pair("pump and pump", left_open, Scene.pump, Scene.pump),
    )
}
"""The same on a platform in another database."""
