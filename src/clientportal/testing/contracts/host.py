"""The contract of host adapters, as tests to subclass: whoever passes them may be handed to ``Portal``."""

from __future__ import annotations

from clientportal.testing.contracts.host_changes import ChangingHost
from clientportal.testing.contracts.host_clients import ClientsHost
from clientportal.testing.contracts.host_extras import HoldingHost
from clientportal.testing.contracts.host_isolation import IsolatedHost
from clientportal.testing.contracts.host_pages import PagingHost
from clientportal.testing.contracts.host_reads import ReadingHost
from clientportal.testing.contracts.host_section_writes import SectionWritingHost
from clientportal.testing.contracts.host_sections import SectionsHost
from clientportal.testing.contracts.host_times import TimingHost
from clientportal.testing.contracts.host_transactions import TransactedHost

__all__ = ["HostContract"]


class HostContract(
    ReadingHost,
    PagingHost,
    TimingHost,
    ChangingHost,
    ClientsHost,
    HoldingHost,
    SectionsHost,
    SectionWritingHost,
    TransactedHost,
    IsolatedHost,
):
    """Everything that ``clientportal.ports.host`` promises. Override the fixture ``ground``::

        from clientportal.stores.memory import MemoryHost, MemoryStore
        from clientportal.testing.contracts import HostContract, ShippedGround
        import pytest

        class TestMyHost(HostContract):
            @pytest.fixture
            def ground(self):
                return ShippedGround(MemoryStore(), MemoryHost)  # yours: a HostGround over your tables

    A :class:`~clientportal.testing.contracts.HostGround` is a fresh platform with two businesses: your adapter, the
    portal's store next to it, and a method for each kind of row. What the adapter does not declare is left out and
    listed as not declared; what it declares is tested whole, and the run ends with a list of what was proven.

    ``asynchronous = True`` where the store needs an event loop; ``racers`` is how many try the same thing at the same
    time (64).
    """
