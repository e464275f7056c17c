"""Writes the pages of the reference that follow from the code: ``.venv/bin/python docs/generate_reference.py``.

The pages are committed, so that they can be read without building anything; a test says when they are out of date.
"""

from __future__ import annotations

import enum
import importlib
import inspect
import pkgutil
import re
import sys
import typing
from collections.abc import Iterable, Iterator, Mapping
from datetime import timedelta
from pathlib import Path

import attrs

import clientportal.operations
from clientportal import Policy, Reason, errors, presets
from clientportal.messages.texts import DEFAULTS
from clientportal.operations.frame import Operation
from clientportal.policy.durations import in_words
from clientportal.rules.who_may_manage import OWNER, RECEPTION, Permission

HERE = Path(__file__).parent / "reference"
GENERATED = "<!-- Written by docs/generate_reference.py: change the code, not this page. -->\n"


def prose(text: str | None) -> str:
    """A docstring as Markdown: roles become code, double backticks single ones."""
    plain = inspect.cleandoc(text or "")
    plain = re.sub(r":\w+:`~?(?:[\w.]*\.)?(\w+)`", r"`\1`", plain)
    return re.sub(r"``([^`]+)``", r"`\1`", plain)


def cell(text: str) -> str:
    """Text that stays in its cell of a table."""
    return text.replace("|", "\\|").replace("\n", " ")


def table(head: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    """A table in Markdown."""
    columns = list(head)
    lines = [f"| {' | '.join(columns)} |", f"|{'---|' * len(columns)}"]
    lines += [f"| {' | '.join(cell(text) for text in row)} |" for row in rows]
    return "\n".join(lines)


# --- the policy ----------------------------------------------------------------------------------------------------


def shown(value: object) -> str:
    """A setting as a policy file has it."""
    if value is None:
        return '`"none"`'
    if isinstance(value, bool):
        return f"`{str(value).lower()}`"
    if isinstance(value, enum.Enum):
        return f'`"{value.value}"`'
    if isinstance(value, timedelta):
        return f'`"{in_words(value)}"`'
    if attrs.has(type(value)):
        parts = (f"{f.name} = {shown(getattr(value, f.name)).strip('`')}" for f in attrs.fields(type(value)))
        return "`{ " + ", ".join(part for part in parts if not part.endswith('"none"')) + " }`"
    if isinstance(value, Mapping):
        inner = ", ".join(f"{key} = {shown(one).strip('`')}" for key, one in value.items())
        return "`{ " + inner + " }`" if inner else "`{}`"
    if isinstance(value, frozenset | tuple):
        found = [shown(one).strip("`") for one in value]
        return f"`[{', '.join(sorted(found) if isinstance(value, frozenset) else found)}]`"
    return f"`{value}`" if not isinstance(value, str) else f'`"{value}"`'


def choices(hint: object) -> str:
    """What may stand there: the values of an enumeration, or the kind of value."""
    if isinstance(hint, type) and issubclass(hint, enum.Enum):
        return ", ".join(f"`{one.value}`" for one in hint)
    arguments = [one for one in typing.get_args(hint) if one is not type(None)]
    origin = typing.get_origin(hint)
    if origin in (frozenset, tuple):
        return f"list of {choices(arguments[0])}"
    if origin is not None and issubclass(origin if isinstance(origin, type) else object, Mapping):
        return f"{choices(arguments[0])} → {choices(arguments[1])}"
    if arguments:
        return f"{choices(arguments[0])}, or none"
    names = {timedelta: "length of time", bool: "true, false", int: "number", float: "number", str: "text"}
    return names.get(typing.cast("type", hint), getattr(hint, "__name__", str(hint)))


NOT_CARRIED_OUT = {
    "login.to_book": "required",
    "clients.card_removal": "",
}
"""Settings that exist and are not carried out yet: as a whole, or only some of their values."""


def marked(setting: str) -> str:
    """Its name, with the sign of those that are not carried out."""
    return f"`{setting}`{' ‡' if NOT_CARRIED_OUT.get(setting) == '' else ''}"


def marked_choices(setting: str, text: str) -> str:
    """What may stand there, with the sign at each value that is not carried out."""
    for value in filter(None, NOT_CARRIED_OUT.get(setting, "").split(", ")):
        text = text.replace(f"`{value}`", f"`{value}` ‡")
    return text


def policy_page() -> str:
    """Every setting with its default, and where the presets differ."""
    parts = [
        GENERATED,
        "# Policy settings",
        "A policy is one frozen value, `clientportal.Policy`; each group below is one of its attributes. The defaults "
        "are those of `Policy()`; a preset starts from them. In a file the names are the same: "
        "[A policy in a file](../howto/policy_toml.md). Numbers marked † are this project's; the others come from the "
        "standards named with them, and a weaker one is refused unless `allow_weaker` names it.",
        "‡ marks a setting, or one of its values, that can be written down and is not carried out yet: "
        "[Not built yet](../explanation/not_built_yet.md) says which are refused and which have no effect.",
    ]
    default = Policy()
    for group in attrs.fields(Policy):
        value = getattr(default, group.name)
        if not attrs.has(type(value)):
            continue
        hints = typing.get_type_hints(type(value))
        parts += [
            f"## {group.name}",
            prose(type(value).__doc__),
            table(
                ("setting", "may be", "default"),
                (
                    (
                        marked(f"{group.name}.{f.name}"),
                        marked_choices(f"{group.name}.{f.name}", choices(hints[f.name])),
                        shown(getattr(value, f.name)),
                    )
                    for f in attrs.fields(type(value))
                ),
            ),
        ]
    parts += ["## Windows, fees and overrides", "What stands under `changes`."]
    from clientportal.policy import Fee, Override, Window

    for kind in (Window, Fee, Override):
        hints = typing.get_type_hints(kind)
        parts += [
            f"### {kind.__name__}",
            prose(kind.__doc__),
            table(
                ("setting", "may be", "default"),
                ((f"`{f.name}`", choices(hints[f.name]), default_of(f)) for f in attrs.fields(kind)),
            ),
        ]
    parts += ["## What the choices mean", *choice_tables(default)]
    parts += ["## allow_weaker", "Names of settings that may be weaker than their standard; empty by default."]
    parts += ["## The presets", "What each sets differently from `Policy()`."]
    for name in presets.__all__:
        preset = getattr(presets, name)
        rows = list(differences(default, preset()))
        parts += [f"### {name}", prose(preset.__doc__), table(("setting", "value"), rows)]
    return page(parts)


def default_of(field: attrs.Attribute[object]) -> str:
    """The default of one attribute."""
    return shown(field.default) if field.default is not attrs.NOTHING else "–"


def choice_tables(default: Policy) -> Iterator[str]:
    """What every value of every enumeration stands for, where its source says so."""
    seen: set[type] = set()
    for group in attrs.fields(Policy):
        value = getattr(default, group.name)
        if not attrs.has(type(value)):
            continue
        for name, hint in typing.get_type_hints(type(value)).items():
            for kind in (hint, *typing.get_args(hint)):
                if isinstance(kind, type) and issubclass(kind, enum.Enum) and kind not in seen:
                    seen.add(kind)
                    rows = [
                        (marked_choices(f"{group.name}.{name}", f"`{one.value}`"), prose(text))
                        for one, text in member_docs(kind)
                    ]
                    if any(text for _, text in rows):
                        yield f"### {kind.__name__}"
                        yield f"{prose(kind.__doc__)} (`{group.name}.{name}`)"
                        yield table(("value", "meaning"), rows)


def member_docs(kind: type[enum.Enum]) -> Iterator[tuple[enum.Enum, str]]:
    """The sentence under each member, read from the source."""
    source = inspect.getsource(kind)
    for one in kind:
        found = re.search(rf'^    {one.name} = [^\n]*\n(?:    """(.+?)""")?', source, flags=re.MULTILINE | re.DOTALL)
        yield one, " ".join((found[1] or "").split()) if found is not None else ""


def differences(default: Policy, other: Policy) -> Iterator[tuple[str, str]]:
    """Setting and value, where a policy differs."""
    for group in attrs.fields(Policy):
        before, after = getattr(default, group.name), getattr(other, group.name)
        if before == after or not attrs.has(type(before)):
            continue
        for f in attrs.fields(type(before)):
            if getattr(before, f.name) != getattr(after, f.name):
                yield marked(f"{group.name}.{f.name}"), shown(getattr(after, f.name))


# --- reasons, texts, errors ----------------------------------------------------------------------------------------


def reasons_page() -> str:
    """Every reason with its two texts, and every message."""
    messages = sorted(key for key in DEFAULTS if key.startswith("message."))
    return page(
        [
            GENERATED,
            "# Reasons and texts",
            "A refusal is raised as `Refused`. Its `reason` is one of these codes, which never change; `client_text` "
            "may be shown to the client, `staff_text` may not; `retry_at` is set where time heals it; "
            "`refusal.because` has the rule, the facts and the settings. Words in braces are filled in. All of it can "
            "be [replaced or translated](../howto/texts.md).",
            table(
                ("reason", "the client reads", "staff read besides"),
                (
                    (
                        f"`{reason.value}`",
                        DEFAULTS[f"reason.{reason.value}.client"],
                        DEFAULTS[f"reason.{reason.value}.staff"],
                    )
                    for reason in Reason
                ),
            ),
            "The keys in the catalogue are `reason.<code>.client` and `reason.<code>.staff`.",
            "## Messages",
            table(("key", "text"), ((f"`{key}`", DEFAULTS[key]) for key in messages)),
        ]
    )


def errors_page() -> str:
    """The tree, and what each error carries."""
    parts = [GENERATED, "# Errors", prose(errors.__doc__).replace("::\n\n", "\n```text\n", 1)]
    # The tree is the indented block: it is set off as one, unindented.
    tree = re.search(r"```text\n((?: {4}.*\n)+)", f"{parts[2]}\n")
    if tree is not None:
        block = inspect.cleandoc(tree[1])
        parts[2] = parts[2].replace(f"```text\n{tree[1].rstrip()}", f"```text\n{block}\n```")
    for name in errors.__all__:
        parts += [f"## {name}", prose(getattr(errors, name).__doc__)]
    return page(parts)


# --- operations ----------------------------------------------------------------------------------------------------


def operations() -> list[Operation[typing.Any, typing.Any, typing.Any]]:
    """Every operation behind the doors, each once."""
    found: dict[str, Operation[typing.Any, typing.Any, typing.Any]] = {}
    for module in pkgutil.iter_modules(clientportal.operations.__path__, "clientportal.operations."):
        loaded = importlib.import_module(module.name)
        for name, value in vars(loaded).items():
            if isinstance(value, Operation) and not name.startswith("_"):
                found[value.name] = value
    return [found[name] for name in sorted(found)]


def operations_page() -> str:
    """What may join a transaction, what can be previewed, what needs which permission."""

    def tick(yes: bool) -> str:
        return "yes" if yes else "–"

    return page(
        [
            GENERATED,
            "# Operations",
            "What is known about each operation behind the doors. *Own transaction*: it judges a proof, spends a "
            "budget or revokes access, so it commits by itself and refuses inside yours (`DurableOperation`); the "
            "others may [join](../howto/transactions.md). *Preview*: it can be tried without effect, through "
            "`door.preview`. *Key*: it takes an idempotency key. *Permission*: what staff need.",
            table(
                ("operation", "writes", "own transaction", "preview", "key", "permission"),
                (
                    (
                        f"`{one.name}`",
                        tick(one.writes),
                        tick(one.durable),
                        tick(one.previewable),
                        tick(one.keyed is not None),
                        "–" if one.permission is None else f"`{one.permission.value}`",
                    )
                    for one in operations()
                ),
            ),
        ]
    )


NO_OPERATION = {
    Permission.REPLAY_POLICY: ("replay",),
    Permission.SEE_DUPLICATES: ("scan_duplicates", "rehearse_matching"),
}
"""What is opened by a permission and is no single operation."""


def permissions_page() -> str:
    """What each permission opens, as the operations themselves say."""
    opened = {one: [*NO_OPERATION.get(one, ())] for one in Permission}
    for operation in operations():
        if operation.permission is not None:
            opened[operation.permission].append(operation.name)
    return page(
        [
            GENERATED,
            "# Permissions",
            "What staff may do: `portal.staff(business, actor=…, permissions={…}, reason=…)`. Each permission opens "
            "what stands beside it and nothing else; none includes another. A name that is not here is refused as "
            "`InvalidInput`, and what was not granted as `permission`, which the audit keeps. "
            "[How to give them](../howto/staff.md).",
            table(
                ("permission", "what it is", "operations"),
                (
                    (f"`{one.value}`", text, ", ".join(f"`{name}`" for name in sorted(opened[one])) or "–")
                    for one, text in member_docs(Permission)
                    if isinstance(one, Permission)
                ),
            ),
            "## Ready-made sets",
            "In `clientportal.rules.who_may_manage`: plain sets, to be used as they are or changed.",
            table(
                ("set", "permissions"),
                (
                    ("`RECEPTION`", ", ".join(f"`{one.value}`" for one in Permission if one in RECEPTION)),
                    ("`OWNER`", "all of them" if set(Permission) == OWNER else ", ".join(sorted(OWNER))),
                ),
            ),
        ]
    )


def page(parts: Iterable[str]) -> str:
    """Paragraphs, one empty line between them."""
    return "\n\n".join(part.strip("\n") for part in parts) + "\n"


PAGES = {
    "policy.md": policy_page,
    "reasons.md": reasons_page,
    "errors.md": errors_page,
    "operations.md": operations_page,
    "permissions.md": permissions_page,
}


def main() -> int:
    """Write what has changed, or with ``--check`` only say so."""
    stale = 0
    for name, write in PAGES.items():
        file, text = HERE / name, write()
        if file.exists() and file.read_text(encoding="utf-8") == text:
            continue
        stale += 1
        if "--check" not in sys.argv:
            file.write_text(text, encoding="utf-8")
        print(f"{file.name} {'is out of date' if '--check' in sys.argv else 'written'}")
    return stale if "--check" in sys.argv else 0


if __name__ == "__main__":
    sys.exit(main())
