"""Observers that ship: the standard library's logging, and OpenTelemetry (which needs the extra ``opentelemetry``)."""

from clientportal.observers.logs import JsonLines, LoggingObserver

__all__ = ["JsonLines", "LoggingObserver"]
