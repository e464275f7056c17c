"""What a portal does, in the logs of the standard library; and a formatter that makes one line of JSON of each.

The levels are chosen for whoever is woken at three: at ``ERROR`` somebody should look now, at ``WARNING`` before long,
at ``INFO`` nobody need. A refusal is an ordinary day.
"""

from __future__ import annotations

import json
import logging
from datetime import UTC, datetime, timedelta

from clientportal.decisions import Reason
from clientportal.ports.observing import Ended, Happened, Happening, Observer, Outcome

__all__ = ["JsonLines", "LoggingObserver"]

_MESSAGES = "clientportal.messages"
_UPKEEP = "clientportal.upkeep"
_FAULTS = "clientportal.faults"

_LEVELS: dict[Happening, tuple[str, int]] = {
    Happening.MESSAGE_TAKEN: (_MESSAGES, logging.DEBUG),
    Happening.MESSAGE_SENT: (_MESSAGES, logging.INFO),
    Happening.MESSAGE_PUT_OFF: (_MESSAGES, logging.INFO),
    Happening.MESSAGE_DROPPED: (_MESSAGES, logging.INFO),
    Happening.MESSAGE_ABANDONED: (_MESSAGES, logging.WARNING),
    Happening.PUMP_RAN: (_UPKEEP, logging.DEBUG),
    Happening.PURGE_RAN: (_UPKEEP, logging.INFO),
    Happening.AUDIT_SEALED: (_UPKEEP, logging.DEBUG),
    Happening.AUDIT_BROKEN: (_FAULTS, logging.CRITICAL),
    Happening.GATE_BUSY: (_FAULTS, logging.WARNING),
    Happening.HOST_FAILED: (_FAULTS, logging.ERROR),
    Happening.SENDER_FAILED: (_FAULTS, logging.WARNING),
    Happening.STORE_FAILED: (_FAULTS, logging.ERROR),
}


class LoggingObserver(Observer):
    """Writes to four loggers, each with what it tells in ``extra`` under ``portal`` as a dictionary:

    * ``clientportal.operations``: each operation as it ends. Done is ``DEBUG`` and a refusal ``INFO``; ``busy``, and
      what took longer than ``slow``, is a ``WARNING``, what failed an ``ERROR``.
    * ``clientportal.messages``: sent, put off and dropped are ``INFO``, abandoned is a ``WARNING``.
    * ``clientportal.upkeep``: the pump ``DEBUG``, the purge ``INFO``.
    * ``clientportal.faults``: a sender that failed, or no place to hash at: ``WARNING``; the platform's adapter or the
      store: ``ERROR``; an audit that does not hold: ``CRITICAL``.

    No line has a traceback: an exception's text is somebody else's, and may hold what no log should. What is raised
    still reaches your framework, which logs it as it logs everything.
    """

    def __init__(self, *, slow: timedelta = timedelta(seconds=2)) -> None:
        self._slow = slow.total_seconds()
        self._operations = logging.getLogger("clientportal.operations")

    def ended(self, ended: Ended, token: object) -> None:
        level = self._level(ended)
        if not self._operations.isEnabledFor(level):
            return
        begun = ended.begun
        told: dict[str, str | int | float | bool] = {
            "operation": begun.name,
            "caller": begun.caller,
            "business": begun.business,
            "outcome": ended.outcome.value,
            "milliseconds": round(ended.seconds * 1000, 1),
            "tries": ended.tries,
            "conflicts": ended.conflicts,
        }
        for name, value in (("branch", begun.branch), ("rule", ended.rule), ("error", ended.error)):
            if value:
                told[name] = value
        if ended.reason is not None:
            told["reason"] = ended.reason.value
        told |= {name: True for name, value in (("preview", begun.preview), ("replayed", ended.replayed)) if value}
        why = told.get("reason") or told.get("error") or ""
        said = f"{begun.name} {ended.outcome.value}{': ' if why else ''}{why}"
        self._operations.log(level, "%s", said, extra={"portal": told})

    def _level(self, ended: Ended) -> int:
        if ended.outcome is Outcome.FAILED:
            return logging.ERROR
        if ended.reason is Reason.BUSY or ended.seconds >= self._slow:
            return logging.WARNING
        return logging.DEBUG if ended.outcome is Outcome.DONE else logging.INFO

    def happened(self, happened: Happened) -> None:
        name, level = _LEVELS[happened.kind]
        logger = logging.getLogger(name)
        if logger.isEnabledFor(level):
            told = {"happened": happened.kind.value, "business": happened.business, **happened.facts}
            facts = " ".join(f"{fact}={value}" for fact, value in happened.facts.items())
            logger.log(level, "%s %s", happened.kind.value, facts, extra={"portal": told})


class JsonLines(logging.Formatter):
    """One line of JSON for each record: ``at``, ``level``, ``logger``, ``message``, and what the observer told."""

    def format(self, record: logging.LogRecord) -> str:
        told = getattr(record, "portal", None)
        line: dict[str, object] = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "logger": record.name,
            "message": record.getMessage(),
        }
        if isinstance(told, dict):
            line |= told
        if record.exc_info is not None:
            line["exception"] = self.formatException(record.exc_info)
        return json.dumps(line, ensure_ascii=False, default=str)
