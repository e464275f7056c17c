"""A host adapter that breaks its contract is told so, by the name of the method and by what was wrong."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from typing import Any, ClassVar

import pytest
from attrs import evolve

from clientportal.errors import HostError, Refused
from clientportal.operations.frame import ask_host
from clientportal.operations.trusting import CheckedHost, check_outcome
from clientportal.policy import UnknownIdentity
from clientportal.ports import AsyncBaseHost, AsyncHost, BaseHost, awaited_host, step
from clientportal.ports.host import ContactPage, RawContacts
from clientportal.records import HostWrite, Intent
from clientportal.stores.memory import MemoryHost, MemoryStore
from clientportal.values import (
    AnswerKind,
    Appointment,
    AppointmentPage,
    ClientChange,
    ClientDraft,
    ClientPage,
    ClientRecord,
    ContactKey,
    HostAnswer,
    RecordRef,
    When,
)
from world import World, at

ANA, BEN = RecordRef.client("ana"), RecordRef.client("ben")
METHODS = (
    *("business", "clients", "contacts", "by_contact", "appointments", "appointment", "offer", "service"),
    *("slots", "slot", "create_client", "move", "cancel", "book"),
)


class Salon:
    """Ana and Ben have appointments; Ana is logged in. Then the adapter is changed, and not for the better."""

    def __init__(self) -> None:
        class Platform(MemoryHost):
            capabilities = evolve(MemoryHost.capabilities, by_contact=True)
            turned: ClassVar[dict[str, Callable[[Any], Any]]] = {}

            def by_contact(self, key: ContactKey) -> list[RecordRef]:
                return []

        def turning(name: str) -> Callable[..., Any]:
            method = getattr(Platform, name)

            def answer(self: Any, *args: Any) -> Any:
                truth = method(self, *args)
                return self.turned[name](truth) if name in self.turned else truth

            return answer

        for name in METHODS:
            setattr(Platform, name, turning(name))
        self.host = Platform
        self.world = World(MemoryStore(), Platform, awaited=False, close=lambda: None)
        self.world.change_policy("login", unknown=UnknownIdentity.CREATE_EMPTY)
        self.world.add_client("ana", "Ana Kingi", mobile="021 123 4567")
        self.world.add_client("ben", "Ben Tamihana", mobile="021 123 4568")
        self.world.book("past", ANA, "2026-11-10 14:00")
        self.world.book("next", ANA, "2026-11-27 14:00")
        self.world.book("later", ANA, "2026-11-28 14:00")
        self.world.book("bens", BEN, "2026-11-27 15:00")
        self.free, _ = self.world.add_slots("2026-11-26 09:00", "2026-11-26 11:00")
        self.colour = self.world.add_slots("2026-11-26 13:00", service="colour")[0]
        self.ana = self.world.log_in("021 123 4567")

    def turn(self, method: str, change: Callable[[Any], Any]) -> None:
        """From now on that method answers something else."""
        self.host.turned[method] = change

    def bens(self) -> Appointment:
        """Somebody else's appointment."""
        return step(self.read("bens"))

    async def read(self, id: str) -> Appointment:
        async with self.world.store.begin(self.world.tenant, MemoryHost, writes=False) as unit:
            found = await unit.host.appointment(id)
        assert found is not None
        return found

    def slots(self) -> Any:
        """Free times for Ana's next appointment."""
        return self.ana.slots("next", since=at("2026-11-25 00:00"), until=at("2026-11-30 00:00"))


@pytest.fixture
def salon() -> Iterator[Salon]:
    """The salon, before anything is wrong with it."""
    made = Salon()
    yield made
    made.world.close()


Act = Callable[[Salon], Any]


def _profile(salon: Salon) -> Any:
    return salon.ana.profile()


def _upcoming(salon: Salon) -> Any:
    return salon.ana.appointments(When.UPCOMING, limit=2)


def _terms(salon: Salon) -> Any:
    return salon.ana.change_terms("next")


def _move(salon: Salon) -> Any:
    return salon.ana.move("next", salon.free)


def _cancel(salon: Salon) -> Any:
    return salon.ana.cancel("next")


def _rebook(salon: Salon) -> Any:
    return salon.ana.rebook("past", salon.free)


def _walk(salon: Salon) -> Any:
    return salon.world.portal.walk_contacts(salon.world.tenant)


def _first_login(salon: Salon) -> Any:
    return salon.world.log_in("021 123 4569")


def _explain(salon: Salon) -> Any:
    return salon.world.staff().explain_contact("021 123 4569")


def _slots(salon: Salon) -> Any:
    return salon.slots()


def _renamed(answer: Any) -> Any:
    return evolve(answer, id="another")


def _of_ben(answer: Any) -> Any:
    return evolve(answer, appointment=evolve(answer.appointment, ref=BEN))


def _of_colour(answer: Any) -> Any:
    return evolve(answer, appointment=evolve(answer.appointment, service_id="colour"))


def _row(_answer: Any) -> Any:
    return {"id": "next"}


BROKEN: list[tuple[str, str, Act, Callable[[Any], Any], str]] = [
    ("business", "a row", _terms, _row, r"business\(\) answers with Business; this answered with dict"),
    ("business", "nothing", _terms, lambda _: None, r"business\(\) answers with Business; this answered with None"),
    (
        "clients",
        "a stranger",
        _profile,
        lambda found: [*found, ClientRecord(RecordRef.client("3"), at("2026-01-01 09:00"))],
        r"clients\(\) answered with a record that was not asked for: client:3",
    ),
    ("clients", "one twice", _profile, lambda found: [*found, *found], r"clients\(\) answered twice .*: client:ana"),
    (
        "clients",
        "an iterator",
        _profile,
        iter,
        r"clients\(\) answers with a sequence .* with list_iterator",
    ),
    ("clients", "rows", _profile, lambda _: [{}], r"clients\(\) answers with a sequence of ClientRecord; .* dict"),
    ("contacts", "a list", _walk, lambda page: list(page.items), r"contacts\(\) answers with ContactPage; .* list"),
    ("contacts", "rows", _walk, lambda _: ContactPage((("ana", ""),)), r"contacts\(\) .* RawContacts; .* tuple"),  # type: ignore[arg-type]
    (
        "contacts",
        "a number as cursor",
        _walk,
        lambda _: ContactPage((RawContacts(ANA),), 7),  # type: ignore[arg-type]
        r"contacts\(\) answers with a cursor of text or None; this one is int",
    ),
    ("by_contact", "ids", _explain, lambda _: ["ana"], r"by_contact\(\) answers with a sequence of RecordRef"),
    ("by_contact", "text", _explain, lambda _: "ana", r"by_contact\(\) answers with a sequence .* with str"),
    ("appointments", "a list", _upcoming, lambda page: list(page.items), r"appointments\(\) answers with Appointment"),
    ("appointments", "rows", _upcoming, lambda _: AppointmentPage(({},)), r"appointments\(\) .* dict"),  # type: ignore[arg-type]
    (
        "appointments",
        "more than asked for",
        _upcoming,
        lambda page: AppointmentPage(page.items * 2),
        r"appointments\(\) was asked for at most 2 and answered with 4",
    ),
    ("appointment", "another", _terms, _renamed, r"appointment\(\) was asked for 'next' and answered with 'another'"),
    ("appointment", "a row", _terms, _row, r"appointment\(\) answers with Appointment; this answered with dict"),
    ("offer", "a yes", _terms, lambda _: True, r"offer\(\) answers with Offer; this answered with bool"),
    ("service", "another", _slots, _renamed, r"service\(\) was asked for 'cut' and answered with 'another'"),
    (
        "slots",
        "another service's",
        _slots,
        lambda free: [evolve(free[0], service_id="colour")],
        r"slots\(\) was asked for the service 'cut' and answered with a slot of 'colour'",
    ),
    ("slots", "times", _slots, lambda free: [one.start for one in free], r"slots\(\) .* Slot; .* datetime"),
    ("slot", "another", _move, _renamed, r"slot\(\) was asked for 'slot-\d+' and answered with 'another'"),
    ("create_client", "no ref", _first_login, lambda _: HostAnswer(), r"create_client\(\) .* without the ref"),
    ("create_client", "the ref alone", _first_login, lambda said: said.ref, r"create_client\(\) .* RecordRef"),
    (
        "create_client",
        "taken",
        _first_login,
        lambda _: HostAnswer(AnswerKind.TAKEN),
        r"create_client\(\) answered that the slot is taken, but create_client takes no slot",
    ),
    ("move", "nothing", _move, lambda _: None, r"move\(\) answers with HostAnswer; this answered with None"),
    ("move", "another service", _move, _of_colour, r"move\(\) .* 'cut' and answered with an appointment of 'colour'"),
    ("move", "another client", _move, _of_ben, r"move\(\) .* client:ana and answered with .* client:ben"),
    ("cancel", "a yes", _cancel, lambda _: True, r"cancel\(\) answers with HostAnswer; this answered with bool"),
    (
        "cancel",
        "taken",
        _cancel,
        lambda _: HostAnswer(AnswerKind.TAKEN),
        r"cancel\(\) answered that the slot is taken, but cancel takes no slot",
    ),
    ("cancel", "another client", _cancel, _of_ben, r"cancel\(\) .* client:ana and answered with .* client:ben"),
    ("book", "nothing", _rebook, lambda _: None, r"book\(\) answers with HostAnswer; this answered with None"),
    ("book", "another service", _rebook, _of_colour, r"book\(\) .* 'cut' and answered with .* 'colour'"),
]


@pytest.mark.parametrize(
    ("method", "act", "change", "message"),
    [pytest.param(method, act, change, text, id=f"{method}: {what}") for method, what, act, change, text in BROKEN],
)
def test_the_adapter_is_told_which_method_broke_its_promise(
    salon: Salon, method: str, act: Act, change: Callable[[Any], Any], message: str
) -> None:
    """A wrong answer ends in HostError with the method's name and what was wrong, and nothing is written."""
    salon.turn(method, change)

    with pytest.raises(HostError, match=message):
        act(salon)

    salon.host.turned.clear()
    assert [one.id for one in _upcoming(salon).items] == ["next", "later"], "something was changed all the same"


@pytest.mark.parametrize("method", METHODS)
def test_every_method_is_held_to_its_promise(method: str) -> None:
    """No method that answers is left out of the cases above."""
    assert method in {broken for broken, *_ in BROKEN}


@pytest.mark.parametrize(
    "act", [_terms, _upcoming, _move, _cancel, _rebook, _walk, _first_login, _slots, _profile, _explain]
)
def test_a_host_that_keeps_its_promise_is_believed(salon: Salon, act: Act) -> None:
    """What the broken ones are asked works with the same host unbroken: the faults above are the host's alone."""
    assert act(salon) is not None


@pytest.mark.parametrize("when", When)
def test_a_page_with_somebody_elses_appointment_is_never_shown(salon: Salon, when: When) -> None:
    """The adapter forgot its WHERE; Ana does not see Ben's appointment, nor half a page without it."""
    bens = salon.bens()
    salon.turn("appointments", lambda page: AppointmentPage((*page.items[:1], bens)))

    with pytest.raises(HostError, match=r"appointments\(\) answered with an appointment .* asked for: of client:ben"):
        salon.ana.appointments(when)


def test_somebody_elses_appointment_under_my_id_is_absent(salon: Salon) -> None:
    """One appointment is judged by whose it is, whatever the adapter answers."""
    bens = salon.bens()
    salon.turn("appointment", lambda _: evolve(bens, id="next"))

    with pytest.raises(Refused):
        salon.ana.cancel("next")


def test_what_the_host_raises_passes_through_untouched(salon: Salon) -> None:
    """Its own error is the host's to understand."""
    away = ConnectionError("the platform is away")

    def raising(_answer: Any) -> Any:
        raise away

    salon.turn("offer", raising)
    with pytest.raises(ConnectionError) as caught:
        _terms(salon)
    assert caught.value is away


class _Elsewhere:
    """A host that remembers one answer."""

    def __init__(self, answer: Any) -> None:
        self.answer = answer

    async def outcome(self, key: str) -> Any:
        return self.answer


def _asked_later(answer: Any) -> Any:
    host: AsyncHost = CheckedHost(_Elsewhere(answer))  # type: ignore[arg-type]
    return step(host.outcome("k1"))


def test_an_outcome_is_an_answer_or_nothing() -> None:
    """A host elsewhere that never heard of the write says None; anything but an answer is refused."""
    assert _asked_later(None) is None
    assert _asked_later(HostAnswer()) == HostAnswer()
    with pytest.raises(HostError, match=r"outcome\(\) answers with HostAnswer; this answered with str"):
        _asked_later("done")


@pytest.mark.parametrize("write", [HostWrite.MOVE, HostWrite.CANCEL])
def test_an_outcome_is_held_against_what_was_asked(salon: Salon, write: HostWrite) -> None:
    """What is answered after a crash is not believed more than what is answered at once."""
    mine = step(salon.read("next"))
    now = salon.world.clock()
    intent = Intent(id="k1", write=write, actor="client:ana", asked_at=now, due_at=now, appointment=mine)

    assert check_outcome(intent, HostAnswer(appointment=mine)).appointment == mine
    with pytest.raises(HostError, match=r"outcome\(\) .* client:ana .* client:ben"):
        check_outcome(intent, HostAnswer(appointment=salon.bens()))


# --- the client list, and what staff do with a client

DRAFTS = [(ClientDraft("Ana"), "k1"), (ClientDraft("Ben"), "k2")]
LIST_METHODS: list[tuple[str, tuple[Any, ...]]] = [
    ("client_list", (None, None, 2)),
    ("create_clients", (DRAFTS,)),
    ("update_client", (ANA, ClientChange("1", {"first_name": "Ana"}), "k")),
    ("delete_client", (ANA, "k")),
    ("erase_client", ([ANA], "k")),
    ("delete_appointment", ("next", "k")),
]


class _Answers:
    """A host that has one answer for everything."""

    def __init__(self, answer: Any) -> None:
        self.answer = answer

    def __getattr__(self, _name: str) -> Callable[..., Any]:
        async def answer(*_args: Any) -> Any:
            return self.answer

        return answer


def _said(method: str, answer: Any, *args: Any) -> Any:
    return step(getattr(CheckedHost(_Answers(answer)), method)(*args))  # type: ignore[arg-type]


def _word(answer: object) -> str:
    return "None" if answer is None else type(answer).__name__


def _client(id: str) -> ClientRecord:
    return ClientRecord(RecordRef.client(id), at("2026-01-01 09:00"))


@pytest.mark.parametrize(("method", "args"), LIST_METHODS, ids=[method for method, _ in LIST_METHODS])
@pytest.mark.parametrize("answer", [None, True, "done", {}])
def test_every_new_method_answers_with_its_own_type(method: str, args: tuple[Any, ...], answer: Any) -> None:
    """Nothing, a yes, a word or a row instead is refused with the method's name."""
    with pytest.raises(HostError, match=rf"^{method}\(\) answers with .*{_word(answer)}$"):
        _said(method, answer, *args)


@pytest.mark.requirement("TT5")
@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (ClientPage(({},)), "in this there was dict"),  # type: ignore[arg-type]
        (ClientPage((_client("1"),), 7), "a cursor of text or None; this one is int"),  # type: ignore[arg-type]
        (ClientPage((_client("1"), _client("1"))), "twice with the same record: client:1"),
        (ClientPage(tuple(map(_client, "123"))), "asked for at most 2 and answered with 3"),
        (ClientPage((evolve(_client("1"), ref=RecordRef.booking("b1")),)), "client rows; this is booking:b1"),
    ],
)
def test_a_list_of_clients_is_held_to_its_promise(answer: ClientPage, message: str) -> None:
    """Client rows, each once, no more than were asked for, and a cursor that can be handed back."""
    with pytest.raises(HostError, match=rf"^client_list\(\) .*{message}$"):
        _said("client_list", answer, None, None, 2)
    good = ClientPage((_client("1"), _client("2")), "on")
    assert _said("client_list", good, None, None, 2) == good


@pytest.mark.parametrize(
    ("answers", "message"),
    [
        ([HostAnswer(ref=ANA)], "answers each of 2 drafts; this has 1 answers"),
        ([HostAnswer(ref=ANA), HostAnswer()], "without the ref"),
        ([HostAnswer(ref=ANA), HostAnswer(ref=ANA)], "one record for two drafts"),
        ([HostAnswer(ref=ANA), HostAnswer(AnswerKind.TAKEN)], "create_client takes no slot"),
        ([HostAnswer(ref=ANA), None], "in this there was None"),
    ],
)
def test_many_new_clients_have_an_answer_each(answers: list[Any], message: str) -> None:
    """As many as were asked for, each with a record of its own."""
    with pytest.raises(HostError, match=rf"^create_clients\(\) .*{message}"):
        _said("create_clients", answers, DRAFTS)
    for good in ([HostAnswer(ref=ANA), HostAnswer(ref=BEN)], [HostAnswer(AnswerKind.DECLINED)] * 2):
        assert _said("create_clients", good, DRAFTS) == good


@pytest.mark.parametrize(("method", "args"), LIST_METHODS[2:], ids=[method for method, _ in LIST_METHODS[2:]])
def test_a_write_without_a_slot_is_never_too_late_for_it(method: str, args: tuple[Any, ...]) -> None:
    """``TAKEN`` is no answer to it; done and declined are."""
    with pytest.raises(HostError, match=rf"^{method}\(\) answered that the slot is taken, but {method} takes no slot"):
        _said(method, HostAnswer(AnswerKind.TAKEN), *args)
    for good in (HostAnswer(), HostAnswer(AnswerKind.DECLINED, note="there is no such client")):
        assert _said(method, good, *args) == good


@pytest.mark.parametrize(("method", "args"), LIST_METHODS[3:], ids=[method for method, _ in LIST_METHODS[3:]])
def test_what_is_gone_is_not_answered_with(salon: Salon, method: str, args: tuple[Any, ...]) -> None:
    """A host that deletes or erases has no appointment to show for it: it has done something else."""
    with pytest.raises(HostError, match=rf"^{method}\(\) answered with the appointment 'bens'"):
        _said(method, HostAnswer(appointment=salon.bens()), *args)


def test_a_change_is_of_the_record_that_was_asked_for() -> None:
    """At once, and after a crash."""
    change = ClientChange("1", {"first_name": "Ana"})
    with pytest.raises(HostError, match=r"^update_client\(\) was asked for client:ana and answered with client:ben"):
        _said("update_client", HostAnswer(ref=BEN), ANA, change, "k")
    now = at("2026-11-21 10:00")
    intent = Intent(
        id="k", write=HostWrite.UPDATE_CLIENT, actor="mia", asked_at=now, due_at=now, for_ref=ANA, change=change
    )
    assert check_outcome(intent, HostAnswer(ref=ANA)) == HostAnswer(ref=ANA)
    with pytest.raises(HostError, match=r"^outcome\(\) was asked for client:ana and answered with client:ben"):
        check_outcome(intent, HostAnswer(ref=BEN))


@pytest.mark.requirement("A7")
@pytest.mark.parametrize("when", When)
def test_a_single_appointment_may_be_anybodys(salon: Salon, when: When) -> None:
    """Asked for by its own name it is believed, whoever's row it is; another of the same client is not."""
    bens = salon.bens()
    page = AppointmentPage((bens,))
    args = (when, salon.world.clock(), None, 2)
    assert _said("appointments", page, [RecordRef.booking("bens")], *args) == page
    for refs in ([RecordRef.booking("ben")], [RecordRef.client("bens")], []):
        with pytest.raises(HostError, match="was not asked for: of client:ben"):
            _said("appointments", page, refs, *args)


def _intents() -> list[tuple[Intent, str]]:
    now = at("2026-11-21 10:00")
    change = ClientChange("1", {"first_name": "Ana"})
    given: list[tuple[HostWrite, dict[str, Any], str]] = [
        (HostWrite.UPDATE_CLIENT, {"for_ref": ANA, "change": change}, "update_client"),
        (HostWrite.DELETE_CLIENT, {"for_ref": ANA}, "delete_client"),
        (HostWrite.ERASE_CLIENT, {"refs": (ANA,)}, "erase_client"),
    ]
    return [
        (Intent(id="k", write=write, actor="mia", asked_at=now, due_at=now, **more), method)
        for write, more, method in given
    ]


@pytest.mark.parametrize(("intent", "method"), _intents(), ids=[method for _, method in _intents()])
def test_an_intent_asks_for_its_own_write(intent: Intent, method: str) -> None:
    """The host is asked by the method of that name, under the intent's key; one that lacks what it needs is refused."""
    asked: list[tuple[str, Any]] = []

    class Listening:
        def __getattr__(self, name: str) -> Callable[..., Any]:
            async def answer(*args: Any) -> HostAnswer:
                asked.append((name, args[-1]))
                return HostAnswer()

            return answer

    step(ask_host(Listening(), intent))  # type: ignore[arg-type]
    assert asked == [(method, "k")]
    with pytest.raises(HostError, match=f"lacks what {method} needs"):
        step(ask_host(Listening(), evolve(intent, for_ref=None, refs=())))  # type: ignore[arg-type]


def test_an_intent_to_delete_an_appointment(salon: Salon) -> None:
    """It names the appointment in the version that was decided on."""
    now = salon.world.clock()
    intent = Intent(
        id="k", write=HostWrite.DELETE_APPOINTMENT, actor="mia", asked_at=now, due_at=now, appointment=salon.bens()
    )

    async def delete() -> HostAnswer:
        async with salon.world.store.begin(salon.world.tenant, salon.host, writes=True) as unit:
            answer = await ask_host(unit.host, intent)
            await unit.commit(())
            return answer

    assert step(delete()) == HostAnswer()
    assert salon.world.ask("appointment", "bens") is None


# --- the start of an async adapter


def test_both_base_classes_make_the_same_promises() -> None:
    """The same methods with the same parameters and the same words; in one of them awaited, but for `section`, which
    makes a port and asks the platform nothing.
    """
    plain = {name for name, one in vars(BaseHost).items() if callable(one) and not name.startswith("_")}
    awaited = {name for name, one in vars(AsyncBaseHost).items() if callable(one) and not name.startswith("_")}
    assert plain == awaited
    for name in plain:
        ours, theirs = getattr(BaseHost, name), getattr(AsyncBaseHost, name)
        assert ours.__doc__ == theirs.__doc__
        assert inspect.signature(ours) == inspect.signature(theirs)
        assert inspect.iscoroutinefunction(theirs) is (name != "section")


@pytest.mark.parametrize("base", [BaseHost, AsyncBaseHost])
def test_what_an_adapter_does_not_implement_says_so(base: Any) -> None:
    """By its own name and the method's; what has a default answers it."""
    host = awaited_host(base.open(None, "salon"))
    for method, args in (*LIST_METHODS, ("business", ()), ("slot", ("s1",)), ("outcome", ("k",))):
        name = "create_client" if method == "create_clients" else method
        with pytest.raises(HostError, match=rf"^{base.__name__}\.{name} is not implemented"):
            step(getattr(host, method)(*args))
    for method, args in LIST_METHODS[:1]:
        assert not getattr(base.capabilities, method), args
    assert step(host.service("cut")) is None
    assert step(host.offer("next", "move")).allowed  # type: ignore[arg-type]
    assert step(host.heard("merged")) is None  # type: ignore[arg-type, func-returns-value]


def test_many_new_clients_are_made_one_by_one_by_default() -> None:
    """An adapter that only knows how to make one can be imported into, in either colour."""

    class Plain(BaseHost):
        def create_client(self, draft: ClientDraft, key: str) -> HostAnswer:
            return HostAnswer(ref=RecordRef.client(f"{draft.first_name}-{key}"))

    class Awaited(AsyncBaseHost):
        async def create_client(self, draft: ClientDraft, key: str) -> HostAnswer:
            return HostAnswer(ref=RecordRef.client(f"{draft.first_name}-{key}"))

    for host in (Plain(None, "salon"), Awaited(None, "salon")):
        answers = step(CheckedHost(awaited_host(host)).create_clients(DRAFTS))
        assert [str(answer.ref) for answer in answers] == ["client:Ana-k1", "client:Ben-k2"]
