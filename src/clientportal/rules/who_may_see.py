"""Which sections and fields does this client see? What no rule names is not shown."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from attrs import evolve, frozen

from clientportal.decisions import Because, Reason, Refusal
from clientportal.outcomes import FieldChoice, Profile
from clientportal.policy import Policy
from clientportal.records import Account
from clientportal.values import Address, Answer

__all__ = [
    "SectionState",
    "account_profile",
    "booking_profile",
    "judge_action",
    "judge_section",
    "latest_answers",
    "profile",
    "section_is_open",
]


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
    """Whether the business shows a section to clients; a closed one is refused, not only left out of the menu (V5)."""
    return name in policy.visibility.sections


@frozen
class SectionState:
    """What decides whether a section is there: ``present`` where the platform has it at all, ``active`` where the
    business has activated it. Whether the business shows it, the policy says.
    """

    name: str
    present: bool
    active: bool


def judge_section(seen: SectionState, policy: Policy) -> Because | Refusal:
    """May this section be seen? Why so, or the refusal (M4, V5).

    All three must be so: the platform has it, the business has activated it, and the business shows it. A section that
    is missing is refused like one that is hidden: from outside the two are one. Payments need online payments besides
    (V8): where they are off (``bookings.payments``) there is no such section at all (V4).
    """
    shown = section_is_open(seen.name, policy)
    settings = [("visibility.sections", "shown" if shown else "closed")]
    if seen.name == "payments":
        shown = shown and policy.bookings.payments
        settings.append(("bookings.payments", "on" if policy.bookings.payments else "off"))
    facts = (("section", seen.name), ("the platform has it", _yes(seen.present)), ("activated", _yes(seen.active)))
    because = Because("who_may_see.judge_section", facts, tuple(settings))
    return because if shown and seen.present and seen.active else Refusal(Reason.DISABLED, because)


def judge_action(section: str, action: str, policy: Policy) -> Because | Refusal:
    """May a client do this in an open section? Why so, or the refusal (V5).

    Where the business names actions, those and no others; where it names none, whatever its sections can do.
    """
    name = f"{section}.{action}"
    allowed = policy.portal.actions is None or name in policy.portal.actions
    setting = "any" if policy.portal.actions is None else "named" if allowed else "not named"
    because = Because("who_may_see.judge_action", (("action", name),), (("portal.actions", setting),))
    return because if allowed else Refusal(Reason.DISABLED, because)


def _yes(fact: bool) -> str:
    return "yes" if fact else "no"
