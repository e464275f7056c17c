"""Which sections and fields does this client see? What no rule names is not shown."""

from __future__ import annotations

from collections.abc import Mapping

from clientportal.outcomes import FieldChoice, Profile
from clientportal.policy import Policy
from clientportal.records import Account
from clientportal.values import Address

__all__ = ["account_profile", "profile", "section_is_open"]


def profile(fields: Mapping[str, FieldChoice], address: Address | None, policy: Policy) -> Profile:
    """The client's own contact fields: those that the policy names, out of the six that may be named at all (T8).

    Notes and custom fields are not among the six, so no policy can show them.
    """
    shown = {name: choice.value for name, choice in fields.items() if name in policy.visibility.fields}
    return Profile(
        first_name=shown.get("first_name"),
        last_name=shown.get("last_name"),
        email=shown.get("email"),
        phone=shown.get("phone"),
        mobile=shown.get("mobile"),
        address=address if "address" in policy.visibility.fields else None,
    )


def account_profile(account: Account | None, policy: Policy) -> Profile:
    """The same of an account that shows no record: what its holder typed when registering (A14)."""
    if account is None:
        return Profile(None, None, None, None, None, None)
    typed = {
        "first_name": account.first_name,
        "last_name": account.last_name,
        "email": account.address,
        "phone": account.phone,
    }
    shown = {name: text for name, text in typed.items() if name in policy.visibility.fields}
    return Profile(
        first_name=shown.get("first_name"),
        last_name=shown.get("last_name"),
        email=shown.get("email"),
        phone=shown.get("phone"),
        mobile=None,
        address=None,
    )


def section_is_open(name: str, policy: Policy) -> bool:
    """Whether a section exists for clients; a closed one is refused, not only left out of the menu (V5)."""
    return name in policy.visibility.sections
