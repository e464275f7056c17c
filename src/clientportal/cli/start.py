"""``clientportal``: the command for whoever keeps a portal going."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from importlib import import_module

try:
    import click

    import_module("sqlalchemy")  # click by itself comes with Flask
except ImportError as error:
    raise SystemExit("the clientportal command needs the extra 'cli': pip install 'clientportal[cli]'") from error

from clientportal import __version__
from clientportal.cli import audit, duplicates, keys, policy, schema, upkeep
from clientportal.cli.failing import Exit, exit_of, sentence_of

__all__ = ["cli", "main", "run"]


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, message="clientportal %(version)s")
@click.option("--debug", is_flag=True, expose_value=False, help="Show the traceback of whatever goes wrong.")
def cli() -> None:
    """Keep a client portal going: its schema, messages, audit, policy, duplicates and keys.

    Exits with 0: done; 1: done, and something was found; 2: called wrongly; 3: the library says no; 4: something
    failed, try again; 130: interrupted.
    """


for command in (
    *(schema.schema, upkeep.deliver, upkeep.purge, upkeep.reindex, upkeep.health),
    *(audit.audit, policy.policy, duplicates.duplicates, keys.keys),
):
    cli.add_command(command)


def run(arguments: Sequence[str] | None = None) -> int:
    """Carry a command line out, and say how it ended."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    # Asked for here as well: what goes wrong may do so before the options are read.
    debug = "--debug" in given
    try:
        ended = cli.main(given, prog_name="clientportal", standalone_mode=False)
        return int(ended) if isinstance(ended, int) else Exit.DONE
    except click.exceptions.Exit as stop:
        return stop.exit_code
    except click.ClickException as wrong:
        wrong.show()
        return wrong.exit_code
    except (click.Abort, KeyboardInterrupt):
        click.echo("interrupted", err=True)
        return Exit.INTERRUPTED
    except BrokenPipeError:
        # Whoever was reading has read enough: `clientportal audit show | head`.
        sys.stdout = open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115
        return Exit.DONE
    except Exception as error:
        if debug:
            raise
        click.echo(f"clientportal: {sentence_of(error)}", err=True)
        return exit_of(error)


def main() -> None:
    """What the installed script calls."""
    sys.exit(run())
