"""Real SMTP conversations on the loopback: TLS, refusals, slowness, and a line that drops after DATA."""

from __future__ import annotations

import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest

from clientportal import Channel, InvalidInput, OutgoingMessage, Secret, SendFailed
from clientportal.senders.smtp import Security, SmtpSender
from senders.mail_ground import STAGES, Certificates, Faulty, Mailbox, free_port, serving

CODE = "482913"
ID = "<m-1@kowhai.example>"


def outgoing(text: str = f"{CODE} is your code for Kōwhai Hair.", to: str = "ana@example.com") -> OutgoingMessage:
    return OutgoingMessage(id="m-1", channel=Channel.EMAIL, to=to, text=text, subject="Your code for Kōwhai Hair")


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    return Certificates(tmp_path_factory.mktemp("tls"))


Server = Callable[..., tuple[Mailbox, int]]


@pytest.fixture
def server() -> Iterator[Server]:
    with ExitStack() as running:

        def start(**options: Any) -> tuple[Mailbox, int]:
            box = Mailbox()
            if options.pop("logins", False):
                options["authenticator"] = box.knows
            return box, running.enter_context(serving(box, **options))

        yield start


def sender(port: int, **more: Any) -> SmtpSender:
    given: dict[str, Any] = {"security": Security.NONE, "timeout": 3.0, "helo": "portal.kowhai.example", **more}
    return SmtpSender(host="localhost", port=port, sender="salon@kowhai.example", **given)


def failing(port: int, **more: Any) -> SendFailed:
    """What a send raises that cannot work; whatever it is, it does not quote the mail."""
    with pytest.raises(SendFailed) as failed:
        sender(port, **more).send(outgoing())
    assert CODE not in str(failed.value)
    return failed.value


def test_a_mail_arrives_whole_under_a_stable_id(server: Server) -> None:
    """Text and subject keep their letters; the Message-ID is the message's own, so that a repeat can be told."""
    box, port = server()
    sender(port).send(outgoing())
    (mail,) = box.mails
    assert mail["Subject"] == "Your code for Kōwhai Hair"
    assert mail["To"] == "ana@example.com"
    assert mail["Message-ID"] == ID
    assert mail.get_content().replace("\r\n", "\n") == f"{CODE} is your code for Kōwhai Hair.\n"


# --- TLS -------------------------------------------------------------------------------------------------------------


def with_tls(certificates: Certificates, security: str, shown: str) -> dict[str, Any]:
    served = certificates.served(shown)
    return {"implicit_tls": served} if security == "tls" else {"tls_context": served, "require_starttls": True}


@pytest.mark.parametrize("security", ["starttls", "tls"])
def test_with_a_right_certificate_the_mail_goes_over_tls(
    server: Server, certificates: Certificates, security: str
) -> None:
    """By STARTTLS, which this server insists on, and with TLS from the first byte."""
    box, port = server(**with_tls(certificates, security, "right"))
    sender(port, security=security, context=certificates.trusted()).send(outgoing())
    assert len(box.mails) == 1


@pytest.mark.parametrize("shown", ["self-signed", "expired", "other"])
@pytest.mark.parametrize("security", ["starttls", "tls"])
def test_a_certificate_that_is_not_right_stops_it_before_anything_is_said(
    server: Server, certificates: Certificates, security: str, shown: str
) -> None:
    """Signed by nobody, of yesterday, for another name: no login, no mail; somebody may be in between."""
    box, port = server(**with_tls(certificates, security, shown), logins=True)
    more = {"security": security, "context": certificates.trusted(), "username": "portal", "password": "right"}
    failed = failing(port, **more)
    assert str(failed) == "the server's certificate is not to be trusted"
    assert not failed.permanent, "the operator can mend it"
    assert box.mails == box.logins == []


def test_nobody_is_trusted_but_those_whom_this_machine_trusts(server: Server, certificates: Certificates) -> None:
    """Without a context of one's own, an authority that nobody has heard of vouches for nothing."""
    box, port = server(**with_tls(certificates, "starttls", "right"))
    assert str(failing(port, security="starttls")) == "the server's certificate is not to be trusted"
    assert box.mails == []


def test_a_server_that_offers_no_tls_gets_neither_password_nor_mail(server: Server, certificates: Certificates) -> None:
    """Asked for TLS, the sender does not go on without: somebody in between can strip the offer."""
    box, port = server(logins=True, auth_require_tls=False)
    failing(port, security="starttls", context=certificates.trusted(), username="portal", password="right")
    assert box.mails == box.logins == []


@pytest.mark.parametrize("answer", [b"250 OK\r\n", b"454 not now\r\n", b"502 what?\r\n"])
def test_an_offer_of_tls_that_is_taken_back_ends_it(certificates: Certificates, answer: bytes) -> None:
    """STARTTLS is offered and then refused, or answered as if it were something else: nothing more is said."""
    stripped = b"250-mail.example\r\n250 STARTTLS\r\n"
    with Faulty("EHLO", stripped) as faulty:
        assert not failing(faulty.port, security="starttls", context=certificates.trusted()).permanent
    assert [line.split()[0] for line in faulty.heard[:2]] == [b"ehlo", b"STARTTLS"]
    assert not [line for line in faulty.heard if line.upper().startswith((b"MAIL", b"AUTH"))]


def test_what_is_slipped_in_before_tls_is_forgotten(certificates: Certificates) -> None:
    """The attack: an answer is sent along with the one to STARTTLS, in the clear, to be read as the private one."""
    context = certificates.served("right")
    heard: list[bytes] = []

    def serve(listening: socket.socket) -> None:
        line, _ = listening.accept()
        line.settimeout(3)
        line.sendall(b"220 mail.example\r\n")
        line.recv(1000)
        line.sendall(b"250-mail.example\r\n250 STARTTLS\r\n")
        line.recv(1000)
        line.sendall(b"220 go on\r\n250-evil.example\r\n250 AUTH PLAIN\r\n")
        with context.wrap_socket(line, server_side=True) as private:
            heard.append(private.recv(1000))
            private.sendall(b"250 mail.example\r\n")
            heard.append(private.recv(1000))

    with socket.create_server(("127.0.0.1", 0)) as listening:
        serving_it = threading.Thread(target=serve, args=(listening,), daemon=True)
        serving_it.start()
        more = {"security": "starttls", "context": certificates.trusted(), "username": "portal", "password": "right"}
        failing(listening.getsockname()[1], **more)
        serving_it.join(5)
    assert heard[0].startswith(b"ehlo"), "the capabilities are asked for again"
    assert b"AUTH" not in heard[1].upper(), "what was slipped in is believed"


# --- logging in ------------------------------------------------------------------------------------------------------


def test_it_logs_in_over_tls_alone(server: Server, certificates: Certificates) -> None:
    """The right password opens; a wrong one is the operator's to mend, so the message can still go."""
    box, port = server(**with_tls(certificates, "starttls", "right"), logins=True, auth_required=True)
    more = {"security": "starttls", "context": certificates.trusted(), "username": "portal"}
    wrong = failing(port, **more, password="wrong-hunter2")
    assert (str(wrong), wrong.permanent) == ("the server said 535", False)
    assert box.mails == []
    sender(port, **more, password=Secret("right")).send(outgoing())
    assert (len(box.mails), box.logins[-1]) == (1, (b"portal", b"right"))
    without = failing(port, security="starttls", context=certificates.trusted())
    assert not without.permanent, "a server that wants a login says nothing about the address"


def test_no_password_goes_out_unprotected() -> None:
    """Without TLS a password may be given to this machine alone."""
    given: dict[str, Any] = {"sender": "a@b.example", "security": "none", "username": "u", "password": "p"}
    with pytest.raises(InvalidInput, match="read on the way"):
        SmtpSender(host="mail.example", **given)
    with pytest.raises(InvalidInput, match="read on the way"):
        SmtpSender(host="192.0.2.7", **given)
    for host in ("localhost", "127.0.0.1", "::1"):
        SmtpSender(host=host, **given)


def test_the_password_shows_nowhere() -> None:
    """Neither in the repr nor among the attributes as text."""
    made = SmtpSender(host="localhost", sender="a@b.example", username="u", password=Secret("hunter2hunter2"))
    assert "hunter2" not in repr(made)
    assert "hunter2" not in str(vars(made))


@pytest.mark.parametrize(
    "odd",
    [{"sender": "no address"}, {"sender": "a@b.example\x00"}, {"username": "u"}, {"password": "p"}, {"timeout": 0}],
)
def test_what_cannot_work_is_refused_when_it_is_made(odd: dict[str, Any]) -> None:
    """A sender that is no address, half a login, no time."""
    given: dict[str, Any] = {"host": "mail.example", "sender": "a@b.example", **odd}
    with pytest.raises(InvalidInput):
        SmtpSender(**given)


# --- refusals --------------------------------------------------------------------------------------------------------

ABOUT_THE_MESSAGE = ("RCPT", "DATA", "text")


@pytest.mark.parametrize("code", [421, 450, 554])
@pytest.mark.parametrize("stage", [one for one in STAGES if one != "QUIT"])
def test_a_refusal_says_whether_another_try_can_help(stage: str, code: int) -> None:
    """4xx is for now. 5xx is for good where it is about the address or the message; a server that turns the operator
    away, at the greeting or by the sender's address, can be mended, and its messages still go."""
    with Faulty(stage, f"{code} no, {CODE}\r\n".encode()) as faulty:
        failed = failing(faulty.port)
    assert failed.permanent is (code == 554 and stage in ABOUT_THE_MESSAGE)
    assert str(code) in str(failed)


@pytest.mark.parametrize(("answer", "permanent"), [("550 no such user", True), ("450 greylisted", False)])
def test_a_refused_address(server: Server, answer: str, permanent: bool) -> None:
    """By a real server; what it wrote is not kept, for servers quote what they were sent."""
    box, port = server()
    box.rcpt = f"{answer} {CODE}"
    assert failing(port).permanent is permanent


def test_who_is_greylisted_comes_back_as_the_same(server: Server) -> None:
    """The second try has the same sender, recipient and Message-ID, which is what greylisting goes by."""
    box, port = server()
    box.rcpt = "451 4.7.1 come back in five minutes"
    failing(port)
    box.rcpt = ""
    sender(port).send(outgoing())
    (mail,) = box.mails
    assert (mail["Message-ID"], mail["From"], box.recipients) == (ID, "salon@kowhai.example", [["ana@example.com"]])


# --- drops, and silence ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("stage", [one for one in STAGES if one != "QUIT"])
def test_a_line_that_drops_is_worth_another_try(stage: str) -> None:
    """At whatever stage; after the text nobody knows whether the mail was taken."""
    with Faulty(stage, drops=True) as faulty:
        assert not failing(faulty.port).permanent


def test_after_a_drop_the_same_mail_goes_again_under_the_same_id(server: Server) -> None:
    """It counts as not sent, and goes again with the same code, so that a mailbox that has it can tell."""
    box, port = server()
    box.data = "drop"
    assert not failing(port).permanent
    box.data = "250 OK"
    sender(port).send(outgoing())
    assert [mail["Message-ID"] for mail in box.mails] == [ID] * 2
    assert len({mail.get_content() for mail in box.mails}) == 1


@pytest.mark.parametrize(
    "fault", [{"drops": True}, {"silent": True}, {"says": b"421 busy\r\n"}, {"says": b"550 no\r\n"}]
)
def test_what_happens_after_it_was_taken_sends_no_second_mail(fault: dict[str, Any]) -> None:
    """The server has said that it took the mail, and is then slow, gone or rude when it is told goodbye."""
    with Faulty("QUIT", **fault) as faulty:
        sender(faulty.port, timeout=0.4).send(outgoing())
    assert faulty.taken == 1


@pytest.mark.parametrize("stage", [one for one in STAGES if one != "QUIT"])
def test_a_silent_server_is_given_up(stage: str) -> None:
    """After the time-out the try has failed, and can be made again."""
    with Faulty(stage, silent=True) as faulty:
        assert not failing(faulty.port, timeout=0.2).permanent


@pytest.mark.parametrize("stage", [one for one in STAGES if one != "QUIT"])
def test_a_server_that_answers_byte_by_byte_is_given_up_as_soon(stage: str) -> None:
    """Each byte comes in time, all of them would take minutes: the time is that of the whole conversation."""
    began = time.monotonic()
    with Faulty(stage, b"250-" + b"a" * 2000 + b"\r\n", pause=0.05) as faulty:
        assert not failing(faulty.port, timeout=0.2).permanent
        assert time.monotonic() - began < 5, "it is not let go"


def test_a_tls_handshake_that_never_ends_is_given_up(certificates: Certificates) -> None:
    """The server's part of it trickles in."""
    with Faulty("connect", b"\x16\x03\x03\x40\x00" + bytes(3000), pause=0.05) as faulty:
        began = time.monotonic()
        assert not failing(faulty.port, security="tls", context=certificates.trusted(), timeout=0.2).permanent
        assert time.monotonic() - began < 5, "it is not let go"


@pytest.mark.parametrize(
    "says",
    [
        b"220 " + b"a" * 9000 + b"\r\n",
        b"220-hello\r\n" * 20_000,
        b"hello\r\n",
        b"\xff\xfe\x00\r\n",
        b"220-hi\r\n999\r\n",
    ],
    ids=["a line without an end", "lines without an end", "no code", "no text", "another code in the end"],
)
def test_a_greeting_that_is_none_is_a_passing_fault(says: bytes) -> None:
    """Also where the standard library calls it a 500: nothing has been said about the message."""
    with Faulty("connect", says) as faulty:
        assert not failing(faulty.port).permanent


def test_nothing_listens_there() -> None:
    """No server is a passing fault; neither is a name without one."""
    assert not failing(free_port()).permanent
    with pytest.raises(SendFailed) as unknown:
        SmtpSender(host="mail.invalid", sender="a@b.example", security="none", timeout=2).send(outgoing())
    assert not unknown.value.permanent


# --- many, and odd ones ----------------------------------------------------------------------------------------------


def test_a_server_that_hangs_up_between_two_mails_is_called_again(server: Server) -> None:
    """Each mail is a conversation of its own: no idle line can be found dead."""
    box, port = server()
    one = sender(port)
    for at in range(3):
        one.send(OutgoingMessage(id=f"m-{at}", channel=Channel.EMAIL, to="ana@example.com", text=f"{at}"))
        assert box.mails[-1].get_content().strip() == str(at)
    assert [mail["Message-ID"] for mail in box.mails] == [f"<m-{at}@kowhai.example>" for at in range(3)]


def test_a_name_in_other_letters_needs_nothing_of_the_server(server: Server) -> None:
    """kōwhai.co.nz is xn--kwhai-g9a.co.nz to the DNS: any server can be told that, for sender and recipient."""
    box, port = server(enable_SMTPUTF8=False)
    mail = SmtpSender(host="localhost", port=port, sender="Kōwhai Hair <hello@kōwhai.co.nz>", security="none")
    mail.send(outgoing(to="ana@kōwhai.co.nz"))
    assert box.recipients == [["ana@xn--kwhai-g9a.co.nz"]]
    assert box.mails[0]["From"] == "Kōwhai Hair <hello@xn--kwhai-g9a.co.nz>"
    assert box.mails[0]["Message-ID"] == "<m-1@xn--kwhai-g9a.co.nz>"


def test_an_address_in_other_letters_needs_a_server_that_knows_them(server: Server) -> None:
    """With SMTPUTF8 it goes; without, no other try can work, and that is said."""
    box, port = server(enable_SMTPUTF8=True)
    sender(port).send(outgoing(to="āna@example.com"))
    assert box.recipients == [["āna@example.com"]]
    plain, plain_port = server(enable_SMTPUTF8=False)
    with pytest.raises(SendFailed) as refused:
        sender(plain_port).send(outgoing(to="āna@example.com"))
    assert refused.value.permanent
    assert plain.mails == []


def test_lines_cannot_be_smuggled_into_the_header(server: Server) -> None:
    """A subject with a line break stays one line; an address with one, or a second one in it, is refused for good."""
    box, port = server()
    bad = OutgoingMessage(
        id="m-2", channel=Channel.EMAIL, to="ana@example.com", text="x", subject="Hi\r\nBcc: eve@example.com"
    )
    sender(port).send(bad)
    assert box.mails[0]["Bcc"] is None
    for to in ("ana@example.com\r\nBcc: eve@example.com", "ana@example.com, eve@example.com", "", "Ana"):
        with pytest.raises(SendFailed) as refused:
            sender(port).send(outgoing(to=to))
        assert refused.value.permanent, to
    assert len(box.mails) == 1
    with pytest.raises(InvalidInput):
        SmtpSender(host="localhost", sender="a@b.example\r\nBcc: c@d.example")


def test_a_dot_on_a_line_of_its_own_ends_nothing(server: Server) -> None:
    """What comes after it in the text is text."""
    box, port = server()
    sender(port).send(outgoing(text="one\n.\nQUIT\nRSET\n..two"))
    assert box.mails[0].get_content().split() == ["one", ".", "QUIT", "RSET", "..two"]
    assert len(box.mails) == 1


def test_a_context_of_one_s_own_is_left_as_it_is(server: Server, certificates: Certificates) -> None:
    """Whoever brings one uses it elsewhere, too."""
    context = certificates.trusted()
    before = (context.verify_mode, context.check_hostname, context.sslsocket_class)
    _, port = server(**with_tls(certificates, "starttls", "right"))
    sender(port, security="starttls", context=context).send(outgoing())
    assert (context.verify_mode, context.check_hostname, context.sslsocket_class) == before
    assert before == (ssl.CERT_REQUIRED, True, ssl.SSLSocket)
