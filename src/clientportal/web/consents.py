"""Forms with a new password, and boxes for the documents that must be agreed to."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from attrs import frozen

from clientportal.decisions import Reason
from clientportal.errors import Refused
from clientportal.web.messages import Response
from clientportal.web.visits import Visit

__all__ = ["ConsentField", "again", "agreed_to", "consent_fields"]

_FIELD = "consent-"
_ABOUT_THE_PASSWORD = (Reason.PASSWORD_TOO_SHORT, Reason.PASSWORD_TOO_COMMON, Reason.PASSWORD_BREACHED)


@frozen
class ConsentField:
    """One box: the field's name, the edition that is agreed to by it, what it says, and where the document is."""

    name: str
    edition: str
    text: str
    address: str | None = None


def consent_fields(visit: Visit, consents: Mapping[str, str]) -> tuple[ConsentField, ...]:
    """A box for each document, never ticked beforehand."""
    return tuple(
        ConsentField(_FIELD + document, edition, _text(visit, document), visit.site.documents.get(document))
        for document, edition in consents.items()
    )


def _text(visit: Visit, document: str) -> str:
    key = f"consent.{document}"
    return visit.words(key) if visit.words.has(key) else visit.words("consent.other", document=document)


def agreed_to(visit: Visit) -> dict[str, str]:
    """What was agreed to: each document in the very edition that the form showed."""
    typed = visit.request.form
    return {name.removeprefix(_FIELD): edition for name, edition in typed.items() if name.startswith(_FIELD)}


def again(visit: Visit, template: str, error: Refused, values: Mapping[str, Any]) -> Response:
    """A form with a new password and boxes once more: what was refused stands at the field that it is about."""
    if error.reason in _ABOUT_THE_PASSWORD:
        return visit.form_again(template, error, at="new_password", **values)
    if error.reason is not Reason.CONSENT_MISSING:
        return visit.form_again(template, error, **values)
    form = visit.form
    for one in values["consents"]:
        if visit.request.form.get(one.name) != one.edition:
            form = form.wrong(one.name, visit.words("consent.missing"))
    return visit.render(template, 422, form=form, **values)
