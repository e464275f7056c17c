"""The management commands: what they do, what they say, and the code that they end with."""

from __future__ import annotations

import io
import signal
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import connections
from django.test import override_settings

from clientportal import Channel, KeyRing, Portal, presets
from clientportal.stores.sql import SqlHost
from clientportal.stores.sql.django import DjangoStore
from clientportal.web.django import portal
from django_app.project import KEY, PHONE, SETTING, fill


@pytest.fixture
def salon(on_sqlite: Path, fresh_setting: None) -> None:
    """A salon with clients."""
    fill()


def _say(command: str, *arguments: str, **more: Any) -> tuple[str, str, int]:
    """What a command has written, on both streams, and its exit code."""
    out, err, code = io.StringIO(), io.StringIO(), 0
    try:
        call_command(command, *arguments, stdout=out, stderr=err, no_color=True, **more)
    except CommandError as error:
        code = error.returncode
        err.write(str(error))
    return out.getvalue(), err.getvalue(), code


def _ask_for_a_code() -> None:
    portal().visitor("salon", source="192.0.2.7").request_code("027 555 0163")


def test_deliver(salon: None) -> None:
    """It sends what is due, says so, and ends with 0; again there is nothing."""
    _ask_for_a_code()
    assert _say("clientportal_deliver") == ("salon: 1 sent\n", "", 0)
    assert len(PHONE.messages) == 1
    assert _say("clientportal_deliver", "--business", "salon") == ("salon: nothing\n", "", 0)
    assert _say("clientportal_deliver", verbosity=0) == ("", "", 0)
    with pytest.raises(CommandError, match="whole number from 1 on"):
        call_command("clientportal_deliver", "--limit", "0")


def test_a_business_that_fails_keeps_no_other_from_its_turn(salon: None) -> None:
    """One of two fails: it is named on stderr, the other is served, and the exit code is 1."""

    def policies(business: str) -> Any:
        if business != "salon":
            raise LookupError("there is no business 'closed'")
        return presets.timely(region="NZ")

    with override_settings(CLIENTPORTAL={**SETTING, "policy": policies, "businesses": ["closed", "salon"]}):
        out, err, code = _say("clientportal_reindex")
    assert out.startswith("salon: 3 records")
    assert code == 1
    assert err.startswith("closed: ")
    with override_settings(CLIENTPORTAL={**SETTING, "host": None}):
        assert _say("clientportal_deliver")[1:] == (
            "CLIENTPORTAL['host'] is missing: the dotted path of your adapter, such as 'salon.portal.SalonHost'",
            1,
        )


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_deliver_in_a_loop(salon: None, monkeypatch: pytest.MonkeyPatch, number: signal.Signals) -> None:
    """It goes on until a signal, ends after the batch that is under way, and leaves the handlers as they were."""
    before = signal.getsignal(number)
    _ask_for_a_code()
    walked = portal().deliver

    def deliver(business: str, *, limit: int) -> Any:
        done = walked(business, limit=limit)
        if not done.sent:
            signal.raise_signal(number)
        return done

    monkeypatch.setattr(portal(), "deliver", deliver)
    assert _say("clientportal_deliver", "--loop", "--every", "1") == ("salon: 1 sent\nstopped\n", "", 0)
    assert len(PHONE.messages) == 1
    assert signal.getsignal(number) is before


def test_reindex(on_sqlite: Path, fresh_setting: None) -> None:
    """It builds the index of contacts, tells how far it has come, and which contacts cannot be read."""
    fill()
    out, err, code = _say("clientportal_reindex", "--restart", verbosity=2)
    assert (err, code) == ("", 0)
    assert out.splitlines()[-1] == "salon: 3 records, 4 contacts, 1 shared, 0 cannot be read"
    assert "records …" in out
    with connections["default"].cursor() as cursor:
        cursor.execute("UPDATE cp_host_clients SET mobile = 'ring the shop' WHERE id = '3'")
    out, _, code = _say("clientportal_reindex", "--restart", verbosity=2)
    assert code == 0
    assert out.splitlines()[-1] == "salon: client:3 mobile: letters"


def test_purge(salon: None) -> None:
    """What has expired goes, by kind; what has not stays."""
    _ask_for_a_code()
    assert _say("clientportal_purge") == ("salon: nothing\n", "", 0)
    later = Portal(
        store=DjangoStore(),
        host=SqlHost,
        policy=presets.timely(region="NZ"),
        keys=KeyRing.from_secrets({"2026-11": KEY}),
        senders={Channel.SMS: PHONE},
        clock=lambda: datetime.now(UTC) + timedelta(days=30),
    )
    with override_settings(CLIENTPORTAL=dict(SETTING)):
        from clientportal.web.django.conf import configuration

        configuration().__dict__["portal"] = later
        out, err, code = _say("clientportal_purge", "--audit-days", "365", verbosity=2)
    assert (err, code) == ("", 0)
    assert "login codes" in out.splitlines()[-1]


def test_audit(salon: None) -> None:
    """An audit that is as it was sealed ends with 0; one that somebody has written into ends with 1, and says what."""
    portal().staff("salon", actor="mia", permissions={"see_duplicates"}).duplicates()
    out, err, code = _say("clientportal_audit", verbosity=2)
    assert (err, code) == ("", 0)
    assert "are as they were sealed" in out
    with connections["default"].cursor() as cursor:
        cursor.execute("UPDATE cp_audit SET body = replace(body, 'staff:mia', 'staff:tama')")
    out, err, code = _say("clientportal_audit")
    assert (out, code) == ("", 1)
    assert err.startswith("salon: ")


def test_check(salon: None) -> None:
    """Part by part; where one has failed, the exit code says so."""
    out, err, code = _say("clientportal_check", verbosity=2)
    assert (err, code) == ("", 0)
    assert "salon: store: ok\n" in out
    with connections["default"].cursor() as cursor:
        cursor.execute("ALTER TABLE cp_host_businesses RENAME TO lost")
    out, err, code = _say("clientportal_check")
    assert code == 1
    assert "salon: host: failed" in err
