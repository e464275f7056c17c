"""Pages of what clients keep themselves: their details, pets, which messages they want, whom they recommended."""

from __future__ import annotations

from typing import Any

from attrs import fields

from clientportal.decisions import Reason
from clientportal.errors import InvalidContact, InvalidField, Refused
from clientportal.outcomes import Profile
from clientportal.rules.own_details import by_proof_alone
from clientportal.values import CLIENT_FIELDS, Address
from clientportal.values.channels import Channel
from clientportal.values.pets import PET_FIELDS, Pet, pet_texts
from clientportal.values.preferences import Category
from clientportal.web.forms import Form
from clientportal.web.messages import Response
from clientportal.web.pages_contact import replaceable
from clientportal.web.pages_held import more_of
from clientportal.web.refusals import NOT_ON_THE_PAGE, status_of
from clientportal.web.routing import Needs, Route
from clientportal.web.visits import Visit

__all__ = ["ROUTES"]

_ADDRESS = tuple(one.name for one in fields(Address))


# --- details --------------------------------------------------------------------------------------------------------


async def account(visit: Visit) -> Response:
    """The client's own details, as far as the business shows them (T8, M7); what may be changed says so."""
    seen = await visit.client.profile()
    return visit.render(
        "account.html",
        seen=seen,
        editable=_typed(visit),
        shown=visit.policy.visibility.fields,
        replaceable=replaceable(visit),
    )


def _typed(visit: Visit) -> tuple[str, ...]:
    """The fields that are changed by typing alone: not those that take a proof (``/account/contact``)."""
    proved = by_proof_alone(visit.policy)
    return tuple(name for name in CLIENT_FIELDS if name in visit.policy.visibility.editable and name not in proved)


def _texts_of(seen: Profile) -> dict[str, str | None]:
    texts: dict[str, str | None] = {
        name: getattr(seen, name) for name in CLIENT_FIELDS if name != "address" and hasattr(seen, name)
    }
    if seen.address is not None:
        texts |= {f"address_{name}": getattr(seen.address, name) for name in _ADDRESS}
    return texts


async def edit(visit: Visit) -> Response:
    """The form for changing them."""
    return await _edit(visit, Form())


async def _edit(visit: Visit, typed: Form, status: int = 200) -> Response:
    seen = await visit.client.profile()
    return visit.render(
        "account_edit.html", status, form=typed.filled(_texts_of(seen)), editable=_typed(visit), parts=_ADDRESS
    )


async def save(visit: Visit) -> Response:
    """Write what was changed; what is as it was is not written again."""
    before = _texts_of(await visit.client.profile())
    changes: dict[str, Any] = {}
    for name in visit.policy.visibility.editable:
        if name == "address":
            typed = {part: visit.form.text(f"address_{part}") or None for part in _ADDRESS}
            if any(typed[part] != before.get(f"address_{part}") for part in _ADDRESS):
                changes["address"] = Address(**typed) if any(typed.values()) else None
        elif name in visit.request.form and visit.form.text(name) != (before.get(name) or ""):
            changes[name] = visit.form.text(name) or None
    if not changes:
        return visit.redirect("/account")
    try:
        await visit.client.update_profile(changes, key=visit.once)
    except InvalidContact:
        # It does not say which: of several contacts at once, all are to be looked at again.
        typed_again = visit.form
        for name in (name for name in changes if name in ("email", "phone", "mobile")):
            typed_again = typed_again.wrong(name, visit.words("account.invalid"))
        return await _edit(visit, typed_again, 422)
    except InvalidField as error:
        return await _edit(visit, visit.form.wrong(error.field, visit.words("account.invalid")), 422)
    except Refused as error:
        if error.reason in NOT_ON_THE_PAGE:
            raise
        return await _edit(visit, visit.form.alert(visit.says(error), error.reason), status_of(error.reason))
    return visit.redirect("/account", notice="account.saved")


# --- pets -----------------------------------------------------------------------------------------------------------


async def pets(visit: Visit) -> Response:
    """The client's pets (M8)."""
    page = await visit.client.pets(after=visit.get("after"))
    return visit.render("pets.html", page=page, more=more_of(visit, "/pets", page.next))


async def _pet_of(visit: Visit) -> Pet:
    found: Pet = await visit.client.section_item("pets", visit.arguments["id"])
    return found


async def new_pet(visit: Visit) -> Response:
    """The form for one more."""
    await visit.client.pets(limit=1)
    return visit.render("pet.html", pet=None, form=Form())


async def pet(visit: Visit) -> Response:
    """The form for changing one."""
    one = await _pet_of(visit)
    return visit.render("pet.html", pet=one, form=Form().filled(pet_texts(one)))


async def save_pet(visit: Visit) -> Response:
    """Add it, or change it."""
    id = visit.arguments.get("id")
    one = None if id is None else await _pet_of(visit)
    typed = {name: visit.form.text(name) for name in PET_FIELDS}
    try:
        await visit.client.save_pet(typed, id=id, version=visit.request.form.get("version") or None, key=visit.once)
    except InvalidField as error:
        wrong = visit.form.wrong(error.field, visit.words(f"pets.wrong_{error.field}"))
        return visit.render("pet.html", 422, pet=one, form=wrong)
    except Refused as error:
        if error.reason in NOT_ON_THE_PAGE:
            raise
        return visit.form_again("pet.html", error, pet=one)
    return visit.redirect("/pets", notice="pets.saved")


async def delete_first(visit: Visit) -> Response:
    """Sure?"""
    return visit.render("pet_delete.html", pet=await _pet_of(visit), refused="")


async def delete_pet(visit: Visit) -> Response:
    """Remove it."""
    try:
        await visit.client.delete_pet(visit.arguments["id"], key=visit.once)
    except Refused as error:
        if error.reason is not Reason.NOT_CHANGEABLE:
            raise
        return visit.render("pet_delete.html", 409, pet=await _pet_of(visit), refused=visit.says(error))
    return visit.redirect("/pets", notice="pets.deleted")


# --- preferences ----------------------------------------------------------------------------------------------------


async def preferences(visit: Visit) -> Response:
    """Four switches, each by itself (M11)."""
    seen = await visit.client.preferences()
    lines = [(category, channel, seen.allows(category, channel)) for category in Category for channel in Channel]
    return visit.render("preferences.html", lines=lines)


async def set_preference(visit: Visit) -> Response:
    """Turn one on or off."""
    category, channel = visit.request.form.get("category", ""), visit.request.form.get("channel", "")
    await visit.client.set_preference(category, channel, visit.request.form.get("on") == "yes", key=visit.once)
    return visit.redirect("/preferences", notice="preferences.saved")


async def unsubscribe_first(visit: Visit) -> Response:
    """The link in a mailing: what it turns off, with one button."""
    seen = await visit.visitor.look_at_unsubscribe(visit.arguments["link"])
    return visit.render("unsubscribe.html", seen=seen, link=visit.arguments["link"])


async def unsubscribe(visit: Visit) -> Response:
    """Turn it off; nobody need be logged in."""
    seen = await visit.visitor.unsubscribe(visit.arguments["link"])
    return visit.render("unsubscribe.html", seen=seen, link=visit.arguments["link"])


# --- referrals ------------------------------------------------------------------------------------------------------


async def referrals(visit: Visit) -> Response:
    """The personal link, how many friends came, and what was earned (M10)."""
    seen = await visit.client.referrals(after=visit.get("after"))
    return visit.render("referrals.html", seen=seen, more=more_of(visit, "/referrals", seen.next))


ROUTES: tuple[Route, ...] = (
    Route("GET", "/account", account, section="account", menu="menu.account"),
    Route("GET", "/account/edit", edit, section="account"),
    Route("POST", "/account/edit", save, section="account"),
    Route("GET", "/pets", pets, section="pets", menu="menu.pets"),
    Route("GET", "/pets/new", new_pet, section="pets"),
    Route("POST", "/pets/new", save_pet, section="pets"),
    Route("GET", "/pets/{id}", pet, section="pets"),
    Route("POST", "/pets/{id}", save_pet, section="pets"),
    Route("GET", "/pets/{id}/delete", delete_first, section="pets"),
    Route("POST", "/pets/{id}/delete", delete_pet, section="pets"),
    Route("GET", "/preferences", preferences, section="preferences", menu="menu.preferences"),
    Route("POST", "/preferences", set_preference, section="preferences"),
    Route("GET", "/unsubscribe/{link}", unsubscribe_first, Needs.NOTHING),
    Route("POST", "/unsubscribe/{link}", unsubscribe, Needs.NOTHING, checked=False),
    Route("GET", "/referrals", referrals, section="referrals", menu="menu.referrals"),
)
"""Every address of what clients keep themselves."""
