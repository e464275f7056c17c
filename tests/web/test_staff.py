"""Staff's pages: the client list, the duplicate report, a merge with both records side by side, and its undo."""

from __future__ import annotations

import pytest

from clientportal import Permission
from clientportal.web import Request, StaffIdentity
from web.browser import Browser, browser
from world import EVERYTHING, World


def mia(world: World, permissions: frozenset[Permission] = EVERYTHING) -> Browser:
    """Mia of the salon at her screen: the platform knows her by a header that its own login has set."""

    def who(request: Request) -> StaffIdentity | None:
        return StaffIdentity(actor="mia", permissions=permissions)

    return browser(world, staff=who)


def twins(world: World) -> None:
    """Aroha Ngata stands in the list twice, by one number in two spellings."""
    first = world.add_client("1", "Aroha Ngata", mobile="021 555 0142", email="aroha@example.org", phone="09 555 0142")
    second = world.add_client("2", "Aroha Ngāta-King", mobile="+64 21 5550142", email="a.king@example.org")
    world.book("old", first, "2026-10-06 11:00", made="2026-10-01 09:00")
    world.book("new", second, "2026-11-24 14:00")


def test_nobody_who_is_not_staff_sees_a_page_of_theirs(world: World) -> None:
    """Without a function that names staff, and for whom it names nobody, every address of theirs is refused."""
    twins(world)
    for one in (browser(world), browser(world, staff=lambda _request: None)):
        for path in ("/staff", "/staff/clients/client:1", "/staff/duplicates", "/staff/merge?r0=client:1&r1=client:2"):
            assert one.open(path).status == 403
            assert "Aroha" not in one.page.text  # type: ignore[union-attr]


@pytest.mark.requirement("TT5")
def test_staff_find_a_client_in_the_list_and_open_the_profile(world: World) -> None:
    """Searched by half a name without its accent; the profile has the contacts, each with the record it is from."""
    twins(world)
    one = mia(world)
    page = one.open("/staff?search=ngata-ki")
    assert "Aroha Ngāta-King" in page.text
    assert "aroha@example.org" not in page.text
    profile = one.open("/staff/clients/client:2")
    assert profile.heading == "Aroha Ngāta-King"
    assert "a.king@example.org client:2" in profile.text
    assert "Tuesday, November 24, 2026" in profile.text


@pytest.mark.requirement("T5", "X3")
def test_duplicates_are_compared_side_by_side_merged_and_taken_back(world: World) -> None:
    """The report says why; the preview shows both values and staff's pick; merged, her page has both; undone, one."""
    twins(world)
    one = mia(world)
    report = one.open("/staff/duplicates")
    assert "2 records that look like one person" in report.text
    assert "same mobile +64215550142" in report.text
    compare = next(href for href, text in report.links if text == "Compare and merge")
    page = one.open(compare)
    assert page.heading == "Merge these records?"
    assert "aroha@example.org" in page.text
    assert "a.king@example.org" in page.text
    assert "They disagree" in page.text
    picked = one.send("/staff/merge", press="Merge", pick_email="client:1")
    assert "Merged. Everything leads to this record now" in picked.text
    assert "aroha@example.org client:1" in picked.text
    assert "Tuesday, October 6, 2026" in picked.text
    assert "Tuesday, November 24, 2026" in picked.text
    assert "No two records look like one person" in one.open("/staff/duplicates").text
    one.open("/staff/clients/client:1")
    undone = one.send("/staff/undo")
    assert "this record stands by itself again" in undone.text
    assert undone.heading == "Aroha Ngāta-King"
    assert "October" not in undone.text
    assert "2 records that look like one person" in one.open("/staff/duplicates").text


@pytest.mark.requirement("X4")
def test_staff_say_that_two_records_are_two_people(world: World) -> None:
    """Off the report, and it stays so."""
    twins(world)
    one = mia(world)
    one.open("/staff/duplicates")
    assert "these two are not the same person" in one.send("/staff/dismiss").text
    assert "No two records look like one person" in one.open("/staff/duplicates").text


def test_whoever_may_not_merge_is_told_so_and_nothing_is_merged(world: World) -> None:
    """A receptionist who may see clients and duplicates."""
    twins(world)
    one = mia(world, frozenset({Permission.SEE_CLIENTS, Permission.SEE_DUPLICATES}))
    page = one.open("/staff/duplicates")
    compare = next(href for href, text in page.links if text == "Compare and merge")
    assert one.open(compare).status in (200, 403)
    boss = mia(world)
    boss.open(compare)
    form = boss.page.form("/staff/merge")  # type: ignore[union-attr]
    assert one.request("POST", form.action, form.fields, sec_fetch_site="same-origin").status == 403
    assert "2 records" in boss.open("/staff/duplicates").text


@pytest.mark.parametrize(
    "query", ["", "?r0=client:1", "?r0=nonsense&r1=client:2", "?r0=client:1&r1=client:1", "?r0=client:1&r1=client:9"]
)
def test_a_comparison_of_what_is_not_there_is_refused_in_a_page(memory_world: World, query: str) -> None:
    """Typed by hand, half an address."""
    twins(memory_world)
    assert mia(memory_world).open(f"/staff/merge{query}").status in (400, 404, 409)


def test_a_name_that_is_markup_is_shown_as_it_was_typed(memory_world: World) -> None:
    """A client has called themselves a script: staff's list shows the letters."""
    memory_world.add_client("x", "<script>alert(1)</script> \"'&", mobile="021 555 0199")
    page = mia(memory_world).open("/staff")
    assert "<script>" not in page.html
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page.html
