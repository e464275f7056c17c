"""Five live products, each as one value of the same policy. Start from the nearest and change an axis.

``region`` is the ISO 3166 code in which national phone numbers are read.
"""

from __future__ import annotations

from clientportal.policy.accounts import RegisterFrom, RegistrationPolicy, StaffReset
from clientportal.policy.changes import ChangePolicy, Edge, Window
from clientportal.policy.login import (
    ContactPolicy,
    Delivery,
    LoginPolicy,
    LoginToBook,
    Proof,
    SeveralRecords,
    UnknownIdentity,
)
from clientportal.policy.people import (
    BookingPolicy,
    CardRemoval,
    ClientListPolicy,
    LoggedOutMatch,
    OnDelete,
    SeenBy,
    StaffBooking,
    VisibilityPolicy,
)
from clientportal.policy.policy import Policy
from clientportal.policy.portal import DASHBOARD, CallToAction, PortalPolicy
from clientportal.values import CLIENT_FIELDS, ContactKind

__all__ = ["acuity", "mytime", "timely", "timetap", "vcita"]

_EMAIL = frozenset({ContactKind.EMAIL})


def _until_hours_before(hours: int, edge: Edge) -> ChangePolicy:
    window = Window(amount=hours, edge=edge)
    return ChangePolicy(cancel=window, move=window)


def timely(*, region: str = "NZ") -> Policy:
    """Timely: a code by SMS, records found by mobile number, the newest booking decides (T1–T11)."""
    return Policy(
        contacts=ContactPolicy(region=region),
        login=LoginPolicy(
            proof=Proof.CODE,
            identifiers=frozenset({ContactKind.MOBILE}),
            delivery=Delivery.SMS,
            unknown=UnknownIdentity.CREATE_EMPTY,
            several=SeveralRecords.NEWEST_BOOKING,
            in_booking_flow=False,
        ),
        # Rewards can be added (T8); what Timely does not show is not named.
        visibility=VisibilityPolicy(sections=("bookings", "account", "forms", "payment_methods")),
        changes=_until_hours_before(24, Edge.LATE),
        bookings=BookingPolicy(logged_out=LoggedOutMatch.NAME_AND_CONTACT),
        clients=ClientListPolicy(card_removal=CardRemoval.UNLESS_REQUIRED_AND_UPCOMING),
    )


def vcita(*, region: str = "US") -> Policy:
    """vcita: only existing clients, by email, the code by SMS where there is a mobile, else by email (V1–V3)."""
    return Policy(
        contacts=ContactPolicy(region=region),
        login=LoginPolicy(
            proof=Proof.CODE,
            identifiers=_EMAIL,
            delivery=Delivery.SMS_ELSE_EMAIL,
            unknown=UnknownIdentity.REFUSE_SILENTLY,
            several=SeveralRecords.CHOOSE,
            in_booking_flow=True,
        ),
        visibility=VisibilityPolicy(
            sections=("bookings", "payments", "documents", "forms", "messages", "notifications", "account")
        ),
        portal=PortalPolicy(
            opens_with=DASHBOARD,
            calls_to_action=(
                CallToAction(action="bookings.rebook"),
                CallToAction(action="payments.pay"),
                CallToAction(action="documents"),
                CallToAction(action="messages.send"),
            ),
            notices_by_email=True,
        ),
        changes=_until_hours_before(24, Edge.ALLOWED),
        bookings=BookingPolicy(logged_out=LoggedOutMatch.EMAIL),
    )


def acuity(*, region: str = "US") -> Policy:
    """Acuity Scheduling: password accounts, appointments assigned one by one (A1–A16)."""
    return Policy(
        contacts=ContactPolicy(region=region),
        login=LoginPolicy(
            proof=Proof.PASSWORD,
            identifiers=_EMAIL,
            delivery=Delivery.NONE,
            unknown=UnknownIdentity.SAME_ALERT,
            several=SeveralRecords.ACCOUNTS,
            in_booking_flow=True,
            to_book=LoginToBook.NEVER,
        ),
        registration=RegistrationPolicy(
            accounts=True,
            register_from=RegisterFrom.CONFIRMATION_PAGE,
            # Name your own documents' editions; that both must be agreed to is the product's rule (A1).
            consents={"terms": "1", "privacy": "1"},
        ),
        visibility=VisibilityPolicy(appointments=SeenBy.ASSIGNED, sections=("account", "bookings", "codes")),
        changes=_until_hours_before(24, Edge.ALLOWED),
        bookings=BookingPolicy(logged_out=LoggedOutMatch.CLAIM_ONLY, by_staff=StaffBooking.UNLESS_AMBIGUOUS),
    )


def timetap(*, region: str = "US") -> Policy:
    """TimeTap: passwords that staff may reset, the client list (TT1–TT11)."""
    return Policy(
        contacts=ContactPolicy(region=region),
        login=LoginPolicy(
            proof=Proof.PASSWORD,
            identifiers=_EMAIL,
            delivery=Delivery.NONE,
            unknown=UnknownIdentity.SAME_ALERT,
            several=SeveralRecords.CHOOSE,
            in_booking_flow=True,
        ),
        registration=RegistrationPolicy(
            accounts=True,
            register_from=RegisterFrom.ANYWHERE,
            staff_may_register=True,
            staff_reset=StaffReset.SINGLE_AND_BULK,
        ),
        changes=_until_hours_before(24, Edge.ALLOWED),
        bookings=BookingPolicy(logged_out=LoggedOutMatch.EMAIL),
    )


def mytime(*, region: str = "US") -> Policy:
    """MyTime: account management with every section (M1–M11)."""
    return Policy(
        contacts=ContactPolicy(region=region),
        login=LoginPolicy(
            proof=Proof.PASSWORD,
            identifiers=_EMAIL,
            delivery=Delivery.NONE,
            unknown=UnknownIdentity.SAME_ALERT,
            several=SeveralRecords.CHOOSE,
            in_booking_flow=True,
        ),
        registration=RegistrationPolicy(accounts=True, register_from=RegisterFrom.ANYWHERE),
        visibility=VisibilityPolicy(
            # Each is there where the business has activated it (M4, M5, M8).
            sections=(
                "account",
                "bookings",
                "memberships",
                "packages",
                "gift_cards",
                "pets",
                "payment_methods",
                "referrals",
                "preferences",
            ),
            editable=CLIENT_FIELDS,
        ),
        # What opens is the account, unless the business chooses (M2).
        portal=PortalPolicy(menu=("account", "bookings")),
        changes=_until_hours_before(24, Edge.LATE),
        bookings=BookingPolicy(logged_out=LoggedOutMatch.FIRST_NAME_AND_EMAIL),
        clients=ClientListPolicy(
            on_delete=OnDelete.KEEP_PAST_CANCEL_FUTURE, card_removal=CardRemoval.UNLESS_PREPAID_FUTURE
        ),
    )
