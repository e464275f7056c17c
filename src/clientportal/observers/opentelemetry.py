"""What a portal does, as traces and metrics of OpenTelemetry; needs the extra ``opentelemetry``.

Only the API is used: which exporter, which sampling, which resource is your application's SDK to say, and without one
nothing is recorded and nothing fails.
"""

from __future__ import annotations

from contextvars import Token

from attrs import frozen

from clientportal.ports.observing import Begun, Ended, Happened, Happening, Observer, Outcome

try:
    from opentelemetry import context, metrics, trace
    from opentelemetry.context import Context
    from opentelemetry.metrics import MeterProvider
    from opentelemetry.trace import Span, SpanKind, Status, StatusCode, TracerProvider
except ImportError as error:
    raise ImportError(
        "OpenTelemetryObserver needs the extra 'opentelemetry': pip install 'clientportal[opentelemetry]'"
    ) from error

__all__ = ["OpenTelemetryObserver"]

_NAME = "clientportal"
_MESSAGES = frozenset(
    {
        Happening.MESSAGE_SENT,
        Happening.MESSAGE_PUT_OFF,
        Happening.MESSAGE_DROPPED,
        Happening.MESSAGE_ABANDONED,
    }
)
_FAULTS = frozenset(
    {
        Happening.AUDIT_BROKEN,
        Happening.GATE_BUSY,
        Happening.HOST_FAILED,
        Happening.SENDER_FAILED,
        Happening.STORE_FAILED,
    }
)


@frozen
class _Open:
    """A span that has begun, and what puts the context back to the one around it."""

    span: Span
    token: Token[Context]


class OpenTelemetryObserver(Observer):
    """A span for each operation, inside your request's, and three instruments.

    * spans ``clientportal.<operation>`` with ``clientportal.caller``, ``.business``, ``.branch``, ``.outcome``,
      ``.reason``, ``.rule``, ``.tries``, ``.conflicts``, ``.replayed``, and ``error.type`` where it failed; only what
      failed has the status *error*, for a refusal is an answer;
    * ``clientportal.operation.duration``: a histogram in seconds, by operation, caller and outcome;
    * ``clientportal.messages``: a counter of messages, by what became of them;
    * ``clientportal.faults``: a counter, by kind.

    No business is among the attributes of a metric: there may be thousands. Without providers the global ones are used.
    """

    def __init__(self, *, tracers: TracerProvider | None = None, meters: MeterProvider | None = None) -> None:
        self._tracer = trace.get_tracer(_NAME, tracer_provider=tracers)
        meter = metrics.get_meter(_NAME, meter_provider=meters)
        self._duration = meter.create_histogram(
            "clientportal.operation.duration", unit="s", description="How long operations of the portal take."
        )
        self._messages = meter.create_counter(
            "clientportal.messages", unit="{message}", description="What became of messages."
        )
        self._faults = meter.create_counter("clientportal.faults", unit="{fault}", description="What failed.")

    def began(self, begun: Begun) -> object:
        attributes = {"clientportal.caller": begun.caller, "clientportal.business": begun.business}
        if begun.branch:
            attributes["clientportal.branch"] = begun.branch
        span = self._tracer.start_span(f"clientportal.{begun.name}", kind=SpanKind.INTERNAL, attributes=attributes)
        span.set_attribute("clientportal.preview", begun.preview)
        return _Open(span, context.attach(trace.set_span_in_context(span)))

    def ended(self, ended: Ended, token: object) -> None:
        # The token is what ``began`` returned; a tracer that failed there returned none, and was told of.
        if isinstance(token, _Open):
            self._close(token, ended)
        measured = {
            "clientportal.operation": ended.begun.name,
            "clientportal.caller": ended.begun.caller,
            "clientportal.outcome": ended.outcome.value,
        }
        if ended.error:
            measured["error.type"] = ended.error
        self._duration.record(ended.seconds, measured)

    def _close(self, opened: _Open, ended: Ended) -> None:
        context.detach(opened.token)
        span = opened.span
        span.set_attribute("clientportal.outcome", ended.outcome.value)
        span.set_attribute("clientportal.tries", ended.tries)
        span.set_attribute("clientportal.conflicts", ended.conflicts)
        span.set_attribute("clientportal.replayed", ended.replayed)
        if ended.rule:
            span.set_attribute("clientportal.rule", ended.rule)
        if ended.reason is not None:
            span.set_attribute("clientportal.reason", ended.reason.value)
        if ended.error:
            span.set_attribute("error.type", ended.error)
        if ended.outcome is Outcome.FAILED:
            span.set_status(Status(StatusCode.ERROR, ended.error))
        span.end()

    def happened(self, happened: Happened) -> None:
        span = trace.get_current_span()
        if span.is_recording():
            facts = {f"clientportal.{name}": value for name, value in happened.facts.items()}
            span.add_event(f"clientportal.{happened.kind.value}", facts)
        if happened.kind in _MESSAGES:
            self._messages.add(1, {"clientportal.outcome": happened.kind.value.removeprefix("message_")})
        elif happened.kind in _FAULTS:
            self._faults.add(1, {"clientportal.fault": happened.kind.value})
