"""What a platform's own section asks before an action: checked before the platform hears of it."""

from __future__ import annotations

from typing import Any

import pytest

from clientportal import InvalidAnswers, InvalidInput
from clientportal.outcomes import SectionEntry
from clientportal.values import HostAnswer, SectionWrite
from clientportal.values.forms import Question, QuestionKind
from own_sections import add_card, has_stamp_cards, open_sections
from world import World

ANA = "021 123 4567"
ASKED = (
    Question(name="drink", label="Which coffee?", kind=QuestionKind.CHOICE, options=("Flat white", "Long black")),
    Question(name="cups", label="How many?", kind=QuestionKind.NUMBER, required=True),
)


class Heard:
    """What the platform was asked to write."""

    def __init__(self, world: World, **more: Any) -> None:
        self.changes: list[SectionWrite] = []
        has_stamp_cards(world)
        honest, changes = world.host.sections[-1], self.changes

        def write(_self: Any, change: SectionWrite, _key: str) -> HostAnswer:
            changes.append(change)
            return HostAnswer()

        settings = {"actions": ("redeem", "buy"), "begins": ("buy",), "asks": {"redeem": ASKED}, "write": write, **more}
        has_stamp_cards(world, instead=type("AskingStamps", (honest,), settings))
        open_sections(world, "stamp_cards")
        add_card(world, "ana-1", world.add_client("ana", "Ana Kingi", mobile=ANA))


def test_a_section_says_what_it_asks_and_what_is_about_no_item(world: World) -> None:
    """With the other open sections, as far as the policy allows the action."""
    Heard(world)
    entry = world.log_in(ANA).sections()[-1]
    assert entry == SectionEntry("stamp_cards", None, ("redeem", "buy"), ("buy",), {"redeem": ASKED})
    world.change_policy("portal", actions={"stamp_cards.buy"})
    assert world.log_in(ANA).sections()[-1] == SectionEntry("stamp_cards", None, ("buy",), ("buy",))


def test_answers_are_checked_before_the_platform_hears_of_them(world: World) -> None:
    """A coffee that is not on the list, no number of cups, a question that nobody asked: nothing is written; answered
    rightly, the platform gets each answer as its question means it.
    """
    heard = Heard(world)
    door = world.log_in(ANA)
    with pytest.raises(InvalidAnswers) as wrong:
        door.act("stamp_cards", "redeem", item="ana-1", fields={"drink": "Tea", "sugar": "2"})
    assert {(one.name, one.code) for one in wrong.value.problems} == {
        ("drink", "not_an_option"),
        ("cups", "missing"),
        ("sugar", "unknown"),
    }
    assert heard.changes == []
    door.act("stamp_cards", "redeem", item="ana-1", fields={"drink": "Flat white", "cups": " 2 "})
    assert dict(heard.changes[0].fields) == {"drink": "Flat white", "cups": "2"}
    door.act("stamp_cards", "buy")
    assert heard.changes[1].item is None


@pytest.mark.parametrize("wrong", [{"begins": ("burn",)}, {"asks": {"burn": ASKED}}])
def test_a_question_before_an_action_that_there_is_not_is_refused_when_the_portal_is_built(
    memory_world: World, wrong: dict[str, Any]
) -> None:
    """It would never be asked."""
    with pytest.raises(InvalidInput, match="'burn' is none"):
        Heard(memory_world, **wrong)
