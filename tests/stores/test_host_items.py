"""Items of sections in the shipped SQL host: what a write changes of a row, and what it leaves."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from attrs import evolve
from sqlalchemy import text

from clientportal import RecordRef
from clientportal.values.memberships import Membership
from world import World, at, make_world

ANA, BEN = RecordRef.client("ana"), RecordRef.client("ben")


@pytest.fixture(params=["sqlite-plain", "postgres-async"])
def world(request: pytest.FixtureRequest) -> Iterator[World]:
    """On each database."""
    made = make_world(request.param)
    yield made
    made.close()


def test_a_write_that_had_read_an_item_before_a_merge_does_not_bring_its_old_owner_back(world: World) -> None:
    """Ana's membership is read; a merge moves its row to Ben; the write changes its name, and whose it is stays."""
    gold = Membership(id="m1", ref=ANA, name="Gold", status="active", bought_at=at("2026-05-01 10:00"))
    world.seed("add_items", [gold])

    async def go() -> Any:
        async with world.store.begin(world.tenant, world.host, writes=True) as unit:
            host: Any = unit.host
            section: Any = await host.section("memberships")
            read = await section.one("m1")
            await host.reassign([ANA], BEN, "key")
            await section.change(evolve(read, name="Gold plus"))
            after = await section.one("m1")
            await unit.commit(())
            return after

    after = world.run(go())
    assert (after.name, after.ref, after.moved_from) == ("Gold plus", BEN, ANA)


def test_what_a_newer_release_has_stored_in_an_item_stays(world: World) -> None:
    """An item with a field that this release has never heard of is changed, and still has it."""
    gold = Membership(id="m1", ref=ANA, name="Gold", status="active", bought_at=at("2026-05-01 10:00"))
    world.seed("add_items", [gold])

    async def go() -> Any:
        async with world.store.begin(world.tenant, world.host, writes=True) as unit:
            host: Any = unit.host
            section: Any = await host.section("memberships")
            face, of = section.host.face, {"tenant": world.tenant}
            ((body,),) = await face.fetch(text("SELECT body FROM cp_host_items WHERE tenant = :tenant"), of)
            newer = text("UPDATE cp_host_items SET body = :body WHERE tenant = :tenant")
            await face.change(newer, {**of, "body": body[:-1] + ',"colour":"gold"}'})
            await section.change(evolve(await section.one("m1"), name="Gold plus"))
            ((after,),) = await face.fetch(text("SELECT body FROM cp_host_items WHERE tenant = :tenant"), of)
            await unit.commit(())
            return json.loads(body), json.loads(after)

    before, after = world.run(go())
    assert after == {**before, "name": "Gold plus", "colour": "gold"}
