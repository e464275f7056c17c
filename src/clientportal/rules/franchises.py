"""What does one business of a parent show, and by whose policy? (M6)

Who a client is, is the parent's to say: the records, accounts, sessions and budgets are the parent's, and one login
counts at every business under it. What a business shows and allows is its own.
"""

from __future__ import annotations

from collections.abc import Set

from attrs import evolve

from clientportal.policy import Policy
from clientportal.policy.portal import DASHBOARD

__all__ = ["acts_on", "belongs_to", "is_shown", "policy_at"]


def policy_at(parent: Policy, own: Policy) -> Policy:
    """The policy at one business of a parent: the parent's, with the business's own portal, windows and sections.

    The attack: a client whose own business asks for a second factor, or leaves cancelling to staff, comes in by the
    door of the laxest one, where the same session counts. So a business decides nothing about how clients prove who
    they are; of sections, fields and actions it can only take away from what the parent has; and its windows are for
    its own appointments alone (:func:`belongs_to`).
    """
    seen, here, portal = parent.visibility, own.visibility, own.portal
    sections = tuple(name for name in here.sections if name in seen.sections)
    fields = tuple(name for name in here.fields if name in seen.fields)
    editable = tuple(name for name in here.editable if name in seen.editable and name in fields)
    if portal.actions is None or parent.portal.actions is None:
        actions = parent.portal.actions if portal.actions is None else portal.actions
    else:
        actions = portal.actions & parent.portal.actions
    return evolve(
        parent,
        visibility=evolve(seen, sections=sections, fields=fields, editable=editable),
        portal=evolve(
            portal,
            actions=actions,
            opens_with=portal.opens_with if portal.opens_with in (*sections, DASHBOARD) else None,
            messages_per_day=min(portal.messages_per_day, parent.portal.messages_per_day),
            demo_address=parent.portal.demo_address,
        ),
        changes=own.changes,
        bookings=evolve(parent.bookings, online=own.bookings.online and parent.bookings.online),
    )


def is_shown(business: str, section: str, branch: str, shares: Set[str]) -> bool:
    """Whether what belongs to ``business`` is shown at ``branch``: its own, the parent's (empty), and in a section that
    they share everybody's. At the parent's own door, whose branch is empty, everything is shown that the parent's
    policy opens.
    """
    return not branch or business in ("", branch) or section in shares


def belongs_to(business: str, branch: str) -> bool:
    """Whether an appointment is judged by the windows of ``branch``: another's, and the parent's own, may be looked at
    here where they are shown, and are changed where they belong.
    """
    return business == branch


def acts_on(business: str, branch: str) -> bool:
    """Whether a client can do something at ``branch`` with an item of ``business``: with its own, and with what belongs
    to the parent as a whole, whose policy bounds what is allowed at every business (:func:`policy_at`).
    """
    return business in ("", branch)
