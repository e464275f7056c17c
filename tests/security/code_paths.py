"""Every way in that takes a code, each as far as the moment where the code is typed.

``test_code_paths.py`` compares this list with the doors: a new method that takes a code has to be here.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from attrs import frozen
from pyotp import TOTP

from accounts_ground import a_session, an_account
from clientportal import Reason, presets
from clientportal.policy import SeveralRecords, VisibilityPolicy
from clientportal.records import Purpose
from mails import acuity, register
from password_ground import add_account, log_in, with_passwords
from security.attacking import ANA, another_second_code, patient, second_proof
from world import World

__all__ = ["BEN", "HANDLES", "PATHS", "Path", "Typing", "opened"]

BEN = "021 765 4321"


@frozen
class Typing:
    """A code, and how it is typed: ``type(portal, code)``."""

    code: str
    type: Callable[[Any, str], Any]


@frozen
class Path:
    """A method of a door that takes a code; what it says of a wrong one, and of how many a stranger may try."""

    door: str
    method: str
    open: Callable[[World], Typing]
    purpose: Purpose | None = None
    wrong: Reason = Reason.CODE_WRONG
    most: int = 5

    def __str__(self) -> str:
        return f"{self.door}.{self.method}" + (f" ({self.purpose.value})" if self.purpose else "")


def _handle(world: World, door: Any, token: Any, method: str, sent: Any) -> Typing:
    world.deliver()
    code = world.code_in(world.box.messages[-1])
    if door is None:
        return Typing(code, lambda portal, typed: portal.visitor(world.tenant).verify_code(sent.handle, typed))
    return Typing(code, lambda portal, typed: getattr(portal.client(token), method)(sent.handle, typed))


def _log_in(world: World) -> Typing:
    world.add_client("ana", "Ana Kingi", mobile=ANA)
    return _handle(world, None, None, "", world.visitor().request_code(ANA))


def _second_proof(world: World) -> Typing:
    world.ana = world.add_client(  # type: ignore[attr-defined]
        "ana", "Ana Kingi", mobile=ANA, email="ana@example.com", created="2024-01-05 09:00"
    )
    _, door = second_proof(world)
    sent, code = another_second_code(world, door)
    return Typing(code, lambda portal, typed: portal.visitor(world.tenant).verify_code(sent.handle, typed))


def _verify_email(world: World) -> Typing:
    acuity(world)
    registered = register(world)
    world.deliver()
    world.clock.advance(timedelta(minutes=11))
    door = world.client(registered)
    return _handle(world, door, registered.token, "verify_email_code", door.request_email_code())


def _claim(world: World) -> Typing:
    world.use(presets.timetap(region="NZ"))
    world.change_policy("login", several=SeveralRecords.ACCOUNTS)
    world.add_client("tama", "Tama Kingi", mobile=BEN)
    token = a_session(world, an_account(world, "mere@example.com", world.clock(), proved=world.clock()))
    door = world.portal.client(token)
    return _handle(world, door, token, "finish_claim", door.claim(BEN))


def _change_contact(world: World) -> Typing:
    world.change_policy("visibility", editable=VisibilityPolicy().fields)
    world.add_client("ana", "Ana Kingi", mobile=ANA)
    signed_in = world.sign_in(ANA)
    door = world.client(signed_in)
    return _handle(world, door, signed_in.token, "confirm_contact_change", door.request_contact_change(BEN))


def _with_app(world: World) -> tuple[Any, Any]:
    with_passwords(world)
    world.change_policy("accounts", second_factor="offered")
    add_account(world)
    signed_in = log_in(world)
    return signed_in.token, world.client(signed_in).begin_second_factor().secret


def _confirm_app(world: World) -> Typing:
    token, secret = _with_app(world)
    code = TOTP(secret.reveal()).at(world.clock())
    return Typing(code, lambda portal, typed: portal.client(token).confirm_second_factor(typed))


def _pass_app(world: World) -> Typing:
    token, secret = _with_app(world)
    app = TOTP(secret.reveal())
    world.portal.client(token).confirm_second_factor(app.at(world.clock()))
    world.clock.advance(timedelta(minutes=1))
    half = log_in(world).token
    return Typing(app.at(world.clock()), lambda portal, typed: portal.client(half).second_factor(typed))


_APP = Reason.SECOND_FACTOR_WRONG

PATHS = (
    Path("visitor", "verify_code", _log_in, Purpose.LOGIN),
    Path("visitor", "verify_code", _second_proof, Purpose.SECOND_PROOF),
    Path("client", "verify_email_code", _verify_email, Purpose.VERIFY_EMAIL),
    Path("client", "finish_claim", _claim, Purpose.CLAIM),
    Path("client", "confirm_contact_change", _change_contact, Purpose.CHANGE_CONTACT),
    Path("client", "confirm_second_factor", _confirm_app, wrong=_APP, most=20),
    Path("client", "second_factor", _pass_app, wrong=_APP, most=20),
)
"""All of them; a code of an app is guessed at in the account's own lane, twenty a day."""

HANDLES = tuple(path for path in PATHS if path.purpose is not None)
"""Those whose code was sent."""


def opened(world: World, path: Path) -> Typing:
    """That path, at a business where no budget for sends and no wait gets in the way."""
    typing = path.open(world)
    patient(world)
    return typing
