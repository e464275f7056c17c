"""A week at Riverside Yoga in New York, told through its client accounts.

    python examples/studio/run.py            # go on with the file from last time, or make it
    python examples/studio/run.py --fresh    # begin again
    python examples/studio/run.py --db /tmp/studio.db

At a terminal you choose the password of the story and type it again later; where there is none, the script does.
"""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path

try:
    from opening import open_studio
    from story import week
    from students import afterwards
except ModuleNotFoundError as missing:
    sys.exit(
        f"{missing.name} is not installed here. From the folder of the checkout:\n"
        "  python3 -m venv .venv && .venv/bin/pip install -e '.[sql]' && .venv/bin/python examples/studio/run.py"
    )
from screen import bold, dim, readable_anywhere, say

HERE = Path(__file__).parent


def main() -> int:
    """The whole week, and the change of product after it."""
    readable_anywhere()
    arguments = argparse.ArgumentParser(description="A week at a yoga studio, told through its client accounts.")
    arguments.add_argument("--db", type=Path, default=HERE / "studio.db", help="the SQLite file (default: %(default)s)")
    arguments.add_argument("--fresh", action="store_true", help="begin with an empty file")
    given = arguments.parse_args()
    if given.fresh:
        for suffix in ("", "-wal", "-shm"):
            Path(f"{given.db}{suffix}").unlink(missing_ok=True)
    began = time.perf_counter()
    print(f"\n  {bold('Riverside Yoga')} {dim('– client accounts, end to end')}\n")
    studio = open_studio(given.db)
    told = week(studio)
    if told is None:
        return 1
    afterwards(studio, told)
    print()
    say(f"That was {time.perf_counter() - began:.1f} s. Run it again: the file is still there, and next week follows.")
    studio.store.close()
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except BrokenPipeError:  # whoever reads along has seen enough: run.py | head
        sys.stderr.close()
        sys.exit(0)
    except KeyboardInterrupt:
        sys.exit("\n  Closed early.")
