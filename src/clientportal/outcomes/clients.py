"""What the visitor's and the client's door give back."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from attrs import frozen

from clientportal.decisions import Reason, Refusal
from clientportal.values import (
    Address,
    Answer,
    Appointment,
    AppointmentStatus,
    Business,
    CardSummary,
    ChangeKind,
    Money,
    RecordRef,
    Secret,
)

__all__ = [
    "Appointments",
    "Booked",
    "BookingStart",
    "Cancelled",
    "ChangeTerms",
    "CodeSent",
    "Detached",
    "Ended",
    "LinkView",
    "Moved",
    "PastChange",
    "Profile",
    "ProfileOption",
    "SessionLine",
    "SignInStage",
    "SignedIn",
    "Terms",
]


@frozen
class CodeSent:
    """The same for everybody, known or not.

    ``handle`` goes back in with the typed code; keep it with the visitor, not in an address. ``expires_at`` and
    ``resend_at`` are aware UTC. ``digits`` is how long the code is.
    """

    handle: Secret
    expires_at: datetime
    resend_at: datetime
    digits: int


class SignInStage(StrEnum):
    """What a sign-in needs next."""

    DONE = "done"
    CHOOSE = "choose"
    """Several records match: list ``client.profiles()`` and ``client.switch(...)``."""
    SECOND_PROOF = "second_proof"
    """The number was quiet for so long that it may be somebody else's by now (X6)."""
    SECOND_FACTOR = "second_factor"
    """The password was right; the code of the authenticator app is still to come."""
    ENROL = "enrol"
    """The business asks for an authenticator app, and this account has none yet."""


@frozen
class SignedIn:
    """A proof was accepted.

    ``token`` opens ``portal.client(token)``: keep it in an HttpOnly cookie. ``device`` is kept longer, in a cookie of
    its own, and handed to ``portal.visitor(..., device=...)`` at the next login: a known device has budgets of its own.
    ``new_record`` says that an empty record was made (T6). ``account`` is the account's id where one has logged in.
    """

    token: Secret
    device: Secret
    stage: SignInStage
    expires_at: datetime
    record: RecordRef | None = None
    new_record: bool = False
    account: str | None = None


@frozen
class Detached:
    """The number was taken off the records that are not this client's (X6)."""

    contact: str
    signed_in: SignedIn | None


@frozen
class Profile:
    """What a client sees of themself: the fields that the policy shows (T8), each as text; absent ones are left out."""

    first_name: str | None = None
    last_name: str | None = None
    email: str | None = None
    phone: str | None = None
    mobile: str | None = None
    address: Address | None = None


@frozen
class ProfileOption:
    """One record that a session may choose: first name, last initial, and the client number where those are equal."""

    id: str
    label: str
    current: bool = False


@frozen
class Appointments:
    """One page of appointments; ``next`` goes back in as ``after``."""

    items: tuple[Appointment, ...]
    next: str | None = None


@frozen
class PastChange:
    """One change that was made through the portal, with the appointment as it was before."""

    change: ChangeKind
    at: datetime
    before: Appointment


@frozen
class Terms:
    """On what terms one change may be made right now.

    ``refusal`` says why not. ``until`` is the last moment without fee (aware UTC), ``fee`` what must be accepted,
    ``forfeits`` the deposit lost.
    """

    change: ChangeKind
    refusal: Refusal | None = None
    until: datetime | None = None
    fee: Money | None = None
    forfeits: Money | None = None

    @property
    def allowed(self) -> bool:
        """Whether it may be done, if need be for a fee."""
        return self.refusal is None

    @property
    def reason(self) -> Reason | None:
        """Why not; ``portal.texts.for_client(terms.refusal)`` says it in words."""
        return None if self.refusal is None else self.refusal.reason


@frozen
class ChangeTerms:
    """What may be done with one appointment, asked before it is done."""

    appointment: Appointment
    cancel: Terms
    move: Terms
    rebook: Terms


@frozen
class Moved:
    """The appointment has its new time, or the business has been asked (``status`` requested)."""

    appointment: Appointment
    waits: bool = False
    fee: Money | None = None


@frozen
class Cancelled:
    """The appointment is cancelled. ``appointment`` is it as last seen: some platforms delete the row."""

    appointment: Appointment
    status: AppointmentStatus
    fee: Money | None = None
    forfeits: Money | None = None
    waits: bool = False


@frozen
class Booked:
    """A new appointment was made, or asked for."""

    appointment: Appointment
    waits: bool = False


@frozen
class BookingStart:
    """What the booking flow begins with: personal data for a session alone (T2, A14).

    ``profile`` has name, phone and email for the form; ``answers`` what was answered in intake forms before, which may
    be sent unchanged or edited; ``card`` the card that the client chose to store, as far as it may be shown.
    """

    business: Business
    login_offered: bool
    login_required: bool
    profile: Profile | None = None
    recent: tuple[Appointment, ...] = ()
    answers: tuple[Answer, ...] = ()
    card: CardSummary | None = None


@frozen
class LinkView:
    """What the holder of a signed link sees before acting: looking has no effect, however often."""

    appointment: Appointment
    cancel: Terms
    move: Terms


@frozen
class SessionLine:
    """One of the client's open sessions. ``viewer`` is the member of staff who looks through the client's eyes with it;
    clients are not shown those.
    """

    id: str
    opened_at: datetime
    used_at: datetime
    ends_at: datetime
    current: bool = False
    because: str = ""
    viewer: str | None = None


@frozen
class CurrentSession:
    """The session that a token opens, in one small read: who is behind this request.

    ``record`` is the record that speaks for the client today (the survivor, where theirs was merged); ``None`` while
    they are still to choose, and where a business shows an account its single appointments. ``account`` is the
    account's id. ``viewer`` is the member of staff who looks through the client's eyes with it: show a banner.
    """

    stage: SignInStage
    record: RecordRef | None
    account: str | None
    ends_at: datetime
    viewer: str | None = None


@frozen
class Ended:
    """How many sessions were ended."""

    sessions: int
