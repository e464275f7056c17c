"""A portal, its pump, and a real mail server that fails: what a client finds in the mailbox."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from clientportal import Channel, presets
from clientportal.senders.smtp import SmtpSender
from senders.mail_ground import Mailbox, serving
from world import World

EMAIL = "ana@example.com"


class Salon:
    """Ana logs in by email; mails go to a server of their own."""

    def __init__(self, world: World, box: Mailbox, port: int) -> None:
        self.world = world
        self.box = box
        world.use(presets.vcita(region="NZ"))
        world.add_client("ana", "Ana Kingi", email=EMAIL)
        hello = "Kōwhai Hair <hello@kowhai.example>"
        mail = SmtpSender(host="localhost", port=port, sender=hello, security="none", helo="salon.example")
        self.portal = world.make_portal(senders={Channel.SMS: world.box, Channel.EMAIL: mail})

    def pump(self) -> Any:
        return self.portal.deliver(self.world.tenant)

    def codes(self) -> list[str]:
        """The code of every mail that the server has seen."""
        return [re.findall(r"\b\d{6}\b", mail.get_content())[0] for mail in self.box.mails]


@pytest.fixture
def salon(world: World) -> Iterator[Salon]:
    box = Mailbox()
    with serving(box) as port:
        yield Salon(world, box, port)


def test_a_mail_whose_outcome_nobody_knows_comes_again_as_it_was(salon: Salon) -> None:
    """The line drops after the text: twice the same code under one Message-ID, and either copy logs in."""
    sent = salon.world.visitor().request_code(EMAIL)
    salon.box.data = "drop"
    assert salon.pump().put_off == 1
    salon.box.data = "250 OK"
    salon.world.clock.advance(timedelta(seconds=15))
    assert salon.pump().sent == 1
    first, second = salon.box.mails
    assert first["Message-ID"] == second["Message-ID"]
    assert len(set(salon.codes())) == 1
    assert salon.world.visitor().verify_code(sent.handle, salon.codes()[0]).record is not None


def test_who_is_greylisted_gets_through_before_the_code_expires(salon: Salon) -> None:
    """ "Come back in a minute": the pump does, with gaps that double, and the code is still good."""
    sent = salon.world.visitor().request_code(EMAIL)
    salon.box.rcpt = "451 4.7.1 greylisted, come back in a minute"
    for _ in range(3):
        assert salon.pump().put_off == 1
        salon.world.clock.advance(timedelta(minutes=1))
    salon.box.rcpt = ""
    assert salon.pump().sent == 1
    assert salon.world.visitor().verify_code(sent.handle, salon.codes()[-1]).record is not None


def test_an_address_that_bounces_is_shown_to_staff(salon: Salon) -> None:
    """At once, with the server's code and none of its words; nothing is tried for days."""
    salon.world.visitor().request_code(EMAIL)
    salon.box.rcpt = f"550 no mailbox {EMAIL}"
    assert salon.pump().abandoned == 1
    (line,) = salon.world.staff().outbox()
    assert (line.note, line.by) == ("the server refused the address (550)", "email")
