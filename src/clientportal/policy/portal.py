"""The portal itself: what a client may do in it."""

from __future__ import annotations

import re
from collections.abc import Iterable

from attrs import field, frozen

from clientportal.errors import PolicyError

__all__ = ["PortalPolicy"]

_ACTION = re.compile(r"[a-z_]+\.[a-z_]+")


def _actions(value: Iterable[str] | None) -> frozenset[str] | None:
    return None if value is None else frozenset(value)


def _named(_instance: object, _attribute: object, value: frozenset[str] | None) -> None:
    for name in sorted(value or ()):
        if not _ACTION.fullmatch(name):
            raise PolicyError(
                f"portal.actions: {name!r} is no action; one is named <section>.<action>, such as 'payments.pay'",
                ("portal.actions",),
            )


@frozen(kw_only=True)
class PortalPolicy:
    """What the business lets its clients do in the portal, and how the portal presents itself.

    * ``actions``: what clients may do, each as ``<section>.<action>`` (V5); ``None`` is everything that the open
      sections can do. What is not named is refused on the server, from an open session's next call on.
    """

    actions: frozenset[str] | None = field(default=None, converter=_actions, validator=_named)
