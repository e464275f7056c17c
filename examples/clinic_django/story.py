"""The story that ``run.py`` tells, over the project's own models and the portal of its settings."""

from __future__ import annotations

import os
import re
import sys
import textwrap
from datetime import UTC, datetime
from pathlib import Path

from clinic.sms import phones
from django.conf import settings
from django.contrib.auth import get_user_model
from django.core.management import call_command
from django.db import transaction
from django.utils.crypto import get_random_string
from physio.models import Booking, Person
from physio.seeding import AROHA, CLINIC, ZONE, seed

from clientportal import Appointment, InvalidCode, Permission, RecordRef, Refused
from clientportal.doors import ClientDoor, StaffDoor
from clientportal.values import in_zone
from clientportal.web.django import portal

__all__ = ["tell"]

AROHAS, AROHA_AGAIN = RecordRef.client("P-00003"), RecordRef.client("P-00004")


def scene(number: int, title: str) -> None:
    print(f"\n── {number} ── {title} {'─' * max(3, 80 - len(title))}\n")


def say(text: str) -> None:
    print(textwrap.fill(text, 92, initial_indent="  ", subsequent_indent="  "))


def line(one: Appointment) -> None:
    when = f"{one.local_start:%a %d %b %Y, %H:%M} {one.zone.partition('/')[2]}"
    print(f"    {one.id:<10}{when:<34}{one.service_name:<20}{one.staff_name:<15}as “{one.booked_as}”")


def show(door: ClientDoor) -> None:
    for when in ("upcoming", "past"):
        print(f"  {when}")
        for one in door.appointments(when).items:
            line(one)


# --- 1: opening ------------------------------------------------------------------------------------------------------


def open_clinic() -> str:
    """The tables, a diary around today, somebody who may log in to the admin, and the portal's first walk."""
    scene(1, "The clinic opens its portal")
    database = settings.DATABASES["default"]
    if database["ENGINE"].endswith("sqlite3"):
        for suffix in ("", "-wal", "-shm", "-journal"):
            Path(f"{database['NAME']}{suffix}").unlink(missing_ok=True)
    call_command("migrate", verbosity=0)
    seed(datetime.now(UTC))
    password = get_random_string(12)
    get_user_model().objects.create_superuser("mia", password=password)
    report = portal().walk_contacts(CLINIC)
    print(f"    database    {database['NAME']}")
    print(f"    tables      {Person.objects.count()} people, two of them staff; {Booking.objects.count()} bookings")
    print(f"    contacts    {report.contacts} in {report.records} records, {report.shared} of them in several")
    print()
    say("No person has a phone: it stands on the bookings, as it was said. Staff are in the same table.")
    for phone in Booking.objects.exclude(phone="").values_list("phone", flat=True)[:4]:
        print(f"    {phone}")
    return password


# --- 2: logging in ---------------------------------------------------------------------------------------------------


def log_in(number: str) -> ClientDoor | None:
    visitor = portal().visitor(CLINIC, source="192.0.2.7")
    print(f"    Your mobile number: {number}")
    sent = visitor.request_code(number)
    phones.latest = None
    portal().deliver(CLINIC)
    if phones.latest is None:
        print("    (no phone rings)")
        return None
    right = re.findall(r"\d{6}", phones.latest.text)[0]
    for _ in range(3):
        code = typed(right)
        try:
            door = portal().client(visitor.verify_code(sent.handle, code).token)
        except (InvalidCode, Refused) as error:
            print(f"    {error.client_text if isinstance(error, Refused) else error}")
            continue
        print(f"    ✓ logged in as {door.profile().first_name}")
        return door
    return None


def typed(right: str) -> str:
    if sys.stdin.isatty():
        try:
            return input("    The code you received: ")
        except EOFError:
            print()
    print(f"    The code you received: {right}  (typed by the script)")
    return right


# --- 3: cancelling ---------------------------------------------------------------------------------------------------


def cancel(door: ClientDoor) -> None:
    scene(4, "She cancels, and the row is gone")
    first = door.appointments().items[0]
    until = door.change_terms(first.id).cancel.until
    say(f"{first.id} may be cancelled until {in_zone(until, ZONE):%a %d %b, %H:%M}.")
    print(f"    rows with that number before   {Booking.objects.filter(number=first.id).count()}")
    door.cancel(first.id)
    print(f"    ✓ cancelled; rows afterwards   {Booking.objects.filter(number=first.id).count()}")
    print()
    say("The clinic keeps no archive. What she changed she still sees, from the portal's own snapshot:")
    for one in door.past_changes():
        print(f"    at {in_zone(one.at, ZONE):%H:%M}, {one.change.value}:")
        line(one.before)


# --- 4: one transaction ----------------------------------------------------------------------------------------------


def take_back(door: ClientDoor) -> None:
    scene(5, "One transaction")
    video = door.appointments().items[0]
    try:
        with transaction.atomic():
            Booking.objects.filter(number=video.id).update(name="changed by the platform")
            door.cancel(door.appointments().items[0].id)
            print("    the platform changes a row, the portal cancels it … and then something fails")
            raise RuntimeError("the platform's own code failed")
    except RuntimeError:
        pass
    kept = Booking.objects.get(number=video.id)
    print(f"    ✓ both are as they were: {kept.number} is there, as “{kept.name}”")
    print(f"    ✓ and the portal has noted one change, not two: {len(door.past_changes())}")


# --- 5: staff --------------------------------------------------------------------------------------------------------


def merge_and_undo(staff: StaffDoor, door: ClientDoor) -> None:
    scene(6, "Staff find her twice")
    for group in staff.duplicates().groups:
        shared = sorted({str(key.kind) for one in group.evidence for key in one.shared})
        names = " / ".join(group.names)
        print(f"    {', '.join(ref.id for ref in group.refs):<20}{names:<34}share {' and '.join(shared)}")
    before = count(door)
    merged = staff.merge(AROHAS, AROHA_AGAIN)
    print(f"\n    ✓ merged: her open session now shows {before} → {count(door)} appointments\n")
    show(door)
    staff.undo(merged.merges[0])
    print(f"\n    ✓ undone: {count(door)} again; no row of the clinic's was touched")


def count(door: ClientDoor) -> int:
    return sum(len(door.appointments(when).items) for when in ("upcoming", "past"))


def tell() -> int:
    """The whole week."""
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(errors="replace")
    print("\n  Harbour Physio – a client portal over a Django project that was never made for one")
    password = open_clinic()

    scene(2, "Two people ask for a code")
    say("Hemi treats here; he was once treated, too, and his number stands on a booking. He is staff, and no client:")
    log_in("021 555 0111")
    print()
    say("Aroha's number stands on her bookings, in three spellings, none of which is this one:")
    aroha = log_in(AROHA)
    if aroha is None:
        say("That was three times. Run the example again for a new code.")
        return 1

    scene(3, "What she sees")
    show(aroha)
    print()
    say("The video is by the clock in Lisbon. In the table there is no zone, and no order that would be right.")
    cancel(aroha)
    take_back(aroha)
    merge_and_undo(portal().staff(CLINIC, actor="mia", permissions=frozenset(Permission), reason="one person"), aroha)

    scene(7, "The same in a browser")
    here = Path(os.path.relpath(Path(__file__).parent / "manage.py"))
    print(f"    {Path(sys.executable).name} {here} runserver")
    print("    http://localhost:8000/           the clinic's own page, which knows who is logged in to the portal")
    print(f"    http://localhost:8000/portal/    log in with {AROHA}: the code is printed by runserver")
    print(f"    http://localhost:8000/admin/     staff: mia, {password}")
    return 0
