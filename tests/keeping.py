"""What clients keep themselves, for the tests: a pet, preferences, credits, details that they may change."""

from __future__ import annotations

from clientportal import RecordRef
from clientportal.policy import VisibilityPolicy
from clientportal.values.pets import Pet
from world import World

__all__ = ["KEPT", "keeps_a_pet"]

KEPT = ("pets", "preferences", "referrals")


def keeps_a_pet(world: World, ref: RecordRef, id: str) -> None:
    """Somebody has a dog with that id; the portal shows what clients keep, and lets them change their details."""
    world.seed("add_items", [Pet(id=id, ref=ref, name="Rex", species="dog")])
    shown = world.policy.visibility.sections
    more = tuple(name for name in KEPT if name not in shown)
    world.change_policy("visibility", sections=(*shown, *more), editable=VisibilityPolicy().fields)
