"""What a form takes: every answer is looked at, and what is taken means one thing."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from clientportal.decisions import Because, Reason, Refusal
from clientportal.errors import InvalidInput
from clientportal.rules.form_filling import MOST_TOGETHER, fill, judge_filling, keep_draft
from clientportal.stores.sql.codec import item_from_body, item_to_body
from clientportal.values import RecordRef
from clientportal.values.forms import LONGEST, Condition, FormRequest, FormState, Question, QuestionKind
from papers import ANSWERS, INTAKE, KEPT

NOON = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)


def a_question(kind: str, **more: Any) -> Question:
    """One question, with what its kind needs."""
    if kind in ("choice", "several"):
        more.setdefault("options", ("light", "firm", "it depends"))
    if kind == "consent":
        more.setdefault("edition", "2026-03")
    return Question(name="q", label="?", kind=kind, **more)


def taken(question: Question, answer: object) -> str:
    """What one answer is stored as, or the code of what is wrong with it."""
    filled = fill((question,), {"q": answer}, "NZ")
    if filled.problems:
        (problem,) = filled.problems
        assert problem.name == "q"
        assert problem.message
        return f"!{problem.code}"
    return filled.answers.get("q", "")


def codes(questions: tuple[Question, ...], answers: Mapping[str, Any]) -> dict[str, str]:
    """What is wrong, by question."""
    return {one.name: one.code for one in fill(questions, answers, "NZ").problems}


@pytest.mark.parametrize(
    ("question", "answer", "stored"),
    [
        (a_question("text"), "  Ana Kingi ", "Ana Kingi"),
        (a_question("text"), "Ana\nKingi", "!one_line"),
        (a_question("text", max_length=3), "Anna", "!too_long"),
        (a_question("text"), "x" * 301, "!too_long"),
        (a_question("text"), "a\x00b", "!not_storable"),
        (a_question("text"), "a\ud800b", "!not_storable"),
        (a_question("text"), "a\x1fb", "!not_storable"),
        (a_question("text"), 7, "!not_text"),
        (a_question("text"), True, "!not_text"),
        (a_question("text"), None, ""),
        (a_question("text"), "   ", ""),
        (a_question("text", required=True), "   ", "!missing"),
        (a_question("text", required=True), None, "!missing"),
        (a_question("long_text"), "A sore back.\r\nSince\rMay.", "A sore back.\nSince\nMay."),
        (a_question("long_text"), "x" * (LONGEST + 1), "!too_long"),
        (a_question("yes_no"), True, "yes"),
        (a_question("yes_no"), False, "no"),
        (a_question("yes_no", required=True), "no", "no"),
        (a_question("yes_no"), "maybe", "!not_yes_or_no"),
        (a_question("choice"), "firm", "firm"),
        (a_question("choice"), "hard", "!not_an_option"),
        (a_question("several"), ["firm", "light", "firm"], '["light","firm"]'),
        (a_question("several"), ("firm",), '["firm"]'),
        (a_question("several"), {"it depends"}, '["it depends"]'),
        (a_question("several"), frozenset(), ""),
        (a_question("several"), "firm", '["firm"]'),
        (a_question("several"), '["firm"]', '["firm"]'),
        (a_question("several"), "[", "!not_an_option"),
        (a_question("several"), "[]", "!not_an_option"),
        (a_question("several"), "[" * 19_000, "!not_an_option"),
        (a_question("several"), '["hard"]', "!not_an_option"),
        (a_question("several"), "[[]]", "!not_an_option"),
        (a_question("several"), [7], "!not_an_option"),
        (a_question("several"), ["\ud800"], "!not_storable"),
        (a_question("several", required=True), [], "!missing"),
        (a_question("number"), "1500", "1500"),
        (a_question("number"), "+007", "7"),
        (a_question("number"), "-0", "0"),
        (a_question("number"), 61, "61"),
        (a_question("number", decimals=2), Decimal("61.50"), "61.50"),
        (a_question("number", decimals=2), "61,5", "61.5"),
        (a_question("number", decimals=3), "0,125", "0.125"),
        (a_question("number", decimals=3), "1,500", "!not_a_number"),
        (a_question("number", decimals=3), "1.500", "1.500"),
        (a_question("number"), "1.5", "!too_many_decimals"),
        (a_question("number", decimals=1), "1.55", "!too_many_decimals"),
        (a_question("number"), "٣", "!not_a_number"),
        (a_question("number"), "1e5", "!not_a_number"),
        (a_question("number"), Decimal("1e5"), "100000"),
        (a_question("number"), Decimal("NaN"), "!not_a_number"),
        (a_question("number"), Decimal("1e999999"), "!not_a_number"),
        (a_question("number"), 10**5000, "!not_a_number"),
        (a_question("number"), True, "!not_text"),
        (a_question("number"), 1.5, "!not_text"),
        (a_question("number", least=Decimal(20)), "19", "!too_small"),
        (a_question("number", least=Decimal(20)), "20", "20"),
        (a_question("number", most=Decimal(20)), "21", "!too_large"),
        (a_question("number", most=Decimal(20)), "20", "20"),
        (a_question("date"), date(2026, 11, 23), "2026-11-23"),
        (a_question("date"), "2026-11-23", "2026-11-23"),
        (a_question("date"), "2026-11-31", "!not_a_day"),
        (a_question("date"), "23.11.2026", "!not_a_day"),
        (a_question("date"), "20261123", "!not_a_day"),
        (a_question("date"), NOON, "!not_text"),
        (a_question("date", first_day=date(2026, 11, 23)), "2026-11-22", "!too_early"),
        (a_question("date", first_day=date(2026, 11, 23)), "2026-11-23", "2026-11-23"),
        (a_question("date", last_day=date(2026, 11, 23)), "2026-11-24", "!too_late"),
        (a_question("date", last_day=date(2026, 11, 23)), "2026-11-23", "2026-11-23"),
        (a_question("email"), "Ana@Example.com", "Ana@example.com"),
        (a_question("email"), "ana at example", "!not_an_email"),
        (a_question("phone"), "021 123 4567", "+64211234567"),
        (a_question("phone"), "0800 FLOWERS", "!not_a_phone"),
        (a_question("signature"), "Ana Kingi", "Ana Kingi"),
        (a_question("signature"), "———", "!not_a_name"),
        (a_question("consent"), "2026-03", "2026-03"),
        (a_question("consent"), "2025-01", "!another_edition"),
        (a_question("consent", required=True), "", "!missing"),
        (a_question("consent"), True, "!not_text"),
    ],
    ids=lambda value: value.kind.value if isinstance(value, Question) else "",
)
def test_an_answer_is_taken_as_what_it_means(question: Question, answer: object, stored: str) -> None:
    """Or refused with one word for what is wrong, and a sentence that says what would be right."""
    assert taken(question, answer) == stored


def test_the_whole_intake_form() -> None:
    """As it is typed and as it is stored; given back it is taken again, unchanged."""
    assert fill(INTAKE, ANSWERS, "NZ").answers == KEPT
    assert fill(INTAKE, KEPT, "NZ") == fill(INTAKE, ANSWERS, "NZ")


def test_everything_that_is_wrong_is_said_at_once() -> None:
    """Four mistakes, one look; an unknown name is one of them."""
    wrong = {**ANSWERS, "name": "", "weight": "heavy", "pressure": "hard", "shoe size": "38"}
    assert codes(INTAKE, wrong) == {
        "shoe size": "unknown",
        "name": "missing",
        "pressure": "not_an_option",
        "weight": "not_a_number",
    }


def test_a_question_is_asked_only_where_its_condition_holds() -> None:
    """Where it is not asked it is neither required nor kept, and what stands there is not looked at."""
    when = Condition("several", "firm")
    questions = (
        Question(name="several", label="?", kind="several", options=("light", "firm")),
        Question(name="why", label="?", kind="text", required=True, when=when),
    )
    assert codes(questions, {"several": ["firm", "light"]}) == {"why": "missing"}
    assert fill(questions, {"several": ["light"], "why": "a\x00b"}, "NZ").answers == {"several": '["light"]'}
    assert fill(questions, {"why": "x"}, "NZ").answers == {}
    not_expecting = {**ANSWERS, "pregnant": "no", "due": "soon"}
    assert "due" not in fill(INTAKE, not_expecting, "NZ").answers


def test_all_answers_together_have_a_limit() -> None:
    """What one row of any platform holds; a draft has the same."""
    questions = tuple(Question(name=f"q{n}", label="?", kind="long_text") for n in range(11))
    answers = {one.name: "x" * LONGEST for one in questions}
    assert sum(map(len, answers.values())) > MOST_TOGETHER
    for filled in (fill(questions, answers, "NZ"), keep_draft(questions, answers)):
        assert [(one.name, one.code) for one in filled.problems] == [("", "too_long")]


def test_a_draft_keeps_what_was_typed_right_or_not() -> None:
    """Refused is only what can be kept nowhere, or belongs to no question; nothing is trimmed or corrected."""
    typed = {
        "name": " Ana ",
        "weight": "61,",
        "allergies": ["nuts", "dust"],
        "due": "spring",
        "email": "",
        "pregnant": True,
    }
    kept = keep_draft(INTAKE, typed)
    assert kept.problems == ()
    assert kept.answers == {
        "name": " Ana ",
        "weight": "61,",
        "allergies": '["nuts","dust"]',
        "due": "spring",
        "pregnant": "yes",
    }
    wrong = keep_draft(INTAKE, {"name": "a\x00", "story": "x" * (LONGEST + 1), "shoe size": "38"})
    assert {one.name: one.code for one in wrong.problems} == {
        "name": "not_storable",
        "story": "too_long",
        "shoe size": "unknown",
    }


@pytest.mark.parametrize(
    ("state", "reason"),
    [("open", None), ("draft", None), ("done", Reason.FORM_DONE), ("withdrawn", Reason.FORM_WITHDRAWN)],
)
def test_a_form_is_filled_in_once(state: str, reason: Reason | None) -> None:
    """And not after the business has withdrawn it."""
    form = FormRequest(id="f1", ref=RecordRef.client("ana"), title="Intake", sent_at=NOON, state=state)
    said = judge_filling(form)
    assert isinstance(said, Because if reason is None else Refusal)
    assert getattr(said, "reason", None) is reason
    assert not isinstance(said, Refusal) or said.facts == {"form": "Intake"}


# --- the law ---------------------------------------------------------------------------------------------------------

WORDS = st.text(max_size=30)
LIMITS = st.decimals(-1000, 1000, places=2)
DAYS = st.dates()


@st.composite
def questions(draw: st.DrawFn) -> tuple[Question, ...]:
    """Any form: kinds, limits, conditions on earlier questions."""
    found: list[Question] = []
    for number in range(draw(st.integers(1, 6))):
        kind = draw(st.sampled_from(QuestionKind))
        options = ()
        if kind in (QuestionKind.CHOICE, QuestionKind.SEVERAL):
            texts = st.text(min_size=1, max_size=6).filter(lambda text: not text.startswith("["))
            options = tuple(draw(st.lists(texts, min_size=1, max_size=4, unique=True)))
        asking = [(one.name, answer) for one in found for answer in one.options]
        asking += [(one.name, word) for one in found if one.kind is QuestionKind.YES_NO for word in ("yes", "no")]
        when = Condition(*draw(st.sampled_from(asking))) if asking and draw(st.booleans()) else None
        found.append(
            Question(
                name=f"q{number}",
                label="?",
                kind=kind,
                required=draw(st.booleans()),
                max_length=draw(st.none() | st.integers(1, 40)),
                options=options,
                decimals=draw(st.integers(0, 4)),
                least=draw(st.none() | LIMITS),
                most=draw(st.none() | LIMITS),
                first_day=draw(st.none() | DAYS),
                last_day=draw(st.none() | DAYS),
                edition="7" if kind is QuestionKind.CONSENT else "",
                when=when,
            )
        )
    return tuple(found)


def answers_to(asked: tuple[Question, ...]) -> st.SearchStrategy[dict[str, Any]]:
    """Likely answers and unlikely ones, of all types."""
    options = [option for one in asked for option in one.options] or ["x"]
    likely = st.sampled_from(
        [*options, "yes", "no", "7", "12,5", "-3", "2026-11-23", "ana@example.com", "021 123 4567"]
    )
    other = WORDS | st.booleans() | st.integers() | st.decimals(allow_nan=True) | st.floats() | DAYS | st.none()
    several = st.lists(st.sampled_from(options) | WORDS, max_size=3)
    names = st.sampled_from([*(one.name for one in asked), "unknown"])
    return st.dictionaries(names, likely | other | several, max_size=6)


@given(st.data())
def test_what_is_taken_is_kept_whole_and_taken_again(data: st.DataObject) -> None:
    """For any form and anything handed in: either it says what is wrong with which answer, or every answer is text that
    a column holds, means something, is the same after every store's round, and is taken again as it is.
    """
    asked = data.draw(questions())
    given_answers = data.draw(answers_to(asked))
    for filled in (fill(asked, given_answers, "NZ"), keep_draft(asked, given_answers)):
        assert {one.name for one in filled.problems} <= {one.name for one in asked} | {"unknown"}
        for text in filled.answers.values():
            text.encode()
            assert "\x00" not in text
    filled = fill(asked, given_answers, "NZ")
    form = FormRequest(
        id="f1",
        ref=RecordRef.client("ana"),
        title="Intake",
        sent_at=NOON,
        state=FormState.DONE,
        questions=asked,
        answers=filled.answers,
    )
    assert item_from_body(FormRequest, item_to_body(form)) == form
    meanings = form.meanings
    for one in asked:
        if one.name in filled.answers:
            meant = meanings[one.name]
            again = list(meant) if isinstance(meant, tuple) else meant
            assert taken(evolve(one, name="q", when=None), again) == filled.answers[one.name]
    if not filled.problems:
        assert fill(asked, filled.answers, "NZ") == filled
        drafted = keep_draft(asked, filled.answers)
        assert (drafted.answers, drafted.problems) == (filled.answers, ())


@pytest.mark.parametrize(
    ("wrong", "why"),
    [
        ({"kind": "choice"}, "options"),
        ({"kind": "text", "options": ("a",)}, "options"),
        ({"kind": "choice", "options": ("a", "a")}, "each once"),
        ({"kind": "several", "options": ("[a]",)}, r"\["),
        ({"kind": "several", "options": ("",)}, "not empty"),
        ({"kind": "choice", "options": "abc"}, "several texts"),
        ({"kind": "consent"}, "edition"),
        ({"kind": "text", "edition": "7"}, "edition"),
        ({"kind": "text", "max_length": 0}, "max_length"),
        ({"kind": "number", "decimals": 21}, "decimals"),
        ({"kind": "essay"}, "kind of question"),
        ({"kind": "text", "name": ""}, "1 to 100"),
    ],
)
def test_a_question_that_cannot_be_asked_is_refused(wrong: dict[str, Any], why: str) -> None:
    """Where it is made, with what would be right."""
    with pytest.raises(InvalidInput, match=why):
        Question(**{"name": "q", "label": "?", **wrong})


def test_a_form_whose_questions_contradict_each_other_is_refused() -> None:
    """Two of one name; a condition on a later question, or on an answer that cannot be given; too many."""
    one = Question(name="a", label="?", kind="yes_no")
    for questions_of_it in (
        (one, one),
        (evolve(one, name="b", when=Condition("a", "yes")), one),
        (one, evolve(one, name="b", when=Condition("a", "maybe"))),
        tuple(evolve(one, name=str(n)) for n in range(501)),
    ):
        with pytest.raises(InvalidInput):
            FormRequest(id="f", ref=RecordRef.client("a"), title="", sent_at=NOON, questions=questions_of_it)


def test_a_stored_answer_means_what_was_answered() -> None:
    """Numbers are exact, dates are dates, several are a tuple."""
    form = FormRequest(
        id="f", ref=RecordRef.client("a"), title="", sent_at=NOON, questions=INTAKE, answers={**KEPT, "gone": "x"}
    )
    assert form.meanings["weight"] == Decimal("61.5")
    assert form.meanings["due"] == date(2027, 3, 14)
    assert form.meanings["allergies"] == ("nuts", "lavender")
    assert form.meanings["pregnant"] is True
    assert "gone" not in form.meanings
    assert json.loads(KEPT["allergies"]) == ["nuts", "lavender"]
    assert "Ana" not in repr(form)
