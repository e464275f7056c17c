"""What is said where an extra is not installed."""

from __future__ import annotations

import subprocess
import sys

_WITHOUT = """
import importlib, sys

for name in ("sqlalchemy", "cattrs", "jinja2", "babel", "opentelemetry", "click", "httpx", "redis"):
    sys.modules[name] = None
import clientportal, clientportal.stores.memory, clientportal.stores.redis, clientportal.senders.smtp
import clientportal.observers, clientportal.testing

for module in ("stores.sql", "web", "observers.opentelemetry", "cli.start"):
    try:
        importlib.import_module(f"clientportal.{module}")
    except (ImportError, SystemExit) as error:
        print(error)
from clientportal.senders.twilio import TwilioSender

try:
    TwilioSender(account_sid="AC1", auth_token="secret", from_number="+6495550142")
except ImportError as error:
    print(error)
"""


def test_what_needs_an_extra_that_is_not_installed_names_it() -> None:
    """The core, the memory store, SMTP and the logs need none; everything else says which pip has to install."""
    ran = subprocess.run([sys.executable, "-c", _WITHOUT], capture_output=True, text=True, timeout=60)
    assert ran.returncode == 0, ran.stderr
    said = ran.stdout.splitlines()
    assert [line.rpartition("clientportal[")[2] for line in said] == [
        f"{extra}]'" for extra in ("sql", "web", "opentelemetry", "cli", "sms")
    ]


def test_the_command_is_not_there_by_half() -> None:
    """Flask brings click, and pip puts the script there with every extra: without the rest, the same sentence."""
    without = "import sys; sys.modules['sqlalchemy'] = None; import clientportal.cli.start"
    ran = subprocess.run([sys.executable, "-c", without], capture_output=True, text=True, timeout=60)
    assert (ran.returncode, ran.stderr) == (
        1,
        "the clientportal command needs the extra 'cli': pip install 'clientportal[cli]'\n",
    )
