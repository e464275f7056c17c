"""What a portal does can be watched, in logs, traces and metrics: no secret, contact or name is in any of them."""

from __future__ import annotations

import io
import json
import logging
import re
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from attrs import asdict

from clientportal import HostError, InvalidInput, Reason, RecordRef, Refused, SendFailed, StoreError
from clientportal.observers import JsonLines, LoggingObserver
from clientportal.ports.observing import Begun, Ended, Happened, Happening, Observer, Outcome
from watching import BOTH_COLOURS, at_once, platform
from world import Observed, World

opentelemetry = pytest.importorskip("opentelemetry.sdk")

from opentelemetry.sdk.metrics import MeterProvider  # noqa: E402
from opentelemetry.sdk.metrics.export import InMemoryMetricReader  # noqa: E402
from opentelemetry.sdk.trace import TracerProvider  # noqa: E402
from opentelemetry.sdk.trace.export import SimpleSpanProcessor  # noqa: E402
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter  # noqa: E402

from clientportal.observers.opentelemetry import OpenTelemetryObserver  # noqa: E402

ANA = "021 123 4567"


def watched_by(world: World, *observers: Observer) -> Any:
    """The same portal, watched by these."""
    world.portal = world.make_portal(observer=observers)
    return world.portal


def happenings(world: World) -> list[tuple[str, dict[str, Any]]]:
    """What was told besides operations."""
    return [(one.kind.value, dict(one.facts)) for one in world.observed.all if isinstance(one, Happened)]


def test_an_operation_is_told_as_it_begins_and_as_it_ends(world: World) -> None:
    """By name, who asked, for which business, how it ended, and how long it took."""
    world.add_client("ana", "Ana Kingi", mobile=ANA)
    world.observed.all.clear()
    world.visitor().request_code(ANA)
    begun, ended = world.observed.all
    assert begun == Begun("request_code", "visitor", world.tenant)
    assert isinstance(ended, Ended)
    assert (ended.begun, ended.outcome, ended.reason, ended.error) == (begun, Outcome.DONE, None, "")
    assert (ended.tries, ended.conflicts, ended.replayed) == (1, 0, False)
    assert ended.rule
    assert ended.seconds > 0


def test_a_refusal_is_told_with_its_true_reason(memory_world: World) -> None:
    """Whoever watches sees why, also where the client is told something else."""
    with pytest.raises(Refused):
        memory_world.portal.client("no token").profile()
    with pytest.raises(Refused):
        memory_world.staff(permissions=[]).audit()
    session, permission = memory_world.decisions[-2:]
    assert (session.outcome, session.reason, session.begun.caller) == (
        Outcome.REFUSED, Reason.SESSION_ENDED, "client",
    )  # fmt: skip
    assert (permission.outcome, permission.reason, permission.begun.caller) == (
        Outcome.REFUSED, Reason.PERMISSION, "staff",
    )  # fmt: skip


def test_a_repeated_call_is_told_as_one(memory_world: World) -> None:
    """Under its idempotency key the answer of before is given again."""
    memory_world.add_client("ana", "Ana Kingi", mobile=ANA)
    sent = memory_world.visitor().request_code(ANA)
    memory_world.deliver()
    code = memory_world.code_in(memory_world.box.messages[-1])
    for _ in range(2):
        memory_world.visitor().verify_code(sent.handle, code, key="once")
    first, second = memory_world.decisions[-2:]
    assert (first.replayed, second.replayed) == (False, True)


def test_a_preview_is_told_as_one(memory_world: World) -> None:
    """It has no effect, and takes its time all the same."""
    memory_world.staff().preview.audit()
    assert memory_world.decisions[-1].begun.preview


def test_messages_are_told_on_their_way(memory_world: World) -> None:
    """Taken, put off, taken, sent; by id, kind and channel, never by whom it is for or what it says."""
    memory_world.add_client("ana", "Ana Kingi", mobile=ANA)
    memory_world.box.fails = [SendFailed(f"cannot reach {ANA}")]
    memory_world.visitor().request_code(ANA)
    memory_world.deliver()
    memory_world.clock.advance(timedelta(minutes=1))
    memory_world.deliver()
    told = happenings(memory_world)
    kinds = [kind for kind, _ in told if kind.startswith(("message", "sender"))]
    assert kinds == ["message_taken", "sender_failed", "message_put_off", "message_taken", "message_sent"]
    (taken, *_) = [facts for kind, facts in told if kind == "message_taken"]
    assert (taken["kind"], taken["channel"]) == ("login_code", "sms")
    (failed,) = [facts for kind, facts in told if kind == "sender_failed"]
    assert (failed["error"], failed["permanent"]) == ("SendFailed", 0)
    assert "4567" not in repr(told)
    assert dict(told)["pump_ran"]["sent"] == 1


def test_an_abandoned_message_is_told(memory_world: World) -> None:
    """There is no such number."""
    memory_world.add_client("ana", "Ana Kingi", mobile=ANA)
    memory_world.box.fails = [SendFailed("no such number", permanent=True)]
    memory_world.visitor().request_code(ANA)
    memory_world.deliver()
    assert "message_abandoned" in dict(happenings(memory_world))


@BOTH_COLOURS
def test_a_platform_that_breaks_its_promise_is_told(awaited: bool) -> None:
    """The operation failed, by the class of the error; its text stays out of it."""

    def broken(_host: Any, *_asked: Any) -> Any:
        raise HostError("clients() answered with Ana Kingi's row")

    with platform(awaited, clients=broken) as world:
        with pytest.raises(HostError):
            world.portal.contact_changed(world.tenant, RecordRef.client("ana"))
        ended = [one for one in world.observed.all if isinstance(one, Ended)][-1]
        assert (ended.outcome, ended.error) == (Outcome.FAILED, "HostError")
        assert happenings(world)[-1] == ("host_failed", {"error": "HostError", "operation": "contact_changed"})
        assert "Ana" not in repr(world.observed.all)


def test_a_store_that_fails_is_told(memory_world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """By its class."""

    def fail(*_args: Any, **_more: Any) -> Any:
        raise StoreError("connection to db.internal as portal failed")

    monkeypatch.setattr(memory_world.store, "begin", fail)
    with pytest.raises(StoreError):
        memory_world.visitor().request_code(ANA)
    assert happenings(memory_world)[-1] == ("store_failed", {"error": "StoreError", "operation": "request_code"})


def test_what_cannot_work_is_told_as_that(memory_world: World) -> None:
    """A number that is none is nobody's failure."""
    with pytest.raises(InvalidInput):
        memory_world.staff().explain_contact("garbage")
    assert memory_world.decisions[-1].outcome is Outcome.INVALID


class Broken(Observer):
    """Raises whatever it is told."""

    def began(self, begun: Begun) -> object:
        raise RuntimeError("the disk is full")

    def ended(self, ended: Ended, token: object) -> None:
        raise RuntimeError("the disk is full")

    def happened(self, happened: Happened) -> None:
        raise RuntimeError("the disk is full")


@BOTH_COLOURS
def test_an_observer_that_raises_breaks_nothing(awaited: bool, caplog: pytest.LogCaptureFixture) -> None:
    """The operation is done, other observers are told, and the log says once that it is broken, without the text."""
    with platform(awaited) as world:
        after = Observed()
        watched_by(world, Broken(), after)
        for _ in range(3):
            world.staff().audit()
        world.portal.seal_audit(world.tenant)
        assert [one.begun.name for one in after.operations][:3] == ["audit"] * 3
    said = [record.getMessage() for record in caplog.records if record.name == "clientportal.observing"]
    assert [text.partition(";")[0] for text in said] == [
        f"Broken.{method} raised RuntimeError" for method in ("began", "ended", "happened")
    ]
    assert "disk" not in repr(said)


@pytest.mark.parametrize("given", ["observer", 7, [lambda *_: None]])
def test_what_is_no_observer_is_refused(memory_world: World, given: Any) -> None:
    """When the portal is built, with a sentence."""
    with pytest.raises(InvalidInput, match="LoggingObserver"):
        memory_world.make_portal(observer=given)


# --- logs ------------------------------------------------------------------------------------------------------------


def a_day(world: World) -> None:
    """Ana logs in, is refused, a message is abandoned, the purge runs."""
    world.add_client("ana", "Ana Kingi", mobile=ANA)
    world.sign_in(ANA)
    with pytest.raises(Refused):
        world.portal.client("no token").profile()
    world.clock.advance(timedelta(minutes=20))
    world.box.fails = [SendFailed(f"no such number {ANA}", permanent=True)]
    world.visitor().request_code(ANA)
    world.deliver()
    world.clock.advance(timedelta(days=400))
    world.portal.purge(world.tenant)


def test_the_levels_tell_what_to_look_at(memory_world: World, caplog: pytest.LogCaptureFixture) -> None:
    """A refusal is INFO, an abandoned message a WARNING, a platform that fails an ERROR, a broken audit CRITICAL."""
    watched_by(memory_world, LoggingObserver())
    with caplog.at_level(logging.DEBUG, "clientportal"):
        a_day(memory_world)
        LoggingObserver().ended(Ended(Begun("move", "client", "salon"), Outcome.FAILED, 0.1, error="HostError"), None)
        for kind in Happening:
            LoggingObserver().happened(Happened(kind, "salon"))
    lines = {(one.name, one.levelname, one.getMessage().strip()) for one in caplog.records}
    assert ("clientportal.operations", "INFO", "profile refused: session_ended") in lines
    assert ("clientportal.operations", "ERROR", "move failed: HostError") in lines
    assert ("clientportal.faults", "CRITICAL", "audit_broken") in lines
    assert ("clientportal.faults", "ERROR", "host_failed") in lines
    assert ("clientportal.messages", "WARNING", "message_abandoned") in lines
    assert not re.search(r"123.?4567|Ana|Kingi|visitor:", repr([vars(one) for one in caplog.records]))


def test_what_is_slow_or_busy_is_a_warning(caplog: pytest.LogCaptureFixture) -> None:
    """Two seconds, unless the platform says otherwise."""
    begun = Begun("merge", "staff", "salon", preview=True)
    with caplog.at_level(logging.DEBUG, "clientportal"):
        LoggingObserver().ended(Ended(begun, Outcome.DONE, 2.0), None)
        LoggingObserver(slow=timedelta(seconds=5)).ended(Ended(begun, Outcome.DONE, 2.0, replayed=True), None)
        LoggingObserver().ended(Ended(begun, Outcome.REFUSED, 0.1, reason=Reason.BUSY), None)
    assert [one.levelname for one in caplog.records] == ["WARNING", "DEBUG", "WARNING"]
    assert vars(caplog.records[1])["portal"]["replayed"] is True


def test_nothing_is_made_up_for_a_level_that_nobody_reads(caplog: pytest.LogCaptureFixture) -> None:
    """At ERROR alone, a sent message costs nothing."""
    with caplog.at_level(logging.ERROR, "clientportal"):
        LoggingObserver().ended(Ended(Begun("x", "client", "salon"), Outcome.DONE, 0.1), None)
        LoggingObserver().happened(Happened(Happening.MESSAGE_SENT, "salon"))
    assert caplog.records == []


@pytest.fixture
def lines() -> Iterator[io.StringIO]:
    """What stands in a log of JSON lines."""
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(JsonLines())
    logger = logging.getLogger("clientportal")
    logger.addHandler(handler)
    before, logger.level = logger.level, logging.DEBUG
    yield stream
    logger.removeHandler(handler)
    logger.level = before


def test_a_line_of_json_for_each(memory_world: World, lines: io.StringIO) -> None:
    """What was told stands beside level, logger and time; also where others log, with their traceback."""
    watched_by(memory_world, LoggingObserver())
    a_day(memory_world)
    try:
        raise ValueError("somebody else's")
    except ValueError:
        logging.getLogger("clientportal.elsewhere").exception("it broke")
    read = [json.loads(line) for line in lines.getvalue().splitlines()]
    (refused,) = [one for one in read if one.get("reason") == "session_ended"]
    assert (refused["operation"], refused["level"], refused["business"]) == ("profile", "INFO", "-")
    assert refused["logger"] == "clientportal.operations"
    assert "Traceback" in read[-1]["exception"]


# --- OpenTelemetry ---------------------------------------------------------------------------------------------------


class Recorded:
    """What the real SDK exports."""

    def __init__(self) -> None:
        self.exporter, self.reader = InMemorySpanExporter(), InMemoryMetricReader()
        self.tracers = TracerProvider()
        self.tracers.add_span_processor(SimpleSpanProcessor(self.exporter))
        self.meters = MeterProvider(metric_readers=[self.reader])
        self.observer = OpenTelemetryObserver(tracers=self.tracers, meters=self.meters)

    def metrics(self) -> dict[str, dict[tuple[tuple[str, Any], ...], Any]]:
        """Instrument -> attributes -> its point."""
        data = json.loads(self.reader.get_metrics_data().to_json())  # type: ignore[union-attr]
        (scope,) = data["resource_metrics"][0]["scope_metrics"]
        return {
            metric["name"]: {tuple(sorted(one["attributes"].items())): one for one in metric["data"]["data_points"]}
            for metric in scope["metrics"]
        }


@BOTH_COLOURS
def test_operations_are_spans_inside_the_request_s(awaited: bool) -> None:
    """In both colours: the request's span is the parent, and is the present one again afterwards."""
    told = Recorded()
    tracer = told.tracers.get_tracer("app")

    def plainly(portal: Any) -> None:
        with tracer.start_as_current_span("GET /portal"), pytest.raises(Refused):
            portal.client("no token").profile()
        portal.staff("salon", actor="mia", permissions=["see_audit"]).audit()

    async def on_a_loop(portal: Any) -> None:
        with tracer.start_as_current_span("GET /portal"), pytest.raises(Refused):
            await portal.client("no token").profile()
        await portal.staff("salon", actor="mia", permissions=["see_audit"]).audit()

    with platform(awaited) as world:
        watched_by(world, told.observer)
        assert at_once(world, on_a_loop if awaited else plainly) == [None]
    spans = {one.name: one for one in told.exporter.get_finished_spans()}
    request, refused = spans["GET /portal"], spans["clientportal.profile"]
    assert refused.parent is not None
    assert refused.parent.span_id == request.context.span_id  # type: ignore[union-attr]
    assert spans["clientportal.audit"].parent is None
    attributes = dict(refused.attributes or {})
    assert attributes["clientportal.reason"] == "session_ended"
    assert attributes["clientportal.outcome"] == "refused"
    assert refused.status.is_ok or refused.status.is_unset, "a refusal is an answer"


@BOTH_COLOURS
def test_many_at_once_have_spans_of_their_own(awaited: bool) -> None:
    """Tasks and threads do not mix up their contexts: each operation is under its own request."""
    told = Recorded()
    tracer = told.tracers.get_tracer("app")

    def attempt(number: int) -> Any:
        if awaited:

            async def go(portal: Any) -> None:
                with tracer.start_as_current_span(f"request {number}"):
                    await portal.staff("salon", actor="mia", permissions=["see_audit"]).audit()

            return go

        def run(portal: Any) -> None:
            with tracer.start_as_current_span(f"request {number}"):
                portal.staff("salon", actor="mia", permissions=["see_audit"]).audit()

        return run

    with platform(awaited) as world:
        watched_by(world, told.observer)
        at_once(world, *(attempt(number) for number in range(4)))
    spans = told.exporter.get_finished_spans()
    requests = {one.context.span_id for one in spans if one.name.startswith("request")}  # type: ignore[union-attr]
    parents = [one.parent.span_id for one in spans if one.name == "clientportal.audit" and one.parent]
    assert len(parents) == 4
    assert set(parents) == requests


def test_what_failed_has_the_status_of_an_error(memory_world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """With the class of the error, and without its text."""

    def fail(*_args: Any, **_more: Any) -> Any:
        raise StoreError("connection to db.internal failed")

    told = Recorded()
    watched_by(memory_world, told.observer)
    monkeypatch.setattr(memory_world.store, "begin", fail)
    with pytest.raises(StoreError):
        memory_world.visitor().request_code(ANA)
    (span,) = told.exporter.get_finished_spans()
    assert (span.status.is_ok, dict(span.attributes or {})["error.type"]) == (False, "StoreError")
    assert "db.internal" not in span.to_json()
    assert told.metrics()["clientportal.faults"][(("clientportal.fault", "store_failed"),)]["value"] == 1


def test_metrics_count_and_measure(memory_world: World) -> None:
    """Durations by operation, caller and outcome; messages by what became of them; no business among them."""
    told = Recorded()
    watched_by(memory_world, told.observer)
    a_day(memory_world)
    seen = told.metrics()
    assert set(seen) == {"clientportal.operation.duration", "clientportal.messages", "clientportal.faults"}
    key = (
        ("clientportal.caller", "visitor"),
        ("clientportal.operation", "request_code"),
        ("clientportal.outcome", "done"),
    )
    assert seen["clientportal.operation.duration"][key]["count"] == 2
    assert seen["clientportal.messages"][(("clientportal.outcome", "abandoned"),)]["value"] == 1
    assert memory_world.tenant not in repr(seen)
    assert "4567" not in "".join(one.to_json() for one in told.exporter.get_finished_spans())


def test_without_an_sdk_nothing_is_recorded_and_nothing_fails(memory_world: World) -> None:
    """The API alone does nothing."""
    watched_by(memory_world, OpenTelemetryObserver())
    a_day(memory_world)


def test_an_end_without_its_beginning_is_measured_all_the_same() -> None:
    """A tracer that failed at the beginning gave no token."""
    told = Recorded()
    told.observer.ended(Ended(Begun("x", "client", "salon"), Outcome.FAILED, 0.1, error="KeyError"), None)
    assert told.exporter.get_finished_spans() == ()
    assert len(told.metrics()["clientportal.operation.duration"]) == 1


def test_events_are_values() -> None:
    """They can be kept, compared and made into dictionaries."""
    assert asdict(Happened(Happening.PUMP_RAN, "salon", {"sent": 1}))["facts"] == {"sent": 1}
    assert Observer().began(Begun("x", "client", "salon")) is None
