"""The checks catch what they are for: every broken rule, under the law that it breaks, told in words."""

from __future__ import annotations

import re

import pytest

from clientportal.testing.laws import LawBroken, check_survivorship, law_in_words
from testing.broken_rules import BROKEN, Broken, every_fiftieth_answer_is_another


def test_there_are_many() -> None:
    """At least twenty plausible mistakes, none twice, and each kind of rule has some."""
    assert len(BROKEN) >= 40
    assert len({one.name for one in BROKEN}) == len(BROKEN)
    assert {one.law for one in BROKEN} >= {1, 2, 3, 4, 5, 6, 10, 11, 12, 15, 16, 17, 18, 19, 20, 21}


@pytest.mark.slow
@pytest.mark.parametrize("broken", BROKEN, ids=str)
def test_each_is_caught_by_the_law_that_it_breaks(broken: Broken) -> None:
    """... and the text names the law, tells the smallest world, and says what was answered."""
    with pytest.raises(LawBroken) as caught:
        broken.check()
    assert caught.value.law == broken.law, str(caught.value)
    first, *world = str(caught.value).splitlines()
    assert first == f"Law {broken.law} is broken: {law_in_words(broken.law)}. The smallest example found:"
    assert len(world) >= 2
    assert all(line.startswith("  ") for line in world[:-1])
    assert re.search(r"[.}\]]$|raised ", world[-1])
    print(f"\n{broken.name}\n{caught.value}")


def test_a_rule_that_depends_on_how_often_it_was_asked_is_told_so_in_words() -> None:
    """Whichever law it happens to break: the text shows an example, and that the answer was another the next time."""
    with pytest.raises(LawBroken) as caught:
        check_survivorship(every_fiftieth_answer_is_another(), fields=["last_name"])
    assert str(caught.value).endswith("Asked again, the answer was another: it depends on more than what was given.")
