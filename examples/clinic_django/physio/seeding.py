"""A practice with a few weeks of diary around today, as the front desk has typed it."""

from __future__ import annotations

from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from django.db import transaction

from physio.models import Booking, Clinic, Person, Provider, Role, Treatment, add_booking, add_person
from physio.wall_clocks import on_the_wall

__all__ = ["AROHA", "CLINIC", "ZONE", "seed"]

CLINIC, ZONE = "harbour", "Pacific/Auckland"
AROHA = "+64 21 555 0142"
"""The number of the one that the story is about, as she types it herself."""


class _Diary:
    """Writes lines into the diary: so many days from today, by the clock on the provider's wall."""

    def __init__(self, now: datetime) -> None:
        self._now = now
        self._treatments = {
            code: Treatment.objects.create(clinic_id=CLINIC, code=code, title=title, minutes=minutes)
            for code, title, minutes in (
                ("first", "First consultation", 45),
                ("follow-up", "Follow-up", 30),
                ("video", "Video consultation", 20),
            )
        }
        self._providers = {
            name: Provider.objects.create(clinic_id=CLINIC, code=code, name=name, zone=zone)
            for code, name, zone in (
                ("T-1", "Hemi Walker", ZONE),
                ("T-2", "Priya Nair", ZONE),
                ("T-3", "Sofia Marques", "Europe/Lisbon"),
            )
        }

    def line(
        self, days: int, at: str, who: str, what: str, *, file: Person | None, name: str, phone: str = "", made: int
    ) -> Booking:
        """One booking."""
        provider, treatment = self._providers[who], self._treatments[what]
        day = self._now.astimezone(ZoneInfo(provider.zone)).date() + timedelta(days=days)
        starts = datetime.combine(day, time.fromisoformat(at))
        return add_booking(
            CLINIC,
            patient=file.number if file else "",
            name=name,
            phone=phone,
            provider=provider,
            treatment=treatment,
            starts=starts,
            ends=starts + timedelta(minutes=treatment.minutes),
            booked_on=on_the_wall(self._now - timedelta(days=made), ZONE),
        )


def _file(now: datetime, first: str, last: str, years: int, email: str = "", role: Role = Role.CLIENT) -> Person:
    registered = on_the_wall(now - timedelta(days=365 * years), ZONE)
    return add_person(CLINIC, first=first, last=last, email=email, role=role, registered=registered)


@transaction.atomic
def seed(now: datetime) -> None:
    """Fill an empty database."""
    Clinic.objects.create(slug=CLINIC, name="Harbour Physio", zone=ZONE)
    diary = _Diary(now)
    hemi = _file(now, "Hemi", "Walker", 12, "hemi@harbour-physio.example", Role.STAFF)
    _file(now, "Priya", "Nair", 5, "priya@harbour-physio.example", Role.ADMIN)
    aroha = _file(now, "Aroha", "Ngata", 6)
    again = _file(now, "Aroha", "Ngāta-King", 1, "aroha@example.org")
    mere = _file(now, "Mere", "Parata", 3, "whanau@example.org")
    kaia = _file(now, "Kaia", "Parata", 3, "whanau@example.org")

    diary.line(-400, "09:00", "Hemi Walker", "first", file=aroha, name="Aroha Ngata", phone="021 5550142", made=410)
    diary.line(-35, "16:30", "Hemi Walker", "follow-up", file=aroha, name="Aroha", phone="021-555 0142", made=40)
    diary.line(4, "16:30", "Hemi Walker", "follow-up", file=aroha, name="Aroha N.", phone="(021) 555 01 42", made=3)
    diary.line(6, "20:15", "Sofia Marques", "video", file=aroha, name="Aroha Ngata", made=2)
    diary.line(-90, "11:00", "Priya Nair", "first", file=again, name="A. King", phone="0064215550142", made=95)
    diary.line(9, "08:00", "Priya Nair", "follow-up", file=again, name="Aroha King", phone="+64 21 555 0142", made=4)
    diary.line(20, "17:30", "Hemi Walker", "follow-up", file=mere, name="Mere Parata", phone="027 555 0163", made=9)
    diary.line(12, "15:00", "Hemi Walker", "first", file=kaia, name="Kaia (Mere's)", phone="027 555 0163", made=1)
    diary.line(2, "07:30", "Priya Nair", "follow-up", file=hemi, name="Hemi", phone="021 555 0111", made=1)
    diary.line(3, "10:00", "Priya Nair", "first", file=None, name="Tom Baker", phone="0064 22 555 0177", made=1)
