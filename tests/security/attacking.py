"""What an attacker has: many hands, a second business on the same store, a list of everything that ports were asked."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any, TypeVar

from attrs import evolve

from clientportal.outcomes import SignedIn
from clientportal.policy import ContactPolicy, Delivery, LoginPolicy, Policy, UnknownIdentity
from clientportal.records import GuessCounter
from clientportal.testing.stepping import Call, Stepper, SteppingStore
from clientportal.values import ContactKind
from watching import reason_of
from world import World

__all__ = [
    "ANA",
    "PATHS",
    "another_second_code",
    "Neighbour",
    "Trace",
    "by_email",
    "counter_of",
    "guess_path",
    "miss",
    "patient",
    "second_proof",
    "wrong",
]

T = TypeVar("T")

ANA = "021 123 4567"
"""Ana Kingi's mobile; as a key it is ``mobile:+64211234567``."""

PATHS = ("login", "second proof")
"""Every way in that takes a code."""


class Neighbour(World):
    """Another business on the same store, behind the same portal, with the same keys and clock."""

    def __init__(self, home: World) -> None:
        self._home = home
        super().__init__(home.store, home.host, awaited=home.awaited, close=lambda: None)
        self.clock, self.keys, self.box = home.clock, home.keys, home.box
        self.portal = self.make_portal()

    def run(self, coroutine: Any) -> Any:
        """On the loop of the first world: its connections belong there."""
        return self._home.run(coroutine)


class Trace:
    """A portal over the same store that writes down every call of its ports, without what differs by chance."""

    def __init__(self, world: World, **more: Any) -> None:
        self.calls: list[str] = []
        stepper = Stepper()
        self.portal = world.make_portal(store=SteppingStore(world.store, stepper), **more)
        stepper.use(self)

    async def around(self, call: Call, perform: Callable[[], Awaitable[T]]) -> T:
        """Note the call and make it."""
        name = re.sub(r"[0-9a-f]{32,64}", "#", call.name)
        self.calls.append(re.sub(r"(mobile|phone|email):[^|,) ]+", r"\1:?", re.sub(r"prefix:\+\d+", "prefix:?", name)))
        return await perform()

    async def ending(self, call: Call) -> None:
        """A unit ends without commit."""
        self.calls.append(call.name)

    async def wait(self, held: Callable[[], bool]) -> None:
        """Nobody else is there to wait for."""
        raise AssertionError("a single visitor waits for a lock")

    def of(self, act: Callable[[], Any]) -> list[str]:
        """The calls that one act made, whatever came of it."""
        self.calls.clear()
        try:
            act()
        except Exception as error:
            self.calls.append(f"raised {error}")
        return list(self.calls)


def patient(world: World, **guesses: Any) -> None:
    """Send budgets that are never used up, and waits of a second, so that a test meets one limit at a time."""
    second = timedelta(seconds=1)
    world.change_policy(
        "sends",
        first_gap=timedelta(microseconds=1),
        per_ten_minutes=1000,
        per_day=1000,
        per_source_hour=1000,
        per_prefix_hour=1000,
    )
    world.change_policy("guesses", **{"first_wait": second, "longest_wait": second, **guesses})


def by_email(policy: Policy, **login: Any) -> Policy:
    """Email identifies and gets the codes; unknown addresses get an empty record."""
    settings = {
        "identifiers": frozenset({ContactKind.EMAIL}),
        "delivery": Delivery.EMAIL,
        "unknown": UnknownIdentity.CREATE_EMPTY,
        **login,
    }
    return evolve(policy, login=LoginPolicy(**settings), contacts=ContactPolicy(region="NZ"))


def wrong(code: str, step: int = 1) -> str:
    """A code of the same length that is not this one."""
    return f"{(int(code) + step) % 10 ** len(code):0{len(code)}d}"


def miss(world: World, handle: Any, code: str, **visitor: Any) -> Any:
    """Type a wrong code, a little after the last try; answers the reason of the refusal."""
    world.clock.advance(timedelta(seconds=2))
    return reason_of(lambda: world.visitor(**visitor).verify_code(handle, wrong(code)))


def counter_of(world: World, lane: str = "strangers", identity: str = "mobile:+64211234567") -> GuessCounter:
    """How often was guessed at Ana's number."""
    found = world.stored(GuessCounter, f"{identity}|{lane}")
    assert isinstance(found, GuessCounter)
    return found


def second_proof(world: World) -> tuple[SignedIn, Any]:
    """Ana's number was quiet for years: she has proved it, and stands before her second proof."""
    world.change_policy("login", recycled_after=timedelta(days=90))
    if not world.ask("clients", [world.ana]):  # type: ignore[attr-defined]
        raise AssertionError("Ana is no client here")
    world.deliver()
    signed_in = world.sign_in(ANA)
    return signed_in, world.client(signed_in)


def guess_path(world: World, path: str) -> tuple[Any, str]:
    """A handle with its right code, on one of ``PATHS``; Ana is a client, quiet since January 2024."""
    world.ana = world.add_client(  # type: ignore[attr-defined]
        "ana", "Ana Kingi", mobile=ANA, email="ana@example.com", created="2024-01-05 09:00"
    )
    patient(world)
    if path == "login":
        return world.get_code(ANA)
    _, door = second_proof(world)
    return another_second_code(world, door)


def another_second_code(world: World, door: Any) -> tuple[Any, str]:
    """Ask for a code to Ana's email address, let it be sent, and read it."""
    sent = door.request_second_proof("ana@example.com")
    world.deliver()
    message = world.box.messages[-1]
    assert message.to == "ana@example.com"
    return sent, world.code_in(message)
