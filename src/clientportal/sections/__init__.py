"""What a portal shows, one file for each section: the port that a host implements for it.

=============== =========================== ==========================================
section         file                        what a client finds there
=============== =========================== ==========================================
memberships     ``memberships.py``          every membership ever bought (M4)
packages        ``packages.py``             every package, with the visits left (M5)
gift_cards      ``gift_cards.py``           gift cards received and purchased (M6)
rewards         ``rewards.py``              balances of points or money (T8)
payment_methods ``payment_methods.py``      saved cards (M9)
documents       ``documents.py``            what the business shares with them (V9)
forms           ``forms.py``                what the business asks them to fill in (T3, T8)
messages        ``messages.py``             the conversation with the business (V10)
pets            ``pets.py``                 pets, inside the account (M8)
preferences     ``preferences.py``          which messages are wanted, and how (M11)
referrals       ``referrals.py``            credits, friends, a personal link (M10)
payments        ``payments.py``             what is owed, what was paid, what is under way (V8)
=============== =========================== ==========================================

``bookings`` and ``account`` need no class: every host has them. ``codes`` are the host's ``active_codes`` (A15),
and ``notifications`` the portal's own (V10).
"""

from collections.abc import Mapping
from typing import Any

from clientportal.ports.section import Given, Section
from clientportal.sections.documents import Documents
from clientportal.sections.forms import Forms
from clientportal.sections.gift_cards import GiftCards
from clientportal.sections.memberships import Memberships
from clientportal.sections.messages import Messages
from clientportal.sections.packages import Packages
from clientportal.sections.payment_methods import PaymentMethods
from clientportal.sections.payments import Payments
from clientportal.sections.pets import Pets
from clientportal.sections.preferences import NotificationPreferences
from clientportal.sections.referrals import ReferralProgram
from clientportal.sections.rewards import Rewards

__all__ = [
    "SECTIONS",
    "STANDING",
    "Documents",
    "Forms",
    "GiftCards",
    "Given",
    "Memberships",
    "Messages",
    "NotificationPreferences",
    "Packages",
    "PaymentMethods",
    "Payments",
    "Pets",
    "ReferralProgram",
    "Rewards",
    "Section",
]

STANDING: Mapping[str, tuple[str, ...]] = {
    "bookings": ("move", "cancel", "rebook"),
    "account": ("change_email", "change_password", "change_details", "change_contact"),
    "codes": (),
    "notifications": ("mark_read",),
}
"""The sections that need no class of a host's, and what can be done in them."""

SECTIONS: Mapping[str, type[Section[Any]]] = {
    one.name: one
    for one in (
        Memberships,
        Packages,
        GiftCards,
        Rewards,
        PaymentMethods,
        Payments,
        Messages,
        Pets,
        NotificationPreferences,
        ReferralProgram,
        Documents,
        Forms,
    )
}
"""The shipped sections that a host implements, by name."""
