"""``clientportal audit``: read it, seal it, verify it, keep its end elsewhere."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from clientportal.cli.common import each_business, staff_of
from clientportal.cli.failing import Exit, Misconfigured
from clientportal.cli.finding import Driven
from clientportal.cli.showing import Show, plain
from clientportal.outcomes import AuditHead, AuditVerdict, Sealed
from clientportal.rules.who_may_manage import Permission

__all__ = ["audit"]


@click.group()
def audit() -> None:
    """Who did what: read it, seal it into its chain, verify that nobody has touched it."""


@audit.command("show")
@click.option("--subject", help="Only what is about this: client:42, an appointment's id.")
@click.option("--limit", type=click.IntRange(1, 200), default=50, show_default=True, help="How many, the newest first.")
@each_business
def show_audit(driven: Driven, names: tuple[str, ...], show: Show, subject: str | None, limit: int) -> None:
    """Show the newest entries. This is a look, and is in the audit as yours."""
    for name in names:
        door = staff_of(driven, name, Permission.SEE_AUDIT)
        for line in driven.run(door.audit(subject=subject, limit=limit)).items:
            why = f" – {line.reason}" if line.reason else ""
            about = f" {line.subject}" if line.subject else ""
            show.told(
                f"{line.at:%Y-%m-%d %H:%M:%S}Z {line.actor} {line.action}{about}: {line.outcome}{why}",
                business=name,
                **plain(line),
            )


@audit.command()
@click.option("--accept", is_flag=True, help="Go on although the chain's end does not hold: once you know why.")
@each_business
def seal(driven: Driven, names: tuple[str, ...], show: Show, accept: bool) -> int:
    """Seal what is open, and sign the end with the ring's first key: before an older key is removed."""
    ended = Exit.DONE
    for name in names:
        done: Sealed = driven.run(driven.portal.seal_audit(name, accept=accept))
        if done.broken is not None:
            ended = Exit.FOUND
            show.told(
                f"{name}: nothing was sealed, the chain's end does not hold: {done.broken.kind.value}",
                **_of(name, done),
            )
            continue
        waiting = f", {done.waiting:,} wait for a key" if done.waiting else ""
        show.told(f"{name}: {done.entries:,} entries sealed{waiting}", **_of(name, done))
    return ended


@audit.command()
@click.option(
    "--anchor", type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="A file with what export-head has printed; the last line of each business counts.",
)  # fmt: skip
@each_business
def verify(driven: Driven, names: tuple[str, ...], show: Show, anchor: Path | None) -> int:
    """Read the whole audit, and say whether it is as it was sealed. Exits with 1 where it is not."""
    anchors = {} if anchor is None else _anchors(anchor)
    ended = Exit.DONE
    for name in names:
        if anchor is not None and name not in anchors:
            raise Misconfigured(f"{anchor} has no line of {name}")
        head: AuditHead | None = driven.run(driven.portal.audit_head(name))
        with show.progress(f"{name}: entries", None if head is None else head.entries) as progress:

            def told(so_far: AuditVerdict, progress: Any = progress) -> None:
                progress.reached(so_far.entries)

            seen: AuditVerdict = driven.run(driven.portal.verify_audit(name, anchor=anchors.get(name), progress=told))
        if not seen.intact:
            ended = Exit.FOUND
        show.told(f"{name}: {_said(seen)}", **_of(name, seen), intact=seen.intact)
    return ended


def _said(seen: AuditVerdict) -> str:
    if seen.broken is not None:
        where = f" at {seen.broken.entry}" if seen.broken.entry else ""
        return f"NOT as it was sealed: {seen.broken.kind.value} in seal {seen.broken.seal}{where}"
    until = "" if seen.upto is None else f" up to {seen.upto:%Y-%m-%d %H:%M:%S}Z"
    parts = [
        f"{seen.entries:,} entries in {seen.seals:,} seals are as they were sealed{until}",
        f"{seen.unsealed:,} not sealed yet",
    ]
    parts += [f"{seen.waiting:,} of these name a key that is not in the ring"] if seen.waiting else []
    parts += [f"{seen.erased:,} of them erased"] if seen.erased else []
    parts += [f"{seen.pruned:,} older ones forgotten"] if seen.pruned else []
    parts += ["the anchor holds"] if seen.anchored else []
    return ", ".join(parts)


def _of(name: str, value: Any) -> dict[str, Any]:
    return {"business": name, **plain(value)}


def _anchors(path: Path) -> dict[str, AuditHead]:
    lines = [line for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]
    heads = [AuditHead.from_json(line) for line in lines]
    return {head.business: head for head in heads}


@audit.command("export-head")
@each_business
def export_head(driven: Driven, names: tuple[str, ...], show: Show) -> int:
    """Print where the chain ends, as a line of JSON: append it to a file that the database's people cannot write."""
    ended = Exit.DONE
    for name in names:
        head: AuditHead | None = driven.run(driven.portal.audit_head(name))
        if head is None:
            show.note(f"{name}: nothing is sealed yet")
            ended = Exit.FOUND
        else:
            click.echo(head.to_json())
    return ended
