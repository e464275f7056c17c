"""A week at Harbour Physio, told through its client portal: a Django project with tables that were never made for one.

    python examples/clinic_django/run.py                # makes clinic.db next to this file, and tells the story
    python examples/clinic_django/manage.py runserver   # afterwards: the same in a browser

At a terminal you type the code that arrives on the phone; where there is none, the script types it.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent


def main() -> int:
    """Set the project up as ``manage.py`` does, and tell the story."""
    sys.path.insert(0, str(HERE))
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "clinic.settings")
    try:
        import django

        django.setup()
    except ModuleNotFoundError as missing:
        print(
            f"{missing.name} is not installed here. From the folder of the checkout:\n"
            "  python3 -m venv .venv && .venv/bin/pip install -e '.[django]' && "
            ".venv/bin/python examples/clinic_django/run.py",
            file=sys.stderr,
        )
        return 1
    from story import tell

    return tell()


if __name__ == "__main__":
    sys.exit(main())
