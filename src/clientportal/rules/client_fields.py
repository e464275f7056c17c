"""Which fields do the profile and quick add show, and is what was typed into them complete and readable? (TT7, TT10)"""

from __future__ import annotations

from collections.abc import Mapping

from attrs import evolve

from clientportal.errors import InvalidContact, InvalidInput
from clientportal.outcomes import FieldChoice
from clientportal.outcomes.client_list import CustomField, FormField
from clientportal.policy import Policy
from clientportal.policy.client_fields import CUSTOM, STANDARD_FIELDS, FieldDefinition
from clientportal.values import Address, ClientChange, ClientDraft, ClientRecord, ContactKey, ContactKind, FieldValue
from clientportal.values.birthdays import parse_birthday
from clientportal.values.contacts import email_key, phone_key

__all__ = [
    "Typed",
    "custom_of",
    "definition_of",
    "form_fields",
    "read_change",
    "read_contacts",
    "read_draft",
    "shown",
]

_USUAL: Mapping[str, FieldDefinition] = {
    "first_name": FieldDefinition(label="First name"),
    "last_name": FieldDefinition(label="Last name"),
    "email": FieldDefinition(label="Email"),
    "phone": FieldDefinition(label="Phone"),
    "mobile": FieldDefinition(label="Mobile"),
    "address": FieldDefinition(label="Address"),
    # Nobody is asked for what the business has no use for: who wants birthdays says so in ``clients.fields``.
    "birthday": FieldDefinition(label="Birthday", visible=False),
    "notes": FieldDefinition(label="Internal notes"),
}
_CONTACTS = {kind.value: kind for kind in ContactKind}
_SOMEBODY = ("first_name", "last_name", *_CONTACTS)

Typed = Mapping[str, FieldValue]
"""What was typed into the standard fields, by name; blank text and ``None`` are the same. A birthday is a date, or text
such as ``1984-02-29``."""


def definition_of(name: str, policy: Policy) -> FieldDefinition | None:
    """How a field is defined at this business; ``None`` where there is no such field."""
    return policy.clients.fields.get(name) or _USUAL.get(name)


def form_fields(policy: Policy) -> tuple[FormField, ...]:
    """The fields of the form: the standard ones in their usual order, then the custom ones by label."""
    custom = [name for name in policy.clients.fields if name.startswith(CUSTOM)]
    names = (*STANDARD_FIELDS, *sorted(custom, key=lambda name: (policy.clients.fields[name].label, name)))
    defined = [(name, definition_of(name, policy)) for name in names]
    return tuple(FormField(name, one.label, one.required) for name, one in defined if one is not None and one.visible)


def shown(fields: Mapping[str, FieldChoice], policy: Policy) -> tuple[FieldChoice, ...]:
    """A client's standard fields as the profile shows them: those of the form, in its order."""
    return tuple(fields[one.name] for one in form_fields(policy) if one.name in fields)


def custom_of(record: ClientRecord, policy: Policy) -> tuple[CustomField, ...]:
    """A client's custom fields as the profile shows them: those that are defined, filled in or not."""
    custom = [one for one in form_fields(policy) if one.name.startswith(CUSTOM)]
    return tuple(CustomField(one.name, one.label, record.custom.get(one.name[len(CUSTOM) :])) for one in custom)


# --- what was typed --------------------------------------------------------------------------------------------------


def _stripped(value: FieldValue) -> FieldValue:
    text = value.strip() if isinstance(value, str) else value
    return None if text in ("", Address()) else text


def _check_names(typed: Typed, custom: Mapping[str, str | None], policy: Policy) -> None:
    there = {one.name for one in form_fields(policy)}
    for name in (*typed, *(f"{CUSTOM}{one}" for one in custom)):
        if name not in there:
            raise InvalidInput(
                f"there is no field {name!r:.120} in the form; there are {', '.join(sorted(there))} (clients.fields)"
            )


def _label(name: str, policy: Policy) -> str:
    definition = definition_of(name, policy)
    return name if definition is None else definition.label


def _as_form(fields: Typed, policy: Policy) -> dict[str, FieldValue]:
    """The standard fields as they are kept: without white space around them, blank ones absent, contacts readable.

    A contact that cannot be read raises :class:`~clientportal.errors.InvalidContact`, which names the field; a birthday
    that cannot be, :class:`~clientportal.errors.InvalidInput`.
    """
    kept = {name: _stripped(value) for name, value in fields.items()}
    read_contacts(kept, policy)
    typed = kept.get("birthday")
    if isinstance(typed, str):
        try:
            kept["birthday"] = parse_birthday(typed)
        except InvalidInput as error:
            raise InvalidInput(f"{_label('birthday', policy)}: {error}") from error
    return kept


def read_contacts(fields: Typed, policy: Policy) -> tuple[ContactKey, ...]:
    """What the contacts among these fields mean, in order."""
    found: set[ContactKey] = set()
    for name, kind in _CONTACTS.items():
        text = fields.get(name)
        if not isinstance(text, str):
            continue
        try:
            if kind is ContactKind.EMAIL:
                found.add(email_key(text))
            else:
                found.add(phone_key(text, region=policy.contacts.region, kind=kind))
        except InvalidContact as error:
            raise InvalidContact(error.problem, f"{_label(name, policy)}: {error}") from error
    return tuple(sorted(found))


def _missing(name: str, policy: Policy) -> InvalidInput:
    return InvalidInput(f"{_label(name, policy)} must be filled in (clients.fields)")


def read_draft(typed: Typed, custom: Mapping[str, str | None], policy: Policy) -> ClientDraft:
    """A new client as it was typed into quick add, or :class:`~clientportal.errors.InvalidInput` naming the field.

    A number that cannot be read now could never be matched later, and a client without a name and a contact could
    never be found again: both are told at once, while somebody is there who knows better.
    """
    _check_names(typed, custom, policy)
    kept = _as_form(typed, policy)
    kept_custom = {name: value.strip() for name, value in custom.items() if value is not None and value.strip()}
    filled = {name for name, value in kept.items() if value is not None} | {f"{CUSTOM}{one}" for one in kept_custom}
    for one in form_fields(policy):
        if one.required and one.name not in filled:
            raise _missing(one.name, policy)
    if filled.isdisjoint(_SOMEBODY):
        raise InvalidInput("a name or a contact is needed: first_name, last_name, email, phone or mobile")
    return evolve(ClientDraft(custom=kept_custom), **kept)  # type: ignore[arg-type]


def read_change(
    version: str, typed: Typed, custom: Mapping[str, str | None], policy: Policy
) -> tuple[ClientChange, tuple[str, ...]]:
    """A change of one row as it was typed, and the names of the fields that it writes. Absent fields stay as they are;
    a required one cannot be emptied.
    """
    _check_names(typed, custom, policy)
    kept = _as_form(typed, policy)
    kept_custom = {name: (value or "").strip() or None for name, value in custom.items()}
    written = {**kept, **{f"{CUSTOM}{name}": value for name, value in kept_custom.items()}}
    if not written:
        raise InvalidInput("nothing is to be changed: name at least one field")
    for one in form_fields(policy):
        if one.required and one.name in written and written[one.name] is None:
            raise _missing(one.name, policy)
    return ClientChange(version, kept, kept_custom), tuple(written)
