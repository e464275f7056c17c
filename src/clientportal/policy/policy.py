"""The whole policy of one business, and the contradictions that it refuses.

A policy is one frozen value. Change an axis with ``attrs.evolve``::

    from attrs import evolve
    from clientportal import presets

    policy = presets.timely(region="NZ")
    policy = evolve(policy, changes=evolve(policy.changes, enabled=False))
"""

from __future__ import annotations

from datetime import timedelta

from attrs import field, frozen

from clientportal.errors import PolicyError
from clientportal.policy.accounts import AccountPolicy, RegisterFrom, RegistrationPolicy, SecondFactorUse, StaffReset
from clientportal.policy.changes import ChangePolicy
from clientportal.policy.franchise import FranchisePolicy
from clientportal.policy.limits import GuessPolicy, MessagePolicy, SendPolicy, SessionPolicy
from clientportal.policy.login import ContactPolicy, Delivery, LoginPolicy, LoginToBook, Proof, UnknownIdentity
from clientportal.policy.matching import MatchingPolicy
from clientportal.policy.merging import MergePolicy
from clientportal.policy.passwords import PasswordPolicy
from clientportal.policy.people import (
    BookingFlow,
    BookingPolicy,
    ClientListPolicy,
    LoggedOutMatch,
    SeenBy,
    StaffBooking,
    VisibilityPolicy,
)
from clientportal.policy.portal import DASHBOARD, PortalPolicy
from clientportal.values import ContactKind

__all__ = ["Policy"]


@frozen(kw_only=True)
class Policy:
    """Everything that a business chooses, question by question.

    Built with a contradiction it raises :class:`~clientportal.errors.PolicyError`, whose message names both settings.
    A number weaker than its standard is refused unless ``allow_weaker`` names the setting.
    """

    login: LoginPolicy = field(factory=LoginPolicy)
    contacts: ContactPolicy = field(factory=ContactPolicy)
    guesses: GuessPolicy = field(factory=GuessPolicy)
    sends: SendPolicy = field(factory=SendPolicy)
    sessions: SessionPolicy = field(factory=SessionPolicy)
    messages: MessagePolicy = field(factory=MessagePolicy)
    changes: ChangePolicy = field(factory=ChangePolicy)
    visibility: VisibilityPolicy = field(factory=VisibilityPolicy)
    portal: PortalPolicy = field(factory=PortalPolicy)
    franchise: FranchisePolicy = field(factory=FranchisePolicy)
    registration: RegistrationPolicy = field(factory=RegistrationPolicy)
    accounts: AccountPolicy = field(factory=AccountPolicy)
    passwords: PasswordPolicy = field(factory=PasswordPolicy)
    bookings: BookingPolicy = field(factory=BookingPolicy)
    clients: ClientListPolicy = field(factory=ClientListPolicy)
    matching: MatchingPolicy = field(factory=MatchingPolicy)
    merging: MergePolicy = field(factory=MergePolicy)
    allow_weaker: frozenset[str] = field(default=frozenset(), converter=frozenset)

    def __attrs_post_init__(self) -> None:
        _refuse_contradictions(self)
        _refuse_weakness(self)


def _clash(*settings: str, why: str) -> PolicyError:
    names = tuple(setting.partition(" = ")[0] for setting in settings)
    return PolicyError(f"{' and '.join(settings)} contradict each other: {why}", names)


def _refuse_contradictions(policy: Policy) -> None:
    login, registration, bookings = policy.login, policy.registration, policy.bookings
    identifiers = login.identifiers
    if not identifiers:
        raise PolicyError(
            "login.identifiers is empty: name at least one of mobile, phone, email", ("login.identifiers",)
        )
    if login.proof is Proof.CODE and login.delivery is Delivery.NONE:
        raise _clash("login.proof = 'code'", "login.delivery = 'none'", why="a code needs a way to reach the client")
    if login.delivery is Delivery.SMS and identifiers == frozenset({ContactKind.EMAIL}):
        raise _clash(
            "login.delivery = 'sms'",
            "login.identifiers = ['email']",
            why="clients without a mobile number could never log in; use 'sms_else_email'",
        )
    if login.unknown is UnknownIdentity.CREATE_EMPTY and not _identifier_is_address(login):
        raise _clash(
            "login.unknown = 'create_empty'",
            f"login.identifiers = {sorted(kind.value for kind in identifiers)}",
            f"login.delivery = '{login.delivery.value}'",
            why="a new record may only be made for the very address that was proved",
        )
    if login.proof is Proof.CODE and login.delivery is Delivery.EMAIL and identifiers != frozenset({ContactKind.EMAIL}):
        raise _clash(
            "login.delivery = 'email'",
            f"login.identifiers = {sorted(kind.value for kind in identifiers)}",
            why="a number proves nothing where no code is sent to it",
        )
    if login.to_book is LoginToBook.REQUIRED and registration.register_from is RegisterFrom.CONFIRMATION_PAGE:
        raise _clash(
            "login.to_book = 'required'",
            "registration.register_from = 'confirmation_page'",
            why="nobody could make the first booking",
        )
    if login.to_book is LoginToBook.REQUIRED and bookings.logged_out is LoggedOutMatch.CLAIM_ONLY:
        raise _clash(
            "login.to_book = 'required'",
            "bookings.logged_out = 'claim_only'",
            why="bookings made logged out are left to be claimed later, and there would be none (A5)",
        )
    if registration.staff_reset is not StaffReset.NEVER and login.proof is not Proof.PASSWORD:
        raise _clash(
            f"registration.staff_reset = '{registration.staff_reset.value}'",
            f"login.proof = '{login.proof.value}'",
            why="there is no password to reset",
        )
    if policy.visibility.appointments is SeenBy.ASSIGNED and not registration.accounts:
        raise _clash(
            "visibility.appointments = 'assigned'",
            "registration.accounts = false",
            why="appointments are assigned to accounts",
        )
    if login.proof is Proof.PASSWORD and not registration.accounts:
        raise _clash(
            "login.proof = 'password'", "registration.accounts = false", why="a password belongs to an account"
        )
    if policy.accounts.second_factor is not SecondFactorUse.OFF and login.proof is not Proof.PASSWORD:
        raise _clash(
            f"accounts.second_factor = '{policy.accounts.second_factor.value}'",
            f"login.proof = '{login.proof.value}'",
            why="a second factor comes after a password",
        )
    if policy.accounts.sign_in_links and not registration.accounts:
        raise _clash(
            "accounts.sign_in_links = true", "registration.accounts = false", why="a sign-in link opens an account"
        )
    if registration.accounts and login.proof is Proof.PASSWORD and identifiers != frozenset({ContactKind.EMAIL}):
        raise _clash(
            "login.proof = 'password'",
            f"login.identifiers = {sorted(kind.value for kind in identifiers)}",
            why="an account logs in with its email, and resets its password by it",
        )
    if bookings.by_staff is StaffBooking.UNLESS_AMBIGUOUS and not registration.accounts:
        raise _clash(
            "bookings.by_staff = 'unless_ambiguous'",
            "registration.accounts = false",
            why="appointments are assigned to accounts",
        )
    if bookings.payments and bookings.flow is BookingFlow.CLASSIC:
        raise _clash(
            "bookings.payments = true",
            "bookings.flow = 'classic'",
            why="taking payments turns the updated flow on (T10)",
        )
    opens_with = policy.portal.opens_with
    if opens_with is not None and opens_with != DASHBOARD and opens_with not in policy.visibility.sections:
        raise _clash(
            f"portal.opens_with = {opens_with!r}",
            f"visibility.sections = {sorted(policy.visibility.sections)}",
            why="a closed section opens for nobody",
        )
    if policy.sessions.idle_for > policy.sessions.lives_for:
        raise _clash("sessions.idle_for", "sessions.lives_for", why="a session cannot be idle for longer than it lives")
    if policy.guesses.first_wait > policy.guesses.longest_wait:
        raise _clash("guesses.first_wait", "guesses.longest_wait", why="the first wait is the shortest")
    if not policy.matching.contacts:
        raise PolicyError(
            "matching.weights names no contact: name at least one of mobile, phone, email", ("matching.weights",)
        )


def _identifier_is_address(login: LoginPolicy) -> bool:
    if login.identifiers <= {ContactKind.MOBILE, ContactKind.PHONE}:
        return login.delivery is Delivery.SMS
    return login.identifiers == frozenset({ContactKind.EMAIL}) and login.delivery is Delivery.EMAIL


def _refuse_weakness(policy: Policy) -> None:
    passwords = policy.passwords
    # (setting, whether it is as strong as its standard, the standard's number, its source)
    floor = (
        ("login.code_digits", policy.login.code_digits >= 6, "at least 6", "ASVS V6.5.4"),
        ("login.code_life", policy.login.code_life <= timedelta(minutes=10), "at most 10 minutes", "ASVS V6.5.5"),
        ("guesses.per_code", policy.guesses.per_code <= 5, "at most 5", "ASVS V6.6.3"),
        ("passwords.min_length", passwords.min_length >= 15, "at least 15", "NIST SP 800-63B-4 3.1.1.2"),
        (
            "passwords.min_length_with_second",
            passwords.min_length_with_second >= 8,
            "at least 8",
            "NIST SP 800-63B-4 3.1.1.2",
        ),
        ("passwords.memory_kib", passwords.memory_kib >= 19_456, "at least 19456 (19 MiB)", "ASVS V11.4.2"),
        ("passwords.passes", passwords.passes >= 2, "at least 2", "ASVS V11.4.2"),
        ("passwords.blocklist", passwords.blocklist, "true", "ASVS V6.2.4"),
        ("accounts.reset_life", policy.accounts.reset_life <= timedelta(hours=1), "at most 1 hour", "ASVS V6.4.3"),
        ("guesses.stop_after", policy.guesses.stop_after <= 100, "at most 100", "NIST SP 800-63B-4 3.2.2"),
    )
    names = {name for name, _, _, _ in floor}
    for stranger in sorted(policy.allow_weaker - names):
        raise PolicyError(
            f"allow_weaker: {stranger!r} is no setting with a floor; those are {', '.join(sorted(names))}",
            ("allow_weaker",),
        )
    for name, strong, number, source in floor:
        if not strong and name not in policy.allow_weaker:
            raise PolicyError(
                f"{name} is weaker than its standard ({number}, {source}); name it in allow_weaker if it is meant",
                (name, "allow_weaker"),
            )
