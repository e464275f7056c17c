"""Every sentence that a client or a member of staff reads, in one catalogue that a host can translate or replace.

Keys are stable: ``reason.<code>.client``, ``reason.<code>.staff``, ``message.<kind>.<channel>.text`` and ``.subject``.
A text may use the placeholders that its default uses, in braces; nothing else is filled in, and what is filled in is
never looked at as a template again.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping

from clientportal.decisions import Reason, Refusal
from clientportal.errors import InvalidInput

__all__ = ["DEFAULTS", "Catalogue", "clean"]

_REASONS: dict[Reason, tuple[str, str]] = {
    Reason.DISABLED: ("This is switched off here.", "Switched off in the policy."),
    Reason.CONTACT_BUSINESS: ("Please contact the business.", "The client was asked to contact you."),
    Reason.PERMISSION: ("You may not do this.", "This needs the permission '{permission}'."),
    Reason.CODE_GONE: (
        "This code has expired or was used already. Please ask for a new one.",
        "No open challenge: expired, used, replaced, or never made.",
    ),
    Reason.CODE_WRONG: ("That is not the right code. Please check it and try again.", "Wrong code."),
    Reason.TOO_MANY_TRIES: (
        "There were too many tries. Please ask for a new code later.",
        "The budget of wrong tries for this code or this day is used up.",
    ),
    Reason.WAIT: ("Please wait a little and try again.", "Too soon: a send or guess budget says when."),
    Reason.STOPPED: (
        "Signing in is blocked for this contact. Please contact the business.",
        "Stopped after too many consecutive wrong tries; staff.unblock() lifts it.",
    ),
    Reason.TOO_MANY_CODES: (
        "Several codes are on their way already. Please use the latest one, or wait.",
        "As many open codes as the policy allows.",
    ),
    Reason.CONTACT_NOT_ALLOWED: (
        "No code can be sent there. Please use a mobile number of the usual kind.",
        "The type or region of the number is not allowed (contacts.allowed_types, contacts.allowed_regions).",
    ),
    Reason.BOT_SUSPECTED: ("Please confirm that you are a person.", "The bot check said no."),
    Reason.LINK_GONE: (
        "This link does not work any more. Please log in instead.",
        "Bad signature, expired, or used already.",
    ),
    Reason.SESSION_ENDED: ("Please log in again.", "No such session, or it has ended."),
    Reason.CHOOSE_FIRST: ("Please choose your profile first.", "Several records match; none is chosen yet."),
    Reason.SECOND_PROOF_FIRST: (
        "Please confirm another contact of yours first.",
        "The contact was quiet for longer than login.recycled_after; a second proof is needed.",
    ),
    Reason.NOT_FOUND: ("There is no such thing.", "Absent, or not this client's."),
    Reason.TOO_LATE: (
        "It is too late to change this online. Please contact the business.",
        "Past the window; the last moment was {until}.",
    ),
    Reason.TOO_MANY_MOVES: (
        "This appointment has been moved as often as possible online. Please contact the business.",
        "changes.max_moves is reached.",
    ),
    Reason.FEE_NOT_ACCEPTED: (
        "This costs {amount}. Please confirm that first.",
        "The client has not accepted the fee of {amount}.",
    ),
    Reason.ALREADY_OVER: ("This appointment is over or cancelled already.", "Not open any more, or it has begun."),
    Reason.NOT_CHANGEABLE: (
        "This appointment cannot be changed online. Please contact the business.",
        "The platform's own rules say no: {why}",
    ),
    Reason.SLOT_TAKEN: ("That time has just been taken. Please choose another.", "The slot is not free (any more)."),
    Reason.SAME_SLOT: ("The appointment is at that time already.", "The slot is the appointment's own."),
    Reason.SAME_RECORD: ("These are one and the same.", "A record cannot be merged into itself."),
    Reason.ALREADY_MERGED: ("This was merged already.", "{record} was merged into {survivor}; merge that one instead."),
    Reason.NOT_DUPLICATES: (
        "These are marked as different people.",
        "{pair} are marked as not duplicates; take that back first.",
    ),
    Reason.UNDO_TOO_LATE: ("It is too late to undo this.", "merging.undo_for has passed."),
    Reason.UNDONE_ALREADY: ("This was undone already.", "Undone already."),
    Reason.ERASED: ("This was erased.", "Erased data cannot be brought back."),
    Reason.KEY_REUSED: (
        "Something went wrong. Please try again.",
        "The idempotency key was used before with other parameters.",
    ),
    Reason.BUSY: ("Too many people are at this right now. Please try again.", "Conflicts on every try."),
}

_MESSAGES = {
    "message.login_code.sms.text": "{code} is your code for {business}. Do not pass it on.",
    "message.login_code.email.subject": "Your code for {business}",
    "message.login_code.email.text": (
        "{code} is your code for {business}.\n\nIt works once, for {minutes} minutes. Do not pass it on. If you did "
        "not ask for it, you need not do anything."
    ),
    "message.second_proof_code.sms.text": "{code} is your code to confirm this contact with {business}.",
    "message.second_proof_code.email.subject": "Confirm your contact with {business}",
    "message.second_proof_code.email.text": (
        "{code} is your code to confirm this contact with {business}.\n\nIt works once, for {minutes} minutes."
    ),
    "message.guesses_warning.sms.text": (
        "{business}: somebody has typed wrong codes for your number several times. You need not do anything."
    ),
    "message.guesses_warning.email.subject": "Wrong codes at {business}",
    "message.guesses_warning.email.text": (
        "Somebody has typed wrong codes for your address at {business} several times. You need not do anything; never "
        "pass a code on."
    ),
    "message.appointment_link.sms.text": "{business}: change or cancel your appointment: {link}",
    "message.appointment_link.email.subject": "Your appointment at {business}",
    "message.appointment_link.email.text": "Change or cancel your appointment at {business}:\n\n{link}",
}

DEFAULTS: Mapping[str, str] = {
    **{f"reason.{reason.value}.client": texts[0] for reason, texts in _REASONS.items()},
    **{f"reason.{reason.value}.staff": texts[1] for reason, texts in _REASONS.items()},
    **_MESSAGES,
}
"""The English texts."""

_PLACEHOLDER = re.compile(r"\{([a-z_]+)\}")


def clean(text: str, *, longest: int = 200) -> str:
    """Text as it may stand in a message: no controls, no bidi marks, one line, not longer than ``longest``."""
    shown = "".join(c if c.isprintable() and unicodedata.category(c) not in ("Cf", "Cc") else " " for c in text)
    return " ".join(shown.split())[:longest]


class Catalogue:
    """The texts in use: the defaults, with the host's own wording over them.

    >>> texts = Catalogue({"reason.too_late.client": "Ring us on 09 123 4567, we will see what we can do."})

    An unknown key, and a placeholder that the default does not have, are refused when the catalogue is built.
    """

    def __init__(self, own: Mapping[str, str] | None = None) -> None:
        for key, text in (own or {}).items():
            if key not in DEFAULTS:
                raise InvalidInput(f"there is no text {key!r}; see clientportal.messages.texts.DEFAULTS")
            unknown = set(_PLACEHOLDER.findall(text)) - set(_PLACEHOLDER.findall(DEFAULTS[key])) - {"business"}
            if unknown:
                allowed = sorted(set(_PLACEHOLDER.findall(DEFAULTS[key])))
                raise InvalidInput(f"{key}: there is no {{{sorted(unknown)[0]}}} here; there is {allowed}")
        self._texts = {**DEFAULTS, **(own or {})}

    def fill(self, key: str, facts: Mapping[str, str]) -> str:
        """The text of that key, its placeholders filled; one without a fact is left empty."""
        return _PLACEHOLDER.sub(lambda found: facts.get(found[1], ""), self._texts[key])

    def for_client(self, refusal: Refusal) -> str:
        """What the client may read."""
        return self.fill(f"reason.{refusal.reason.value}.client", refusal.facts)

    def for_staff(self, refusal: Refusal) -> str:
        """What staff may read besides."""
        return self.fill(f"reason.{refusal.reason.value}.staff", refusal.facts)
