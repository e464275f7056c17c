"""A day at a barber shop, told through its client portal: a small Flask application with tables of its own.

python examples/barber_flask/run.py            # makes barber.db next to this file, and tells the story
python examples/barber_flask/run.py --serve    # the same file in a browser (--port 5000)
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent


def main() -> int:
    """Tell the story, or serve the application."""
    sys.path.insert(0, str(HERE))
    arguments = argparse.ArgumentParser(description="A barber shop's Flask application with a client portal.")
    arguments.add_argument("--db", type=Path, default=HERE / "barber.db", help="the SQLite file (default: %(default)s)")
    arguments.add_argument("--serve", action="store_true", help="no story: the application, on this machine alone")
    arguments.add_argument("--port", type=int, default=5000, help="where to serve it (default: %(default)s)")
    given = arguments.parse_args()
    try:
        from story import serve, tell
    except ModuleNotFoundError as missing:
        print(
            f"{missing.name} is not installed here. From the folder of the checkout:\n"
            "  python3 -m venv .venv && .venv/bin/pip install -e '.[sql,flask]' && "
            ".venv/bin/python examples/barber_flask/run.py",
            file=sys.stderr,
        )
        return 1
    return serve(given.db, given.port) if given.serve else tell(given.db)


if __name__ == "__main__":
    sys.exit(main())
