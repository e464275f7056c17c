"""Somebody about to log in with a password, to be crashed between the two steps, and raced."""

from __future__ import annotations

from contextlib import asynccontextmanager
from datetime import timedelta
from functools import cache
from typing import Any

from attrs import evolve
from pyotp import TOTP

from accounts_ground import write
from clientportal import Secret
from clientportal.passwords import BlockingGate, hashing
from clientportal.records import Identifier, Put
from password_ground import NEW, RIGHT, WRONG, add_account, with_passwords
from steps.pairs import Pair
from steps.scenes import Case
from steps.stages import Scene, answered

__all__ = [
    "CHANGE",
    "LOGIN_PAIRS",
    "RIGHT_LOGIN",
    "SECOND_FACTOR",
    "UNKNOWN_LOGIN",
    "WRONG_LOGIN",
    "with_account",
    "with_app",
]

ANA, NOBODY = "ana@example.com", "zoe@example.com"
OTHER = "ana.kingi@example.org"


def with_account(scene: Scene) -> None:
    """Ana has an account, and is logged in on two devices."""
    world = scene.world
    with_passwords(world)
    add_account(world)
    scene["session"] = world.visitor().log_in(ANA, RIGHT).token
    scene["phone"] = world.visitor().log_in(ANA, RIGHT).token
    world.clock.advance(timedelta(minutes=1))


def with_a_weak_hash(scene: Scene) -> None:
    """The same, and the business asks for stronger hashes since: the next login replaces Ana's."""
    with_account(scene)
    scene.world.change_policy("passwords", memory_kib=16)


def with_app(scene: Scene) -> None:
    """The same, and two more devices wait for the code that her app shows."""
    with_account(scene)
    world = scene.world
    world.change_policy("accounts", second_factor="offered")
    door = world.portal.client(scene["session"])
    begun = door.begin_second_factor()
    door.confirm_second_factor(TOTP(begun.secret.reveal()).at(world.clock()))
    world.clock.advance(timedelta(minutes=1))
    scene["half"], scene["half2"] = (world.visitor().log_in(ANA, RIGHT).token for _ in range(2))
    scene["code"] = TOTP(begun.secret.reveal()).at(world.clock())


def with_two_emails(scene: Scene) -> None:
    """The same account logs in with a second email, of an account that was merged into it (X3)."""
    with_account(scene)
    second = Identifier(id=f"email:{OTHER}", account="ana", proved_at=scene.world.clock())
    write(scene.world, Put(second))


def with_record(scene: Scene) -> None:
    """A record has her email, and so opens at her login, without a link of its own (TT11)."""
    with_account(scene)
    scene["record"] = scene.world.add_client("ana-kingi", "Ana Kingi", email=ANA)


class _SteppedGate(BlockingGate):
    """Hashes in the calling thread, for stepped calls have no loop to wait on; and always with one salt, so that two
    runs can be compared. ``scene["compared"]`` says how many passwords were compared, whatever became of it.
    """

    def __init__(self, scene: Scene) -> None:
        super().__init__()
        self._scene = scene

    @asynccontextmanager
    async def place(self, policy: Any) -> Any:
        """A place whose new hashes are all the same."""
        async with super().place(policy) as inner:
            yield _OneSalt(inner, policy, self._scene)


class _OneSalt:
    def __init__(self, inner: Any, policy: Any, scene: Scene) -> None:
        self._policy = policy
        self._inner = inner
        self._scene = scene

    async def check(self, stored: Secret | None, password: Secret) -> Any:
        self._scene["compared"] = self._scene.known.get("compared", 0) + 1
        checked = await self._inner.check(stored, password)
        return checked if checked.replacement is None else evolve(checked, replacement=_made(password, self._policy))

    async def make(self, password: Secret) -> Secret:
        return _made(password, self._policy)


@cache
def _made(password: Secret, policy: Any) -> Secret:
    return hashing.make(password, policy)


def _hashing(scene: Scene) -> Scene:
    portal = scene.portal
    if not isinstance(portal._setup.gate, _SteppedGate):
        portal._setup = evolve(portal._setup, gate=_SteppedGate(scene))
    return scene


def _log_in(scene: Scene) -> Any:
    return _hashing(scene).visitor().log_in(ANA, RIGHT)


def _log_in_by_second(scene: Scene) -> Any:
    return _hashing(scene).visitor().log_in(OTHER, RIGHT)


def _unlink(scene: Scene) -> Any:
    return scene.staff().unlink("ana", scene["record"])


def _log_in_keyed(scene: Scene) -> Any:
    return _hashing(scene).visitor().log_in(ANA, RIGHT, key="k")


def _guess(scene: Scene) -> Any:
    return _hashing(scene).visitor().log_in(ANA, WRONG)


def _change(scene: Scene) -> Any:
    return _hashing(scene).client().change_password(NEW, old=RIGHT)


def _reset(scene: Scene) -> Any:
    return scene.staff().reset_password("ana")


def _code(scene: Scene, which: str = "half") -> Any:
    return scene.client(which).second_factor(scene["code"])


RIGHT_LOGIN = Case("log_in", with_account, _log_in_keyed)
WRONG_LOGIN = Case("log_in, wrong", with_account, lambda on: answered(lambda: _guess(on)))
UNKNOWN_LOGIN = Case(
    "log_in, unknown", with_account, lambda on: answered(lambda: _hashing(on).visitor().log_in(NOBODY, WRONG))
)
CHANGE = Case("change_password", with_account, _change)
SECOND_FACTOR = Case("second_factor", with_app, lambda on: on.client("half").second_factor(on["code"], key="k"))

LOGIN_PAIRS = {
    pair.name: pair
    for pair in (
        Pair("log in and wrong guess", with_account, _log_in, _guess),
        Pair("wrong guess and wrong guess, password", with_account, _guess, _guess),
        Pair("log in and reset by staff", with_account, _log_in, _reset),
        Pair("log in by a second email and reset by staff", with_two_emails, _log_in_by_second, _reset),
        Pair("log in by a second email and change of password", with_two_emails, _log_in_by_second, _change),
        Pair("log in and unlinking by staff", with_record, _log_in, _unlink),
        Pair("log in and change of password", with_account, _log_in, _change),
        Pair("log in, its hash weak, and change of password", with_a_weak_hash, _log_in, _change),
        Pair("log in and log in, the hash weak", with_a_weak_hash, _log_in, _log_in),
        Pair("second factor and second factor, one code", with_app, _code, lambda on: _code(on, "half2")),
    )
}
"""What is interleaved, by name."""
