"""The contract of senders bites: each of the broken ones is caught by the test that is named at it."""

from __future__ import annotations

from typing import Any

import pytest

from clientportal.testing.contracts import MessengerContract, MessengerGround
from testing.broken_senders import BROKEN_SENDERS, BrokenSender, ProviderGround, SoundSender


class TestSound(MessengerContract):
    """The sender that the broken ones are made of, without a defect."""

    @pytest.fixture
    def post(self) -> MessengerGround:
        return ProviderGround(SoundSender)


@pytest.mark.parametrize("broken", BROKEN_SENDERS, ids=str)
def test_a_broken_sender_is_caught(broken: BrokenSender) -> None:
    """With the defect that test fails."""
    check: Any = getattr(MessengerContract(), broken.test)
    with pytest.raises((Exception, pytest.fail.Exception, pytest.skip.Exception)) as caught:
        check(ProviderGround(broken.sender), *broken.arguments)
    assert not isinstance(caught.value, pytest.skip.Exception | TypeError | AttributeError | NameError)


def test_every_test_of_the_contract_has_caught_something() -> None:
    """No test of senders is there for nothing: but one, about channels that a sender does not serve."""
    tests = {name for name in dir(MessengerContract) if name.startswith("test_")}
    assert tests - {broken.test for broken in BROKEN_SENDERS} == {"test_other_channels"}
