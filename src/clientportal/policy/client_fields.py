"""Which fields a client has at this business, what they are called, and which must be filled in (TT7)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import cast

from attrs import Attribute, field, frozen
from attrs.validators import instance_of

from clientportal.errors import PolicyError
from clientportal.values import STAFF_FIELDS
from clientportal.values.clients import MAX_CUSTOM, MAX_CUSTOM_NAME

__all__ = ["CUSTOM", "STANDARD_FIELDS", "FieldDefinition", "field_definitions"]

CUSTOM = "custom."
"""A definition whose name begins so is of the custom field whose name follows."""
STANDARD_FIELDS = STAFF_FIELDS
"""The fields that every client has, in the order in which forms show them."""

_MOST_LABEL = 60
_HERE = "clients.fields"
_flag = instance_of(bool)


def _label(_instance: object, _attribute: Attribute[str], value: str) -> None:
    text = cast("object", value)
    if not isinstance(text, str) or not 0 < len(text.strip()) <= len(text) <= _MOST_LABEL or not text.isprintable():
        raise PolicyError(f"label is one line of 1 to {_MOST_LABEL} characters, such as 'Mobile number'", ("label",))


@frozen(kw_only=True)
class FieldDefinition:
    """One field of the profile and of quick add: what it is called, whether it must be filled in, whether it is there.

    A field that is not ``visible`` is in no form and in no profile; what the platform has in it stays as it is.
    """

    label: str = field(validator=_label)
    required: bool = field(default=False, validator=_flag)
    visible: bool = field(default=True, validator=_flag)

    def __attrs_post_init__(self) -> None:
        if self.required and not self.visible:
            raise PolicyError(
                "required = true and visible = false contradict each other: nobody could fill it in",
                ("required", "visible"),
            )


def field_definitions(value: Mapping[str, FieldDefinition]) -> dict[str, FieldDefinition]:
    """An attrs converter: the definitions, each under the name of a field that there can be."""
    for name, definition in value.items():
        custom = name[len(CUSTOM) :] if name.startswith(CUSTOM) else None
        storable = not any(c == "\x00" or "\ud800" <= c <= "\udfff" for c in name)
        if custom is None and name not in STANDARD_FIELDS:
            raise PolicyError(
                f"{_HERE}: there is no field {name!r:.80}; there are {', '.join(STANDARD_FIELDS)}, and custom fields, "
                f"each written {CUSTOM}<name>",
                (_HERE,),
            )
        if custom is not None and not (0 < len(custom) <= MAX_CUSTOM_NAME and storable):
            raise PolicyError(f"{_HERE}: a custom field has a name of 1 to {MAX_CUSTOM_NAME} characters", (_HERE,))
        if not isinstance(cast("object", definition), FieldDefinition):
            raise PolicyError(f"{_HERE}: {name!r:.80} is defined by a FieldDefinition", (_HERE,))
    if sum(name.startswith(CUSTOM) for name in value) > MAX_CUSTOM:
        raise PolicyError(f"{_HERE}: there are at most {MAX_CUSTOM} custom fields", (_HERE,))
    return dict(value)
