"""Forms that the business has sent to a client: drafts, and sending them in once (T3, T8)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from clientportal.ports.section import Given, Section
from clientportal.values import AnswerKind, HostAnswer, SectionWrite
from clientportal.values.forms import FormRequest

__all__ = ["Forms"]


class Forms(Section[FormRequest]):
    """The port of forms. ``page`` lists those that were sent to the record, latest sent first, done ones as well.

    Both writes hold ``version`` against the form's own in their statement, and raise ``Conflict`` where it is another:
    of two that are sent in at once, one is refused. ``answers`` belong to the record that the form was sent to, whoever
    typed them; they are health data often enough: keep them as such.
    """

    name: ClassVar[str] = "forms"
    item: ClassVar[type[FormRequest]] = FormRequest
    actions: ClassVar[tuple[str, ...]] = ("fill",)

    def save_draft(self, form_id: str, version: str, answers: Mapping[str, str], key: str) -> Given[HostAnswer]:
        """Keep what has been typed so far, in place of what was kept before; the form is a ``draft`` then."""
        return HostAnswer(AnswerKind.DECLINED, note=f"{type(self).__name__} keeps no drafts")

    def submit(self, form_id: str, version: str, answers: Mapping[str, str], key: str) -> Given[HostAnswer]:
        """Save the answers, for good; the form is ``done`` then. Every answer has been checked."""
        return HostAnswer(AnswerKind.DECLINED, note=f"{type(self).__name__} takes no forms")

    def write(self, change: SectionWrite, key: str) -> Given[HostAnswer]:
        take = self.submit if change.action == "submit" else self.save_draft
        return take(change.item or "", change.version, change.fields, key)
