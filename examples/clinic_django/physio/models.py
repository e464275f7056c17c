"""The tables of a physiotherapists' platform, as they grew over the years. Nothing here knows of a client portal.

What an adapter has to live with:

* staff and clients share one table, and a column says which somebody is;
* a person has an email, sometimes, and it need not be theirs alone; the phone stands only on the booking, as it was
  said on the phone;
* a booking's times are what the clock on the wall of *its provider* says, without a zone; one provider gives video
  consultations from Lisbon;
* there is no status and no archive: a cancelled booking is a deleted row;
* a booking names its patient by the number on the paper file, which no foreign key holds; a guest has none;
* there is no version column, and moments are kept to the minute.
"""

from __future__ import annotations

from django.db import models
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import CheckConstraint, F, Q, UniqueConstraint


class WallClock(models.DateTimeField):
    """What a clock on some wall says.

    Django's own kind is an instant on PostgreSQL, by the zone of the settings: a time in Lisbon that the clocks of
    Auckland skip would come back as another.
    """

    def db_type(self, connection: BaseDatabaseWrapper) -> str | None:
        """A moment without a zone, on every database."""
        return "timestamp" if connection.vendor == "postgresql" else super().db_type(connection)


class Clinic(models.Model):
    """One practice of the platform: the portal's tenant."""

    slug = models.CharField(primary_key=True, max_length=40)
    name = models.CharField(max_length=100)
    zone = models.CharField(max_length=50)

    class Meta:
        db_table = "clinics"

    def __str__(self) -> str:
        return self.name


class Provider(models.Model):
    """Who treats; the times of their bookings are by the clock on their wall."""

    clinic = models.ForeignKey(Clinic, models.PROTECT)
    code = models.CharField(max_length=40)
    name = models.CharField(max_length=100)
    zone = models.CharField(max_length=50)

    class Meta:
        db_table = "providers"
        constraints = (UniqueConstraint(fields=("clinic", "code"), name="one_provider_a_code"),)

    def __str__(self) -> str:
        return self.name


class Treatment(models.Model):
    """What is done, and for how long as a rule."""

    clinic = models.ForeignKey(Clinic, models.PROTECT)
    code = models.CharField(max_length=40)
    title = models.CharField(max_length=100)
    minutes = models.PositiveIntegerField()
    on_website = models.BooleanField(default=True)

    class Meta:
        db_table = "treatments"
        constraints = (UniqueConstraint(fields=("clinic", "code"), name="one_treatment_a_code"),)

    def __str__(self) -> str:
        return self.title


class Role(models.TextChoices):
    """Who somebody is."""

    CLIENT = "client"
    STAFF = "staff"
    ADMIN = "admin"
    CLOSED = "closed"
    """Was a client; the file is closed."""


class Person(models.Model):
    """Everybody: whoever is treated, and whoever works here."""

    clinic = models.ForeignKey(Clinic, models.PROTECT)
    number = models.CharField(max_length=20)
    role = models.CharField(max_length=10, choices=Role, default=Role.CLIENT)
    first = models.CharField(max_length=100, blank=True)
    last = models.CharField(max_length=100, blank=True)
    email = models.CharField(max_length=320, blank=True)
    registered = WallClock()
    """By the clinic's clock."""

    class Meta:
        db_table = "people"
        constraints = (UniqueConstraint(fields=("clinic", "number"), name="one_person_a_number"),)

    def __str__(self) -> str:
        return f"{self.number} {self.first} {self.last}"


class Booking(models.Model):
    """An appointment, until it is cancelled."""

    clinic = models.ForeignKey(Clinic, models.PROTECT)
    number = models.CharField(max_length=20)
    patient = models.CharField(max_length=20, blank=True)
    name = models.CharField(max_length=300, blank=True)
    phone = models.CharField(max_length=100, blank=True)
    provider = models.ForeignKey(Provider, models.PROTECT)
    treatment = models.ForeignKey(Treatment, models.PROTECT)
    starts = WallClock()
    ends = WallClock()
    """Both by the provider's clock."""
    booked_on = WallClock()
    """By the clinic's clock."""

    class Meta:
        db_table = "bookings"
        constraints = (
            UniqueConstraint(fields=("clinic", "number"), name="one_booking_a_number"),
            CheckConstraint(condition=Q(ends__gte=F("starts")), name="no_booking_ends_before_it_starts"),
        )
        indexes = (
            models.Index(fields=("clinic", "patient", "starts"), name="bookings_of_a_patient"),
            models.Index(fields=("clinic", "patient", "booked_on"), name="newest_booking_of_a_patient"),
            models.Index(fields=("clinic", "number"), name="guests", condition=Q(patient="")),
        )

    def __str__(self) -> str:
        return self.number


class Counter(models.Model):
    """The last number that was given out: what is deleted never has its number given to another."""

    clinic = models.ForeignKey(Clinic, models.PROTECT)
    letter = models.CharField(max_length=1)
    last = models.PositiveIntegerField(default=0)

    class Meta:
        db_table = "counters"
        constraints = (UniqueConstraint(fields=("clinic", "letter"), name="one_counter_a_letter"),)

    def __str__(self) -> str:
        return f"{self.letter} {self.last}"


def next_number(clinic: str, letter: str) -> int:
    """The next number of that kind, in the caller's transaction."""
    counter, _ = Counter.objects.get_or_create(clinic_id=clinic, letter=letter)
    Counter.objects.filter(pk=counter.pk).update(last=F("last") + 1)
    counter.refresh_from_db()
    return counter.last


def add_person(clinic: str, **columns: object) -> Person:
    """A new file, "P-00042"."""
    return Person.objects.create(clinic_id=clinic, number=f"P-{next_number(clinic, 'P'):05}", **columns)


def add_booking(clinic: str, **columns: object) -> Booking:
    """A new booking, "B2026-117": numbered through, with the year that it was made in."""
    year = columns["booked_on"].year
    return Booking.objects.create(clinic_id=clinic, number=f"B{year}-{next_number(clinic, 'B')}", **columns)
