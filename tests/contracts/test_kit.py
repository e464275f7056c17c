"""The contracts cover the ports: a method that is added to one and forgotten in the other fails here."""

from __future__ import annotations

import inspect
import re
from pathlib import Path

import pytest

from clientportal.errors import InvalidInput
from clientportal.ports import Host, State
from clientportal.records import HostWrite
from clientportal.sections import SECTIONS
from clientportal.sections.payments import SETTLE
from clientportal.stores.memory import MemoryHost, MemoryStore
from clientportal.testing import contracts
from clientportal.testing.contracts import HostContract, HostGround, MessengerContract, ShippedGround, StateContract
from clientportal.testing.contracts.host_ground import LACKS
from clientportal.testing.contracts.host_isolation import ISOLATED, NEEDED
from clientportal.testing.contracts.host_writes import VERSIONED, WRITES
from clientportal.testing.contracts.section_examples import EXAMPLES
from clientportal.testing.contracts.section_writes import SECTION_WRITES
from clientportal.values import RecordRef

CONTRACTS = (HostContract, StateContract, MessengerContract)


def methods(port: type) -> set[str]:
    """What a port has."""
    return {name for name, member in vars(port).items() if callable(member) and not name.startswith("_")}


def test_isolation_covers_every_method_of_the_port() -> None:
    """Each method of the host's port is shown to stay within its business."""
    assert set(NEEDED) == methods(Host)
    assert set(ISOLATED) == methods(Host)


def test_every_write_of_the_port_is_tried() -> None:
    """Each write commits, rolls back and is repeated in the contract, and has capabilities that exist."""
    in_sections = {HostWrite.SECTION.value, HostWrite.SETTLE.value}
    assert {write.value for write in HostWrite} - in_sections | {"create_clients"} == set(WRITES)
    for needed in WRITES.values():
        assert all(hasattr(MemoryHost.capabilities, one) for one in needed)
    assert set(VERSIONED) < set(WRITES)


def test_every_section_that_ships_is_tried() -> None:
    """Each has an example to put into the tables, and each of its actions is among the writes."""
    assert set(EXAMPLES) == set(SECTIONS)
    assert all(isinstance(make(name, RecordRef.client("7"), 3), SECTIONS[name].item) for name, make in EXAMPLES.items())
    tried = {(one.section, one.allowed_as) for one in SECTION_WRITES.values()}
    elsewhere = {("gift_cards", "buy")}  # a client is sent to a shop; nothing is written
    assert tried | elsewhere == {(name, action) for name, one in SECTIONS.items() for action in one.actions}
    assert SETTLE in {one.action for one in SECTION_WRITES.values()}


@pytest.mark.parametrize("contract", CONTRACTS)
def test_every_test_says_its_promise(contract: type) -> None:
    """The report has a sentence for each test, and no two are the same."""
    words = [inspect.getdoc(test) or "" for name, test in inspect.getmembers(contract) if name.startswith("test_")]
    assert len(words) > 10
    assert all(one.partition("\n\n")[0].endswith(".") for one in words)
    assert len(set(words)) == len(words)


def test_a_ground_knows_what_may_be_lacking() -> None:
    """A word that is misspelt in ``lacks`` would leave nothing out; it is refused."""

    class Misspelt(ShippedGround):
        lacks = frozenset({"guest"})

    with pytest.raises(InvalidInput, match="no 'guest'; there are guests, guest_email, mobile"):
        Misspelt(MemoryStore(), MemoryHost)


def test_the_page_lists_what_may_be_lacking() -> None:
    """Each word of ``lacks`` stands in the table of the page on adapters, with what it means."""
    page = (Path(__file__).parents[2] / "docs" / "howto" / "host_adapter.md").read_text(encoding="utf-8")
    table = page.partition("| `lacks` |")[2].partition("\n\n")[0]
    listed = re.findall(r"^\| `(\w+)` \| (.+) \|$", table, re.MULTILINE)
    assert listed == list(LACKS.items())


def test_a_declared_capability_that_cannot_be_tried_is_a_failure() -> None:
    """An adapter that declares codes needs a ground that can make one: unproven is not proven."""

    class Codeless(ShippedGround):
        add_code = HostGround.add_code  # type: ignore[assignment]

    contract, ground = HostContract(), Codeless(MemoryStore(), MemoryHost)
    contract.put(ground.open)
    with pytest.raises(pytest.fail.Exception, match=r"HostGround\.add_code"):
        contract.test_codes(ground)


def test_what_the_package_offers() -> None:
    """Each name is there and says what it is for, with an example where it is a class to subclass."""
    for name in contracts.__all__:
        assert getattr(contracts, name).__doc__ or name == "Said"
    for one in (*CONTRACTS, HostGround, MessengerContract):
        assert "::" in (one.__doc__ or "")


def test_the_state_port_is_covered() -> None:
    """Each read of the store's port is called by its contract."""
    source = "".join(inspect.getsource(part) for part in StateContract.__mro__ if part is not object)
    assert all(f".{name}(" in source for name in methods(State))
