"""What does one business of a parent show, and by whose policy? (M6)

Who a client is, is the parent's to say: the records, accounts, sessions and budgets are the parent's, and one login
counts at every business under it. What a business shows and allows is its own.
"""

from __future__ import annotations

from collections.abc import Set

from attrs import evolve

from clientportal.policy import Policy
from clientportal.policy.portal import DASHBOARD

__all__ = ["belongs_to", "is_shown", "policy_at"]


def policy_at(parent: Policy, own: Policy) -> Policy:
    """The policy at one business of a parent: the parent's, with the business's own portal, windows and sections.

    The attack: a client whose own business asks for a second factor, or leaves cancelling to staff, comes in by the
    door of the laxest one, where the same session counts. So a business decides nothing about how clients prove who
    they are; of sections, fields and actions it can only take away from what the parent has; and its windows are for
    its own appointments alone (:func:`belongs_to`).
    """
    sections = tuple(name for name in own.visibility.sections if name in parent.visibility.sections)
    visibility = evolve(
        parent.visibility,
        sections=sections,
        fields=tuple(name for name in own.visibility.fields if name in parent.visibility.fields),
    )
    portal = own.portal
    if portal.actions is None or parent.portal.actions is None:
        actions = parent.portal.actions if portal.actions is None else portal.actions
    else:
        actions = portal.actions & parent.portal.actions
    first = portal.opens_with if portal.opens_with in (*sections, DASHBOARD) else None
    return evolve(
        parent,
        visibility=visibility,
        portal=evolve(portal, actions=actions, opens_with=first),
        changes=own.changes,
    )


def is_shown(business: str, section: str, branch: str, shares: Set[str]) -> bool:
    """Whether what belongs to ``business`` is shown at ``branch``: its own, the parent's (empty), and in a section that
    they share everybody's. At the parent's own door, whose branch is empty, everything is shown that the parent's
    policy opens.
    """
    return not branch or business in ("", branch) or section in shares


def belongs_to(business: str, branch: str) -> bool:
    """Whether something is judged by the rules of ``branch``: what another business of the parent has, and what belongs
    to the parent as a whole, may be looked at here where it is shown, and is changed where it belongs.
    """
    return business == branch
