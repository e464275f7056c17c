"""One-time codes: how strong they are, how long they live, and what they are bound to (ASVS V6.5, V6.6.2)."""

from __future__ import annotations

import ast
from datetime import timedelta
from pathlib import Path

import pytest

import clientportal
from clientportal import InvalidCode, KeyRing, Reason
from clientportal.records import Session
from security.attacking import ANA, PATHS, Neighbour, another_second_code, guess_path, patient, second_proof, wrong
from watching import at_once, everything_stored, reason_of, refusal_of
from world import World

MICROSECOND = timedelta(microseconds=1)

# --- strength --------------------------------------------------------------------------------------------------------


def test_codes_are_uniform_and_keep_their_leading_zeros() -> None:
    """Of 20,000 codes of six digits at least 1,800 begin with 0, and every digit stands everywhere about as often."""
    ring = KeyRing.from_secrets({"k1": KeyRing.generate_secret()})
    codes = []
    for row in range(20_000):
        code = ring.code("k1", "salon", "login", "mobile:+64211234567", f"row-{row}", 1, 6)
        assert code is not None
        codes.append(code.reveal())
    assert {len(code) for code in codes} == {6}
    assert sum(code.startswith("0") for code in codes) >= 1_800
    for place in range(6):
        for digit in "0123456789":
            assert 1_800 <= sum(code[place] == digit for code in codes) <= 2_200


def test_nothing_is_drawn_from_a_predictable_source() -> None:
    """No module imports ``random``: codes are derived from the key, everything else is drawn from ``secrets``."""
    for path in Path(clientportal.__file__).parent.rglob("*.py"):
        if "testing" in path.parts:
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            names = [one.name for one in node.names] if isinstance(node, ast.Import) else []
            if isinstance(node, ast.ImportFrom):
                names = [node.module or ""]
            assert not {name.partition(".")[0] for name in names} & {"random", "numpy"}, path


@pytest.mark.parametrize(
    "changed", ["key_id", "tenant", "purpose", "identity", "row", "send_number"], ids=lambda name: f"other {name}"
)
def test_a_code_depends_on_everything_that_it_is_bound_to(changed: str) -> None:
    """Another key, business, purpose, contact, challenge or sending gives another code."""
    ring = KeyRing.from_secrets({"k1": KeyRing.generate_secret(), "k2": KeyRing.generate_secret()})
    bound = {
        "key_id": "k1",
        "tenant": "salon",
        "purpose": "login",
        "identity": "mobile:+64211234567",
        "row": "r1",
        "send_number": 1,
        "digits": 8,
    }
    other = {"key_id": "k2", "send_number": 2}.get(changed, "other")
    changed_ones = [ring.code(**{**bound, changed: other, "row": f"{row}"}) for row in range(5)]  # type: ignore[arg-type]
    if changed == "row":
        changed_ones = [ring.code(**{**bound, "row": f"other-{row}"}) for row in range(5)]  # type: ignore[arg-type]
    first = [ring.code(**{**bound, "row": f"{row}"}) for row in range(5)]  # type: ignore[arg-type]
    assert all(one != two for one, two in zip(first, changed_ones, strict=True))


# --- life ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", PATHS)
def test_a_code_works_until_a_second_before_its_end_and_not_at_it(world: World, path: str) -> None:
    """Ten minutes: accepted at 9:59, refused at 10:00, on every path that takes a code."""
    sent, code = guess_path(world, path)
    assert sent.expires_at - world.clock() == timedelta(minutes=10)
    world.clock.set(sent.expires_at)
    assert reason_of(lambda: world.visitor().verify_code(sent.handle, code)) is Reason.CODE_GONE
    world.clock.set(sent.expires_at - timedelta(seconds=1))
    world.visitor().verify_code(sent.handle, code)


def test_a_clock_set_back_does_not_revive_a_code(world: World) -> None:
    """A wrong try was seen at the very end; turned back by five minutes, the clock still opens nothing afterwards."""
    sent, code = guess_path(world, "login")
    world.clock.set(sent.expires_at - MICROSECOND)
    assert reason_of(lambda: world.visitor().verify_code(sent.handle, wrong(code))) is Reason.CODE_WRONG
    world.clock.set(sent.expires_at - timedelta(minutes=5))
    # The row has been at its last microsecond: it is open there, and closes with it.
    world.visitor().verify_code(sent.handle, code)
    assert reason_of(lambda: world.visitor().verify_code(sent.handle, code)) is Reason.CODE_GONE


@pytest.mark.parametrize("path", PATHS)
def test_sixty_four_hands_with_the_right_code_open_one_session(world: World, path: str) -> None:
    """All type the right code at the same moment: one is let in, the others find it gone."""
    sent, code = guess_path(world, path)
    before = len(everything_stored(world)["cp_sessions"]) if path == "second proof" else 0
    ended = at_once(world, *[lambda portal: portal.visitor(world.tenant).verify_code(sent.handle, code)] * 64)
    opened = [one for one in ended if not isinstance(one, Exception)]
    assert len(opened) == 1
    assert {one.reason for one in ended if isinstance(one, Exception)} <= {Reason.CODE_GONE, Reason.BUSY}  # type: ignore[attr-defined]
    # A second proof replaces the session that asked for it.
    assert len(everything_stored(world)["cp_sessions"]) == 1, before
    assert world.client(opened[0]).profile().first_name == "Ana"


# --- binding ---------------------------------------------------------------------------------------------------------


def test_a_code_is_worthless_at_another_business(world: World) -> None:
    """The handle and the code of the one are nothing at the other, on the same store with the same keys."""
    other = Neighbour(world)
    sent, code = guess_path(world, "login")
    assert reason_of(lambda: other.visitor().verify_code(sent.handle, code)) is Reason.CODE_GONE
    assert world.visitor().verify_code(sent.handle, code).record == world.ana  # type: ignore[attr-defined]


def test_handles_and_codes_of_two_people_cannot_be_swapped(world: World) -> None:
    """Ana's code on Ben's handle is a wrong code, and Ben's on Ana's."""
    ana_sent, ana_code = guess_path(world, "login")
    ben_sent, ben_code = world.get_code("021 765 4321")
    assert ana_code != ben_code, "one in a million"
    for handle, code in ((ana_sent.handle, ben_code), (ben_sent.handle, ana_code)):
        assert (
            reason_of(lambda handle=handle, code=code: world.visitor().verify_code(handle, code)) is Reason.CODE_WRONG
        )
    world.visitor().verify_code(ana_sent.handle, ana_code)


def test_two_codes_for_one_person_cannot_be_swapped(world: World) -> None:
    """Each code belongs to the handle that it was asked for on."""
    first, first_code = guess_path(world, "login")
    world.clock.advance(timedelta(minutes=1))
    second, second_code = world.get_code(ANA)
    assert reason_of(lambda: world.visitor().verify_code(first.handle, second_code)) is Reason.CODE_WRONG
    assert reason_of(lambda: world.visitor().verify_code(second.handle, first_code)) is Reason.CODE_WRONG


def test_a_handle_that_nobody_was_given_is_gone(world: World) -> None:
    """Empty, made up, cut, or the id that the store keeps: all the same answer."""
    sent, code = guess_path(world, "login")
    handle = sent.handle.reveal()
    stored = everything_stored(world)["cp_challenges"]
    assert not any(handle in row for row in stored)
    for made_up in ("", "x" * 43, handle[:-1], handle + "A", handle.swapcase()):
        refused = refusal_of(lambda made_up=made_up: world.visitor().verify_code(made_up, code))
        assert refused.reason is Reason.CODE_GONE


def test_a_login_code_is_no_second_proof(world: World) -> None:
    """Ana stands before her second proof: the login code for her number's next handle opens no record by itself."""
    sent, code = guess_path(world, "second proof")
    world.clock.advance(timedelta(seconds=1))
    login, login_code = world.get_code(ANA)
    assert reason_of(lambda: world.visitor().verify_code(sent.handle, login_code)) is Reason.CODE_WRONG
    assert world.visitor().verify_code(login.handle, login_code).stage.value == "second_proof"
    assert world.visitor().verify_code(sent.handle, code).stage.value == "done"


def test_a_second_proof_belongs_to_the_session_that_asked_for_it(world: World) -> None:
    """The session has been ended meanwhile: the right code opens nothing."""
    world.ana = world.add_client(  # type: ignore[attr-defined]
        "ana", "Ana Kingi", mobile=ANA, email="ana@example.com", created="2024-01-05 09:00"
    )
    patient(world)
    _, door = second_proof(world)
    sent, code = another_second_code(world, door)
    door.log_out()
    assert reason_of(lambda: world.visitor().verify_code(sent.handle, code)) is Reason.SESSION_ENDED
    assert not everything_stored(world)["cp_sessions"]


@pytest.mark.parametrize("path", PATHS)
def test_sending_again_makes_the_earlier_code_worthless(world: World, path: str) -> None:
    """Only the latest sending of a handle counts, and its wrong tries are those of the handle."""
    sent, first = guess_path(world, path)
    for _ in range(4):
        assert reason_of(lambda: world.visitor().verify_code(sent.handle, wrong(first))) is Reason.CODE_WRONG
    world.clock.advance(timedelta(minutes=1))
    again = world.visitor().resend_code(sent.handle)
    assert again.handle == sent.handle
    world.deliver()
    second = world.code_in(world.box.messages[-1])
    assert second != first, "one in a million"
    assert reason_of(lambda: world.visitor().verify_code(sent.handle, first)) is Reason.CODE_WRONG
    world.clock.advance(timedelta(seconds=2))
    assert reason_of(lambda: world.visitor().verify_code(sent.handle, second)) is Reason.TOO_MANY_TRIES


def test_text_that_cannot_be_a_code_costs_nothing(world: World) -> None:
    """Letters, five digits, nothing: refused as text, with the budget untouched; digits of any script are read."""
    sent, code = guess_path(world, "login")
    short = ("", "12345", "1234567", "abcdef", "12 34 5", "１２３", "0x1234", "-12345")
    for typed in (*short, "1" * 5000, "12\x00345", "\ud800"):
        with pytest.raises(InvalidCode):
            world.visitor().verify_code(sent.handle, typed)
    assert not everything_stored(world).get("cp_guess_counters")
    arabic = "".join(chr(0x0660 + int(digit)) for digit in code)
    assert world.visitor().verify_code(sent.handle, f" {arabic[:3]}-{arabic[3:]}\u200f ").record is not None


# --- live handles ----------------------------------------------------------------------------------------------------


def test_three_codes_may_be_open_a_fourth_is_refused_and_none_is_evicted(world: World) -> None:
    """A stranger's asking does not void the owner's code: all three handles still open with their own codes."""
    world.add_client("ana", "Ana Kingi", mobile=ANA)
    patient(world)
    codes = []
    for _ in range(3):
        codes.append(world.get_code(ANA))
        world.clock.advance(timedelta(minutes=1))
    refused = refusal_of(lambda: world.visitor().request_code(ANA))
    assert refused.reason is Reason.TOO_MANY_CODES
    assert refused.retry_at == codes[0][0].expires_at
    for sent, code in codes:
        assert world.visitor().verify_code(sent.handle, code).record is not None


def test_a_fourth_code_may_be_asked_for_when_the_first_has_expired(world: World) -> None:
    """``retry_at`` is exact, and then it really works."""
    world.add_client("ana", "Ana Kingi", mobile=ANA)
    patient(world)
    for _ in range(3):
        world.get_code(ANA)
        world.clock.advance(timedelta(minutes=1))
    refused = refusal_of(lambda: world.visitor().request_code(ANA))
    assert refused.retry_at is not None
    world.clock.set(refused.retry_at - MICROSECOND)
    assert reason_of(lambda: world.visitor().request_code(ANA)) is Reason.TOO_MANY_CODES
    world.clock.set(refused.retry_at)
    world.get_code(ANA)


def test_a_used_code_hides_no_open_one(world: World) -> None:
    """The latest of three is used: one more may be asked for, and then there are three open ones again."""
    world.add_client("ana", "Ana Kingi", mobile=ANA)
    patient(world)
    for _ in range(2):
        world.get_code(ANA)
        world.clock.advance(timedelta(minutes=1))
    for _ in range(4):
        sent, code = world.get_code(ANA)
        world.visitor().verify_code(sent.handle, code)
        world.clock.advance(timedelta(seconds=1))
    world.get_code(ANA)
    world.clock.advance(timedelta(seconds=1))
    assert reason_of(lambda: world.visitor().request_code(ANA)) is Reason.TOO_MANY_CODES


def test_many_hands_do_not_open_a_fourth_code(world: World) -> None:
    """Sixteen ask at once: at most three codes are open, and at most three messages leave."""
    patient(world)
    ended = at_once(world, *[lambda portal: portal.visitor(world.tenant).request_code(ANA)] * 16)
    assert 1 <= sum(not isinstance(one, Exception) for one in ended) <= 3
    world.deliver()
    assert len(world.box.messages) <= 3
    assert world.all_stored(Session, "identity", "mobile:+64211234567") == []
