"""What account scenarios share: businesses with accounts whose hashing is quick, and the links in their mails."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

from attrs import evolve

from clientportal import Policy, presets
from clientportal.policy import RegisterFrom
from world import World

__all__ = [
    "ANOTHER",
    "AGREED",
    "PASSWORD",
    "acuity",
    "confirmed",
    "link_in",
    "links_to",
    "quick",
    "register",
    "reset_link",
    "timetap",
]

PASSWORD = "four words of mine"
ANOTHER = "some other few words"
AGREED = {"terms": "1", "privacy": "1"}
"""What the Acuity preset asks for."""


def quick(policy: Policy) -> Policy:
    """The same policy with an argon2 that takes no time: what it costs is proved elsewhere."""
    passwords = evolve(policy.passwords, memory_kib=8, passes=1)
    weaker = frozenset({"passwords.memory_kib", "passwords.passes"})
    return evolve(policy, passwords=passwords, allow_weaker=policy.allow_weaker | weaker)


def acuity(world: World) -> None:
    """The business is one of Acuity's, in Auckland."""
    world.use(quick(presets.acuity(region="NZ")))


def timetap(world: World) -> None:
    """The business is one of TimeTap's."""
    world.use(quick(presets.timetap(region="NZ")))


def links_to(world: World, address: str, purpose: str) -> list[str]:
    """Every link for that purpose that was mailed there, the latest last; what waits in the outbox leaves first."""
    world.deliver()
    texts = [message.text for message in world.box.to(address)]
    return [found[1] for text in texts if (found := re.search(rf"https://\S+/{purpose}/(\S+)", text))]


def link_in(world: World, address: str, purpose: str = "verify") -> str:
    """The latest of them."""
    return links_to(world, address, purpose)[-1]


def register(world: World, email: str = "ana@example.com", password: str = PASSWORD, **more: Any) -> Any:
    """Somebody registers, a few minutes after whatever was before."""
    world.clock.advance(timedelta(minutes=11))
    more.setdefault("consents", dict(world.policy.registration.consents))
    if world.policy.registration.register_from is RegisterFrom.CONFIRMATION_PAGE and "came_from" not in more:
        more["came_from"] = confirmed(world)
    door = world.visitor(**{name: more.pop(name) for name in ("source", "device") if name in more})
    return door.register(email, password, **more)


def confirmed(world: World) -> Any:
    """The confirmation page of somebody's booking."""
    ref = world.add_client(f"guest-{len(world.observed.all)}", "Somebody Else")
    id = world.book(f"theirs-{len(world.observed.all)}", ref, "2026-12-24 09:00")
    return world.portal.confirmation(world.tenant, id)


def reset_link(world: World, email: str = "ana@example.com") -> str:
    """Somebody asks for a new password, and the mailbox has the link."""
    world.clock.advance(timedelta(minutes=11))
    world.visitor().request_reset(email)
    return link_in(world, email, "reset")
