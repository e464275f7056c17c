"""What a policy refuses when it is built, with a message that names both settings."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from attrs import evolve

from clientportal.errors import PolicyError
from clientportal.policy import BookingFlow, Policy, presets


def _changed(policy: Policy, **settings: Any) -> Policy:
    """The policy with settings changed, given as section__setting."""
    sections: dict[str, dict[str, Any]] = {}
    for name, value in settings.items():
        section, _, setting = name.partition("__")
        sections.setdefault(section, {})[setting] = value
    return evolve(policy, **{section: evolve(getattr(policy, section), **given) for section, given in sections.items()})


CONTRADICTIONS = [
    # code login without a delivery channel
    (presets.timely, {"login__delivery": "none"}, ("login.proof", "login.delivery")),
    (presets.acuity, {"login__proof": "code"}, ("login.proof", "login.delivery")),
    # sms delivery with an email-only identifier and no fall-back
    (presets.vcita, {"login__delivery": "sms"}, ("login.delivery", "login.identifiers")),
    (presets.timely, {"login__identifiers": {"email"}}, ("login.delivery", "login.identifiers")),
    # required login together with registration only from the confirmation page
    (presets.acuity, {"login__to_book": "required"}, ("login.to_book", "registration.register_from")),
    (
        presets.timetap,
        {"login__to_book": "required", "registration__register_from": "confirmation_page"},
        ("login.to_book", "registration.register_from"),
    ),
    # staff reset without passwords
    (presets.timely, {"registration__staff_reset": "single"}, ("registration.staff_reset", "login.proof")),
    (presets.vcita, {"registration__staff_reset": "single_and_bulk"}, ("registration.staff_reset", "login.proof")),
    (
        presets.timetap,
        {"login__proof": "code", "login__delivery": "email"},
        ("registration.staff_reset", "login.proof"),
    ),
    # create empty with an identifier that is not the delivery address
    (presets.timely, {"login__delivery": "email"}, ("login.unknown", "login.delivery")),
    (presets.timely, {"login__delivery": "sms_else_email"}, ("login.unknown", "login.delivery")),
    (presets.timely, {"login__identifiers": {"mobile", "email"}}, ("login.unknown", "login.delivery")),
    (presets.vcita, {"login__unknown": "create_empty"}, ("login.unknown", "login.delivery")),
    # assignment visibility without accounts
    (presets.timely, {"visibility__appointments": "assigned"}, ("visibility.appointments", "registration.accounts")),
    (presets.acuity, {"registration__accounts": False}, ("visibility.appointments", "registration.accounts")),
    # what building showed
    (
        presets.vcita,
        {"login__identifiers": {"mobile"}, "login__delivery": "email", "login__unknown": "same_alert"},
        ("login.delivery", "login.identifiers"),
    ),
    (presets.timely, {"sessions__idle_for": timedelta(days=31)}, ("sessions.idle_for", "sessions.lives_for")),
    (presets.timely, {"sessions__lives_for": timedelta(days=13)}, ("sessions.idle_for", "sessions.lives_for")),
    (presets.timely, {"guesses__first_wait": timedelta(hours=2)}, ("guesses.first_wait", "guesses.longest_wait")),
    (presets.timely, {"login__identifiers": ()}, ("login.identifiers",)),
    (presets.timely, {"matching__weights": {"name": 1}}, ("matching.weights",)),
    (presets.timely, {"matching__enough": 3}, ("matching.enough", "matching.weights")),
]


@pytest.mark.parametrize(("preset", "settings", "named"), CONTRADICTIONS)
def test_a_contradiction_names_both_settings(preset: Any, settings: dict[str, Any], named: tuple[str, ...]) -> None:
    """Whichever of the two was changed, message and settings name both, so that either can be put right."""
    with pytest.raises(PolicyError) as caught:
        _changed(preset(), **settings)
    assert set(named) <= {setting.partition(" = ")[0] for setting in caught.value.settings}
    assert all(setting in str(caught.value) for setting in named)


@pytest.mark.parametrize(
    ("preset", "settings"),
    [
        (presets.vcita, {"login__delivery": "sms_else_email"}),
        (presets.vcita, {"login__identifiers": {"email", "mobile"}, "login__delivery": "sms"}),
        (presets.vcita, {"login__delivery": "email", "login__unknown": "create_empty"}),
        (presets.timely, {"login__identifiers": {"mobile", "phone"}}),
        (presets.timetap, {"login__to_book": "required"}),
        (presets.timely, {"login__to_book": "required"}),
        (presets.acuity, {"registration__staff_reset": "single"}),
        (presets.timetap, {"visibility__appointments": "assigned"}),
        (presets.timely, {"sessions__idle_for": timedelta(days=30)}),
        (presets.timely, {"guesses__first_wait": timedelta(hours=1)}),
    ],
)
def test_the_neighbour_of_a_contradiction_is_a_policy(preset: Any, settings: dict[str, Any]) -> None:
    """Only the contradiction is refused, not what merely looks like it."""
    assert isinstance(_changed(preset(), **settings), Policy)


@pytest.mark.requirement("T10")
@pytest.mark.parametrize("product", presets.__all__)
def test_payments_turn_the_updated_flow_on(product: str) -> None:
    """T10: taking payments turns the updated booking flow on by itself; without them it stays classic."""
    policy: Policy = getattr(presets, product)()
    assert (
        policy.bookings.effective_flow,
        _changed(policy, bookings__payments=True).bookings.effective_flow,
    ) == (BookingFlow.CLASSIC, BookingFlow.UPDATED)


@pytest.mark.requirement("T10")
def test_the_classic_flow_with_payments_is_refused() -> None:
    """T10: asking for the classic flow as well is refused, naming both settings."""
    with pytest.raises(PolicyError, match=r"bookings\.payments = true and bookings\.flow = 'classic'") as caught:
        _changed(presets.timely(), bookings__payments=True, bookings__flow="classic")
    named = {setting.partition(" = ")[0] for setting in caught.value.settings}
    assert {"bookings.payments", "bookings.flow"} == named


@pytest.mark.requirement("T10")
@pytest.mark.parametrize(
    ("payments", "flow", "shown"),
    [
        (False, None, "classic"),
        (False, "classic", "classic"),
        (False, "updated", "updated"),
        (True, "updated", "updated"),
        (True, None, "updated"),
    ],
)
def test_every_other_choice_of_flow_is_free(payments: bool, flow: str | None, shown: str) -> None:
    """T10: the updated flow may be asked for without payments too."""
    policy = _changed(presets.timely(), bookings__payments=payments, bookings__flow=flow)
    assert shown == policy.bookings.effective_flow


WEAK = [
    ("login__code_digits", 5, 6, "login.code_digits", "at least 6"),
    ("login__code_digits", 4, 6, "login.code_digits", "at least 6"),
    ("login__code_life", timedelta(minutes=10, microseconds=1), timedelta(minutes=10), "login.code_life", "10 minutes"),
    ("guesses__per_code", 6, 5, "guesses.per_code", "at most 5"),
    ("guesses__stop_after", 101, 100, "guesses.stop_after", "at most 100"),
]


@pytest.mark.parametrize(("setting", "weak", "strong", "name", "number"), WEAK)
def test_weaker_than_the_standard_must_be_said(setting: str, weak: Any, strong: Any, name: str, number: str) -> None:
    """The edge itself is fine; past it the refusal tells the standard's number and allow_weaker, which lifts it."""
    with pytest.raises(PolicyError, match=number) as caught:
        _changed(presets.timely(), **{setting: weak})
    assert (name, "allow_weaker") == caught.value.settings
    assert "allow_weaker" in str(caught.value)
    assert isinstance(_changed(presets.timely(), **{setting: strong}), Policy)
    allowed = evolve(presets.timely(), allow_weaker={name})
    assert isinstance(_changed(allowed, **{setting: weak}), Policy)


def test_one_permission_allows_one_weakness() -> None:
    """Allowing shorter codes does not allow longer lives."""
    allowed = evolve(presets.timely(), allow_weaker={"login.code_digits"})
    with pytest.raises(PolicyError, match=r"login\.code_life"):
        _changed(allowed, login__code_digits=4, login__code_life=timedelta(hours=1))


@pytest.mark.parametrize("name", ["login.code_length", "login", "", "sessions.idle_for"])
def test_only_settings_with_a_floor_can_be_allowed_to_be_weaker(name: str) -> None:
    """A misspelt permission would be a permission that nobody notices."""
    with pytest.raises(PolicyError, match=r"login\.code_digits") as caught:
        evolve(presets.timely(), allow_weaker={name})
    assert caught.value.settings == ("allow_weaker",)


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        ("login__code_digits", 3),
        ("login__code_digits", 9),
        ("login__code_life", timedelta(seconds=29)),
        ("login__live_codes", 0),
        ("login__proof", "magic"),
        ("login__identifiers", {"name"}),
        ("login__recycled_after", timedelta(hours=23)),
        ("contacts__shared_by_at_most", 0),
        ("contacts__shared_by_at_most", 101),
        ("guesses__per_code", 0),
        ("sends__per_day", 0),
        ("sends__first_gap", timedelta(0)),
        ("sessions__idle_for", timedelta(0)),
        ("messages__tries", 0),
        ("matching__weights", ["mobile"]),
        ("matching__weights", {"mobile": 1, "shoe_size": 1}),
        ("matching__weights", {"mobile": 1, "custom.": 1}),
        ("matching__weights", {"mobile": 1, 7: 1}),
        ("matching__weights", {"mobile": 0}),
        ("matching__weights", {"mobile": 101}),
        ("matching__weights", {"mobile": True}),
        ("matching__weights", {"mobile": "1"}),
        ("matching__weights", {"mobile": float("nan")}),
        ("matching__enough", 0),
        ("matching__enough", float("nan")),
        ("matching__vetoes", "birthday"),
        ("matching__vetoes", ["mobile"]),
        ("matching__names", "by ear"),
        ("matching__alike_from", 0.4),
        ("matching__alike_from", 1.1),
        ("merging__undo_for", timedelta(days=-1)),
        ("merging__survivorship", {"shoe_size": "oldest"}),
        ("merging__survivorship", {"notes": "verified"}),
        ("merging__survivorship", {"mobile": "union"}),
        ("merging__survivorship", {"email": "newest"}),
        ("visibility__fields", ("email", "notes")),
        ("changes__max_moves", -1),
    ],
)
def test_values_out_of_range_are_refused(setting: str, value: Any) -> None:
    """Each as a ValueError, even with every weakness allowed."""
    weak = {"login.code_digits", "login.code_life", "guesses.per_code", "guesses.stop_after"}
    policy = evolve(presets.timely(), allow_weaker=weak)
    with pytest.raises(ValueError) as caught:  # noqa: PT011
        _changed(policy, **{setting: value})
    assert str(caught.value)


def test_a_policy_cannot_be_changed_in_place() -> None:
    """It is a value: a session judged by it sees one policy from beginning to end."""
    with pytest.raises(AttributeError):
        presets.timely().login.enabled = False  # type: ignore[misc]
