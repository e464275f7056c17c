"""The contract of senders, as tests to subclass: whoever passes them may be handed to ``Portal(senders=…)``."""

from __future__ import annotations

import contextlib
import inspect
import io
import itertools
import logging
import time
import traceback
from collections.abc import Generator
from typing import Any, ClassVar

import pytest

from clientportal.errors import SendFailed
from clientportal.ports.messenger import Channel, OutgoingMessage
from clientportal.testing.contracts.messenger_ground import MESSENGER_LACKS, MessengerGround
from clientportal.testing.contracts.proving import Proving
from clientportal.testing.contracts.running import Running

__all__ = ["MessengerContract"]

CODE = "482913"
_TEXT = f"{CODE} is your code for Kōwhai Hair 🌿. It works for ten minutes."
_numbers = itertools.count(1)


class _Heard(logging.Handler):
    """Everything that anybody logs, at any level."""

    def __init__(self, leaving_out: tuple[str, ...]) -> None:
        super().__init__(level=logging.NOTSET)
        self.lines: list[str] = []
        self._leaving_out = leaving_out

    def emit(self, record: logging.LogRecord) -> None:
        if record.name in self._leaving_out:
            return
        self.lines.append(f"{record.name}: {record.getMessage()} {record.exc_text or ''} {vars(record)}")


class MessengerFrame(Running, Proving):
    """Sends messages and listens to whatever else is said meanwhile."""

    contract = "MessengerContract"

    @pytest.fixture
    def post(self) -> Any:
        """Override: a sender and its far end."""
        raise NotImplementedError("override the fixture `post` with one that returns a fresh MessengerGround")

    def keeps(self, post: MessengerGround, *things: str) -> None:
        """This test is about what a sender may be without."""
        for one in things:
            if one in post.lacks:
                self.not_declared(MESSENGER_LACKS[one])

    def message(self, post: MessengerGround, text: str = _TEXT, **fields: Any) -> OutgoingMessage:
        """A new message to the address that the provider takes."""
        given: dict[str, Any] = {
            "id": f"m-{next(_numbers)}", "channel": post.channel, "to": post.to, "tenant": "kowhai",
            "subject": "Your code for Kōwhai Hair" if "subject" not in post.lacks else "", **fields,
        }  # fmt: skip
        return OutgoingMessage(text=text, **given)

    async def sent(self, post: MessengerGround, message: OutgoingMessage) -> None:
        """Hand it over, in the sender's own colour."""
        sender: Any = post.sender
        answer = sender.send(message)
        if inspect.isawaitable(answer):
            answer = await answer
        assert answer is None, "send() returns nothing"

    def send(self, post: MessengerGround, message: OutgoingMessage) -> None:
        """The same, run to its end."""
        self.run(self.sent(post, message))

    def failing(self, post: MessengerGround, message: OutgoingMessage) -> Exception:
        """Hand it over where that cannot work; gives what was raised."""
        try:
            self.send(post, message)
        except Exception as error:
            return error
        pytest.fail("send() returned, though the provider has not taken the message")

    def trying(self, post: MessengerGround, message: OutgoingMessage) -> SendFailed | None:
        """Hand it over, or be told in the one documented way that it cannot leave."""
        try:
            self.send(post, message)
        except SendFailed as refused:
            return refused
        return None

    @contextlib.contextmanager
    def listening(self, post: MessengerGround) -> Generator[list[str], None, None]:
        """What is logged or printed meanwhile."""
        heard, root = _Heard(post.provider_loggers), logging.getLogger()
        before, out, err = root.level, io.StringIO(), io.StringIO()
        root.addHandler(heard)
        root.setLevel(logging.NOTSET)
        lines: list[str] = []
        try:
            with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
                yield lines
        finally:
            root.removeHandler(heard)
            root.setLevel(before)
            lines += [*heard.lines, out.getvalue(), err.getvalue()]

    def one_line(self, text: str) -> str:
        """Text without regard to how a provider wraps it."""
        return " ".join(text.split())


class MessengerContract(MessengerFrame):
    """Everything that ``clientportal.ports.messenger`` promises. Override the fixture ``post``::

        from clientportal.testing.contracts import MessengerContract
        import pytest

        class TestMySender(MessengerContract):
            @pytest.fixture
            def post(self):
                return SmsGround()               # yours: a MessengerGround

    ``asynchronous = True`` where ``send`` is ``async def`` and needs an event loop.
    """

    senders_at_once: ClassVar[int] = 8

    def test_arrives(self, post: MessengerGround) -> None:
        """When ``send`` returns the provider has the message: once, whole, for that address, every letter in it."""
        wanted = self.message(post)
        self.send(post, wanted)
        (one,) = post.arrived()
        assert one.to == post.to
        assert self.one_line(one.text) == wanted.text
        if "subject" not in post.lacks:
            assert one.subject == wanted.subject

    def test_lines(self, post: MessengerGround) -> None:
        """A text of several lines keeps them, and a long link stays in one piece."""
        link = f"https://portal.example/l/{'aB3_' * 60}"
        text = f"Kia ora Ana,\n\nyour link:\n{link}\n\nNgā mihi"
        self.send(post, self.message(post, text))
        (one,) = post.arrived()
        assert [line.rstrip() for line in one.text.strip().splitlines()] == text.splitlines()

    def test_nothing_is_left_over(self, post: MessengerGround) -> None:
        """Each message has its own text and address, whatever was sent before it."""
        wanted = [self.message(post, f"number {at}: {at * 111}") for at in range(3)]
        for one in wanted:
            self.send(post, one)
        assert [self.one_line(one.text) for one in post.arrived()] == [one.text for one in wanted]

    def test_ids(self, post: MessengerGround) -> None:
        """A message that is tried again goes under the same id, so that the provider can tell; another has another."""
        self.keeps(post, "ids")
        first, second = self.message(post), self.message(post)
        for one in (first, first, second):
            self.send(post, one)
        ids = [one.id for one in post.arrived()]
        assert all(ids)
        # A provider that tells may have dropped the repeated one.
        assert len(ids) in (2, 3)
        assert len(set(ids)) == 2
        assert ids[0] != ids[-1]

    def test_at_once(self, post: MessengerGround) -> None:
        """Several messages may be sent at the same time by one sender; each arrives once."""
        wanted = [self.message(post, f"message {at}") for at in range(self.senders_at_once)]

        async def send(one: OutgoingMessage) -> bool:
            await self.sent(post, one)
            return True

        outcomes = self.together(*[lambda one=one: send(one) for one in wanted])
        assert outcomes == [True] * len(wanted)
        assert sorted(self.one_line(one.text) for one in post.arrived()) == sorted(one.text for one in wanted)
        self.proven(self.several(len(wanted)))

    # --- what cannot work

    def test_a_fault_that_passes(self, post: MessengerGround) -> None:
        """A fault that passes is raised and never called permanent; the next try works."""
        self.keeps(post, "faults")
        message = self.message(post)
        post.break_down()
        for _ in range(2):
            assert not getattr(self.failing(post, message), "permanent", False)
        post.recover()
        self.send(post, message)
        assert self.one_line(post.arrived()[-1].text) == message.text

    def test_refused_for_good(self, post: MessengerGround) -> None:
        """An address that can never work is ``SendFailed`` and permanent, so that nobody tries it for days."""
        self.keeps(post, "refusals")
        post.refuse()
        error = self.failing(post, self.message(post))
        assert isinstance(error, SendFailed)
        assert error.permanent

    def test_gives_up(self, post: MessengerGround) -> None:
        """A provider that never answers is given up by the sender itself, as a fault that passes."""
        self.keeps(post, "silent_provider")
        post.fall_silent()
        began = time.monotonic()
        assert not getattr(self.failing(post, self.message(post)), "permanent", False)
        took = time.monotonic() - began
        assert took < post.patience.total_seconds()
        self.proven(f"after {took:.1f} s")

    def test_other_channels(self, post: MessengerGround) -> None:
        """A message of a channel that the sender does not serve is refused for good, or taken; never half sent."""
        other = next(channel for channel in Channel if channel is not post.channel)
        to = "ana@example.com" if other is Channel.EMAIL else "+64215550142"
        refused = self.trying(post, self.message(post, channel=other, to=to))
        assert refused is None or (refused.permanent and list(post.arrived()) == [])

    # --- what is not to leak

    @pytest.mark.parametrize("how", ["works", "faults", "refusals"])
    def test_says_nothing_of_the_text(self, post: MessengerGround, how: str) -> None:
        """No log, no output, no error and no repr tells what the message said: it held a code."""
        self.keeps(post, "silence", *([how] if how != "works" else []))
        said: list[str] = []
        with self.listening(post) as lines:
            if how == "works":
                self.send(post, self.message(post))
            else:
                (post.break_down if how == "faults" else post.refuse)()
                error = self.failing(post, self.message(post))
                said += [str(error), repr(error), "".join(traceback.format_exception(error)), str(error.args)]
        said += [*lines, repr(post.sender), str(vars(post.sender)) if hasattr(post.sender, "__dict__") else ""]
        told = [one for one in said if CODE in one]
        assert told == [], f"the code shows in: {told[0]:.300}"

    @pytest.mark.parametrize("where", ["subject", "to", "id"])
    def test_control_characters(self, post: MessengerGround, where: str) -> None:
        """A line break, or another control character, in an address, subject or id reaches nobody else."""
        if where == "subject":
            self.keeps(post, "subject")
        for break_ in ("\r\n", "\n", "\r", "\x00", "\u2028", "\x1b[2J", "\v"):
            before = len(post.arrived())
            given: dict[str, str] = {
                "subject": f"Hi{break_}Bcc: eve@example.com",
                "to": f"{post.to}{break_}Bcc: eve@example.com",
                "id": f"m-{next(_numbers)}{break_}Bcc: eve@example.com",
            }
            refused = self.trying(post, self.message(post, **{where: given[where]}))
            assert refused is None or refused.permanent, "another try of this cannot work"
            new = list(post.arrived())[before:]
            assert len(new) <= 1
            for one in new:
                assert "eve@example.com" not in [each.strip() for each in one.to.split(",")], "another address"
                assert one.to.isprintable(), "an address is on one line, without controls"
                assert one.subject.isprintable(), "a subject is on one line, without controls"

    def test_odd_text(self, post: MessengerGround) -> None:
        """Control characters in a text do no harm: it arrives with its code in it, or is refused for good."""
        for odd in ("\x00", "\x1b[31m", "\u202e", "\r\n.\r\n", "\x08\x08", "\ufeff", "\ud83c", "\r\n\r\nQUIT\r\n"):
            before = len(post.arrived())
            refused = self.trying(post, self.message(post, f"{odd}{CODE} is your code{odd} until noon"))
            if refused is not None:
                assert refused.permanent, "another try of this cannot work"
                continue
            new = list(post.arrived())[before:]
            assert len(new) == 1, "one message, not two of its halves"
            assert CODE in new[0].text
            assert "until noon" in new[0].text, "it is whole"
