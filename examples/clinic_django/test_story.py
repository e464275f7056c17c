"""What makes this clinic hard, seen from the portal; and its pages, clicked."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from html import unescape
from typing import Any
from urllib.parse import urlencode

import pytest
from clinic.sms import phones
from django.contrib.auth import get_user_model
from django.db import transaction
from django.test import Client
from ground import empty
from physio.models import Booking, Person, Role, add_booking
from physio.seeding import AROHA, CLINIC, seed

from clientportal import Permission, RecordRef, Refused
from clientportal.doors import ClientDoor, StaffDoor
from clientportal.web.django import portal

HEMI, AROHAS, AGAIN = (RecordRef.client(f"P-0000{at}") for at in (1, 3, 4))
TOM = RecordRef.booking("B2026-10")


@pytest.fixture(autouse=True)
def _clinic() -> None:
    empty()
    seed(datetime.now(UTC))
    portal().walk_contacts(CLINIC)


def log_in(number: str) -> ClientDoor | None:
    """By the code on the phone; None where no phone rings."""
    visitor = portal().visitor(CLINIC)
    sent = visitor.request_code(number)
    phones.latest = None
    portal().deliver(CLINIC)
    if phones.latest is None:
        return None
    code = re.findall(r"\d{6}", phones.latest.text)[0]
    return portal().client(visitor.verify_code(sent.handle, code).token)


def aroha() -> ClientDoor:
    """She is logged in."""
    door = log_in(AROHA)
    assert door is not None
    return door


def opened_by(number: str) -> RecordRef | None:
    """Whose file that number opens now."""
    return desk().explain_contact(number).record


def desk() -> StaffDoor:
    """Mia, at the front desk."""
    return portal().staff(CLINIC, actor="mia", permissions=frozenset(Permission), reason="a test")


def ids(door: ClientDoor, when: str = "upcoming") -> list[str]:
    """The numbers of her bookings."""
    return [one.id for one in door.appointments(when).items]


def test_a_phone_on_a_booking_opens_the_file() -> None:
    """However it was said there; of two files the one that was booked for last."""
    door = aroha()
    assert door.profile().first_name == "Aroha"
    assert [one.zone for one in door.appointments().items] == ["Pacific/Auckland", "Europe/Lisbon"]
    assert len(ids(door, "past")) == 2


def test_staff_are_nobody() -> None:
    """Hemi's number stands on a booking of his own; it opens nothing, nor does an admin's, and no list has them."""
    assert log_in("021 555 0111") is None
    staff = desk()
    listed = staff.clients().lines
    assert sorted(one.ref.id for one in listed) == ["P-00003", "P-00004", "P-00005", "P-00006"]
    with pytest.raises(Refused):
        staff.client(HEMI)


def test_who_begins_to_work_here_is_logged_out() -> None:
    """A client who becomes staff is no client any more, and neither is the session that was open."""
    door = aroha()
    with transaction.atomic():
        Person.objects.filter(number=AROHAS.id).update(role=Role.STAFF)
        portal().contact_changed(CLINIC, AROHAS)
    with pytest.raises(Refused):
        door.appointments()
    assert opened_by(AROHA) == AGAIN, "the number stands on her other file as well"


def test_a_guest_sees_the_one_booking() -> None:
    """Without a file the booking is the record."""
    guest = Booking.objects.get(patient="", clinic=CLINIC)
    door = log_in("022 555 0177")
    assert door is not None
    assert ids(door) == [guest.number]


def test_what_is_cancelled_is_gone_here_and_kept_there() -> None:
    """The row is deleted, its time and name stand in the portal's snapshot, and the way in is an older booking's."""
    door = aroha()
    first = door.appointments().items[0]
    door.cancel(first.id)
    assert not Booking.objects.filter(number=first.id).exists()
    assert first.id not in ids(door)
    (change,) = door.past_changes()
    assert (change.before.id, change.before.start, change.before.booked_as) == (first.id, first.start, "Aroha N.")
    assert opened_by(AROHA) == AROHAS


def test_a_number_is_never_given_again() -> None:
    """What was cancelled cannot come back as somebody else's."""
    door = aroha()
    gone = max(ids(door))
    door.cancel(gone)
    last = Booking.objects.latest("pk")
    columns = {name: getattr(last, name) for name in ("provider", "treatment", "starts", "ends", "booked_on")}
    assert add_booking(CLINIC, **columns).number not in {gone, last.number}


def test_a_change_at_the_front_desk_meanwhile_is_noticed() -> None:
    """There is no version column; a column that reads otherwise is one."""
    door = aroha()
    first = door.appointments().items[0]
    row = Booking.objects.get(number=first.id)
    row.starts, row.ends = row.starts + timedelta(days=1), row.ends + timedelta(days=1)
    row.save()
    (moved,) = [one for one in door.appointments().items if one.id == first.id]
    assert moved.version != first.version
    door.cancel(first.id)
    assert door.past_changes()[0].before.start == moved.start


def test_one_transaction() -> None:
    """What the platform's code rolls back, the portal has not done."""
    door = aroha()
    first = ids(door)[0]

    def fails() -> None:
        with transaction.atomic():
            door.cancel(first)
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fails()
    assert first in ids(door)
    assert door.past_changes() == ()


def test_staff_merge_two_files_and_undo_it() -> None:
    """Her open session shows both and then one again; no row of the clinic's is touched."""
    before = list(Booking.objects.order_by("pk").values_list())
    door = aroha()
    staff = desk()
    assert (AROHAS, AGAIN) in [tuple(sorted(group.refs)) for group in staff.duplicates().groups]
    alone = ids(door)
    merged = staff.merge(AROHAS, AGAIN)
    assert len(ids(door)) == len(alone) + 1
    staff.undo(merged.merges[0])
    assert ids(door) == alone
    assert list(Booking.objects.order_by("pk").values_list()) == before


# --- in a browser

_URLENCODED = "application/x-www-form-urlencoded"


class Browser:
    """Somebody's browser at the clinic's site."""

    def __init__(self) -> None:
        self.client = Client(headers={"host": "localhost:8000", "origin": "http://localhost:8000"})

    def open(self, path: str) -> Any:
        """A page, wherever it leads."""
        return self.client.get(path, follow=True)

    def send(self, page: Any, **typed: str) -> Any:
        """The form of a page that has those fields, filled in."""
        for form in re.findall(r"<form[^>]*>.*?</form>", page.content.decode(), re.DOTALL):
            if all(f'name="{name}"' in form for name in typed):
                action = re.findall(r'action="([^"]*)"', form)[0]
                hidden = dict(re.findall(r'type="hidden" name="([^"]+)" value="([^"]*)"', form))
                fields = {**{name: unescape(value) for name, value in hidden.items()}, **typed}
                return self.client.post(unescape(action), urlencode(fields), _URLENCODED, follow=True)
        raise AssertionError(f"no form with {', '.join(typed)} in:\n{page.content.decode()}")

    def log_in(self, page: Any) -> Any:
        """From the sign-in on."""
        phones.latest = None
        code_page = self.send(page, contact=AROHA)
        assert phones.latest is not None, "the response is sent, and then the message"
        return self.send(code_page, code=re.findall(r"\d{6}", phones.latest.text)[0])


def test_pages_of_the_clinic_and_of_the_portal_know_the_same_client() -> None:
    """A page of the clinic's own leads to the sign-in and back; the front page says when she comes next."""
    browser = Browser()
    assert "See your bookings" in browser.open("/").content.decode()
    sign_in = browser.open("/exercises/")
    assert sign_in.redirect_chain, "nobody is logged in"
    page = browser.log_in(sign_in)
    assert "Three times a day, Aroha" in page.content.decode()
    assert "We see you on" in browser.open("/").content.decode()
    bookings = browser.open("/portal/bookings").content.decode()
    assert "Follow-up" in bookings
    assert "Video consultation" in bookings
    assert "_auth_user_id" not in browser.client.session, "a client of the portal is no user of Django's"


def test_staff_of_the_clinic_find_her_twice() -> None:
    """Whoever is logged in to Django with the permissions sees the portal's pages for staff; nobody else does."""
    assert Browser().open("/portal/staff/duplicates").status_code == 403
    get_user_model().objects.filter(username="mia").delete()
    browser = Browser()
    browser.client.force_login(get_user_model().objects.create_superuser("mia", password=None))
    page = browser.open("/portal/staff/duplicates").content.decode()
    assert "Ngāta-King" in page
