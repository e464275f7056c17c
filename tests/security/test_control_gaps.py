"""What the controls promise across several files: chance, equal traces, races, injection, sizes, a clock that jumps."""

from __future__ import annotations

import ast
import random
import unicodedata
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

import clientportal
from accounts_ground import a_session, an_account
from clientportal import ClientPortalError, ClientRecord, Reason, RecordRef, Secret, presets
from clientportal.policy import SeveralRecords, VisibilityPolicy
from mails import AGREED, PASSWORD, acuity
from proofs import code_for
from security.attacking import ANA, Trace, patient, wrong
from watching import at_once, reason_of
from world import World

BEN, NOBODY = "021 765 4321", "021 765 4399"
SOURCES = Path(clientportal.__file__).parent


# --- chance ----------------------------------------------------------------------------------------------------------


def test_a_seed_of_random_repeats_neither_codes_nor_tokens(world: World) -> None:
    """Somebody seeds the generator of the whole process, twice alike: what is handed out is never the same again."""
    world.add_client("ana", "Ana Kingi", mobile=ANA)
    patient(world)
    drawn: list[tuple[str, ...]] = []
    state = random.getstate()
    for _ in range(4):
        random.seed(2026)
        world.clock.advance(timedelta(minutes=11))
        sent, code = world.get_code(ANA)
        signed_in = world.visitor().verify_code(sent.handle, code)
        drawn.append((code, sent.handle.reveal(), signed_in.token.reveal(), signed_in.device.reveal()))
    random.setstate(state)
    for kind in zip(*[texts[1:] for texts in drawn], strict=True):
        assert len(set(kind)) == len(drawn)
    assert len({texts[0] for texts in drawn}) > 1


# --- who has a contact ------------------------------------------------------------------------------------------------


def _claiming(world: World) -> tuple[Any, str, str, str]:
    world.use(presets.timetap(region="NZ"))
    world.change_policy("login", several=SeveralRecords.ACCOUNTS)
    world.add_client("ben", "Ben Ngata", mobile=BEN)
    token = a_session(world, an_account(world, "ana@example.com", world.clock(), proved=world.clock()))
    return token, "claim", BEN, NOBODY


def _changing(world: World) -> tuple[Any, str, str, str]:
    world.change_policy("visibility", editable=VisibilityPolicy().fields)
    world.add_client("ana", "Ana Kingi", mobile=ANA)
    world.add_client("ben", "Ben Ngata", mobile=BEN)
    return world.sign_in(ANA).token, "request_contact_change", BEN, NOBODY


def _new_email(world: World) -> tuple[Any, str, str, str]:
    acuity(world)
    an_account(world, "ana@example.com", world.clock(), proved=world.clock(), password=PASSWORD)
    an_account(world, "ben@example.com", world.clock(), proved=world.clock(), password=PASSWORD)
    token = world.visitor().log_in("ana@example.com", PASSWORD).token
    return token, "change_email", "ben@example.com", "nobody@example.com"


@pytest.mark.parametrize("way", [_claiming, _changing, _new_email], ids=["claim", "contact", "email"])
def test_adding_a_contact_looks_the_same_whoever_has_it(
    world: World, way: Callable[[World], tuple[Any, str, str, str]]
) -> None:
    """Ben's and nobody's: the same answer, from the same calls of the ports in the same order; the mailbox is told."""
    token, method, bens, nobodys = way(world)
    patient(world)
    trace = Trace(world)
    made = {}
    for contact in (bens, nobodys):
        world.clock.advance(timedelta(minutes=1))
        made[contact] = trace.of(
            lambda contact=contact: getattr(trace.portal.client(token), method)(contact)  # type: ignore[misc]
        )
    # The prefix and the contact are masked by the trace; what is left is which port was asked what.
    shapes = [[call.split("(")[0] for call in calls] for calls in made.values()]
    assert shapes[0] == shapes[1]
    assert not [call for call in made[bens] if call.startswith("raised")]


# --- racing changes ---------------------------------------------------------------------------------------------------


def test_two_contact_changes_that_race_prove_what_they_name_and_no_more(world: World) -> None:
    """Ana asks for two numbers, and types both codes at once, also each on the other's handle: the record has one of
    the two, and no code has proved the number that it was not sent to.
    """
    world.change_policy("visibility", editable=VisibilityPolicy().fields)
    world.add_client("ana", "Ana Kingi", mobile=ANA)
    signed_in = world.sign_in(ANA)
    patient(world)
    door = world.client(signed_in)
    asked = []
    for number in (BEN, NOBODY):
        sent = door.request_contact_change(number)
        world.deliver()
        asked.append((sent.handle, world.code_in(world.box.messages[-1])))
        world.clock.advance(timedelta(seconds=31))
    (first, first_code), (second, second_code) = asked
    assert first_code != second_code, "one in a million"
    crossed = [(first, second_code), (second, first_code)]
    for handle, code in crossed:
        refused = reason_of(lambda handle=handle, code=code: door.confirm_contact_change(handle, code))
        assert refused is Reason.CODE_WRONG
    world.clock.advance(timedelta(seconds=5))
    ended = at_once(
        world,
        *[
            lambda portal, handle=handle, code=code: portal.client(signed_in.token).confirm_contact_change(handle, code)
            for handle, code in asked
        ],
    )
    done = [one for one in ended if not isinstance(one, Exception)]
    assert 1 <= len(done) <= 2
    found = world.ask("clients", [signed_in.record])[0].mobile
    assert found in {"+64217654321", "+64217654399"}


# --- messages ---------------------------------------------------------------------------------------------------------

INJECTED = (
    "Ana\r\nBcc: all@example.com",
    "WIN 1000 www.evil.example",
    "\u202eevil.example\u2066",
    "{code} {link} {business}",
    "%(code)s ${code}",
    "<a href='https://evil.example'>evil.example</a>",
    "evil\x00\x1b[31m",
)


@pytest.mark.parametrize("typed", INJECTED)
def test_no_message_carries_what_was_typed_into_it(world: World, typed: str) -> None:
    """Registering, asking for resets, codes and links with an injection in every field: what leaves is ours alone, in
    one line of subject, without controls or directions.
    """
    acuity(world)
    patient(world)
    world.add_client("ben", "Ben Ngata", email="ben@example.com")
    for contact in ("ana@example.com", "ben@example.com"):
        for ask in (
            lambda contact=contact: world.visitor(source="192.0.2.7").register(
                contact, PASSWORD, first_name=typed, last_name=typed, consents=AGREED
            ),
            lambda contact=contact: world.visitor(device=typed).request_reset(contact, key=typed),
            lambda contact=contact: world.visitor(proof=typed).request_sign_in_link(contact),
        ):
            world.clock.advance(timedelta(minutes=11))
            try:
                ask()
            except ClientPortalError:
                continue
    world.deliver()
    for message in world.box.messages:
        said = message.subject + message.text
        assert "evil" not in said
        assert "Bcc" not in said
        assert "{" not in said
        assert not {unicodedata.category(letter) for letter in said.replace("\n", "")} & {"Cc", "Cf", "Cs"}
        assert "\n" not in message.subject


# --- comparing --------------------------------------------------------------------------------------------------------


def test_secrets_are_compared_in_constant_time_alone() -> None:
    """No module compares a revealed secret, a signature or a password with ``==`` or ``in`` (V11.2.4)."""
    found = []
    for path in SOURCES.rglob("*.py"):
        where = path.relative_to(SOURCES).as_posix()
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not isinstance(node, ast.Compare) or where.startswith("testing/"):
                continue
            compared = [ast.unparse(part) for part in (node.left, *node.comparators)]
            secret = any(".reveal()" in part or part in {"mac", "signature", "password"} for part in compared)
            if secret and not all(isinstance(one, ast.Is | ast.IsNot) for one in node.ops):
                found.append(f"{where}: {ast.unparse(node)}")
    assert sorted(found) == [
        # The spelling of what compare_digest has already found right; and a business's name, which is no secret.
        "keyring.py: _b64(given) != mac",
        "web/site.py: tenant_of(bearer.reveal()) == jar.business",
    ]
    assert Secret("\ud800é") == Secret("\ud800é")


# --- sizes ------------------------------------------------------------------------------------------------------------


def _work(world: World, clients: int, *, shared: bool) -> dict[str, int]:
    """How many calls of its ports each operation makes among so many clients."""
    records = [
        ClientRecord(
            ref=RecordRef.client(f"c{number}"),
            created_at=world.clock(),
            first_name="Ana",
            last_name=f"Number {number}",
            mobile=ANA if shared else f"+6421{1000000 + number}",
        )
        for number in range(clients)
    ]
    world.seed("add_clients", records)
    world.portal.walk_contacts(world.tenant, restart=True)
    patient(world)
    world.clock.advance(timedelta(hours=1))
    trace = Trace(world)
    mine = ANA if shared else "+64211000000"
    sent: list[Any] = []
    staff = trace.portal.staff(world.tenant, actor="mia", permissions=frozenset(clientportal.Permission))
    counted = {
        "request_code": trace.of(lambda: sent.append(trace.portal.visitor(world.tenant).request_code(mine))),
        "deliver": trace.of(lambda: trace.portal.deliver(world.tenant)),
        "duplicates": trace.of(staff.duplicates),
        "clients": trace.of(staff.clients),
        "add_client": trace.of(lambda: staff.add_client({"first_name": "Zoe", "mobile": mine})),
    }
    code = world.code_in(world.box.messages[-1])
    counted["verify_code"] = trace.of(lambda: trace.portal.visitor(world.tenant).verify_code(sent[0].handle, code))
    for name, calls in counted.items():
        assert not [call for call in calls if call.startswith("raised")] or shared, (name, calls[-1])
    return {name: len(calls) for name, calls in counted.items()}


@pytest.mark.parametrize("shared", [False, True], ids=["a phone each", "one phone for all"])
def test_ten_times_the_clients_are_at_most_thirteen_times_the_work(memory_world: World, shared: bool) -> None:
    """Logging in, the report and the list among 30 and among 300 clients: counted in calls of the ports, not timed."""
    few = _work(memory_world, 30, shared=shared)
    many = _work(memory_world, 300, shared=shared)
    for name, calls in many.items():
        assert calls <= 13 * few[name], (name, few[name], calls)


# --- a clock that jumps -----------------------------------------------------------------------------------------------


def test_a_row_never_goes_back_behind_its_own_last_mark(world: World) -> None:
    """A code has seen the end of its ten minutes; an hour earlier by the clock, a new one on its handle is as old as
    that, and opens nothing: backwards revives nothing. Another handle does, when the clock has caught up.
    """
    world.add_client("ana", "Ana Kingi", mobile=ANA)
    patient(world)
    sent, code = world.get_code(ANA)
    end = sent.expires_at
    world.clock.set(end - timedelta(microseconds=1))
    assert reason_of(lambda: world.visitor().verify_code(sent.handle, wrong(code))) is Reason.CODE_WRONG
    world.clock.set(end - timedelta(hours=1))
    world.change_policy("sends", per_ten_minutes=1000)
    again = world.visitor().resend_code(sent.handle)
    right = code_for(world, sent.handle)
    assert again.handle == sent.handle
    assert reason_of(lambda: world.visitor().verify_code(sent.handle, right)) is Reason.CODE_GONE
    world.deliver()
    world.clock.advance(timedelta(hours=2))
    fresh, its_code = world.get_code(ANA)
    assert world.visitor().verify_code(fresh.handle, its_code).token


@pytest.mark.parametrize("jump", [timedelta(hours=3), timedelta(days=400)], ids=["three hours", "a year and more"])
def test_a_clock_that_jumped_ahead_and_back_locks_nobody_out(world: World, jump: timedelta) -> None:
    """Ahead, every budget is used up, sends and guesses; put right, Ana is let in within two days at the latest, and a
    code from the future opens nothing for longer than it may.
    """
    world.add_client("ana", "Ana Kingi", mobile=ANA)
    right = world.clock()
    world.clock.set(right + jump)
    opened = []
    for _ in range(4):
        try:
            opened.append(world.visitor().request_code(ANA))
        except ClientPortalError:
            continue
    for sent in opened:
        for _ in range(6):
            assert reason_of(lambda sent=sent: world.visitor().verify_code(sent.handle, "000000")) in set(Reason)
    world.clock.set(right + timedelta(days=2))
    world.deliver()
    world.box.messages.clear()
    assert world.log_in(ANA).profile().first_name == "Ana"
