#!/usr/bin/env python
"""The clinic's own command line, as ``django-admin startproject`` makes it."""

import os
import sys
from pathlib import Path

if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "clinic.settings")
    sys.path.insert(0, str(Path(__file__).parent))
    from django.core.management import execute_from_command_line

    execute_from_command_line(sys.argv)
