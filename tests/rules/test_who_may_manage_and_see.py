"""What staff may do and what clients see: what is not named is not allowed, and not shown."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from attrs import evolve, fields_dict
from hypothesis import given
from hypothesis import strategies as st

from clientportal.decisions import Reason
from clientportal.outcomes import FieldChoice, Profile
from clientportal.policy import presets
from clientportal.records import Account
from clientportal.rules.who_may_manage import OWNER, RECEPTION, Permission, may
from clientportal.rules.who_may_see import account_profile, booking_profile, latest_answers, profile, section_is_open
from clientportal.values import CLIENT_FIELDS, Address, Answer

TIMELY = presets.timely(region="NZ")


@given(st.sets(st.sampled_from(Permission)), st.none() | st.sampled_from(Permission))
def test_least_by_default(granted: set[Permission], needed: Permission | None) -> None:
    """Exactly what was granted by name may be done; what needs no permission may be done by anybody."""
    refusal = may(granted, needed)

    assert (refusal is None) is (needed is None or needed in granted)
    if refusal is not None and needed is not None:
        assert refusal.reason is Reason.PERMISSION
        assert refusal.facts == {"permission": needed.value}
        assert refusal.because.rule == "who_may_manage.may"
        assert dict(refusal.because.facts) == {"needed": needed.value, "granted": ", ".join(sorted(granted)) or "none"}


@pytest.mark.parametrize("granted", Permission)
def test_nothing_follows_from_anything_else(granted: Permission) -> None:
    """One permission allows one thing."""
    assert [needed for needed in Permission if may([granted], needed) is None] == [granted]


@given(st.sets(st.sampled_from(CLIENT_FIELDS)).map(sorted))
def test_a_client_sees_the_fields_that_the_policy_names(named: list[str]) -> None:
    """Those and no others (T8)."""
    policy = evolve(TIMELY, visibility=evolve(TIMELY.visibility, fields=tuple(named)))
    values = {name: FieldChoice(name, f"the {name}", None, "most_recent") for name in CLIENT_FIELDS}
    address = Address("1 High St")

    shown = profile(values, address, policy)

    expected = {name: address if name == "address" else f"the {name}" for name in named}
    assert shown == Profile(**expected)  # type: ignore[arg-type]


def test_notes_can_be_shown_by_no_policy() -> None:
    """There is no place for them in what a client gets."""
    assert set(fields_dict(Profile)) == set(CLIENT_FIELDS)


def test_a_section_that_is_not_named_is_closed() -> None:
    """Also to those who know its name (V5)."""
    policy = evolve(TIMELY, visibility=evolve(TIMELY.visibility, sections=("bookings",)))

    assert section_is_open("bookings", policy)
    assert not section_is_open("account", policy)


def test_the_ready_made_sets_are_plain_sets() -> None:
    """The front desk joins no records, sees no audit and looks through nobody's eyes; the owner has all by name."""
    assert OWNER == set(Permission)
    assert RECEPTION.isdisjoint(
        {Permission.MERGE, Permission.SEE_AUDIT, Permission.REPLAY_POLICY, Permission.VIEW_AS_CLIENT}
    )
    assert may(RECEPTION, Permission.SEE_CLIENTS) is None
    assert may(RECEPTION, Permission.MERGE) is not None


# --- an account that shows no record ---------------------------------------------------------------------------------

TYPED = Account(
    id="a1", email="email:ana@example.com", address="Ana@example.com", created_at=datetime(2026, 11, 23, tzinfo=UTC),
    first_name="Ana", last_name="Kingi", phone="021 123 4567",
)  # fmt: skip


@pytest.mark.requirement("A14")
@given(st.sets(st.sampled_from(CLIENT_FIELDS)).map(sorted))
def test_an_account_shows_what_its_holder_typed_of_the_fields_that_the_policy_names(named: list[str]) -> None:
    """Name, email and phone; a mobile and an address were never asked for. Nobody's account shows nothing."""
    policy = evolve(TIMELY, visibility=evolve(TIMELY.visibility, fields=tuple(named)))
    typed = {"first_name": "Ana", "last_name": "Kingi", "email": "Ana@example.com", "phone": "021 123 4567"}

    assert account_profile(TYPED, policy) == Profile(**{name: typed[name] for name in named if name in typed})
    assert account_profile(None, policy) == Profile()


@pytest.mark.requirement("A14")
@pytest.mark.parametrize(
    ("shown", "email", "phone"),
    [
        (Profile(first_name="Zoe"), "Ana@example.com", "021 123 4567"),
        (Profile(first_name="Zoe", email="zoe@example.com"), "zoe@example.com", "021 123 4567"),
        (Profile(first_name="Zoe", phone="09 555 0100"), "Ana@example.com", "09 555 0100"),
        (Profile(first_name="Zoe", mobile="+64215550100"), "Ana@example.com", None),
    ],
)
def test_a_booking_form_begins_with_the_record_s_contacts_and_else_with_the_account_s(
    shown: Profile, email: str, phone: str | None
) -> None:
    """The child's name, the parent's contacts; whoever has a mobile needs no second number."""
    policy = evolve(TIMELY, visibility=evolve(TIMELY.visibility, fields=tuple(CLIENT_FIELDS)))

    assert booking_profile(shown, TYPED, policy) == evolve(shown, email=email, phone=phone)
    assert booking_profile(shown, None, policy) == shown


def test_of_several_answers_to_a_question_the_latest_is_shown() -> None:
    """Each question of each form once, in order; of equally late answers one and the same on every store."""
    noon = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
    early, late = noon - timedelta(microseconds=1), noon

    def answer(form: str, question: str, said: str, at: datetime) -> Answer:
        return Answer(form=form, question=question, answer=said, at=at)

    allergic = answer("health", "Allergies?", "none", late)
    given_twice = [allergic, answer("health", "Allergies?", "latex", early)]
    at_once = [answer("colour", "Which?", "red", late), answer("colour", "Which?", "blue", late)]
    other_form = answer("visit", "Allergies?", "pollen", early)

    for answers in ([*given_twice, *at_once, other_form], [other_form, *at_once[::-1], *given_twice[::-1]]):
        assert latest_answers(answers) == (at_once[0], allergic, other_form)
