"""What this clinic's clients may do."""

from __future__ import annotations

from attrs import evolve

from clientportal import presets

__all__ = ["policy"]

_timely = presets.timely(region="NZ")
policy = evolve(
    _timely,
    # A person has no place for a phone, so nobody can be made of one; a number that nobody has is told nothing.
    login=evolve(_timely.login, unknown="refuse_silently"),
    # Free times stand on paper at the front desk.
    changes=evolve(_timely.changes, rebooking=False),
    visibility=evolve(_timely.visibility, sections=("bookings", "account")),
)
