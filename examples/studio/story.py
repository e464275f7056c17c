"""Monday to Friday under ``presets.acuity()``: what two clients and the front desk do, and whose each booking is."""

from __future__ import annotations

import sys
from collections.abc import Callable

from attrs import frozen
from ledger import Ledger
from opening import BUSINESS, Studio, Who, link_in
from screen import bold, dim, fact, green, letter, refused, say, scene

from clientportal import RecordRef, Refused, Secret, When

MAYAS, THEOS, THEOS_NEW = "four mats by the river", "downward dog at dawn", "warrior two on the pier"
TRIES = 3


@frozen
class Told:
    """What the week leaves behind."""

    maya: RecordRef
    theo: RecordRef
    mayas_email: str
    theos_email: str
    mayas_password: str
    mayas_token: Secret
    merge: str
    ledger: Ledger


def typed(prompt: str, by_script: str) -> str:
    """What the person at the terminal types; where there is nobody, the script does."""
    if sys.stdin.isatty():
        try:
            return input(f"    {prompt}: ")
        except EOFError:
            print()
    print(f"    {prompt}: {bold(by_script)} {dim('(typed by the script)')}")
    return by_script


def tried(attempt: Callable[[str], object], prompt: str, by_script: str) -> str | None:
    """Ask for a password until ``attempt`` takes it, three times at most; the one that was taken."""
    for _ in range(TRIES):
        password = typed(prompt, by_script)
        try:
            attempt(password)
        except Refused as no:
            refused("", no.client_text)
            continue
        return password
    say("That was three times. Run the example again.")
    return None


def reason_of(call: Callable[[], object]) -> Refused:
    """The refusal of a call that the story knows to be refused."""
    try:
        call()
    except Refused as no:
        return no
    raise AssertionError("this was allowed")


def seen(studio: Studio, token: Secret) -> str:
    """The ids of what a session shows, as the ledger calls them."""
    door = studio.portal.client(token)
    ids = [one.id.partition("/")[0] for when in When for one in door.appointments(when).items]
    return ", ".join(sorted(ids)) or "nothing"


def mail_to(studio: Studio, address: str) -> str:
    """Let the mails leave, show the one on top, and read its link."""
    studio.portal.deliver(BUSINESS)
    message = studio.mail.latest(address)
    letter(message.to, message.subject or "", message.text)
    return link_in(message)


def week(studio: Studio) -> Told | None:
    """Monday to Friday; ``None`` where whoever types has given up."""
    again = "" if studio.run == 1 else f".{studio.run}"
    emails = f"maya.ortiz{again}@example.com", f"theo.ortiz{again}@example.com"
    ids = {name: f"{name}/{studio.run}" for name in ("m1", "m2", "m3", "m4", "t1", "t2", "t3", "t4")}
    ledger = Ledger(studio)
    if studio.run > 1:
        last_week(studio)
    token = monday(studio, ledger, ids, emails[0])
    if token is None:
        return None
    mayas_token, password = token
    mayas_token, maya, merge = tuesday(studio, ledger, ids, emails[0], mayas_token)
    theos_token, theo = wednesday(studio, ledger, ids, emails[1], mayas_token)
    thursday(studio, ledger, ids, (maya, theo), theos_token)
    mayas_token_now = friday(studio, emails, password, ledger)
    if mayas_token_now is None:
        return None
    return Told(maya, theo, emails[0], emails[1], password, mayas_token_now, merge, ledger)


def last_week(studio: Studio) -> None:
    """What the file remembers of an earlier run: Theo's account, with the password that he set by mail."""
    earlier = "" if studio.run == 2 else f".{studio.run - 1}"
    say("This file has seen a run before; it is the Monday after. Last week's Theo still has his account:")
    theo = studio.visitor().log_in(f"theo.ortiz{earlier}@example.com", THEOS_NEW)
    fact("he logs in and sees", seen(studio, theo.token))


def monday(studio: Studio, ledger: Ledger, ids: dict[str, str], email: str) -> tuple[Secret, str] | None:
    """A booking logged out, registering from its confirmation page, a booking logged in, one logged out again."""
    scene(1, "Monday: a booking, and an account from its confirmation page")
    studio.clock.go(0, "09:00")
    say("Maya books a class without logging in. Nothing is asked of her, and nothing is hers by itself.")
    studio.book(ids["m1"], Who.LOGGED_OUT, 2, email=email)
    ledger.add(ids["m1"], "logged out")
    page = studio.portal.confirmation(BUSINESS, ids["m1"])
    studio.clock.go(0, "09:05")
    visitor = studio.visitor()
    fact("from anywhere", reason_of(lambda: visitor.register(email, MAYAS)).client_text, "31")
    terms_only = {"terms": "2026-01"}
    no = reason_of(lambda: visitor.register(email, MAYAS, consents=terms_only, came_from=page))
    refused("one box unticked", no.client_text)
    print()
    opened: list[Secret] = []
    both = {"terms": "2026-01", "privacy": "2026-03"}

    def register(password: str) -> None:
        registered = visitor.register(
            email, password, first_name="Maya", last_name="Ortiz", consents=both, came_from=page
        )
        ledger.names[registered.account] = "Maya"
        opened.append(registered.token)

    password = tried(register, "Choose a password for Maya", MAYAS)
    if password is None:
        return None
    (token,) = opened
    print(f"    {green('✓ registered')} {dim('– her session is open at once; her email is not proved yet (A16)')}\n")
    fact("she sees", seen(studio, token))
    studio.clock.go(0, "09:10")
    ledger.add(studio.book(ids["m2"], token, 4, email=email), "logged in")
    fact("books logged in", seen(studio, token))
    studio.clock.go(0, "18:00")
    ledger.add(studio.book(ids["m3"], Who.LOGGED_OUT, 8, service="yin", email=email), "logged out")
    fact("books logged out", f"{seen(studio, token)} – she has an account, but nobody has proved it was she (A9)")
    print()
    ledger.show()
    return token, password


def tuesday(
    studio: Studio, ledger: Ledger, ids: dict[str, str], email: str, token: Secret
) -> tuple[Secret, RecordRef, str]:
    """The mail, the proof, what is claimed by it; the desk adds her, joins her bookings, and books for her."""
    scene(2, "Tuesday: the mail, and the desk")
    studio.clock.go(1, "08:00")
    link = mail_to(studio, email)
    fact("before the proof", seen(studio, token))
    verified = studio.portal.client(token).verify_email(link)
    fact("after it", f"{seen(studio, verified.token)} – m1 is claimed, m3 is not: it came after the account")
    no = reason_of(lambda: studio.portal.client(verified.token).verify_email(link))
    refused("the link again", no.client_text)
    studio.clock.go(1, "11:00")
    print()
    say("Maya telephones. June adds her to the list, and sees that three bookings have her email.")
    desk = studio.staff("the same Maya, she says so")
    added = desk.add_client({"first_name": "Maya", "last_name": "Ortiz", "email": email, "mobile": "212 555 0142"})
    assert added.ref is not None, "only a preview answers no record"
    merged = desk.merge(added.ref, added.alike)
    alike = ", ".join(ref.id.partition("/")[0] for ref in added.alike)
    fact("added as", f"no. {added.number}; alike: {alike}; joined, and that can be undone")
    ledger.add(studio.book(ids["m4"], Who.STAFF, 7, ref=added.ref), "by staff")
    print()
    ledger.show()
    return verified.token, added.ref, merged.merges[0]


def wednesday(
    studio: Studio, ledger: Ledger, ids: dict[str, str], email: str, mayas_token: Secret
) -> tuple[Secret, RecordRef]:
    """Maya books for her brother; the desk does, too; he registers from the link of that booking (A2)."""
    scene(3, "Wednesday: her brother")
    studio.clock.go(2, "10:00")
    added = studio.staff().add_client({"first_name": "Theo", "last_name": "Ortiz", "email": email})
    theo = added.ref
    assert theo is not None, "only a preview answers no record"
    say("Maya books Theo's first class, logged in; then the desk books one for him. His email's one account is hers.")
    ledger.add(studio.book(ids["t1"], mayas_token, 5, ref=theo), "logged in")
    ledger.add(studio.book(ids["t2"], Who.STAFF, 6, ref=theo), "by staff")
    refused("June invites him", reason_of(lambda: studio.staff().invite(theo)).staff_text)
    print()
    studio.staff().appointment_link(ids["t2"], send=True)
    link = mail_to(studio, email)
    studio.clock.go(2, "15:00")
    both = {"terms": "2026-01", "privacy": "2026-03"}
    registered = studio.visitor("192.0.2.8").register(
        email, THEOS, first_name="Theo", last_name="Ortiz", consents=both, came_from=link
    )
    ledger.names[registered.account] = "Theo"
    verified = studio.portal.client(registered.token).verify_email(mail_to(studio, email))
    fact("he registers, proves", f"and sees {seen(studio, verified.token)}: what is Maya's stays hers")
    studio.clock.go(2, "15:20")
    ledger.add(studio.book(ids["t3"], verified.token, 9, ref=theo), "logged in")
    fact("books logged in", seen(studio, verified.token))
    print()
    ledger.show()
    return verified.token, theo


def thursday(
    studio: Studio, ledger: Ledger, ids: dict[str, str], refs: tuple[RecordRef, RecordRef], theos_token: Secret
) -> None:
    """The ambiguous booking, and what staff do about it (A8c, A11, A12)."""
    scene(4, "Thursday: whose is it?")
    maya, theo = refs
    studio.clock.go(3, "09:00")
    say("The desk books Theo again. By now his email's appointments belong to two accounts, so this is nobody's.")
    ledger.add(studio.book(ids["t4"], Who.STAFF, 12, ref=theo), "by staff")
    ledger.show()
    desk = studio.staff("Theo showed his card")
    theos = next(id for id, name in ledger.names.items() if name == "Theo")
    refused("assign all of Theo's", reason_of(lambda: desk.assign_all(theo)).staff_text)
    rows = desk.assign_many([ids["t2"], ids["t4"]], theos)
    fact("some of them", f"{sum(row.assigned for row in rows)} given to Theo; t1 stays Maya's, who booked it")
    offer = desk.may_assign_all(maya)
    done = desk.assign_all(maya)
    fact("assign all of Maya's", f"{offer.assigned} were, {done.newly} more is now")
    fact("Theo sees", seen(studio, theos_token))
    print()
    ledger.show()


def friday(studio: Studio, emails: tuple[str, str], password: str, ledger: Ledger) -> Secret | None:
    """One alert for everything, a reset by mail, and looking through a client's eyes."""
    scene(5, "Friday: passwords")
    mayas, theos = emails
    studio.clock.go(4, "09:00")
    visitor = studio.visitor("192.0.2.8")
    for label, email, typo in (
        ("a wrong password", theos, "downward dog at dusk"),
        ("none at all", theos, ""),
        ("an unknown email", "nobody@example.com", THEOS),
    ):
        refused(label, reason_of(lambda email=email, typo=typo: visitor.log_in(email, typo)).client_text)
    by_name = next(id for id, name in ledger.names.items() if name == "Theo")
    refused("June resets it", reason_of(lambda: studio.staff().reset_password(by_name)).staff_text)
    print()
    visitor.request_reset(theos)
    visitor.reset_password(mail_to(studio, theos), THEOS_NEW)
    refused("the old one", reason_of(lambda: visitor.log_in(theos, THEOS)).client_text)
    studio.portal.deliver(BUSINESS)
    fact("and a mail says", studio.mail.latest(theos).subject or "")
    theo = visitor.log_in(theos, THEOS_NEW)
    fact("the new one", f"he is in, and sees {seen(studio, theo.token)}")
    print()
    opened: list[Secret] = []

    def log_in(given: str) -> None:
        opened.append(studio.visitor().log_in(mayas, given).token)

    if tried(log_in, "Maya's password", password) is None:
        return None
    fact("Maya sees", seen(studio, opened[0]))
    print()
    say("Theo asks what is wrong with his page. June looks at it as he does; she cannot touch anything.")
    viewing = studio.staff("he asked for it").view_as_account(by_name)
    fact("June sees", seen(studio, viewing.token))
    no = reason_of(lambda: studio.portal.client(viewing.token).cancel(f"t4/{studio.run}"))
    refused("June cancels t4", no.staff_text)
    studio.portal.deliver(BUSINESS)
    told = studio.mail.latest(theos)
    fact("Theo is told", told.subject or "")
    print()
    return opened[0]
