"""What only a test can know about a proof: the right code of a handle that nobody was sent, and why it was refused."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from clientportal import Refused
from clientportal.keyring import digest
from clientportal.records import Challenge
from world import World

__all__ = ["code_for", "other", "refusal_of"]


def code_for(world: World, handle: Any) -> str:
    """The code that would be right for a handle, derived as the portal derives it; nobody is ever sent it."""
    challenge = world.stored(Challenge, digest(handle.reveal()))
    code = world.keys.code(
        challenge.key_id,
        world.tenant,
        challenge.purpose.value,
        challenge.identity,
        challenge.id,
        challenge.send_number,
        world.policy.login.code_digits,
    )
    assert code is not None
    return code.reveal()


def other(code: str) -> str:
    """A code that is not that one."""
    return f"{(int(code) + 1) % 1_000_000:06d}"


def refusal_of(call: Callable[[], Any]) -> Refused:
    """The refusal that a call ends in."""
    with pytest.raises(Refused) as refused:
        call()
    return refused.value
