"""How alike two names are: by the extra ``similar``, or by a comparison of the host's own."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from typing import Any

import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from clientportal import AsyncPortal, KeyRing, Portal
from clientportal.errors import InvalidInput, PolicyError
from clientportal.policy import MatchingPolicy, NameComparison, Policy
from clientportal.ports import Channel
from clientportal.rules.evidence import folded_alike
from clientportal.similar_names import similar_names
from clientportal.stores.memory import MemoryHost, MemoryStore

SIMILAR = evolve(Policy(), matching=MatchingPolicy(names="similar", vetoes=["name"]))
FOLDED = evolve(Policy(), matching=MatchingPolicy(vetoes=["name"]))
ALIKE = similar_names()


class Silent:
    """A sender that sends nothing."""

    async def send(self, _message: Any) -> None:
        return


class SilentToo:
    """Its plain twin."""

    def send(self, _message: Any) -> None:
        return


def portal(colour: type[Any], policy: Any, **more: Any) -> Any:
    """A portal under that policy."""
    sender = Silent() if colour is AsyncPortal else SilentToo()
    return colour(
        store=MemoryStore(),
        host=MemoryHost,
        policy=policy,
        keys=KeyRing.from_secrets({"k1": KeyRing.generate_secret()}),
        senders=dict.fromkeys(Channel, sender),
        base_url="https://salon.example/",
        **more,
    )


# --- names as people write them --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("first", "second", "alike"),
    [
        ("Ana Kingi", "Anna Kingi", 0.93),
        ("Ana Kingi", "KINGI, Āna", 1.0),
        ("Ana Kingi", "Ana Maria Kingi", 0.9),
        ("Ana Kingi-Moana", "Ana Kingi", 0.9),
        ("A. Kingi", "Ana Kingi", 0.9),
        ("Rob Harris", "Robert Harris", 0.9),
        ("Samuel", "Samuel Smith-Jones", 0.9),
        # Ana has married; and under one family name the first names tell two apart.
        ("Ana Kingi", "Ana Ngata", 0.85),
        ("Kingi", "Ana Kingi", 0.9),
        ("Anna Maria Kingi", "Annamaria Kingi", 1.0),
        ("Catherine O'Brien", "Katherine Obrien", 0.94),
        ("Stephen Hall", "Steven Hall", 0.88),
        ("Zoë Kōwhai", "zoe kowhai", 1.0),
        ("小林 太郎", "小林太郎", 1.0),
        ("R2", "r-2", 1.0),
        # Not alike enough by default (0.85):
        ("Mia Papadopoulos", "Ana Papadopoulos", 0.67),
        ("Mere Kingi", "Ana Kingi", 0.5),
        ("Liz Taylor", "Elizabeth Taylor", 0.75),
        ("Sophie Wilson", "Olivia Wilson", 0.67),
        ("B. Kingi", "Ana Kingi", 0.5),
        ("A. Kingi", "A. Ngata", 0.7),
        ("Tama Kingi", "Kingi Rewi", 0.5),
        # Without a letter: the same, or nothing.
        ("***", " *** ", 1.0),
        ("***", "???", 0.0),
        ("", "Ana", 0.0),
    ],
)
def test_how_alike_names_are(first: str, second: str, alike: float) -> None:
    """Word by word, in any order; a misspelling costs little, another first name a lot, however long the last one."""
    assert ALIKE(first, second) == pytest.approx(alike, abs=0.005)


WORDS = st.sampled_from(
    ["Ana", "Anna", "Ānna", "A", "Kingi", "kingi", "KINGI-Moana", "O'Brien", "obrien", "…", "7", "太郎"]
)
NAMES = st.text(max_size=40) | st.lists(WORDS, max_size=15).map(" ".join)


@given(NAMES, NAMES)
def test_the_likeness_of_any_two_texts_is_a_number_from_0_to_1_and_the_same_both_ways(first: str, second: str) -> None:
    """Total, symmetric, within its bounds; and it does not contradict the folded comparison."""
    alike = ALIKE(first, second)
    assert 0 <= alike <= 1
    assert alike == ALIKE(second, first)
    if folded_alike(first, second):
        assert alike == 1.0


@given(st.lists(WORDS, min_size=1, max_size=6).flatmap(lambda words: st.tuples(st.just(words), st.permutations(words))))
def test_the_order_of_words_does_not_matter(orders: tuple[list[str], list[str]]) -> None:
    """Kingi Ana is Ana Kingi."""
    assert ALIKE(" ".join(orders[0]), " ".join(orders[1])) == 1.0


def test_a_name_of_a_thousand_words_costs_no_more() -> None:
    """It is compared by the first of them in the alphabet: nobody's evening scan hangs on what a bot typed."""
    assert ALIKE("word " * 1000, "other " * 1000) < 0.85


# --- what a portal is built with -------------------------------------------------------------------------------------

COLOURS = pytest.mark.parametrize("colour", [Portal, AsyncPortal])


def test_a_portal_that_needs_the_extra_says_so_at_once() -> None:
    """Without rapidfuzz a policy that compares by likeness is refused where the portal is built, with what to install;
    nothing else needs it, and it is not loaded before."""
    program = (
        "import sys\n"
        "from attrs import evolve\n"
        "from clientportal import KeyRing, Portal\n"
        "from clientportal.policy import MatchingPolicy, Policy\n"
        "from clientportal.ports import Channel\n"
        "from clientportal.stores.memory import MemoryHost, MemoryStore\n"
        "assert 'rapidfuzz' not in sys.modules\n"
        "sys.modules['rapidfuzz'] = None\n"
        "class Silent:\n"
        "    def send(self, message): ...\n"
        "def build(names, **more):\n"
        "    policy = evolve(Policy(), matching=MatchingPolicy(names=names))\n"
        "    keys = KeyRing.from_secrets({'k1': KeyRing.generate_secret()})\n"
        "    Portal(store=MemoryStore(), host=MemoryHost, policy=policy, keys=keys,\n"
        "           senders=dict.fromkeys(Channel, Silent()), **more)\n"
        "build('folded')\n"
        "build('similar', names_alike=lambda first, second: 1.0)\n"
        "build('similar')\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    told = "matching.names = 'similar' needs the extra 'similar': pip install 'clientportal[similar]'; or hand over a "
    assert f"PolicyError: {told}comparison of your own, names_alike=…, or set it to 'folded'" in done.stderr


def test_a_policy_that_is_looked_up_is_refused_where_it_is_first_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    """A function from business to policy: no business is taken by surprise in the middle of a scan."""
    monkeypatch.setitem(sys.modules, "rapidfuzz", None)
    monkeypatch.setitem(sys.modules, "rapidfuzz.distance", None)
    built = portal(Portal, lambda _business: SIMILAR)
    with pytest.raises(PolicyError, match=r"clientportal\[similar\]") as caught:
        built.staff("salon", actor="mia", permissions=["see_duplicates"], reason="tidying").duplicates()
    assert caught.value.settings == ("matching.names",)


@COLOURS
@pytest.mark.parametrize(("policy", "expected"), [(FOLDED, 0.0), (SIMILAR, 0.93)])
def test_names_are_compared_as_the_policy_says(colour: type[Any], policy: Policy, expected: float) -> None:
    """Folded: Anna is not Ana. Similar: very nearly."""
    compare: Callable[[str, str], float] = portal(colour, policy)._setup.alike(policy)
    assert compare("Ana Kingi", "Anna Kingi") == pytest.approx(expected, abs=0.005)


@COLOURS
@pytest.mark.parametrize("policy", [FOLDED, SIMILAR])
def test_a_comparison_of_the_hosts_own_comes_first(colour: type[Any], policy: Policy) -> None:
    """Whatever the policy says: the host knows its people's names."""
    compare = portal(colour, policy, names_alike=lambda _first, _second: 0.5)._setup.alike(policy)
    assert compare("Ana", "Ana") == 0.5


async def by_ear(_first: str, _second: str) -> float:
    """What no rule can wait for."""
    return 1.0


@COLOURS
@pytest.mark.parametrize("own", [by_ear, "similar", 0.85, NameComparison.SIMILAR])
def test_what_is_no_plain_function_is_refused(colour: type[Any], own: Any) -> None:
    """A rule asks it many times over: it can wait for nothing."""
    with pytest.raises(InvalidInput, match="names_alike is a plain function of two names"):
        portal(colour, FOLDED, names_alike=own)
