"""What a portal shows, one file for each section: the port that a host implements for it.

=============== =========================== ==========================================
section         file                        what a client finds there
=============== =========================== ==========================================
memberships     ``memberships.py``          every membership ever bought (M4)
=============== =========================== ==========================================

``bookings`` and ``account`` need no class: every host has them. ``codes`` are the host's ``active_codes`` (A15).
"""

from collections.abc import Mapping
from typing import Any

from clientportal.ports.section import Given, Section
from clientportal.sections.memberships import Memberships

__all__ = ["SECTIONS", "STANDING", "Given", "Memberships", "Section"]

STANDING: Mapping[str, tuple[str, ...]] = {
    "bookings": ("move", "cancel", "rebook"),
    "account": ("change_email", "change_password"),
    "codes": (),
}
"""The sections that need no class of a host's, and what can be done in them."""

SECTIONS: Mapping[str, type[Section[Any]]] = {one.name: one for one in (Memberships,)}
"""The shipped sections that a host implements, by name."""
