"""Makes ``tests/servers.py`` importable from here, whichever folder pytest was started in."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))
