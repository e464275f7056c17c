"""What clients are told, for the tests: a notice in the list, with messages and notices shown to clients."""

from __future__ import annotations

from clientportal import RecordRef
from world import World

__all__ = ["is_told"]


def is_told(world: World, ref: RecordRef) -> str:
    """A client has one unread notice, and sees notices and messages; answers the notice's id."""
    shown = world.policy.visibility.sections
    more = tuple(name for name in ("messages", "notifications") if name not in shown)
    world.change_policy("visibility", sections=(*shown, *more))
    return str(world.portal.notify(world.tenant, ref, "form_sent", section="forms").id)
