"""Contracts of adapters, as tests to subclass: whoever passes them may be handed to ``Portal``.

* :class:`HostContract`: an adapter over a platform's own tables;
* :class:`StateContract`: a store of the portal's records;
* :class:`MessengerContract`: a sender of messages.

Subclass one, give it the one fixture that it asks for, and run pytest. Each test proves one promise in words; the run
ends with a list of what was proven, how far, and what was never declared
(:mod:`clientportal.testing.contracts.report`).
"""

import pytest

_PARTS = (
    "host_changes", "host_clients", "host_extras", "host_frame", "host_isolation", "host_pages", "host_reads",
    "host_section_writes", "host_sections", "host_times", "host_transactions", "host_writes", "messenger", "running",
    "section_frame", "section_writes", "state", "state_ground", "state_reads", "state_writes",
)  # fmt: skip
# So that a failing assertion shows its values, in an adapter's own project as well.
pytest.register_assert_rewrite(*(f"{__name__}.{part}" for part in _PARTS))

from clientportal.testing.contracts.host import HostContract  # noqa: E402
from clientportal.testing.contracts.host_ground import HostGround, NotOnThisPlatform, Said  # noqa: E402
from clientportal.testing.contracts.messenger import MessengerContract  # noqa: E402
from clientportal.testing.contracts.messenger_ground import Arrived, MessengerGround  # noqa: E402
from clientportal.testing.contracts.shipped import ShippedGround  # noqa: E402
from clientportal.testing.contracts.state import StateContract  # noqa: E402

__all__ = [
    "Arrived",
    "HostContract",
    "HostGround",
    "MessengerContract",
    "MessengerGround",
    "NotOnThisPlatform",
    "Said",
    "ShippedGround",
    "StateContract",
]
