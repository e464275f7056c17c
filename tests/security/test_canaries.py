"""No secret stands where it can be read: logs, reprs, errors, tracebacks, dictionaries, pickles, rows, files (V16).

A long scenario is run with every kind of secret in it, and everything that came of it is searched for each of them.
"""

from __future__ import annotations

import base64
import logging
import pickle
import traceback
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import attrs
import pytest

from clientportal import KeyRing, Refused, Secret
from clientportal.errors import SecretUsedAsText
from clientportal.keyring import Key
from clientportal.policy import SeveralRecords
from security.attacking import ANA, patient, wrong
from variants import VARIANTS
from watching import everything_stored
from world import World, make_world


class Witness:
    """Remembers every secret, and everything that was given back or raised."""

    def __init__(self) -> None:
        self.secrets: dict[str, str] = {}
        self.answers: list[Any] = []
        self.errors: list[Refused] = []

    def keep(self, name: str, secret: Secret | str) -> None:
        """A secret, under a name that a failing test may show."""
        self.secrets[name] = secret.reveal() if isinstance(secret, Secret) else secret

    def saw(self, answer: Any) -> Any:
        """Something that a door gave back."""
        self.answers.append(answer)
        for name in ("token", "device", "handle"):
            secret = getattr(answer, name, None)
            if isinstance(secret, Secret):
                self.keep(f"{name} {len(self.secrets)}", secret)
        return answer

    def refused(self, call: Callable[[], Any]) -> None:
        """Something that a door refused."""
        with pytest.raises(Refused) as caught:
            call()
        self.errors.append(caught.value)

    def found_in(self, place: str, text: str) -> None:
        """Fail if any secret stands there; the failure names it without showing it."""
        leaked = [name for name, secret in self.secrets.items() if secret in text]
        assert not leaked, f"{', '.join(leaked)} in {place}"


def live(world: World, witness: Witness) -> None:
    """Codes right and wrong, resent and used; choosing, switching, links, second proofs, being refused, being told."""
    world.change_policy("login", code_digits=8, several=SeveralRecords.CHOOSE)
    patient(world)
    ana = world.add_client("ana", "Ana Kingi", mobile=ANA, email="ana@example.com", created="2024-01-05 09:00")
    world.add_client("mere", "Mere Kingi", mobile=ANA, created="2024-01-05 09:00")
    world.book("a1", ana, "2026-12-01 09:00")

    def code_of(place: int = -1) -> str:
        world.deliver()
        code = world.code_in(world.box.messages[place])
        witness.keep(f"code {len(witness.secrets)}", code)
        return code

    visitor = world.visitor(source="192.0.2.7", proof="bot-proof-canary")
    witness.keep("proof", "bot-proof-canary")
    sent = witness.saw(visitor.request_code(ANA))
    first = code_of()
    witness.refused(lambda: visitor.verify_code(sent.handle, wrong(first)))
    world.clock.advance(timedelta(minutes=1))
    witness.saw(visitor.resend_code(sent.handle))
    second = code_of()
    witness.refused(lambda: visitor.verify_code(sent.handle, first))
    witness.keep("key", "idempotency-canary")
    choosing = witness.saw(visitor.verify_code(sent.handle, second, key="idempotency-canary"))
    choosing = witness.saw(visitor.verify_code(sent.handle, second, key="idempotency-canary"))
    witness.refused(lambda: visitor.verify_code(sent.handle, second))
    door = world.client(witness.saw(world.client(choosing).switch("client:ana")))
    for call in (door.profile, door.appointments, door.sessions, door.profiles, door.start_booking, door.past_changes):
        witness.saw(call())
    witness.refused(lambda: world.portal.client(choosing.token).profile())

    link = witness.saw(world.staff(reason="on the phone").appointment_link("a1", send=True))
    witness.keep("link", link)
    witness.keep("signature of the link", link.reveal().split(".")[2])
    witness.saw(world.visitor().look_at_link(link))
    witness.saw(world.visitor().cancel_by_link(link))
    witness.refused(lambda: world.visitor().look_at_link(link))

    world.deliver()
    world.clock.advance(timedelta(minutes=1))
    known = world.visitor(device=choosing.device)
    again = witness.saw(known.request_code(ANA))
    code = code_of()
    for _ in range(11):
        world.clock.advance(timedelta(seconds=2))
        witness.refused(lambda: known.verify_code(again.handle, wrong(code)))
    world.change_policy("login", recycled_after=timedelta(days=1))
    world.deliver()
    world.clock.advance(timedelta(days=2))
    sent = witness.saw(world.visitor().request_code(ANA))
    proving = world.client(witness.saw(world.visitor().verify_code(sent.handle, code_of())))
    sent = witness.saw(proving.request_second_proof("ana@example.com"))
    code = code_of()
    witness.refused(lambda: world.visitor().verify_code(sent.handle, wrong(code)))
    done = world.client(witness.saw(world.visitor().verify_code(sent.handle, code)))
    witness.saw(done.not_me() if hasattr(done, "not_me") else None)
    witness.saw(world.staff().audit(limit=200))
    witness.saw(world.staff().outbox("sent"))
    witness.saw(world.portal)
    witness.saw(world.keys)
    world.visitor().request_code("021 765 4321")
    world.box.fails.append(RuntimeError(f"quoting {code}"))
    world.deliver()


def parts_of(answer: Any) -> str:
    """An answer as a dictionary, however deep."""
    if attrs.has(type(answer)):
        return repr(attrs.asdict(answer))
    if isinstance(answer, (tuple, list)):
        return "".join(map(parts_of, answer))
    return ""


@pytest.mark.parametrize("variant", VARIANTS)
def test_no_secret_can_be_read_anywhere(variant: str, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """Codes, handles, tokens, devices, links, proofs, keys: none in any log, repr, error, dictionary, row or file."""
    world = make_world(variant, tmp_path)
    caplog.set_level(logging.DEBUG)
    text = KeyRing.generate_secret()
    world.keys = KeyRing.from_secrets({"k1": text})
    world.portal = world.make_portal()
    witness = Witness()
    witness.keep("key text", text)
    raw = base64.urlsafe_b64decode(text)
    witness.keep("key bytes", repr(raw)[2:-1])
    witness.keep("key hex", raw.hex())
    live(world, witness)
    assert len(witness.secrets) > 20
    assert len(witness.errors) > 15

    for record in caplog.records:
        witness.found_in("a log", f"{record.getMessage()} {record.args} {vars(record)}")
    for answer in witness.answers:
        witness.found_in("a repr", f"{answer!r} {answer}")
        witness.found_in("a dictionary", parts_of(answer))
    for error in witness.errors:
        witness.found_in("an error", f"{error} {error!r} {error.args} {vars(error)} {error.staff_text}")
        witness.found_in("a traceback", "".join(traceback.format_exception(error)))
    for told in world.observed.all:
        witness.found_in("what an observer is told", f"{told!r} {attrs.asdict(told)}")
    for table, rows in everything_stored(world).items():
        for row in rows:
            witness.found_in(f"the table {table}", row)
    for path in tmp_path.glob("portal.db*"):
        file = path.read_bytes()
        leaked = [name for name, secret in witness.secrets.items() if secret.encode() in file]
        assert not leaked, f"{', '.join(leaked)} in the file {path.name}"
        assert raw not in file
    world.close()


def test_what_holds_a_secret_cannot_be_pickled(world: World) -> None:
    """Neither answers nor requests nor keys: a cache or a queue would keep them for ever."""
    witness = Witness()
    live(world, witness)
    held = [one for one in witness.answers if any(hasattr(one, name) for name in ("token", "handle", "device"))]
    assert len(held) >= 8
    for answer in (*held, Key("k1", b"x" * 32), Secret("x")):
        with pytest.raises(SecretUsedAsText):
            pickle.dumps(answer)
        with pytest.raises(SecretUsedAsText):
            pickle.dumps({"deep": [answer]})


def test_tokens_and_handles_are_not_among_the_variables_of_a_traceback(world: World) -> None:
    """Crash reporters keep the variables of every frame: whoever hands secrets in as ``Secret`` leaves none there."""
    world.add_client("ana", "Ana Kingi", mobile=ANA)
    world.book("a1", world.ask("clients", [world.sign_in(ANA).record])[0].ref, "2026-12-01 09:00")
    witness = Witness()
    patient(world)
    world.clock.advance(timedelta(seconds=1))
    sent = witness.saw(world.visitor().request_code(ANA))
    token = Secret(world.sign_in(ANA).token.reveal() + "A")
    link = world.staff().appointment_link("a1")
    world.visitor().cancel_by_link(link)
    witness.keep("link", link)
    witness.keep("token", token)
    calls: list[Callable[[], Any]] = [
        lambda: world.visitor().verify_code(sent.handle, "000000"),
        lambda: world.portal.client(token).profile(),
        lambda: world.visitor().look_at_link(link),
        lambda: world.visitor().cancel_by_link(link),
        lambda: world.visitor(device=token).resend_code(token),
    ]
    for call in calls:
        with pytest.raises(Refused) as caught:
            call()
        report = traceback.TracebackException.from_exception(caught.value, capture_locals=True)
        witness.found_in("the variables of a traceback", "".join(report.format()))
