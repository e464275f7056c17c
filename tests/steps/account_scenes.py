"""People about to register, to prove an email, to reset a password: to be crashed and interleaved."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from attrs import evolve

from accounts_ground import an_account
from clientportal.passwords import BlockingGate
from mails import AGREED, ANOTHER, PASSWORD, acuity, link_in, links_to, register, timetap
from steps.pairs import Pair
from steps.scenes import Case
from steps.stages import Scene

__all__ = ["CASES", "PAIRS"]

ANA, NEW = "ana@example.com", "ana@new.example"


def on_the_page(scene: Scene) -> None:
    """Ana has booked, and stands on the confirmation page."""
    world = scene.world
    acuity(world)
    ana = world.add_client("ana", "Ana Kingi", email=ANA)
    world.book("a1", ana, "2026-12-01 09:00")
    scene["page"] = world.portal.confirmation(world.tenant, "a1")


def registered(scene: Scene) -> None:
    """Two have registered with Ana's address, each with a link; Ana has booked before, and a reset link of hers."""
    world = scene.world
    timetap(world)
    ana = world.add_client("ana", "Ana Kingi", email=ANA)
    world.book("a1", ana, "2026-12-01 09:00", made="2026-11-01 09:00")
    scene["session"] = register(world).token
    scene["session2"] = register(world, ANA, ANOTHER).token
    scene["link"], scene["link2"] = links_to(world, ANA, "verify")
    world.clock.advance(timedelta(minutes=11))
    world.visitor().request_reset(ANA)
    scene["reset"] = link_in(world, ANA, "reset")
    world.staff().invite(ana)
    scene["invitation"] = link_in(world, ANA, "invitation")
    world.clock.advance(timedelta(minutes=11))


def with_links(scene: Scene) -> None:
    """Ana has an account since March and is logged in twice; her mailboxes have a link to log in by, and one to change
    her email by. Her other client record has not been invited yet.
    """
    world = scene.world
    timetap(world)
    world.change_policy("accounts", sign_in_links=True)
    ana = world.add_client("ana", "Ana Kingi", email=ANA)
    scene["child"] = world.add_client("child", "Mere Kingi", email="mere@example.com")
    world.book("a1", ana, "2026-12-01 09:00", made="2026-11-01 09:00")
    an_account(world, ANA, "2026-03-01 09:00", proved="2026-03-01 09:05", password=PASSWORD)
    scene["session"], _ = (world.visitor().log_in(ANA, PASSWORD).token for _ in range(2))
    world.portal.client(scene["session"]).change_email(NEW)
    scene["change"] = link_in(world, NEW, "change_email")
    world.visitor().request_sign_in_link(ANA)
    scene["sign_in"] = link_in(world, ANA, "sign_in")
    world.clock.advance(timedelta(minutes=1))


def _unlooped(scene: Scene) -> Any:
    """The visitor's door of a portal that hashes where it is called: there is no event loop under a stepped one."""
    scene.portal._setup = evolve(scene.portal._setup, gate=BlockingGate())
    return scene.visitor()


def _register(key: str | None = None) -> Callable[[Scene], Any]:
    return lambda on: _unlooped(on).register(ANA, PASSWORD, consents=AGREED, came_from=on["page"], key=key)


def _reset(password: str = PASSWORD, key: str | None = "reset") -> Callable[[Scene], Any]:
    return lambda on: _unlooped(on).reset_password(on["reset"], password, key=key)


def _verify(which: str = "", key: str | None = None) -> Callable[[Scene], Any]:
    return lambda on: on.client(f"session{which}").verify_email(on[f"link{which}"], key=key)


def _claim(on: Scene) -> Any:
    return _unlooped(on).claim_email(on["link"], PASSWORD, key="claim")


def _accept(on: Scene) -> Any:
    return _unlooped(on).accept_invitation(on["invitation"], PASSWORD, key="accept")


def _change(key: str | None = None) -> Callable[[Scene], Any]:
    return lambda on: on.client().confirm_email_change(on["change"], key=key)


def _sign_in(key: str | None = None) -> Callable[[Scene], Any]:
    return lambda on: on.visitor().sign_in_by_link(on["sign_in"], key=key)


CASES = {
    case.name: case
    for case in (
        Case("register", on_the_page, _register("k")),
        Case("verify_email", registered, _verify(key="k")),
        Case("request_reset", registered, lambda on: on.visitor().request_reset(ANA, key="k")),
        Case("reset_password", registered, _reset()),
        Case("claim_email", registered, _claim),
        Case("accept_invitation", registered, _accept),
        Case("invite", with_links, lambda on: on.staff().invite(on["child"], key="k")),
        Case("change_email", with_links, _change("k")),
        Case("sign_in_by_link", with_links, _sign_in("k")),
    )
}
"""What is crashed, by name."""

PAIRS = {
    pair.name: pair
    for pair in (
        Pair("register and register, one key", on_the_page, _register("k"), _register("k")),
        Pair("verify and verify, one link", registered, _verify(), _verify()),
        Pair("verify and verify, two registrations", registered, _verify(), _verify("2")),
        Pair("verify and reset", registered, _verify(), _reset()),
        Pair("verify and claim", registered, _verify(), _claim),
        Pair("reset and reset, one link", registered, _reset(key="1"), _reset(key="2")),
        Pair("reset and accept", registered, _reset(), _accept),
        Pair("change and change, one link", with_links, _change(), _change()),
        Pair("change and sign in by link", with_links, _change(), _sign_in()),
        Pair("sign in and sign in, one link", with_links, _sign_in(), _sign_in()),
    )
}
"""What is interleaved, by name."""
