"""vcita: documents that the business shares (V9), and how many are new (V4)."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from accounts_ground import a_session, an_account
from clientportal import HostError, InvalidInput, Reason, RecordRef, presets
from clientportal.records import DocumentsSeen
from clientportal.sections.documents import Documents
from papers import open_papers, pieces_of, read_all, share
from watching import everything_stored, far_away, reason_of
from world import World, at, client

ANA, BEN = "021 123 4567", "021 765 4321"
PLAN = bytes(range(256)) * 4096  # a megabyte: four chunks
UNIT = 256 * 1024


@pytest.fixture
def salon(world: World) -> World:
    """Ana and Ben, with a document each; the business shows documents."""
    open_papers(world)
    ana = world.add_client("ana", "Ana Kingi", mobile=ANA)
    ben = world.add_client("ben", "Ben Ngata", mobile=BEN)
    share(world, "plan", ana, "Care plan.pdf", PLAN, shared="2026-11-20 09:00")
    share(world, "old", ana, "Größe & Maß.pdf", b"%PDF old", shared="2026-05-02 09:00")
    share(world, "bens", ben, "Ben.pdf", b"%PDF ben")
    return world


def names(page: Any) -> list[str]:
    """The ids of a page."""
    return [one.id for one in page.items]


@pytest.mark.requirement("V9")
def test_only_documents_shared_with_this_client_are_listed_and_downloaded(salon: World) -> None:
    """Latest shared first; Ben's are not there, neither listed, nor by id, nor byte by byte."""
    door = salon.log_in(ANA)
    assert names(door.documents()) == ["plan", "old"]
    download = door.download("plan")
    assert (download.name, download.media_type, download.size) == ("Care plan.pdf", "application/pdf", len(PLAN))
    assert read_all(salon, download) == PLAN
    for id in ("bens", "nothing", "", "x" * 300, "a\x00b", "\ud800"):
        assert reason_of(lambda id=id: door.download(id)) is Reason.NOT_FOUND


@pytest.mark.requirement("V9")
def test_the_list_is_paged_by_key(salon: World) -> None:
    """What is shared between two pages moves nothing."""
    door = salon.log_in(ANA)
    first = door.documents(limit=1)
    share(salon, "newer", client("ana"), "New.pdf", shared="2026-11-21 09:00")
    rest = door.documents(after=first.next)
    assert (names(first), names(rest), rest.next) == (["plan"], ["old"], None)


@pytest.mark.requirement("V9")
def test_what_is_unshared_is_gone_at_the_next_call(salon: World) -> None:
    """From the list, by id, and in the middle of a download: the next chunk is refused (I7)."""
    door = salon.log_in(ANA)
    chunks = pieces_of(salon, door.download("plan"))
    assert next(chunks) == PLAN[:UNIT]
    salon.seed("unshare_document", "plan")
    assert reason_of(lambda: next(chunks)) is Reason.NOT_FOUND
    assert names(door.documents()) == ["old"]
    assert reason_of(lambda: door.download("plan")) is Reason.NOT_FOUND


@pytest.mark.requirement("V9")
@pytest.mark.parametrize("ended", ["logged out", "by staff", "section closed", "merge undone"])
def test_a_download_ends_with_what_it_rested_on(salon: World, ended: str) -> None:
    """The session, the section, the merge that made it hers: each is looked at again before each chunk (I7)."""
    if ended == "merge undone":
        salon.add_client("hera", "Hera Kingi", mobile="021 999 8888")
        merge = salon.staff().merge(client("ana"), client("hera")).merges[0]
        door = salon.log_in("021 999 8888")
    else:
        door = salon.log_in(ANA)
    chunks = pieces_of(salon, door.download("plan"))
    assert next(chunks) == PLAN[:UNIT]
    reason = Reason.SESSION_ENDED
    if ended == "logged out":
        door.log_out()
    elif ended == "by staff":
        salon.staff().end_sessions(client("ana"))
    elif ended == "section closed":
        salon.change_policy("visibility", sections=("account", "bookings"))
        reason = Reason.DISABLED
    else:
        salon.staff().undo(merge)
        reason = Reason.NOT_FOUND
    assert reason_of(lambda: next(chunks)) is reason


@pytest.mark.requirement("V9")
def test_a_document_that_is_replaced_while_it_downloads_is_no_mixture(salon: World) -> None:
    """Half the old and half the new is neither: the download ends, and the next one gives the new."""
    door = salon.log_in(ANA)
    chunks = pieces_of(salon, door.download("plan"))
    next(chunks)
    share(salon, "plan", client("ana"), "Care plan.pdf", PLAN[::-1], shared="2026-11-20 09:00")
    assert reason_of(lambda: next(chunks)) is Reason.CHANGED_MEANWHILE
    assert read_all(salon, door.download("plan")) == PLAN[::-1]


@pytest.mark.requirement("V9")
@pytest.mark.parametrize(
    ("offset", "length"), [(0, None), (0, 0), (0, 1), (UNIT - 1, 2), (300_000, 300_000), (len(PLAN) - 1, 10)]
)
def test_a_part_of_a_document(salon: World, offset: int, length: int | None) -> None:
    """Exactly the bytes that were asked for, across chunks as well, with the headers that say so."""
    download = salon.log_in(ANA).download("plan", offset=offset, length=length)
    end = len(PLAN) if length is None else offset + length
    wanted = PLAN[offset:end]
    assert read_all(salon, download) == wanted
    assert (download.offset, download.length, download.size) == (offset, len(wanted), len(PLAN))
    assert download.partial is (len(wanted) < len(PLAN))
    assert download.headers["Content-Length"] == str(len(wanted))
    told = f"bytes {offset}-{offset + len(wanted) - 1}/{len(PLAN)}" if download.partial and wanted else None
    assert download.headers.get("Content-Range") == told


def test_a_part_that_is_not_there(salon: World) -> None:
    """One error that says how long the document is; an empty document is downloaded all the same."""
    door = salon.log_in(ANA)
    share(salon, "empty", client("ana"), "Empty.txt", b"")
    with pytest.raises(InvalidInput, match="1048576 bytes"):
        door.download("plan", offset=len(PLAN))
    assert read_all(salon, door.download("empty")) == b""


def test_a_platform_that_answers_with_too_little_is_caught(memory_world: World) -> None:
    """A download has as many bytes as it says, or fails: never a file that is silently cut short."""
    for answer in (b"short", b"far too long" * 10, "text", None):

        class Wrong(memory_world.host.item_sections(memory_world.host)["documents"]):  # type: ignore[misc]
            def chunk(self, document: Any, offset: int, size: int, answer: Any = answer) -> Any:
                return answer

            def newer(self, refs: Any, since: Any) -> Any:
                return True

        world = memory_world
        kept = world.host
        world.host = type("WrongHost", (kept,), {"sections": (Wrong,)})
        world.portal = world.make_portal()
        open_papers(world)
        ana = world.add_client("ana", "Ana Kingi", mobile=ANA)
        share(world, "plan", ana, "Plan.pdf", b"%PDF ten b")
        door = world.log_in(ANA)
        with pytest.raises(HostError, match=r"documents\.chunk"):
            read_all(world, door.download("plan"))
        with pytest.raises(HostError, match=r"documents\.newer"):
            door.new_documents()
        world.host = kept


def test_what_a_port_has_not_implemented_is_said(memory_world: World) -> None:
    """With its name."""
    port = Documents(None)
    for call in (lambda: port.chunk(None, 0, 1), lambda: port.newer((), None)):  # type: ignore[arg-type]
        with pytest.raises(HostError, match="not implemented"):
            call()


# --- what is new (V4) ------------------------------------------------------------------------------------------------


@pytest.mark.requirement("V4")
def test_documents_are_new_until_the_list_was_opened(salon: World) -> None:
    """Two at first; none after the list was opened; then the one that is shared afterwards."""
    door = salon.log_in(ANA)
    assert door.new_documents() == 2
    door.preview.documents()
    assert door.new_documents() == 2, "a preview opens nothing"
    door.documents()
    assert door.new_documents() == 0
    share(salon, "later", client("ana"), "Later.pdf", shared="2026-11-21 10:05")
    assert door.new_documents() == 1
    assert salon.log_in(ANA).new_documents() == 1, "it is the client's, not the session's"
    assert salon.log_in(BEN).new_documents() == 1


@pytest.mark.requirement("V4")
def test_opening_the_list_again_writes_nothing(salon: World) -> None:
    """The mark is written where something is new, and stays as it is otherwise."""
    door = salon.log_in(ANA)
    door.documents()
    before = salon.stored(DocumentsSeen, "client:ana")
    assert before.upto == at("2026-11-20 09:00"), "the platform's clock, not ours"
    salon.clock.advance(timedelta(minutes=1))
    door.documents()
    assert salon.stored(DocumentsSeen, "client:ana") == before


@pytest.mark.requirement("V4")
def test_staff_who_look_through_her_eyes_open_nothing(salon: World) -> None:
    """What is new to Ana is still new to her; the look is in the audit as theirs."""
    view = salon.client(salon.staff().view_as(client("ana")))
    salon.deliver()
    assert names(view.documents()) == ["plan", "old"]
    assert view.new_documents() == 2
    assert read_all(salon, view.download("old")) == b"%PDF old"
    assert salon.log_in(ANA).new_documents() == 2
    looks = [line.action for line in salon.staff().audit(limit=50).items if line.actor.startswith("staff:mia as")]
    assert sorted(set(looks)) == ["documents", "download", "new_documents"]
    assert looks.count("download") == 1, "one line for a download, not one for each chunk"


@pytest.mark.requirement("V4")
def test_merging_and_undoing_keep_what_each_record_has_seen(salon: World) -> None:
    """Ana has opened her list, Hera hers not: after the merge Hera's is new, after opening none is, undone as well."""
    hera = salon.add_client("hera", "Hera Kingi", mobile="021 999 8888")
    share(salon, "heras", hera, "Hera.pdf", b"%PDF hera", shared="2026-01-02 09:00")
    door = salon.log_in(ANA)
    door.documents()
    merge = salon.staff().merge(client("ana"), hera).merges[0]
    assert door.new_documents() == 1
    assert names(door.documents()) == ["plan", "old", "heras"]
    assert door.new_documents() == 0
    salon.staff().undo(merge)
    assert door.new_documents() == 0
    heras = salon.log_in("021 999 8888")
    assert heras.new_documents() == 0
    assert names(heras.documents()) == ["heras"]


@pytest.mark.requirement("V4")
@pytest.mark.parametrize("moved", [False, True])
def test_a_merged_record_shows_its_documents_wherever_the_platform_moves_them(salon: World, moved: bool) -> None:
    """With and without moved rows: the same list, the same count, the same content."""
    salon.change_policy("merging", reassign=moved)
    hera = salon.add_client("hera", "Hera Kingi", mobile="021 999 8888")
    share(salon, "heras", hera, "Hera.pdf", b"%PDF hera", shared="2026-01-02 09:00")
    salon.staff().merge(client("ana"), hera)
    door = salon.log_in(ANA)
    assert door.new_documents() == 3
    assert names(door.documents()) == ["plan", "old", "heras"]
    assert door.new_documents() == 0
    assert read_all(salon, door.download("heras")) == b"%PDF hera"


def test_erasing_takes_the_documents_and_the_mark(salon: World) -> None:
    """Nothing of them is left, not their contents either (X7)."""
    salon.log_in(ANA).documents()
    salon.staff().erase(client("ana"), reason="asked")
    left = repr({name: rows for name, rows in everything_stored(salon).items() if name != "cp_audit"})
    assert "plan" not in left
    assert "Care" not in left
    assert "bens" in left
    assert salon.stored(DocumentsSeen, "client:ana") is None


def test_an_export_says_what_was_seen(salon: World) -> None:
    """The mark is a datum about her."""
    salon.log_in(ANA).documents()
    topics = salon.staff().export_person(client("ana")).held
    assert topics["documents_seen"] == [{"id": "client:ana", "upto": "2026-11-19T20:00:00+00:00"}]


@pytest.mark.parametrize("missing", [False, True], ids=["closed", "missing"])
def test_a_closed_or_missing_section_is_refused_everywhere(salon: World, missing: bool) -> None:
    """The list, the count, a download: by the policy, and where the platform has none."""
    if missing:
        salon.host = type("Bare", (salon.host,), {"sections": ()})
        salon.portal = salon.make_portal()
    else:
        salon.change_policy("visibility", sections=("account", "bookings"))
    door = salon.log_in(ANA)
    for call in (door.documents, door.new_documents, lambda: door.download("plan")):
        assert reason_of(call) is Reason.DISABLED


def test_a_client_without_any_record_has_none(memory_world: World) -> None:
    """An account whose email is not proved yet: an empty list, nothing new, nothing to mark."""
    world = memory_world
    world.use(presets.acuity(region="NZ"))
    open_papers(world)
    world.add_client("ana", "Ana Kingi", email="ana@example.com")
    share(world, "plan", client("ana"), "Plan.pdf")
    door = world.portal.client(a_session(world, an_account(world, "ana@example.com", world.clock())))
    assert names(door.documents()) == []
    assert door.new_documents() == 0
    assert reason_of(lambda: door.download("plan")) is Reason.NOT_FOUND


@pytest.mark.parametrize("awaited", [False, True], ids=["plain", "async"])
def test_a_platform_in_a_database_of_its_own(awaited: bool) -> None:
    """The same list, mark and download."""
    with far_away(awaited) as world:
        open_papers(world)
        ana: RecordRef = world.add_client("ana", "Ana Kingi", mobile=ANA)
        share(world, "plan", ana, "Care plan.pdf", PLAN)
        door = world.log_in(ANA)
        assert door.new_documents() == 1
        assert names(door.documents()) == ["plan"]
        assert door.new_documents() == 0
        assert read_all(world, door.download("plan")) == PLAN
