"""The forms that were sent to a client: looking, drafts, sending them in once (T3, T8).

Rules: ``rules/form_filling.py``, ``rules/form_access.py``.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any, cast

from attrs import field, frozen

from clientportal.decisions import Because, Decision, Refusal, grant
from clientportal.errors import InvalidAnswers, InvalidInput
from clientportal.operations.form_links import open_form
from clientportal.operations.frame import Denied, Keyed, Operation, Reading
from clientportal.operations.people import principal
from clientportal.operations.sections import asks_section, remember_change, replay_change
from clientportal.outcomes import SectionChanged
from clientportal.policy import Policy
from clientportal.rules.form_filling import Filled, fill, judge_filling, keep_draft
from clientportal.values import Secret, SectionWrite
from clientportal.values.forms import MOST_QUESTIONS, FormRequest
from clientportal.values.sections import MAX_ITEM_ID

__all__ = ["FORM", "FORM_BY_LINK", "SAVE_DRAFT", "SUBMIT_FORM", "Filling", "OneForm"]


@frozen
class OneForm:
    """Which form, and the link that leads to it where it is not the session's own."""

    id: str
    link: Secret | None = field(default=None, repr=False)


async def _load_form(reading: Reading, asked: OneForm) -> tuple[FormRequest, Because]:
    found = await open_form(reading, asked.id, asked.link)
    return found.form, found.because


def _shown(
    seen: tuple[FormRequest, Because], _asked: OneForm, _policy: Policy, _now: datetime
) -> Decision[FormRequest]:
    return grant(*seen)


def _subject(asked: OneForm | Filling) -> str:
    return f"form {asked.id[:MAX_ITEM_ID]}"


FORM = Operation[OneForm, tuple[FormRequest, Because], FormRequest](
    name="form", load=_load_form, decide=_shown, subject=_subject, writes=False
)
FORM_BY_LINK = Operation[OneForm, tuple[FormRequest, Because], FormRequest](
    # It may open another record's form: that it was opened, by whom and why, is in the audit.
    name="form_by_link",
    load=_load_form,
    decide=_shown,
    subject=_subject,
)


# --- filling in ------------------------------------------------------------------------------------------------------


def _given(value: Mapping[str, Any]) -> tuple[tuple[str, Any], ...]:
    """In one order, whichever they come in: under an idempotency key the same answers are the same."""
    if not isinstance(value, Mapping):  # pyright: ignore[reportUnnecessaryIsInstance]
        raise InvalidInput(f"the answers of a form are a mapping of names to answers, not {type(value).__name__}")
    if len(value) > MOST_QUESTIONS:
        raise InvalidInput(f"a form has at most {MOST_QUESTIONS} questions; these are {len(value)} answers")
    for name in value:
        if not isinstance(name, str):  # pyright: ignore[reportUnnecessaryIsInstance]
            raise InvalidInput(f"answers are given by the names of the questions; {type(name).__name__} is no name")
    return tuple((name, _in_order(value[name])) for name in sorted(value))


def _in_order(answer: Any) -> Any:
    """What can still change, or has no order, becomes what cannot."""
    if isinstance(answer, set | frozenset):
        return tuple(sorted(cast("set[Any]", answer), key=str))
    if isinstance(answer, int) and answer.bit_length() > 1000:
        return Decimal(answer)  # Python writes no such whole number out, and what is asked for is compared in writing
    return tuple(cast("Collection[Any]", answer)) if isinstance(answer, list) else answer


@frozen
class Filling:
    """Which form, and what was typed into it."""

    id: str
    answers: tuple[tuple[str, Any], ...] = field(converter=_given, repr=False)
    link: Secret | None = field(default=None, repr=False)


@frozen
class _Filling:
    form: FormRequest
    because: Because
    intent_id: str
    actor: str


async def _load_filling(reading: Reading, asked: Filling) -> _Filling:
    found = await open_form(reading, asked.id, asked.link, "fill")
    no = judge_filling(found.form)
    if isinstance(no, Refusal):
        raise Denied(no)
    return _Filling(found.form, found.because, reading.fresh_id(), reading.actor)


def _asking(seen: _Filling, action: str, filled: Filled, now: datetime) -> Decision[SectionChanged]:
    if filled.problems:
        raise InvalidAnswers(filled.problems)
    form = seen.form
    write = SectionWrite(
        section="forms", action=action, ref=form.ref, item=form.id, version=form.version, fields=filled.answers
    )
    intent = asks_section(write, intent_id=seen.intent_id, actor=seen.actor, now=now, because=seen.because)
    return grant(SectionChanged("forms", action, form.id), seen.because, asks=intent)


def _decide_draft(seen: _Filling, asked: Filling, _policy: Policy, now: datetime) -> Decision[SectionChanged]:
    return _asking(seen, "save_draft", keep_draft(seen.form.questions, dict(asked.answers)), now)


def _decide_submit(seen: _Filling, asked: Filling, policy: Policy, now: datetime) -> Decision[SectionChanged]:
    filled = fill(seen.form.questions, dict(asked.answers), policy.contacts.region)
    return _asking(seen, "submit", filled, now)


_KEYED = Keyed[Filling, SectionChanged](remember_change, replay_change, admit=principal)

SAVE_DRAFT = Operation[Filling, _Filling, SectionChanged](
    name="save_draft", load=_load_filling, decide=_decide_draft, subject=_subject, keyed=_KEYED
)
SUBMIT_FORM = Operation[Filling, _Filling, SectionChanged](
    name="submit_form", load=_load_filling, decide=_decide_submit, subject=_subject, keyed=_KEYED
)
