"""What does a client see first, in which order, and which buttons are there? What is closed is not there at all."""

from __future__ import annotations

from collections.abc import Sequence

from clientportal.outcomes.dashboard import Call
from clientportal.outcomes.sections import SectionEntry
from clientportal.policy import Policy, RegisterFrom
from clientportal.policy.portal import DASHBOARD, HOME_TEXTS

__all__ = ["calls_now", "in_menu_order", "opens_first", "own_texts", "registers_here"]

_ACCOUNT = "account"


def in_menu_order(entries: Sequence[SectionEntry], policy: Policy) -> tuple[SectionEntry, ...]:
    """The open sections as the menu has them (M2): first what ``portal.menu`` names, in its order, then the others in
    theirs. The dashboard stands first where it is not named. What stands on another's page is no line of the menu.
    """
    own = {DASHBOARD: SectionEntry(DASHBOARD), **{one.name: one for one in entries if one.within is None}}
    named = [name for name in policy.portal.menu if name in own]
    return tuple(own[name] for name in dict.fromkeys((*named, *own)))


def opens_first(menu: Sequence[SectionEntry], policy: Policy) -> str:
    """What opens after signing in (M2): what the business chose, else the account, as far as that is open now; else
    what stands first in the menu.
    """
    names = [one.name for one in menu]
    return next((name for name in (policy.portal.opens_with, _ACCOUNT) if name in names), names[0])


def calls_now(entries: Sequence[SectionEntry], policy: Policy) -> tuple[Call, ...]:
    """The calls to action that this client can follow now: those into closed sections, or to actions that are not
    allowed there, are left out (V5); addresses of the business's own are always there.
    """
    allowed = {one.name: one.actions for one in entries}
    found: list[Call] = []
    for one in policy.portal.calls_to_action:
        label = one.label or ""
        if one.action is None:
            found.append(Call(url=one.url, label=label))
            continue
        section, _, action = one.action.partition(".")
        if section in allowed and (not action or action in allowed[section]):
            found.append(Call(section, action or None, label=label))
    return tuple(found)


def registers_here(policy: Policy) -> bool:
    """Whether the public page offers to register: where accounts are made from anywhere (A1: not where it takes the
    confirmation page of a booking).
    """
    return policy.registration.accounts and policy.registration.register_from is RegisterFrom.ANYWHERE


def own_texts(policy: Policy, language: str) -> dict[str, str]:
    """What the business has written for its public page, in a language."""
    written = {name: policy.portal.home_text(name, language) for name in HOME_TEXTS}
    return {name: text for name, text in written.items() if text is not None}
