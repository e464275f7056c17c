"""Households whose accounts claim, leave and are given records, with somebody in each about to do something."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from accounts_ground import a_session, an_account
from clientportal.policy import SeveralRecords
from mails import timetap
from steps.pairs import Pair
from steps.scenes import Case
from steps.stages import Scene

__all__ = ["CLAIMING", "CLAIMING_PAIRS"]

SINCE = "2026-06-01 09:00"
MERES, HANAS = "021 123 4567", "021 765 4321"


def household(scene: Scene) -> None:
    """Mere's account shows no record yet. Her own has her mobile, Hana's has another; there is a twin of Mere's."""
    world = scene.world
    timetap(world)
    world.change_policy("login", several=SeveralRecords.ACCOUNTS)
    scene["mere"] = world.add_client("mere", "Mere Kingi", mobile=MERES)
    scene["hana"] = world.add_client("hana", "Hana Kingi", mobile=HANAS)
    scene["twin"] = world.add_client("twin", "M. Kingi", email="mk@example.com")
    for hour, name in enumerate(("mere", "hana", "twin")):
        world.book(f"{name}-1", scene[name], f"2026-11-30 {9 + hour:02}:00", made=SINCE)
    account = an_account(world, "kingi@example.com", SINCE, proved=SINCE, first_name="Mere")
    scene["account"] = scene["account of session"] = scene["account of second"] = account
    scene["session"], scene["second"] = (a_session(world, account) for _ in range(2))


def linked(scene: Scene) -> None:
    """Staff have linked Mere's record; both sessions show it."""
    household(scene)
    world = scene.world
    world.staff().link(scene["account"], scene["mere"])
    for name in ("session", "second"):
        scene[name] = a_session(world, scene["account"], entry=scene["mere"], own=[scene["mere"]])
    world.clock.advance(timedelta(minutes=1))


def two_linked(scene: Scene) -> None:
    """Hana's as well."""
    linked(scene)
    world = scene.world
    world.staff().link(scene["account"], scene["hana"])
    both = [scene["hana"], scene["mere"]]
    scene["session"] = a_session(world, scene["account"], entry=scene["mere"], own=both)
    scene["second"] = a_session(world, scene["account"], entry=scene["hana"], own=both)
    world.clock.advance(timedelta(minutes=1))


def _asked(scene: Scene, mobile: str) -> None:
    """The code to that number is in Mere's hand."""
    world = scene.world
    world.clock.advance(timedelta(minutes=11))
    sent = world.portal.client(scene["session"]).claim(mobile)
    scene["handle"] = sent.handle
    world.deliver()
    scene["code"] = world.code_in(world.box.messages[-1])
    world.clock.advance(timedelta(minutes=1))


def asked(scene: Scene) -> None:
    """Nothing is linked yet, and Mere has the code to her own mobile."""
    household(scene)
    _asked(scene, MERES)


def asked_for_another(scene: Scene) -> None:
    """Mere's record is linked and shown, and she has the code to Hana's."""
    linked(scene)
    _asked(scene, HANAS)


def _claim(scene: Scene) -> Any:
    return scene.client().claim(HANAS)


def _finish(scene: Scene) -> Any:
    return scene.client().finish_claim(scene["handle"], scene["code"])


def _guess(scene: Scene) -> Any:
    wrong = "000000" if scene["code"] != "000000" else "111111"
    return scene.client().finish_claim(scene["handle"], wrong)


def _link(name: str) -> Any:
    return lambda scene: scene.staff().link(scene["account"], scene[name])


def _unlink(name: str) -> Any:
    return lambda scene: scene.staff().unlink(scene["account"], scene[name])


def _leave(name: str, session: str = "session") -> Any:
    return lambda scene: scene.client(session).leave(str(scene[name]))


def _switch(name: str) -> Any:
    return lambda scene: scene.client().switch(str(scene[name]))


def _merge(survivor: str, absorbed: str) -> Any:
    return lambda scene: scene.staff().merge(scene[survivor], scene[absorbed])


def _not_me(session: str) -> Any:
    return lambda scene: scene.client(session).not_me()


def _appointments(scene: Scene) -> Any:
    return scene.client().appointments()


CLAIMING = {
    case.name: case
    for case in (
        Case("claim", household, _claim),
        Case("finish claim", asked, _finish),
        Case("finish claim of another", asked_for_another, _finish),
        Case("link", household, _link("mere")),
        Case("unlink", two_linked, _unlink("mere")),
        Case("leave", two_linked, _leave("mere")),
        Case("not me of an account", two_linked, _not_me("session")),
    )
}
"""What is crashed, by name."""

CLAIMING_PAIRS = {
    pair.name: pair
    for pair in (
        Pair("link and link", household, _link("mere"), _link("mere")),
        Pair("link and unlink", linked, _link("hana"), _unlink("mere")),
        Pair("link and unlink, one record", linked, _link("mere"), _unlink("mere")),
        Pair("unlink and unlink", two_linked, _unlink("mere"), _unlink("mere")),
        Pair("unlink and leave", two_linked, _unlink("mere"), _leave("mere")),
        Pair("unlink and appointments", linked, _unlink("mere"), _appointments),
        Pair("unlink and switch", two_linked, _unlink("hana"), _switch("hana")),
        Pair("leave and leave", two_linked, _leave("mere"), _leave("mere", "second")),
        Pair("claim and claim", household, _claim, _claim),
        Pair("finish and finish, one code", asked, _finish, _finish),
        Pair("finish and wrong guess", asked, _finish, _guess),
        Pair("finish and link", asked, _finish, _link("mere")),
        Pair("finish and unlink", asked_for_another, _finish, _unlink("hana")),
        Pair("finish and merge of the record", asked, _finish, _merge("twin", "mere")),
        Pair("finish and merge into the record", asked, _finish, _merge("mere", "twin")),
        Pair("finish and not me", asked_for_another, _finish, _not_me("second")),
        Pair("finish and leave", asked_for_another, _finish, _leave("mere", "second")),
    )
}
"""What is interleaved, by name."""
