"""A5: neither registering nor logging in can be required for booking; account holders may book logged out."""

from __future__ import annotations

from typing import Any

import pytest
from attrs import evolve

from accounts_ground import an_account
from clientportal import PolicyError, presets
from clientportal.policy import LoginToBook, Policy, RegisterFrom
from clientportal.records import Assignment
from mails import PASSWORD, acuity
from world import World

pytestmark = pytest.mark.requirement("A5")

ANA = "ana@example.com"


@pytest.fixture
def studio(world: World) -> World:
    """A business of Acuity's kind, in Auckland."""
    acuity(world)
    return world


def test_a_booking_starts_without_a_login(studio: World) -> None:
    """Nobody is logged in: a login is offered, and not required; nothing personal is there."""
    start = studio.visitor().start_booking()
    assert (start.login_offered, start.login_required) == (True, False)
    assert (start.profile, start.recent) == (None, ())


def test_an_account_holder_books_logged_out_and_nobody_is_stopped(studio: World) -> None:
    """Ana has an account and books logged out, with her account's email: it stands, assigned to nobody (A9).

    Logged in afterwards, she does not see it; what she books logged in she does (A8a).
    """
    ana = studio.add_client("ana", "Ana Kingi", email=ANA)
    an_account(studio, ANA, "2026-03-01 09:00", proved="2026-03-01 09:05", password=PASSWORD)
    studio.book("logged-out", ana, "2026-12-01 09:00")
    assert studio.visitor().booked("logged-out").account is None
    assert studio.stored(Assignment, "logged-out") is None
    door = studio.client(studio.visitor().log_in(ANA, PASSWORD))
    assert door.start_booking().login_required is False
    assert door.appointments().items == ()
    studio.book("logged-in", ana, "2026-12-02 09:00")
    door.booked("logged-in")
    assert [one.id for one in door.appointments().items] == ["logged-in"]


def _acuity(to_book: LoginToBook, **registration: Any) -> Policy:
    policy = presets.acuity()
    return evolve(
        policy,
        login=evolve(policy.login, to_book=to_book),
        registration=evolve(policy.registration, **registration),
    )


def test_a_login_cannot_be_required_by_this_policy() -> None:
    """Registering is only possible after a booking: both settings are named."""
    with pytest.raises(PolicyError) as caught:
        _acuity(LoginToBook.REQUIRED)
    assert caught.value.settings == ("login.to_book", "registration.register_from")


@pytest.mark.parametrize("register_from", [RegisterFrom.ANYWHERE, RegisterFrom.NOWHERE])
def test_nor_where_clients_may_register_elsewhere(register_from: RegisterFrom) -> None:
    """Bookings made logged out are there to be claimed; with a login required there would be none. Both are named."""
    with pytest.raises(PolicyError) as caught:
        _acuity(LoginToBook.REQUIRED, register_from=register_from)
    assert caught.value.settings == ("login.to_book", "bookings.logged_out")
    assert "login.to_book = 'required' and bookings.logged_out = 'claim_only'" in str(caught.value)


@pytest.mark.parametrize("to_book", [LoginToBook.NEVER, LoginToBook.OPTIONAL])
def test_what_does_not_require_it_is_a_policy(to_book: LoginToBook) -> None:
    """Offered or not, nobody must."""
    assert _acuity(to_book).login.to_book is to_book
