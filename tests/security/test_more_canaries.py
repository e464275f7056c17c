"""The secrets of accounts, apps, links, mailboxes and pages: looked for in every place where one could stand (V16).

``test_canaries.py`` does it for codes, sessions and keys; passwords, resets, sign-in links, apps, recovery codes, form
links and the mailbox's own password are here.
"""

from __future__ import annotations

import logging
import pickle
import traceback
import warnings
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from pyotp import TOTP

from accounts_ground import a_link
from clientportal import ClientPortalError, Secret
from clientportal.errors import SecretUsedAsText
from clientportal.senders.smtp import SmtpSender
from mails import AGREED, acuity, link_in, register, reset_link
from security.attacking import patient
from security.test_canaries import Witness, parts_of
from security.test_objects import own_things
from variants import VARIANTS
from watching import everything_stored
from web.browser import Browser, browser
from world import World, make_world

ANA = "canary@example.com"
PASSWORD = "kereru-canary over the harbour"
NEW = "pohutukawa-canary by the lighthouse"
WRONG = "tui-canary in the kowhai tree"


def live(world: World, witness: Witness) -> None:
    """Register, verify, set an app up, log in with it and with a recovery code, be wrong, reset, change, be invited."""
    acuity(world)
    world.change_policy("accounts", second_factor="offered")
    patient(world)
    for name, secret in (("password", PASSWORD), ("new password", NEW), ("wrong password", WRONG)):
        witness.keep(name, secret)
    registered = witness.saw(register(world, ANA, PASSWORD))
    for shape in ("abc", NEW):
        witness.refused(lambda shape=shape: world.visitor().verify_email("k1.e30.AAAA", shape))
    verify = link_in(world, ANA)
    witness.keep("link of a verification", verify)
    door = world.client(witness.saw(world.client(registered).verify_email(verify)))
    witness.refused(lambda: world.visitor().log_in(ANA, WRONG))

    begun = witness.saw(door.begin_second_factor())
    witness.keep("secret of the app", begun.secret)
    witness.keep("address of the QR code", begun.uri)
    done = witness.saw(door.confirm_second_factor(TOTP(begun.secret.reveal()).at(world.clock())))
    for number, code in enumerate(done.codes):
        witness.keep(f"recovery code {number}", code)
    world.clock.advance(timedelta(minutes=1))
    half = witness.saw(world.visitor(device=done.signed_in.device).log_in(ANA, PASSWORD))
    witness.refused(lambda: world.client(half).second_factor("0000-0000-0000-0000"))
    whole = witness.saw(world.client(half).second_factor(done.codes[0]))
    witness.saw(world.client(whole).sessions())

    reset = reset_link(world, ANA)
    witness.keep("link of a reset", reset)
    witness.saw(world.visitor().look_at_reset(reset))
    witness.refused(lambda: world.visitor().reset_password(f"{reset}A", NEW))
    witness.saw(world.visitor().reset_password(reset, NEW, consents=AGREED))
    witness.refused(lambda: world.visitor().reset_password(reset, NEW))
    world.clock.advance(timedelta(minutes=11))
    witness.saw(world.visitor().log_in(ANA, NEW, key="key-canary"))
    witness.keep("idempotency key", "key-canary")
    witness.saw(world.staff().audit(limit=200))
    for state in ("sent", "queued", "abandoned", "dropped"):
        witness.saw(world.staff().outbox(state))


@pytest.mark.parametrize("variant", VARIANTS)
def test_no_secret_of_an_account_can_be_read_anywhere(
    variant: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Every log at DEBUG, with what the database's driver says; reprs, dictionaries, errors, variables of tracebacks,
    warnings, rows, files, what staff export.
    """
    caplog.set_level(logging.DEBUG)
    for name in ("sqlalchemy.engine", "sqlalchemy.pool", "asyncio"):
        caplog.set_level(logging.DEBUG, logger=name)
    world = make_world(variant, tmp_path)
    witness = Witness()
    with warnings.catch_warnings(record=True) as warned:
        warnings.simplefilter("always")
        live(world, witness)
    assert len(witness.secrets) > 20
    assert len(witness.errors) >= 5
    for record in caplog.records:
        witness.found_in(f"a log of {record.name}", f"{record.getMessage()} {record.args} {vars(record)}")
    for warning in warned:
        witness.found_in("a warning", f"{warning.message}")
    for answer in witness.answers:
        witness.found_in("a repr", f"{answer!r} {answer} {parts_of(answer)}")
    for error in witness.errors:
        witness.found_in("an error", f"{error} {error!r} {error.args} {vars(error)} {error.staff_text}")
    for told in world.observed.all:
        witness.found_in("what an observer is told", f"{told!r}")
    for table, rows in everything_stored(world).items():
        for row in rows:
            witness.found_in(f"the table {table}", row)
    for path in tmp_path.glob("portal.db*"):
        file = path.read_bytes()
        assert not [name for name, secret in witness.secrets.items() if secret.encode() in file], path.name
    world.close()


def test_what_hands_an_accounts_secret_out_cannot_be_pickled(memory_world: World) -> None:
    """Enrolments, recovery codes, sign-ins, resets."""
    witness = Witness()
    live(memory_world, witness)
    held = [
        one
        for one in witness.answers
        if any(isinstance(getattr(one, name, None), Secret) for name in ("token", "secret", "device"))
        or hasattr(one, "codes")
    ]
    assert len(held) >= 6
    for answer in held:
        with pytest.raises(SecretUsedAsText):
            pickle.dumps(answer)


def test_no_secret_is_among_the_variables_of_a_traceback(memory_world: World) -> None:
    """Passwords, links and codes that are handed in as ``Secret``: the frames of whatever is raised hold masks."""
    world = memory_world
    witness = Witness()
    live(world, witness)
    visitor = world.visitor()
    link = next(Secret(secret) for name, secret in witness.secrets.items() if name == "link of a reset")
    calls: list[Callable[[], Any]] = [
        lambda: visitor.log_in(ANA, Secret(WRONG)),
        lambda: visitor.reset_password(link, Secret(NEW)),
        lambda: visitor.verify_email(link, Secret(WRONG)),
        lambda: visitor.look_at_reset(link),
        lambda: visitor.sign_in_by_link(link),
        lambda: visitor.register(ANA, Secret(f"{WRONG}\ud800"), consents=AGREED),
        lambda: world.client(visitor.log_in(ANA, Secret(NEW))).second_factor(Secret("0000000000000000")),
    ]
    witness.secrets = {
        name: secret for name, secret in witness.secrets.items() if "password" in name or name == "link of a reset"
    }
    for call in calls:
        with pytest.raises(ClientPortalError) as caught:
            call()
        report = traceback.TracebackException.from_exception(caught.value, capture_locals=True)
        # This test's own frame has them in clear; everything below it is the library's.
        library = [line for line in report.stack if "clientportal" in line.filename]
        said = "".join(f"{line.locals}" for line in library) + str(report)
        witness.found_in("the variables of a traceback", said)


def test_a_mailbox_s_password_is_in_no_repr_and_no_error() -> None:
    """The sender of mails holds the provider's password: nothing shows it, and it is no attribute of its errors."""
    sender = SmtpSender(host="localhost", sender="salon@example.com", username="salon", password="smtp-canary")
    assert "smtp-canary" not in f"{sender!r} {sender}"
    with pytest.raises(SecretUsedAsText):
        pickle.dumps(sender)


def test_no_secret_is_in_an_address_or_a_header_of_a_page(memory_world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ana signs in by the pages: no code, no password and no token stands in any address that she is led to, nor in a
    header but her own cookie; and no other site is told where she was.
    """
    world = memory_world
    own = own_things(world, "ana", "021 123 4567")
    one = browser(world)
    seen: list[str] = []
    plain = one.finish

    def watching(response: Any) -> None:
        seen.append(f"{dict(response.headers)}")
        assert response.headers["referrer-policy"] == "same-origin"
        plain(response)

    monkeypatch.setattr(Browser, "finish", lambda _self, response: watching(response))
    one.sign_in("021 123 4567")
    code = world.code_in(world.box.messages[-1])
    token = next(text for name, text in one.cookies.items() if "session" in name)
    for path in ("/home", "/bookings", "/account", "/login", f"/bookings/{own.appointment}", "/documents"):
        one.open(path)
    assert len(seen) > 8
    for line in seen:
        assert token not in line
        assert code not in line


def test_staffs_exports_hold_no_secret(world: World) -> None:
    """The client list and one client's whole export, after everything that has a secret was done."""
    witness = Witness()
    own = own_things(world, "ana", "021 123 4567")
    live(world, witness)
    a_link(world, own.account, own.ref)
    staff = world.staff(reason="she asked for it")
    witness.found_in("the export of one client", f"{staff.export_person(own.ref)!r}")
    for line in staff.clients(limit=50).lines:
        witness.found_in("the client list", f"{line!r}")
