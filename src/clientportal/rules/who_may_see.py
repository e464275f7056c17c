"""Which sections and fields does this client see? What no rule names is not shown."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from attrs import evolve

from clientportal.outcomes import FieldChoice, Profile
from clientportal.policy import Policy
from clientportal.records import Account
from clientportal.values import Address, Answer

__all__ = ["account_profile", "booking_profile", "latest_answers", "profile", "section_is_open"]


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


def booking_profile(shown: Profile, account: Account | None, policy: Policy) -> Profile:
    """What a booking form starts with (A14): the record's name and contacts; a contact that the record has none of is
    the account's, for the holder of the account is who books, for a child as well.
    """
    own = account_profile(account, policy)
    return evolve(shown, email=shown.email or own.email, phone=shown.phone or (None if shown.mobile else own.phone))


def latest_answers(answers: Iterable[Answer]) -> tuple[Answer, ...]:
    """One answer for each question of each form: the latest, and of equally late ones the greatest as text."""
    latest: dict[tuple[str, str], Answer] = {}
    for one in sorted(answers, key=lambda one: (one.at, one.answer)):
        latest[one.form, one.question] = one
    return tuple(latest[key] for key in sorted(latest))


def section_is_open(name: str, policy: Policy) -> bool:
    """Whether a section exists for clients; a closed one is refused, not only left out of the menu (V5)."""
    return name in policy.visibility.sections
