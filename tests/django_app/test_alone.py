"""A project that has nothing but the portal: no users, no admin, no sessions of Django's."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

PROGRAM = """
import django
from django.conf import settings
from clientportal import Business, KeyRing

settings.configure(
    SECRET_KEY="nobody's", ROOT_URLCONF="clientportal.web.django.urls", ALLOWED_HOSTS=["*"], USE_TZ=False, DEBUG=True,
    DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": "alone.db"}},
    INSTALLED_APPS=["clientportal.web.django"],
    CLIENTPORTAL={
        "host": "clientportal.stores.sql.SqlHost", "policy": "timely", "keys": {"k": KeyRing.generate_secret()},
        "senders": {"sms": "clientportal.senders.console.ConsoleSender"}, "base_url": "http://localhost:8000/",
        "business": "salon",
    },
)
django.setup()
from django.core.management import call_command
from django.db import connection, transaction
from django.test import Client
from clientportal.ports import step
from clientportal.stores.sql import SqlHost

call_command("migrate", verbosity=0)
with transaction.atomic():
    step(SqlHost(connection, "salon").add_business(Business("salon", "Kōwhai Hair", "Pacific/Auckland")))
call_command("clientportal_reindex")
call_command("clientportal_check")
browser = Client()
print(browser.get("/sign-in").status_code, browser.get("/staff").status_code)
"""


def test_the_app_needs_no_other_app(tmp_path: Path) -> None:
    """Mounted at the root, without users and admin: migrate, the commands and the sign-in work; staff is nobody."""
    command = [sys.executable, "-W", "error", "-c", PROGRAM]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == [
        "salon: 0 records, 0 contacts, 0 shared, 0 cannot be read",
        "salon: ok",
        "200 403",
    ]
