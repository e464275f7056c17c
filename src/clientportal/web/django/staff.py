"""A user of Django's as a member of the portal's staff.

Django's permissions ``clientportal.<value>`` are the portal's, one to one: ``clientportal.merge`` is
``Permission.MERGE``. Whoever has none of them is no member of its staff, administrators included: they have all.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from clientportal.rules.who_may_manage import Permission
from clientportal.web.django.conf import configuration, portal
from clientportal.web.visits import StaffIdentity

if TYPE_CHECKING:
    from clientportal.doors.staff import StaffDoor
    from clientportal.web.messages import Request

__all__ = ["identity_of", "permissions_of", "staff_door"]


def permissions_of(user: Any) -> frozenset[Permission]:
    """What a user may do in the portal; nothing, unless they are active and of the staff."""
    if not (user.is_active and user.is_staff):
        return frozenset()
    return frozenset(one for one in Permission if user.has_perm(f"clientportal.{one.value}"))


def staff_door(user: Any, business: str, reason: str = "") -> StaffDoor:
    """The staff's door for that user, whose name is what the audit says."""
    tenant, _, branch = business.partition("/")
    return portal().staff(
        tenant, actor=user.get_username(), permissions=permissions_of(user), reason=reason, branch=branch
    )


def identity_of(request: Request) -> StaffIdentity | None:
    """Who sits at the pages for staff (``…/staff``): whoever is logged in to Django and may do anything there.

    Only those pages ask; no page of a client's looks at Django's login.
    """
    user = getattr(request.native, "user", None)
    if user is None or not user.is_authenticated:
        return None
    granted: Any = permissions_of(user)
    if not granted or configuration().business_of(request.native) not in configuration().businesses_of_staff(user):
        return None
    return StaffIdentity(actor=user.get_username(), permissions=granted)
