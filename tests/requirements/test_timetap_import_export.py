"""TimeTap's client list as a file: adding clients by importing one (TT10), taking the list away (TT6)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
from attrs import evolve
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from clientportal import InvalidInput, Permission, PolicyError, Reason, RecordRef
from clientportal.errors import InvalidFile, MissingCapability, StoreError
from clientportal.outcomes import ImportedRow, ImportReport, RowOutcome, RowReason
from clientportal.policy import FieldDefinition
from clientportal.records import AuditEntry, ClientNumber, ContactEntry, ImportedClient
from clientportal.stores.memory import MemoryHost
from clientportal.values import Address, AnswerKind, ClientRecord, HostAnswer
from watching import everything_stored, far_away, platform, reason_of
from world import World, at, client, make_world

HEADER = "first_name,last_name,email,mobile,phone,city,notes\n"


def imported(world: World, text: str, name: str = "spring", **more: Any) -> list[ImportedRow]:
    """The report of one import."""
    return list(world.staff().import_clients(text.splitlines(), name=name, **more))


def exported(world: World, **more: Any) -> str:
    """The whole list as a file."""
    return "".join(world.staff().export_clients(**more))


def outcomes(rows: Sequence[ImportedRow]) -> list[tuple[int, str, str | None]]:
    """Line, outcome, reason."""
    return [(row.line, row.outcome.value, row.reason and row.reason.value) for row in rows]


def clients(world: World) -> list[ClientRecord]:
    """Every client row of the platform."""
    return list(world.ask("client_list", None, None, 1000).items)


@pytest.mark.requirement("TT10")
def test_a_file_adds_whom_we_do_not_have_and_says_of_every_row_what_became_of_it(world: World) -> None:
    """Ana is here already, in another spelling; Ben is new; Zoë's number cannot be read; Carl shares Ana's mobile."""
    ana = world.add_client("ana", "Ana Kingi", mobile="021 123 4567", email="ana@example.com")
    before = world.ask("clients", [ana])
    rows = imported(
        world,
        HEADER
        + "ANA,Kingi,,+64 21 123 4567,,Napier,moved\n"
        + "Ben,Ngata,Ben@Example.com,021 765 4321,,Nelson,prefers mornings\n"
        + "Zoë,Hart,,021 12,,,\n"
        + "Carl,Kingi,,021 123 4567,,,\n"
        + ",,,,,,\n",
    )
    assert outcomes(rows) == [
        (2, "matched", "same_contact"),
        (3, "added", None),
        (4, "refused", "unreadable"),
        (5, "added", "shared_contact"),
        (6, "refused", "unreadable"),
    ]
    assert rows[0].ref == ana
    assert "'mobile'" in rows[2].text
    assert "client:ana" in rows[3].text
    assert world.ask("clients", [ana]) == before, "who is here is left as they are"
    (ben,) = world.ask("clients", [rows[1].ref])
    assert (ben.name, ben.email, ben.mobile, ben.notes) == (
        "Ben Ngata",
        "Ben@Example.com",
        "021 765 4321",
        "prefers mornings",
    )
    assert ben.address == Address(city="Nelson")


@pytest.mark.requirement("TT10")
def test_who_was_imported_can_log_in_at_once_and_has_a_number(world: World) -> None:
    """No walk in between: the contacts are in the index, and the number is assigned, by the same commit."""
    (row,) = imported(world, HEADER + "Ben,Ngata,,021 765 4321,,,\n")
    assert world.log_in("+64 21 765 4321").profile().first_name == "Ben"
    assert world.stored(ClientNumber, str(row.ref)).number == 1


@pytest.mark.requirement("TT10")
def test_run_again_it_adds_nobody_twice(world: World) -> None:
    """Under its name, and by contact and name under any other; also who has no contact at all; also with rows put
    right, moved and added."""
    text = HEADER + "Ana,Kingi,ana@example.com,,,,\nBen,Ngata,,,,,\nZoë,Hart,,021 12,,,\n"
    first = imported(world, text)
    stored = everything_stored(world)
    again = imported(world, text)
    assert outcomes(again)[:2] == [(2, "added", "added_before"), (3, "added", "added_before")]
    assert [row.ref for row in again] == [row.ref for row in first]
    after = everything_stored(world)
    assert {name: rows for name, rows in after.items() if name != "cp_audit"} == {
        name: rows for name, rows in stored.items() if name != "cp_audit"
    }
    right = imported(world, HEADER + "Zoë,Hart,,021 123 4567,,,\nBen,Ngata,,,,,\nAna,Kingi,ana@example.com,,,,\n")
    assert outcomes(right) == [(2, "added", None), (3, "added", "added_before"), (4, "matched", "same_row")]
    assert outcomes(imported(world, text, name="autumn"))[0] == (2, "matched", "same_contact")
    assert len(clients(world)) == 4, "Ana, Ben, Zoë, and Ben again: of him nothing tells"


@pytest.mark.requirement("TT10")
def test_equal_rows_of_a_file_are_one_client(world: World) -> None:
    """Letter by letter, and in another spelling, within a batch and across batches."""
    twice = "Ana,Kingi,,021 123 4567,,,\nAna,Kingi,,021 123 4567,,,\nana,KINGI,,+64211234567,,,\nBen,,,,,,\nBen,,,,,,\n"
    many = "".join(f"Guest,{n},,,,,\n" for n in range(600))
    rows = imported(world, HEADER + twice + many + twice)
    assert outcomes(rows)[:5] == [
        (2, "added", None),
        (3, "matched", "same_row"),
        (4, "matched", "same_contact"),
        (5, "added", None),
        (6, "matched", "same_row"),
    ]
    assert rows[1].ref == rows[2].ref == rows[0].ref is not None
    assert {row.ref for row in rows[-5:]} == {rows[0].ref, rows[3].ref}
    assert outcomes(rows[-5:]) == [
        (607, "matched", "same_row"),
        (608, "matched", "same_row"),
        (609, "matched", "same_contact"),
        (610, "matched", "same_row"),
        (611, "matched", "same_row"),
    ]
    assert outcomes(imported(world, HEADER + twice + many + twice)) == [
        (line, outcome, "added_before" if outcome == "added" else why) for line, outcome, why in outcomes(rows)
    ]
    assert len(clients(world)) == 602


@pytest.mark.requirement("TT10")
def test_a_row_that_could_be_several_clients_is_refused(world: World) -> None:
    """Two records of one name and number: which of them is meant, only a merge can say; merged, they are one."""
    for id in ("ana", "anna"):
        world.add_client(id, "Ana Kingi", mobile="021 123 4567")
    text = HEADER + "Ana,Kingi,,021 123 4567,,,\n"
    (row,) = imported(world, text)
    assert (row.outcome, row.reason, row.ref) == (RowOutcome.REFUSED, RowReason.AMBIGUOUS, None)
    assert "client:ana, client:anna" in row.text
    world.staff().merge(client("ana"), client("anna"))
    (row,) = imported(world, text)
    assert (row.outcome, row.ref) == (RowOutcome.MATCHED, client("ana"))


@pytest.mark.requirement("TT10", "TT9")
def test_a_number_of_somebody_else_or_of_nobody_any_more_is_refused(world: World) -> None:
    """Numbers are never reused (TT9), so an old file cannot bring back who was erased; one that we never gave, and
    one that is no number, say nothing of anybody."""
    rows = imported(world, HEADER + "Ana,Kingi,ana@example.com,,,,\nBen,Ngata,ben@example.com,,,,\n")
    world.staff().erase(rows[1].ref, reason="asked to be forgotten")
    numbered = "number,first_name,last_name,email\n"
    again = imported(
        world,
        numbered
        + "1,Anahera,King,ana@example.com\n"
        + "1,Carl,Otto,carl@example.com\n"
        + "2,Ben,Ngata,ben@example.com\n"
        + "77,Dora,Lee,dora@example.com\n"
        + "C-5,Eva,Lee,eva@example.com\n"
        + "0,Finn,Lee,finn@example.com\n"
        # More digits than Python reads as a number at all.
        + f"1{'0' * 5000},Gus,Lee,gus@example.com\n"
        + f"{'0' * 19}1{'0' * 5000},Hana,Lee,hana@example.com\n",
    )
    assert outcomes(again) == [
        (2, "matched", "same_number"),
        (3, "refused", "number_of_another"),
        (4, "refused", "number_of_another"),
        (5, "added", None),
        (6, "refused", "unreadable"),
        (7, "refused", "unreadable"),
        (8, "refused", "unreadable"),
        (9, "refused", "unreadable"),
    ]
    assert "whole numbers" in again[4].text
    assert world.stored(ClientNumber, str(again[3].ref)).number == 3
    world.seed("delete_client", rows[0].ref, "gone")
    (row,) = imported(world, numbered + "1,Ana,Kingi,\n", name="after deleting")
    assert row.reason is RowReason.NUMBER_OF_ANOTHER


@pytest.mark.requirement("TT10", "X4")
def test_a_placeholder_is_nobodys_contact(world: World) -> None:
    """none@example.com, flagged, makes nobody a match: neither with a client nor with another row."""
    world.add_client("ana", "Ana Kingi", email="none@example.com")
    world.staff().flag_placeholder("none@example.com")
    rows = imported(world, HEADER + "Ana,Kingi,none@example.com,,,Napier,\nAna,Kingi,none@example.com,,,Nelson,\n")
    assert outcomes(rows) == [(2, "added", None), (3, "added", None)]


@pytest.mark.requirement("TT10")
def test_a_dry_run_and_a_preview_write_nothing_and_say_the_same(world: World) -> None:
    """What would be added is told across batches, too; only that somebody looked is audited."""
    world.add_client("ana", "Ana Kingi", mobile="021 123 4567")
    text = HEADER + "Ana,Kingi,,021 123 4567,,,\nBen,Ngata,b@example.com,,,,\n"
    text += (
        "".join(f"Guest,{n},,,,,\n" for n in range(510)) + "Ben,Ngata,b@example.com,,,,\nBEN,Ngata,B@example.com,,,,\n"
    )
    before = everything_stored(world)
    dry = imported(world, text, dry_run=True)
    preview = list(world.staff().preview.import_clients(text.splitlines(), name="spring"))
    after = everything_stored(world)
    assert dry == preview
    assert {name for name in after if after[name] != before.get(name)} == {"cp_audit"}
    real = imported(world, text)
    assert outcomes(dry) == outcomes(real)


def test_progress_is_told_after_every_commit(world: World) -> None:
    """Counts that grow, and the last one says that it is the last."""
    told: list[ImportReport] = []
    text = HEADER + "".join(f"Guest,{n},,,,,\n" for n in range(700)) + "Zoë,Hart,,021 12,,,\n"
    rows = imported(world, text, progress=told.append)
    assert len(rows) == 701
    assert told == [
        ImportReport(500, 500, 0, 0),
        ImportReport(701, 700, 0, 1),
        ImportReport(701, 700, 0, 1, finished=True),
    ]


def test_a_file_that_breaks_off_keeps_what_stood_before(world: World) -> None:
    """A line that is no UTF-8: the rows before it are clients, and the error names the line."""

    class Upload:
        def __init__(self, content: bytes) -> None:
            self.content = content

        def read(self, size: int) -> bytes:
            part, self.content = self.content[:size], self.content[size:]
            return part

    content = (HEADER + "Ana,Kingi,,,,,\n").encode() + "Zoë,Hart,,,,,\n".encode("latin-1")
    seen: list[ImportedRow] = []
    with pytest.raises(InvalidFile, match="line 3 is not utf-8"):
        seen.extend(world.staff().import_clients(Upload(content), name="spring"))
    assert [one.name for one in clients(world)] == ["Ana Kingi"]
    if not world.awaited:
        assert outcomes(seen) == [(2, "added", None)]


def test_what_can_never_work_is_said_before_anything_is_written(memory_world: World) -> None:
    """A header that means nothing, a name that is none, a platform that makes no clients, no permission."""
    world = memory_world
    before = everything_stored(world)
    with pytest.raises(InvalidFile, match="there is no column 'shoe'"):
        imported(world, "first_name,shoe\nAna,39\n")
    for name in ("", " ", "x" * 201, "two\nlines"):
        with pytest.raises(InvalidInput, match="name of an import"):
            imported(world, HEADER, name=name)
    assert everything_stored(world) == before
    few = frozenset(Permission) - {Permission.IMPORT_CLIENTS}
    assert reason_of(lambda: list(world.staff(few).import_clients([HEADER], name="x"))) is Reason.PERMISSION
    assert "permission" in {one.outcome for one in world.staff().audit().items if one.action == "import_clients"}
    with platform(capabilities=evolve(MemoryHost.capabilities, client_list=False)) as poor:
        with pytest.raises(MissingCapability):
            exported(poor)
        poor.host.capabilities = evolve(MemoryHost.capabilities, create_client=False)
        with pytest.raises(MissingCapability):
            imported(poor, HEADER)


def test_the_first_import_builds_the_index_where_nobody_has(memory_world: World) -> None:
    """A platform that has never walked its contacts has clients whom the import must recognise."""
    world = memory_world
    world.store._tables._records[world.tenant, "walk_marks"].clear()  # type: ignore[attr-defined]
    world.seed("add_clients", [ClientRecord(client("ana"), at("2026-01-05 09:00"), "Ana", "Kingi", "ana@example.com")])
    assert outcomes(imported(world, HEADER + "Ana,Kingi,ana@example.com,,,,\n")) == [(2, "matched", "same_contact")]


def test_every_commit_of_an_import_is_audited_with_its_counts(world: World) -> None:
    """Who, which import, which lines, how many; no row's text."""
    imported(world, HEADER + "Ana,Kingi,ana@example.com,021 123 4567,,,\nZoë,Hart,,021 12,,,\n")
    entries = [one for one in world.all_stored(AuditEntry, "time") if "import" in one.action]
    entries.sort(key=lambda one: one.action)
    assert [(one.actor, one.action, one.outcome) for one in entries] == [
        ("staff:mia", "begin_import", "done"),
        ("staff:mia", "import_clients", "done"),
    ]
    assert entries[1].subject == "spring"
    assert "lines 2 to 3, added 1, matched 0, refused 1" in entries[1].because
    assert not any(word in str(entries) for word in ("Kingi", "ana@example.com", "123 4567"))


@pytest.mark.requirement("TT10")
@pytest.mark.parametrize("awaited", [False, True], ids=["plain", "async"])
@pytest.mark.parametrize("when", ["before", "after"])
def test_a_platform_elsewhere_that_dies_in_the_middle_is_asked_what_became_of_it(awaited: bool, when: str) -> None:
    """The rows are remembered before it is asked; run again, it is asked under the same keys, and nobody is twice."""
    text = HEADER + "Ana,Kingi,ana@example.com,,,,\nBen,Ngata,,,,,\n"
    with far_away(awaited) as world:
        real = world.host.create_clients

        def dies(self: Any, drafts: Any) -> Any:
            if when == "after":
                real(self, drafts[:1])
            raise OSError("no route to the platform")

        world.host.create_clients = dies
        with pytest.raises(StoreError, match="run the import again") as caught:
            imported(world, text)
        assert caught.value.committed is None
        assert len(clients(world)) == (1 if when == "after" else 0)
        world.host.create_clients = real
        rows = imported(world, text)
        assert [row.outcome for row in rows] == [RowOutcome.ADDED, RowOutcome.ADDED]
        assert len(clients(world)) == 2
        assert {one.ref for one in world.all_stored(ImportedClient, "ref")} == {str(row.ref) for row in rows}
        assert len(world.all_stored(ContactEntry, "ref")) == 1
        assert len(world.all_stored(ClientNumber, "number")) == 2
        again = imported(world, text)
        assert [row.reason for row in again] == [RowReason.ADDED_BEFORE] * 2
        assert imported(world, HEADER + "Ana,Kingi,ana@example.com,,,,\n", name="x")[0].reason is RowReason.SAME_CONTACT


def test_a_row_that_the_platform_declines_is_refused_with_its_word(memory_world: World) -> None:
    """Its twin further down is, too; the others of the batch are added."""
    real = MemoryHost.create_client

    def picky(self: Any, draft: Any, key: str) -> HostAnswer:
        if draft.first_name == "Ana":
            return HostAnswer(AnswerKind.DECLINED, note="no more Anas")
        return real(self, draft, key)

    with platform(create_client=picky) as world:
        rows = imported(world, HEADER + "Ana,,,,,,\nBen,,,,,,\nAna,,,,,,\n")
        assert outcomes(rows) == [(2, "refused", "declined"), (3, "added", None), (4, "refused", "declined")]
        assert rows[0].text == rows[2].text == "no more Anas"


# --- exporting -------------------------------------------------------------------------------------------------------


@pytest.mark.requirement("TT6")
def test_the_list_with_custom_fields_and_numbers_is_a_file(world: World) -> None:
    """Columns of the policy first, in its order, then whatever else a client has; a phone is no formula."""
    world.change_policy("clients", fields={"custom.shoe": FieldDefinition(label="Shoe size")})
    world.add_client("ana", "Ana Kingi", mobile="+64 21 123 4567", custom={"shoe": "39", "allergy": "=cats"})
    world.add_client("ben", "Ben Ngata", email="ben@example.com", notes='says "hi"')
    lines = exported(world).split("\r\n")
    assert lines[0].endswith("country,birthday,notes,custom.shoe,custom.allergy")
    assert lines[1] == "1,Ana,Kingi,,'+64 21 123 4567,,,,,,,,,39,'=cats"
    assert lines[2] == '2,Ben,Ngata,ben@example.com,,,,,,,,,"says ""hi""",,'
    assert exported(world, delimiter=";", mark=True, custom=[]).startswith("\ufeffnumber;first_name;")
    with pytest.raises(InvalidInput, match="not one text"):
        exported(world, custom="shoe")


@pytest.mark.requirement("TT6")
def test_without_the_plan_nothing_is_exported(world: World) -> None:
    """Refused before the first chunk, and audited; and nothing gets round it by a preview or without permission."""
    world.add_client("ana", "Ana Kingi")
    few = frozenset(Permission) - {Permission.EXPORT_CLIENTS}
    assert reason_of(lambda: next(iter(world.staff(few).export_clients()))) is Reason.PERMISSION
    with pytest.raises(PolicyError, match="cannot be previewed"):
        list(world.staff().preview.export_clients())
    world.change_policy("clients", export=False)
    assert reason_of(lambda: next(iter(world.staff().export_clients()))) is Reason.PLAN
    told = {one.outcome for one in world.staff().audit().items if one.action == "export_clients"}
    assert told == {"plan", "permission"}


@pytest.mark.requirement("TT6")
def test_that_the_list_was_taken_and_how_much_is_audited(world: World) -> None:
    """At its beginning and at its end; who stops in the middle has taken what was given out."""
    for n in range(250):
        world.seed("add_clients", [ClientRecord(client(f"c{n}"), at("2026-01-05 09:00"), "Guest", f"{n:03}")])
    assert exported(world).count("\r\n") == 251
    taken = {one.action: one for one in world.all_stored(AuditEntry, "time") if "export" in one.action}
    assert taken.keys() == {"export_clients", "end_export"}
    assert "clients 250, to the end yes" in taken["end_export"].because
    if not world.awaited:
        chunks = world.staff().export_clients(custom=())
        assert next(chunks).count("\r\n") == 1
        assert next(chunks).count("\r\n") == 200
        chunks.close()
        assert any("clients 200, to the end no" in one.because for one in world.all_stored(AuditEntry, "time"))


@pytest.mark.requirement("TT6", "TT10")
def test_a_re_import_of_an_export_changes_nothing(world: World) -> None:
    """Merged records, duplicates, clients without a name, without a contact, with one that cannot be read, shut out."""
    world.add_client("ana", "Ana Kingi", mobile="021 123 4567", custom={"shoe": "39"})
    world.add_client("anna", "Ana Kingi", mobile="021 123 4567")
    world.add_client("zoe", "Zoë Hart", email="zoe@example.com")
    world.add_client("zoe2", "Zoë Hart-Ngata", email="zoe@example.com")
    world.add_client("nobody")
    world.add_client("nameless", mobile="021 765 4321")
    world.add_client("bare", "Ben")
    world.add_client("bare2", "Ben")
    world.add_client("odd", "Odd Number", mobile="call me")
    world.add_client("staff", "Mia", email="mia@example.com", usable=False)
    world.staff().merge(client("zoe"), client("zoe2"))
    text = exported(world)
    before = everything_stored(world)
    rows = imported(world, text, custom={"shoe": "Shoe"})
    after = everything_stored(world)
    assert {name for name in after if after[name] != before.get(name)} == {"cp_audit"}
    unread = [row for row in rows if row.outcome is not RowOutcome.MATCHED]
    assert [(row.outcome, row.reason) for row in unread] == [(RowOutcome.REFUSED, RowReason.UNREADABLE)]
    assert exported(world) == text


SPELLINGS = st.sampled_from([None, "021 123 4567", "+64 21 123 4567", "021 765 4321", "call me", "=021"])
NAMES = st.sampled_from([None, "Ana", "ana", "=Ana", "Zoë, the elder", "  Ben", '"'])
EMAILS = st.sampled_from([None, "ana@example.com", "ANA@example.com", "no address"])
CLIENTS = st.lists(st.tuples(NAMES, NAMES, EMAILS, SPELLINGS, SPELLINGS), max_size=6)


@pytest.mark.requirement("TT10")
@pytest.mark.parametrize("variant", ["memory-plain", "sqlite-plain", "postgres-async"])
@settings(max_examples=15, suppress_health_check=list(HealthCheck))
@given(people=CLIENTS)
def test_whatever_the_list_holds_its_export_comes_back_without_effect(
    variant: str, people: list[tuple[str | None, ...]]
) -> None:
    """Nobody is added or changed, and a second export is the same, byte for byte."""
    world = make_world(variant)
    try:
        made = [
            ClientRecord(RecordRef.client(f"c{n}"), at("2026-01-05 09:00"), first, last, email, phone, mobile)
            for n, (first, last, email, phone, mobile) in enumerate(people)
        ]
        world.seed("add_clients", made)
        world.portal.walk_contacts(world.tenant)
        text = exported(world)
        before = everything_stored(world)
        rows = imported(world, text)
        after = everything_stored(world)
        assert {name for name in after if after[name] != before.get(name)} <= {"cp_audit"}
        assert all(row.outcome is not RowOutcome.ADDED for row in rows)
        assert len(rows) == len(people)
        assert exported(world) == text
    finally:
        world.close()
