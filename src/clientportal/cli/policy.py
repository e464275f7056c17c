"""``clientportal policy``: show, check, explain and compare policies, from presets, files and portals."""

from __future__ import annotations

import inspect
import re
import tomllib
from collections.abc import Callable
from difflib import get_close_matches
from pathlib import Path
from typing import Any, cast

import attrs
import click

from clientportal.cli.common import shown
from clientportal.cli.failing import Exit, Misconfigured
from clientportal.cli.finding import find_portal
from clientportal.cli.showing import Show
from clientportal.errors import PolicyError
from clientportal.policy import Policy, policy_from_toml, policy_to_toml, presets

__all__ = ["policy"]

_REGION = click.option("--region", default="NZ", show_default=True, help="In which a preset reads national numbers.")


@click.group()
def policy() -> None:
    """What a business has chosen.

    WHICH is the name of a preset (timely, vcita, acuity, timetap, mytime), a TOML file, or MODULE:NAME@BUSINESS for the
    policy of a business of your portal.
    """


def _policy_of(which: str, region: str) -> Policy:
    if which in presets.__all__:
        preset = cast("Callable[..., Policy]", getattr(presets, which))
        return preset(region=region)
    if ":" in which and "@" in which:
        path, _, business = which.partition("@")
        driven = find_portal(path)
        try:
            return driven.portal._setup.policy_of(business)
        finally:
            driven.close()
    if not Path(which).is_file():
        raise Misconfigured(
            f"{which!r} is no preset ({', '.join(presets.__all__)}), no file, and no MODULE:NAME@BUSINESS"
        )
    return policy_from_toml(Path(which))


@policy.command("show")
@click.argument("which")
@_REGION
@click.option("--from", "preset", type=click.Choice(presets.__all__), help="Only what differs from this preset.")
@shown
def show_policy(which: str, show: Show, region: str, preset: str | None) -> None:
    """Show a policy as TOML: all of it, or what differs from a preset."""
    text = policy_to_toml(_policy_of(which, region), preset=preset)
    show.told(*text.rstrip("\n").split("\n"), **(tomllib.loads(text) if show.as_json else {}))


@policy.command()
@click.argument("files", nargs=-1, required=True, type=click.Path(exists=True, dir_okay=False, path_type=Path))
@shown
def check(files: tuple[Path, ...], show: Show) -> int:
    """Read policy files, and say everything that is wrong with each. Exits with 1 where one is none."""
    ended = Exit.DONE
    for file in files:
        try:
            policy_from_toml(file)
        except PolicyError as error:
            ended = Exit.FOUND
            show.told(*f"{file}: {error}".splitlines(), file=str(file), valid=False, problems=str(error).splitlines())
        else:
            show.told(f"{file}: a policy, without contradictions", file=str(file), valid=True, problems=[])
    return ended


@policy.command()
@click.argument("setting")
@click.argument("which", required=False)
@_REGION
@shown
def explain(setting: str, which: str | None, show: Show, region: str) -> None:
    """Say what a setting means (changes.cancel, login.code_life), and what it is in each preset, or in WHICH."""
    meaning = _meaning_of(setting)
    named = {name: name for name in presets.__all__} if which is None else {which: which}
    values = {name: _flat(_policy_of(one, region)) for name, one in named.items()}
    said = {name: _value_at(flat, setting) for name, flat in values.items()}
    lines = [setting, *(f"  {line}" for line in meaning.splitlines()), ""]
    lines += [f"  {name:<10} {', '.join(f'{at} = {value}' for at, value in one.items())}" for name, one in said.items()]
    show.told(*lines, setting=setting, meaning=meaning, values=said)


@policy.command()
@click.argument("first")
@click.argument("second")
@_REGION
@shown
def diff(first: str, second: str, show: Show, region: str) -> int:
    """Show the settings that two policies have differently. Exits with 1 where there are any."""
    mine, theirs = _flat(_policy_of(first, region)), _flat(_policy_of(second, region))
    differing = sorted(name for name in mine.keys() | theirs.keys() if mine.get(name) != theirs.get(name))
    for name in differing:
        before, after = mine.get(name, "none"), theirs.get(name, "none")
        show.told(f"{name}: {before} → {after}", setting=name, first=before, second=after)
    if not differing:
        show.note("they are the same")
    return Exit.FOUND if differing else Exit.DONE


def _flat(one: Policy) -> dict[str, str]:
    """Setting -> value as a policy file has it; a list is one value."""
    found: dict[str, str] = {}

    def walk(tree: dict[str, Any], before: str) -> None:
        for name, value in tree.items():
            if isinstance(value, dict):
                walk(cast("dict[str, Any]", value), f"{before}{name}.")
            else:
                found[f"{before}{name}"] = _as_written(value)

    walk(tomllib.loads(policy_to_toml(one)), "")
    return found


def _as_written(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list):
        return "[" + ", ".join(map(_as_written, cast("list[object]", value))) + "]"
    return str(value)


def _value_at(flat: dict[str, str], setting: str) -> dict[str, str]:
    """The setting, or those of the group; what is not written is switched off."""
    inside = {name: value for name, value in flat.items() if name == setting or name.startswith(f"{setting}.")}
    return inside or {setting: "none"}


def _meaning_of(setting: str) -> str:
    """What the reference says of it: the words of the group that it stands in."""
    kind: Any = Policy
    group: Any = Policy
    path = setting.split(".")
    for name in path:
        if not attrs.has(kind) or name not in {one.name for one in attrs.fields(kind)}:
            raise Misconfigured(f"there is no setting {setting!r}{_close_to(setting)}")
        group, kind = kind, _type_of(kind, name)
    text = inspect.cleandoc((kind if attrs.has(kind) else group).__doc__ or "")
    text = re.sub(r":\w+:`~?(?:[\w.]*\.)?(\w+)`", r"\1", text).replace("``", "")
    if attrs.has(kind):
        return text
    said = [part for part in re.split(r"\n(?=\* )|\n\n|(?<=\.)\s", text) if re.search(rf"\b{path[-1]}\b", part)]
    return "\n".join(" ".join(part.removeprefix("* ").split()) for part in said) or " ".join(
        text.split("\n\n")[0].split()
    )


def _type_of(kind: Any, name: str) -> Any:
    # Every setting has a default, so what it holds tells what it is.
    held: object = getattr(kind(), name)
    return type(held)


def _close_to(setting: str) -> str:
    names = list(_flat(Policy()))
    close = get_close_matches(setting, [*names, *{name.rpartition(".")[0] for name in names}], n=1)
    return f"; did you mean {close[0]}?" if close else ""
