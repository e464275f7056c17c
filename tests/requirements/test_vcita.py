"""vcita: the email is the identifier, and the right code opens that client's session (V2)."""

from __future__ import annotations

from datetime import timedelta

import pytest
from attrs import evolve

from clientportal import InvalidContact, PolicyError, Reason, RecordRef, presets
from clientportal.policy import UnknownIdentity
from clientportal.values import ContactKind
from proofs import code_for, refusal_of
from world import World

KNOWN = "ana@example.com"


@pytest.fixture
def vcita(world: World) -> World:
    """A business with vcita's policy, in New Zealand, and one client: Ana, with an email and a mobile."""
    world.use(presets.vcita(region="NZ"))
    ana = world.add_client("ana", "Ana Kingi", email=KNOWN, mobile="021 123 4567")
    world.book("a1", ana, "2026-11-30 09:00")
    return world


@pytest.mark.requirement("V2")
@pytest.mark.parametrize("typed", ["ana@example.com", "  Ana@Example.COM "])
def test_the_right_code_opens_that_clients_session(vcita: World, typed: str) -> None:
    """By email, in any case and with spaces around it; the session is Ana's and shows Ana's."""
    ben = vcita.add_client("ben", "Ben Ngata", email="ben@example.com")
    vcita.book("b1", ben, "2026-11-30 10:00")
    signed_in = vcita.sign_in(typed)
    assert (signed_in.record, signed_in.stage.value) == (RecordRef.client("ana"), "done")
    door = vcita.client(signed_in)
    assert door.profile().email == KNOWN
    assert [one.id for one in door.appointments().items] == ["a1"]


@pytest.mark.requirement("V2")
def test_only_the_right_code_does(vcita: World) -> None:
    """A wrong one is refused, and somebody else's code is a wrong one."""
    vcita.add_client("ben", "Ben Ngata", email="ben@example.com")
    anas, code = vcita.get_code(KNOWN)
    bens, bens_code = vcita.get_code("ben@example.com")
    assert code != bens_code
    assert refusal_of(lambda: vcita.visitor().verify_code(anas.handle, bens_code)).reason is Reason.CODE_WRONG
    assert vcita.visitor().verify_code(bens.handle, bens_code).record == RecordRef.client("ben")
    vcita.clock.advance(timedelta(seconds=2))
    assert vcita.visitor().verify_code(anas.handle, code).record == RecordRef.client("ana")


@pytest.mark.requirement("V2")
def test_a_phone_number_does_not_log_in_unless_the_policy_accepts_it(vcita: World) -> None:
    """By itself only the email; with mobiles accepted too, Ana's number opens her session, a stranger's nothing."""
    with pytest.raises(InvalidContact):
        vcita.visitor().request_code("021 123 4567")

    vcita.change_policy("login", identifiers={ContactKind.EMAIL, ContactKind.MOBILE})
    assert vcita.sign_in("0064 21 123 4567").record == RecordRef.client("ana")
    assert vcita.sign_in(KNOWN).record == RecordRef.client("ana")

    sent = vcita.visitor().request_code("027 555 0001")
    sent_before = len(vcita.box.messages)
    vcita.deliver()
    assert len(vcita.box.messages) == sent_before
    right = code_for(vcita, sent.handle)
    assert refusal_of(lambda: vcita.visitor().verify_code(sent.handle, right)).reason is Reason.CODE_WRONG


@pytest.mark.requirement("V2")
def test_several_clients_with_one_email_choose_after_the_proof(vcita: World) -> None:
    """Ana and her son share an address: after the code, and not before, the session offers first name and initial."""
    son = vcita.add_client("tama", "Tama Kingi", email=KNOWN)
    signed_in = vcita.sign_in(KNOWN)
    assert (signed_in.stage.value, signed_in.record) == ("choose", None)
    door = vcita.client(signed_in)
    assert refusal_of(door.profile).reason is Reason.CHOOSE_FIRST
    assert [option.label for option in door.profiles()] == ["Ana K.", "Tama K."]
    assert vcita.client(door.switch(str(son))).profile().first_name == "Tama"


@pytest.mark.requirement("V1", "V2")
def test_vcita_is_one_value_of_the_policy() -> None:
    """Code, email, by SMS else by email, unknown refused silently, several choose, edge allowed, login offered."""
    login = presets.vcita(region="NZ").login
    said = (login.proof, login.delivery, login.unknown, login.several, presets.vcita().changes.cancel.edge)
    assert [one.value for one in said] == ["code", "sms_else_email", "refuse_silently", "choose", "allowed"]
    assert login.identifiers == {ContactKind.EMAIL}
    assert login.in_booking_flow is True


@pytest.mark.requirement("V1")
def test_creating_clients_and_refusing_silently_do_not_mix() -> None:
    """An empty record for an email whose code goes by SMS would be made for another address than was proved."""
    vcita = presets.vcita()
    with pytest.raises(PolicyError) as refused:
        evolve(vcita, login=evolve(vcita.login, unknown=UnknownIdentity.CREATE_EMPTY))
    assert {"login.unknown", "login.identifiers", "login.delivery"} <= set(refused.value.settings)
