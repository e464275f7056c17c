"""Documents and forms as the scenarios have them: what a salon and a physiotherapist send to their clients."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

from clientportal import RecordRef
from clientportal.values.documents import Document
from clientportal.values.forms import Condition, FormRequest, Question
from world import World, at


def a_document(id: str, ref: RecordRef, name: str, shared: str = "2026-11-20 09:00", **more: Any) -> Document:
    """A document that is shared: ``a_document("d1", ana, "Care plan.pdf")``."""
    more.setdefault("media_type", "application/pdf")
    return Document(id=id, ref=ref, name=name, shared_at=at(shared), size=0, uploaded_by="Mia", **more)


def share(world: World, id: str, ref: RecordRef, name: str, content: bytes = b"%PDF-1.7", **more: Any) -> None:
    """The business shares it."""
    world.seed("add_document", a_document(id, ref, name, **more), content)


def read_all(world: World, download: Any) -> bytes:
    """Everything that a download gives."""
    return b"".join(pieces_of(world, download))


def pieces_of(world: World, download: Any) -> Any:
    """Its chunks one by one, in either colour."""
    if not world.awaited:
        yield from download.chunks
        return

    async def next_piece() -> bytes | None:
        return await anext(download.chunks, None)

    while (piece := world.run(next_piece())) is not None:
        yield piece


INTAKE = (
    Question(name="name", label="Your name", kind="text", required=True, max_length=60),
    Question(name="pregnant", label="Are you pregnant?", kind="yes_no", required=True),
    Question(name="due", label="When is it due?", kind="date", required=True, when=Condition("pregnant", "yes")),
    Question(name="pressure", label="How firm?", kind="choice", options=("light", "medium", "firm")),
    Question(name="allergies", label="Allergies", kind="several", options=("nuts", "latex", "lavender")),
    Question(name="weight", label="Weight in kg", kind="number", decimals=1, least=Decimal(20), most=Decimal("300.5")),
    Question(name="born", label="Born", kind="date", first_day=date(1900, 1, 1), last_day=date(2026, 11, 21)),
    Question(name="email", label="Email", kind="email"),
    Question(name="emergency", label="Whom to call", kind="phone"),
    Question(name="story", label="Tell us more", kind="long_text", max_length=2000),
    Question(name="terms", label="I agree", kind="consent", edition="2026-03", required=True),
    Question(name="signed", label="Signature", kind="signature", required=True),
)
"""A physiotherapist's intake form."""

ANSWERS: dict[str, Any] = {
    "name": "Ana Kingi",
    "pregnant": "yes",
    "due": "2027-03-14",
    "pressure": "firm",
    "allergies": ["lavender", "nuts"],
    "weight": "61,5",
    "born": "1990-05-02",
    "email": "Ana@Example.com",
    "emergency": "021 765 4321",
    "story": "A sore back.\r\nSince May.",
    "terms": "2026-03",
    "signed": "Ana Kingi",
}
KEPT = {
    "name": "Ana Kingi",
    "pregnant": "yes",
    "due": "2027-03-14",
    "pressure": "firm",
    "allergies": '["nuts","lavender"]',
    "weight": "61.5",
    "born": "1990-05-02",
    "email": "Ana@example.com",
    "emergency": "+64217654321",
    "story": "A sore back.\nSince May.",
    "terms": "2026-03",
    "signed": "Ana Kingi",
}
"""The same as they are stored."""


def send_form(world: World, id: str, ref: RecordRef, title: str = "Intake form", **more: Any) -> FormRequest:
    """The business sends a form."""
    more.setdefault("questions", INTAKE)
    form = FormRequest(id=id, ref=ref, title=title, sent_at=at(more.pop("sent", "2026-11-20 09:00")), **more)
    world.seed("add_items", [form])
    return form


def form_there(world: World, id: str) -> FormRequest:
    """The form as the platform has it: how staff see its answers."""

    async def go() -> Any:
        async with world.store.begin(world.tenant, world.host, writes=False) as unit:
            answer = unit.host.section("forms")
            port = await answer if hasattr(answer, "__await__") else answer
            found = port.one(id)
            return await found if hasattr(found, "__await__") else found

    found: FormRequest = world.run(go())
    return found


def holds_papers(world: World, ref: RecordRef, id: str) -> None:
    """A document and a form under that id, besides what is shown already; nothing in the form is required."""
    shown = world.policy.visibility.sections
    world.change_policy("visibility", sections=tuple(dict.fromkeys((*shown, "documents", "forms"))))
    share(world, id, ref, f"{id}.pdf")
    send_form(world, id, ref, questions=(Question(name="story", label="Tell us more", kind="long_text"),))


def open_papers(world: World) -> None:
    """The business shows documents and forms."""
    world.change_policy("visibility", sections=("account", "bookings", "documents", "forms"))
