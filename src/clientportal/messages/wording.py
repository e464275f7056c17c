"""The English texts: every sentence that a client or a member of staff reads, by its stable key.

``{noun}`` and ``{nouns}`` are what a business calls its clients (TT1); they and ``{business}`` may stand in any text.
"""

from __future__ import annotations

from collections.abc import Mapping

from clientportal.decisions import Reason

__all__ = ["DEFAULTS"]

_REASONS: dict[Reason, tuple[str, str]] = {
    Reason.DISABLED: ("This is switched off here.", "Switched off by the policy: {settings}."),
    Reason.CONTACT_BUSINESS: ("Please contact the business.", "The {noun} was asked to contact you."),
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
    Reason.LOGIN_FAILED: (
        "Email and password do not match. Please try again, or set a new password by email.",
        "Unknown email, wrong password or blank password: nobody is told which.",
    ),
    Reason.SECOND_FACTOR_WRONG: (
        "That is not the right code of your authenticator app. Please try again.",
        "Wrong, used already, or a recovery code that is not one of the account's.",
    ),
    Reason.BOOKING_FIRST: (
        "Please register from the confirmation page of a booking, or from the link in its message.",
        "registration.register_from = 'confirmation_page', and no confirmation page or signed link was shown.",
    ),
    Reason.CONSENT_MISSING: (
        "Please agree to: {documents}.",
        "registration.consents asks for the editions {documents}.",
    ),
    Reason.ALREADY_REGISTERED: ("There is an account already.", "This email or {noun} has an account already."),
    Reason.NO_PASSWORD: ("No password is set.", "The account has no password yet."),
    Reason.STEP_UP_FIRST: (
        "Please enter your password once more.",
        "The password was not shown within accounts.step_up_for.",
    ),
    Reason.SECOND_FACTOR_FIRST: (
        "Please enter the code of your authenticator app first.",
        "The second factor is still to come.",
    ),
    Reason.ENROL_FIRST: (
        "Please set up your authenticator app first.",
        "accounts.second_factor = 'required', and this account has none yet.",
    ),
    Reason.LOOK_ONLY: (
        "Here you can look, but not change anything.",
        "A view through a {noun}'s eyes can touch nothing.",
    ),
    Reason.NOTHING_ASSIGNED: (
        "None of these {appointments} belongs to an account yet.",
        "Assign at least one of this {noun}'s appointments first; then all can be assigned to that account.",
    ),
    Reason.SEVERAL_ACCOUNTS: (
        "These {appointments} belong to more than one account.",
        "This {noun}'s appointments are assigned to more than one account; assign them one by one.",
    ),
    Reason.NOT_LINKED: ("This is not linked to your account.", "No link of this account to that record."),
    Reason.PROOF_NEEDED: (
        "Please confirm a contact of that record first.",
        "The evidence is not enough to link; a proof of a contact of that record is needed.",
    ),
    Reason.PROVE_CONTACT_FIRST: (
        "Please confirm the new number or address by a code.",
        "This contact identifies the {noun}, or codes go to it: it is changed by request_contact_change() alone.",
    ),
    Reason.FRESH_LOGIN_FIRST: (
        "Please log in again, then change it.",
        "The session was not opened within accounts.step_up_for.",
    ),
    Reason.PLAN: ("This is not part of the present plan.", "The plan of this business does not include it."),
    Reason.CHANGED_MEANWHILE: (
        "This was changed meanwhile. Please look at it again.",
        "Somebody else has changed this record since it was read.",
    ),
    Reason.NOTHING_DUE: (
        "There is nothing to pay here any more.",
        "The invoice is not open, or nothing of it is due.",
    ),
    Reason.AMOUNT_CHANGED: (
        "What is due here has changed: it is {due} now. Nothing was charged.",
        "{asked} was to be paid, and {due} is due.",
    ),
    Reason.PAYMENT_UNDER_WAY: (
        "A payment of this is under way already. Please wait until it is clear what became of it.",
        "Another payment of the same invoice is {state}; a second one might be charged as well.",
    ),
    Reason.FORM_DONE: (
        "{form} was sent in already. Thank you.",
        "{form} is done: its answers are saved, and are changed on your platform alone.",
    ),
    Reason.FORM_WITHDRAWN: (
        "{form} is not needed any more.",
        "{form} was withdrawn after it had been sent.",
    ),
    Reason.PASSWORD_TOO_SHORT: (
        "Please choose a longer password: at least {least} characters. A few words with spaces will do.",
        "The new password has fewer than {least} characters (passwords.min_length).",
    ),
    Reason.PASSWORD_TOO_COMMON: (
        "This password is easy to guess. Please choose one that others would not think of.",
        "The new password is on the blocklist, or built around the name of the business, the {noun} or the product.",
    ),
    Reason.PASSWORD_BREACHED: (
        "This password is known from a data leak. Please choose another, and change it wherever else you use it.",
        "The breach check knows the new password.",
    ),
    Reason.SESSION_ENDED: ("Please log in again.", "No such session, or it has ended."),
    Reason.CHOOSE_FIRST: ("Please choose your profile first.", "Several records match; none is chosen yet."),
    Reason.SECOND_PROOF_FIRST: (
        "Please confirm another contact of yours first.",
        "The contact was quiet for longer than login.recycled_after; a second proof is needed.",
    ),
    Reason.NOT_FOUND: ("There is no such thing.", "Absent, or not this {noun}'s."),
    Reason.TOO_LATE: (
        "It is too late to change this online. Please contact the business.",
        "Past the window; the last moment was {until}.",
    ),
    Reason.TOO_MANY_MOVES: (
        "This {appointment} has been moved as often as possible online. Please contact the business.",
        "changes.max_moves is reached.",
    ),
    Reason.FEE_NOT_ACCEPTED: (
        "This costs {amount}. Please confirm that first.",
        "The {noun} has not accepted the fee of {amount}.",
    ),
    Reason.ALREADY_OVER: ("This {appointment} is over or cancelled already.", "Not open any more, or it has begun."),
    Reason.NOT_CHANGEABLE: (
        "This {appointment} cannot be changed online. Please contact the business.",
        "The platform's own rules say no: {why}",
    ),
    Reason.SLOT_TAKEN: ("That time has just been taken. Please choose another.", "The slot is not free (any more)."),
    Reason.SAME_SLOT: ("The {appointment} is at that time already.", "The slot is the appointment's own."),
    Reason.CARD_NEEDED: (
        "This card is still needed for your appointment of {when}. It can be removed once that is settled.",
        "By the rule of removing cards, '{rule}', this one stays for the appointment {appointment} of {when}.",
    ),
    Reason.SAME_RECORD: ("These are one and the same.", "A record cannot be merged into itself."),
    Reason.ALREADY_MERGED: ("This was merged already.", "{record} was merged into {survivor}; use that one instead."),
    Reason.NOT_DUPLICATES: (
        "These are marked as different people.",
        "{pair} are marked as not duplicates; take that back first.",
    ),
    Reason.UNDO_TOO_LATE: (
        "It is too late to undo this.",
        "Merged at {at}; merging.undo_for has passed, and it was too late from {since} on.",
    ),
    Reason.UNDONE_ALREADY: ("This was undone already.", "Undone already, at {at} by {by}."),
    Reason.ERASED: ("This was deleted.", "What was deleted or erased cannot be brought back; {what}."),
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
    "message.guesses_warning.email.subject": "Wrong codes or passwords at {business}",
    "message.guesses_warning.email.text": (
        "Somebody has typed wrong codes or passwords for your address at {business} several times. You need not do "
        "anything; never pass a code or a password on."
    ),
    "message.appointment_link.sms.text": "{business}: change or cancel your {appointment}: {link}",
    "message.appointment_link.email.subject": "Your {appointment} at {business}",
    "message.appointment_link.email.text": "Change or cancel your {appointment} at {business}:\n\n{link}",
    "message.verify_email.email.subject": "Confirm your email for {business}",
    "message.verify_email.email.text": (
        "Somebody, probably you, registered at {business} with this address. Confirm it here:\n\n{link}\n\nIf it was "
        "not you, you need not do anything: nothing of yours can be seen."
    ),
    "message.verify_email_code.email.subject": "Your code for {business}",
    "message.verify_email_code.email.text": (
        "{code} is your code to confirm this address with {business}.\n\nType it only where you registered yourself. "
        "It works once, for {minutes} minutes."
    ),
    "message.already_registered.email.subject": "You have an account at {business}",
    "message.already_registered.email.text": (
        "Somebody, probably you, tried to register at {business} with this address, which has an account already. Log "
        "in, or set a new password if you have forgotten it. If it was not you, you need not do anything."
    ),
    "message.reset_password.email.subject": "Your new password at {business}",
    "message.reset_password.email.text": (
        "Set a new password for {business} here:\n\n{link}\n\nThe link works once, for {minutes} minutes. If you did "
        "not ask for it, you need not do anything."
    ),
    "message.password_changed.email.subject": "Your password at {business} was changed",
    "message.password_changed.email.text": (
        "Your password at {business} was changed, and all devices were logged out. If it was not you, set a new one by "
        "email at once, and contact the business."
    ),
    "message.sign_in_link.email.subject": "Log in to {business}",
    "message.sign_in_link.email.text": (
        "Log in to {business} here:\n\n{link}\n\nThe link works once, for {minutes} minutes. If you did not ask for "
        "it, you need not do anything."
    ),
    "message.change_email.email.subject": "Confirm your new email for {business}",
    "message.change_email.email.text": (
        "Confirm that your account at {business} is to use this address:\n\n{link}\n\nIf you did not ask for it, you "
        "need not do anything."
    ),
    "message.email_changed.email.subject": "Your email at {business} was changed",
    "message.email_changed.email.text": (
        "Your account at {business} uses another address from now on. If it was not you, take that back here:\n\n{link}"
    ),
    "message.email_confirmed.email.subject": "Your new email at {business}",
    "message.email_confirmed.email.text": (
        "Your account at {business} uses this address from now on. All other devices were logged out."
    ),
    "message.email_taken_back.email.subject": "Your email at {business} was changed back",
    "message.email_taken_back.email.text": (
        "Your account at {business} uses its earlier address again. All devices were logged out and its password was "
        "removed: set a new one by email. If this is not right, contact the business."
    ),
    "message.accounts_merged.email.subject": "Your accounts at {business}",
    "message.accounts_merged.email.text": (
        "Your two accounts at {business} are one from now on. One of the two passwords works no longer: if yours does "
        "not, set a new one by email. If this is not right, contact the business."
    ),
    "message.second_factor_changed.email.subject": "Your authenticator app at {business}",
    "message.second_factor_changed.email.text": (
        "The authenticator app of your account at {business} was set up, replaced or removed. If it was not you, "
        "contact the business."
    ),
    "message.invitation.email.subject": "Your account at {business}",
    "message.invitation.email.text": (
        "{business} has prepared an account for you. Choose your password here:\n\n{link}\n\nIf you do not want one, "
        "you need not do anything."
    ),
    "message.claim_code.sms.text": "{code} is your code to see one more record at {business}.",
    "message.claim_code.email.subject": "Your code for {business}",
    "message.claim_code.email.text": (
        "{code} is your code to see one more record at {business} in your account.\n\nIt works once, for {minutes} "
        "minutes. Do not pass it on."
    ),
    "message.change_contact_code.sms.text": "{code} is your code to use this number at {business}.",
    "message.change_contact_code.email.subject": "Your code for {business}",
    "message.change_contact_code.email.text": (
        "{code} is your code to use this address at {business}.\n\n"
        "It works once, for {minutes} minutes. Do not pass it on."
    ),
    "message.contact_changed.sms.text": (
        "{business}: another number is used for you from now on. Was it not you? Take it back: {link}"
    ),
    "message.contact_changed.email.subject": "Your contact at {business} was changed",
    "message.contact_changed.email.text": (
        "Another address is used for you at {business} from now on. If it was not you, take that back here:\n\n{link}"
    ),
    "message.claim_link.email.subject": "See one more record at {business}",
    "message.claim_link.email.text": (
        "Confirm here that an account at {business} may show the record that has this address:\n\n{link}\n\nIf you did "
        "not ask for it, you need not do anything."
    ),
    "message.viewed_by_staff.sms.text": "{business}: our staff has looked at your {noun} portal to help you.",
    "message.viewed_by_staff.email.subject": "Our staff has looked at your {noun} portal",
    "message.viewed_by_staff.email.text": (
        "To help you, the staff of {business} has looked at your {noun} portal as you see it. They can change nothing "
        "there."
    ),
}

_NOTICES = {
    "notice.appointment_booked.title": "Your {appointment} is booked",
    "notice.appointment_booked.text": "{service}: {when}.",
    "notice.appointment_moved.title": "Your {appointment} was moved",
    "notice.appointment_moved.text": "{service}: now {when}.",
    "notice.appointment_cancelled.title": "Your {appointment} was cancelled",
    "notice.appointment_cancelled.text": "{service}: {when} is cancelled.",
    "notice.change_requested.title": "Your request was received",
    "notice.change_requested.text": "{service}: {business} will answer what you asked for.",
    "notice.message_received.title": "{business} has written to you",
    "notice.message_received.text": "You find the message in your {noun} portal.",
    "notice.form_sent.title": "There is a {form} for you",
    "notice.form_sent.text": "{business} asks you to fill in a {form}. You find it in your {noun} portal.",
    "notice.document_shared.title": "There is a {document} for you",
    "notice.document_shared.text": "{business} has shared a {document} with you. You find it in your {noun} portal.",
    "notice.invoice_due.title": "There is an {invoice} to pay",
    "notice.invoice_due.text": "You find it in your {noun} portal.",
    "notice.payment_received.title": "Your payment was received",
    "notice.payment_received.text": "You find it in your {noun} portal.",
    "notice.other.title": "News from {business}",
    "notice.other.text": "You find it in your {noun} portal.",
    "message.notice.email.subject": "{title} ({business})",
    "message.notice.email.text": "{title}\n\n{text}",
}
"""What the portal notifies of. ``{when}`` is the wall clock of the appointment's own zone."""

DEFAULTS: Mapping[str, str] = {
    **{f"reason.{reason.value}.client": texts[0] for reason, texts in _REASONS.items()},
    **{f"reason.{reason.value}.staff": texts[1] for reason, texts in _REASONS.items()},
    **_MESSAGES,
    **_NOTICES,
}
"""The English texts."""
