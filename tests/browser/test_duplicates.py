"""Staff in a real browser: two records of one person, side by side, merged, and taken back."""

from __future__ import annotations

import pytest

from browser.conftest import Comes, Shoots
from browser.person import DESKTOP, PHONE
from browser.shop import DESK, Shop
from clientportal import presets


@pytest.mark.requirement("T5", "X3")
@pytest.mark.parametrize("size", [PHONE, DESKTOP], ids=["phone", "desktop"])
def test_duplicates_are_merged_and_taken_back(comes: Comes, shop: Shop, shoots: Shoots, size: tuple[int, int]) -> None:
    """Mia sees why the report names the two, compares them, keeps the older email, merges, and takes it back."""
    shop.open(presets.timely(region="NZ"))
    world = shop.world
    first = world.add_client("1", "Aroha Ngata", mobile="021 555 0142", email="aroha@example.org", phone="09 555 0142")
    second = world.add_client("2", "Aroha Ngāta-King", mobile="+64 21 5550142", email="a.king@example.org")
    world.book("old", first, "2026-10-06 11:00", made="2026-10-01 09:00")
    world.book("new", second, "2026-11-24 14:00")

    mia = comes(size)
    mia.context.add_cookies([{"name": DESK, "value": "mia", "url": shop.root}])
    mia.goes_to("/staff/duplicates")
    mia.reads("2 records that look like one person", "same mobile +64215550142")
    mia.follows("Compare and merge")
    assert mia.heading == "Merge these records?"
    mia.reads("aroha@example.org", "a.king@example.org", "They disagree")
    mia.chooses("Value for Email", "client:1: aroha@example.org")
    mia.presses("Show it like this")
    shoots(mia, "merge_preview")
    mia.presses("Merge")
    mia.reads("Merged. Everything leads to this record now", "aroha@example.org", "October 6", "November 24")
    mia.goes_to("/staff/duplicates")
    mia.reads("No two records look like one person.")
    mia.goes_to("/staff/clients/client:1")
    mia.presses("Take it back")
    mia.reads("Taken back: this record stands by itself again.")
    mia.goes_to("/staff/duplicates")
    mia.reads("2 records that look like one person")
