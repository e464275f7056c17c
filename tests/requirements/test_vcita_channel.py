"""vcita: by which channel the code goes (V3)."""

from __future__ import annotations

from datetime import timedelta

import pytest
from attrs import evolve

from clientportal import RecordRef, presets
from world import World

EMAIL = "ana@example.com"
MOBILE = "+64211234567"
BY_SMS = [("sms", MOBILE)]
BY_EMAIL = [("email", EMAIL)]


@pytest.fixture
def vcita(world: World) -> World:
    """A business with vcita's policy, in New Zealand."""
    world.use(presets.vcita(region="NZ"))
    return world


def way_of_the_code(world: World) -> list[tuple[str, str]]:
    """Log in with the email: by which channel, and to where, the code went."""
    before = len(world.box.messages)
    world.sign_in(EMAIL)
    return [(one.channel.value, one.to) for one in world.box.messages[before:]]


@pytest.mark.requirement("V3")
@pytest.mark.parametrize("mobile", ["021 123 4567", "+64 21 123 4567", "0064211234567"])
def test_a_record_with_a_valid_mobile_gets_the_code_by_sms(vcita: World, mobile: str) -> None:
    """In whatever spelling the record has it; the email is what was typed, and gets nothing."""
    vcita.add_client("ana", "Ana Kingi", email=EMAIL, mobile=mobile)
    assert way_of_the_code(vcita) == BY_SMS


@pytest.mark.requirement("V3")
@pytest.mark.parametrize(
    "mobile",
    [None, "", "09 303 1234", "0900 12345", "021 12", "ring me", "021 123 4567 ext 9", "+999 123 4567"],
    ids=["none", "empty", "landline", "premium", "too short", "words", "extension", "no such country"],
)
def test_without_a_valid_mobile_the_code_goes_by_email(vcita: World, mobile: str | None) -> None:
    """No number, a landline, a premium number, or what is no number at all: by email, and the login works."""
    ana = vcita.add_client("ana", "Ana Kingi", email=EMAIL, mobile=mobile)
    assert way_of_the_code(vcita) == BY_EMAIL
    assert vcita.sign_in(EMAIL).record == ana


@pytest.mark.requirement("V3", "T11")
def test_a_mobile_number_in_the_plain_phone_field_is_not_texted(vcita: World) -> None:
    """The *mobile* field decides."""
    vcita.add_client("ana", "Ana Kingi", email=EMAIL, phone="021 123 4567")
    assert way_of_the_code(vcita) == BY_EMAIL


@pytest.mark.requirement("V3")
def test_a_number_of_a_region_that_is_not_allowed_is_not_texted(vcita: World) -> None:
    """The policy sends to New Zealand alone; an Australian mobile is a valid one, and the code goes by email."""
    vcita.change_policy("contacts", allowed_regions=frozenset({"NZ"}))
    vcita.add_client("ana", "Ana Kingi", email=EMAIL, mobile="+61 412 345 678")
    assert way_of_the_code(vcita) == BY_EMAIL
    vcita.change_policy("contacts", allowed_regions=frozenset({"NZ", "AU"}))
    assert way_of_the_code(vcita) == [("sms", "+61412345678")]


@pytest.mark.requirement("V3")
@pytest.mark.parametrize(
    ("at_request", "at_sending", "way"),
    [("021 123 4567", None, BY_EMAIL), (None, "021 123 4567", BY_SMS), ("021 765 4321", "021 123 4567", BY_SMS)],
    ids=["taken off", "added", "changed"],
)
def test_the_mobile_is_read_at_the_time_of_sending(
    vcita: World, at_request: str | None, at_sending: str | None, way: list[tuple[str, str]]
) -> None:
    """The desk changes the record between the request and the pump: what the record has when it leaves counts."""
    ana = vcita.add_client("ana", "Ana Kingi", email=EMAIL, mobile=at_request)
    sent = vcita.visitor().request_code(EMAIL)
    (record,) = vcita.ask("clients", [ana])
    vcita.change_client(evolve(record, mobile=at_sending))

    vcita.deliver()

    assert [(one.channel.value, one.to) for one in vcita.box.messages] == way
    code = vcita.code_in(vcita.box.messages[0])
    assert vcita.visitor().verify_code(sent.handle, code).record == ana


@pytest.mark.requirement("V3")
def test_a_second_sending_reads_it_again(vcita: World) -> None:
    """The first code went by SMS; the mobile is taken off; asked for again, the code goes by email."""
    ana = vcita.add_client("ana", "Ana Kingi", email=EMAIL, mobile="021 123 4567")
    sent = vcita.visitor().request_code(EMAIL)
    vcita.deliver()
    (record,) = vcita.ask("clients", [ana])
    vcita.change_client(evolve(record, mobile=None))
    vcita.clock.advance(timedelta(minutes=1))
    vcita.visitor().resend_code(sent.handle)
    vcita.deliver()
    assert [(one.channel.value, one.to) for one in vcita.box.messages] == BY_SMS + BY_EMAIL


@pytest.mark.requirement("V3")
def test_mail_goes_to_the_stored_address_in_its_own_case(vcita: World) -> None:
    """Typed in lower case, stored as Ana.Kingi@example.com: the message goes to the stored address."""
    vcita.add_client("ana", "Ana Kingi", email="Ana.Kingi@example.com")
    vcita.get_code("ana.kingi@example.com")
    assert [one.to for one in vcita.box.messages] == ["Ana.Kingi@example.com"]


@pytest.mark.requirement("V3")
@pytest.mark.parametrize(
    ("mobiles", "way"),
    [
        (("021 123 4567", "+64 21 123 4567"), BY_SMS),
        (("021 123 4567", "021 123 4567", "0064211234567"), BY_SMS),
        (("021 123 4567", "021 765 4321"), BY_EMAIL),
        (("021 123 4567", None), BY_EMAIL),
        ((None, "021 123 4567"), BY_EMAIL),
        (("021 123 4567", "021 123 4567", "09 303 1234"), BY_EMAIL),
        ((None, None), BY_EMAIL),
        (("09 303 1234", "09 303 1234"), BY_EMAIL),
    ],
    ids=[
        "one mobile, two spellings", "all three the same", "two mobiles", "the second has none", "the first has none",
        "one is a landline", "none at all", "the same landline",
    ],
)  # fmt: skip
def test_several_records_under_one_email_are_texted_only_if_all_share_the_mobile(
    vcita: World, mobiles: tuple[str | None, ...], way: list[tuple[str, str]]
) -> None:
    """Else a code for one of them would reach the phone of another: then it goes to the email that they do share."""
    for index, mobile in enumerate(mobiles):
        vcita.add_client(f"client-{index}", f"Client {index}", email=EMAIL, mobile=mobile)
    assert way_of_the_code(vcita) == way


@pytest.mark.requirement("V3")
def test_an_inactive_record_under_the_email_does_not_count(vcita: World) -> None:
    """Only records that may log in have a say in where the code goes."""
    vcita.add_client("ana", "Ana Kingi", email=EMAIL, mobile="021 123 4567")
    vcita.add_client("old", "Ana Kingi", email=EMAIL, mobile="021 765 4321", usable=False)
    assert way_of_the_code(vcita) == BY_SMS


@pytest.mark.requirement("V3", "X3")
def test_of_merged_records_the_merged_clients_mobile_decides(vcita: World) -> None:
    """Two records with two mobiles: by email. Merged they are one client with one mobile: by SMS to that one."""
    ana = vcita.add_client("ana", "Ana Kingi", email=EMAIL, mobile="021 123 4567", created="2026-02-01 09:00")
    twin = vcita.add_client("twin", "Ana Kingi", email=EMAIL, mobile="021 765 4321", created="2026-01-01 09:00")
    assert way_of_the_code(vcita) == BY_EMAIL
    merged = vcita.staff().merge(ana, twin)
    assert way_of_the_code(vcita) == BY_SMS
    assert vcita.sign_in(EMAIL).record == RecordRef.client("ana")
    vcita.staff().undo(merged.merges[0])
    vcita.clock.advance(timedelta(minutes=11))
    assert way_of_the_code(vcita) == BY_EMAIL
