"""The tests of the controls bite: a defect is planted into each family, and the test that stands for it fails.

``tests/steps/test_seeded_defects.py`` does it for races and crashes, ``test_account_defects.py`` for accounts. Each
defect here is of the kind that is really made: a check that was forgotten, a counter that is not kept, a field left out
of a signature.
"""

from __future__ import annotations

import inspect
import json
import sys
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from attrs import evolve

from clientportal import Secret, keyring
from clientportal.client_files import formulas
from clientportal.keyring import KeyRing
from clientportal.messages import texts
from clientportal.operations import fresh_sessions, paging, requesting_codes, sections
from clientportal.operations.sections import OpenSection
from clientportal.records import Challenge, Put, Session
from clientportal.rules import (
    budgets,
    choosing_passwords,
    first_proof,
    guessing,
    second_factor,
    seeing_documents,
    who_may_manage,
)
from clientportal.values import field_checks
from clientportal.web import protection, site
from security import (
    test_code_paths,
    test_codes,
    test_control_gaps,
    test_cursors,
    test_enumeration,
    test_export,
    test_fuzz,
    test_guesses,
    test_matrix,
    test_matrix_web,
    test_objects,
    test_papers,
    test_prehijacking,
    test_pump,
    test_reset,
    test_second_factor,
    test_sends,
    test_sessions,
    test_signed_links,
)
from security.code_paths import HANDLES
from web import test_addresses
from world import World, make_world

Plant = Callable[[pytest.MonkeyPatch], None]


def everywhere(patch: pytest.MonkeyPatch, function: Any, instead: Any) -> None:
    """Put another function in the place of one, also where a module has imported it by name."""
    found = 0
    for name, module in list(sys.modules.items()):
        if name.startswith("clientportal") and getattr(module, function.__name__, None) is function:
            patch.setattr(module, function.__name__, instead)
            found += 1
    assert found, function


# --- the defects ------------------------------------------------------------------------------------------------------


def codes_without_a_leading_zero(patch: pytest.MonkeyPatch) -> None:
    """A code goes through ``int()`` on its way, and is filled up behind."""
    right = KeyRing.code

    def code(self: KeyRing, *args: Any) -> Secret | None:
        made = right(self, *args)
        return None if made is None else Secret(made.reveal().lstrip("0").ljust(len(made.reveal()), "1"))

    patch.setattr(KeyRing, "code", code)


def codes_that_outlive_their_end(patch: pytest.MonkeyPatch) -> None:
    """Whether a code has expired is asked of nobody."""
    patch.setattr(Challenge, "open_at", lambda self, _now: not self.spent)


def a_clock_that_revives(patch: pytest.MonkeyPatch) -> None:
    """The latest time that a challenge has seen is forgotten."""
    right = Challenge.open_at
    patch.setattr(Challenge, "open_at", lambda self, now: right(evolve(self, last_mark=now), now))


def codes_of_nobody_in_particular(patch: pytest.MonkeyPatch) -> None:
    """The row is left out of what a code is derived from."""
    right = KeyRing.code

    def code(self: KeyRing, key: str, tenant: str, purpose: str, identity: str, row: str, *more: int) -> Secret | None:
        return right(self, key, tenant, purpose, identity, "row", *more)

    patch.setattr(KeyRing, "code", code)


def codes_of_no_contact(patch: pytest.MonkeyPatch) -> None:
    """Neither the row nor the contact is in it."""
    right = KeyRing.code

    def code(self: KeyRing, key: str, tenant: str, purpose: str, identity: str, row: str, *more: int) -> Secret | None:
        return right(self, key, tenant, purpose, "contact", "row", *more)

    patch.setattr(KeyRing, "code", code)


def misses_that_are_not_kept(patch: pytest.MonkeyPatch) -> None:
    """A wrong try is answered, and not counted on its handle."""
    from clientportal.rules import signing_in as rule

    right = rule.count_miss
    everywhere(
        patch,
        right,
        lambda seen, challenge, policy, now: right(seen, evolve(challenge, misses=challenge.misses - 1), policy, now),
    )


def a_day_that_never_fills(patch: pytest.MonkeyPatch) -> None:
    """The day's count begins anew with every wrong try."""
    right = guessing.miss_counted
    everywhere(patch, right, lambda *args: evolve(right(*args), day_count=1))


def sources_that_are_not_counted(patch: pytest.MonkeyPatch) -> None:
    """The axis of the source is left out of the charges."""
    right = budgets.request_charges
    everywhere(patch, right, lambda identity, lane, _source, policy: right(identity, lane, None, policy))


def aliases_with_budgets_of_their_own(patch: pytest.MonkeyPatch) -> None:
    """What follows a plus makes a mailbox of its own."""
    everywhere(patch, budgets.mailbox, str)


def devices_that_are_all_strangers(patch: pytest.MonkeyPatch) -> None:
    """The known device is not looked at: strangers lock the owner out."""
    everywhere(patch, fresh_sessions.lane_of, lambda *_args: guessing.STRANGERS)


def a_request_that_reads_the_client(patch: pytest.MonkeyPatch) -> None:
    """Asking for a code reads the record, to greet it by name: known and unknown cost other calls."""
    right = requesting_codes.code_request

    async def code_request(reading: Any, contact: Any, identity: Any, *args: Any, **more: Any) -> Any:
        from clientportal.records import ContactEntry

        for entry in await reading.state.find(ContactEntry, "key", [str(identity)], limit=1):
            await reading.host.clients([entry.ref])
        return await right(reading, contact, identity, *args, **more)

    everywhere(patch, right, code_request)


def passwords_of_any_kind(patch: pytest.MonkeyPatch) -> None:
    """A new password is not judged."""
    everywhere(patch, choosing_passwords.judge_new_password, lambda *_args, **_more: None)


def resets_that_end_nothing(patch: pytest.MonkeyPatch) -> None:
    """The password changes, and whoever is in stays in."""

    def wipe_access(*_args: Any, password: Any = None, **_more: Any) -> tuple[Any, ...]:
        return () if password is None else (Put(password),)

    everywhere(patch, first_proof.wipe_access, wipe_access)


def sessions_that_never_idle(patch: pytest.MonkeyPatch) -> None:
    """The idle end is left out."""
    patch.setattr(Session, "alive_at", lambda self, now: now < self.ends_at)


def a_first_proof_that_wipes_nothing(patch: pytest.MonkeyPatch) -> None:
    """What an attacker has prepared stays."""
    everywhere(patch, first_proof.wipe_access, lambda *_args, **_more: ())


def permissions_that_are_not_asked_for(patch: pytest.MonkeyPatch) -> None:
    """Staff are staff."""
    everywhere(patch, who_may_manage.may, lambda _permissions, _needed: None)


def items_of_anybody(patch: pytest.MonkeyPatch) -> None:
    """An item of a section is found by its id alone."""
    right = sections.item_of

    async def item_of(opened: OpenSection, id: str) -> Any:
        return await opened.port.one(id) or await right(opened, id)

    everywhere(patch, right, item_of)


def owners_that_are_looked_up(patch: pytest.MonkeyPatch) -> None:
    """Before an item is refused, its owner is read, for the log: what is there costs more than what is not."""
    right = sections.item_of

    async def item_of(opened: OpenSection, id: str) -> Any:
        found = await opened.port.one(id)
        if found is not None:
            await opened.port.active()
        return await right(opened, id)

    everywhere(patch, right, item_of)


def signatures_that_are_not_compared(patch: pytest.MonkeyPatch) -> None:
    """The claims are read, and the signature is not."""

    def verify(self: KeyRing, kind: str, text: str) -> Any:
        body = text.split(".")[1:2]
        try:
            decoded = keyring._unb64(body[0]) if body else None
            return None if decoded is None else json.loads(decoded)
        except ValueError:
            return None

    patch.setattr(KeyRing, "verify", verify)


def keys_that_never_go(patch: pytest.MonkeyPatch) -> None:
    """A key that was taken off the ring is remembered somewhere."""
    right = KeyRing._secret
    seen: dict[str, bytes] = {}

    def secret(self: KeyRing, id: str) -> bytes | None:
        found = right(self, id)
        if found is not None:
            seen[id] = found
        return seen.get(id)

    patch.setattr(KeyRing, "_secret", secret)


def a_next_that_leads_anywhere(patch: pytest.MonkeyPatch) -> None:
    """The address to go on to is taken as it comes."""
    patch.setattr(site.Site, "own_page", lambda _self, address: address)


def names_that_are_not_cleaned(patch: pytest.MonkeyPatch) -> None:
    """A business's name goes into a message as it is."""
    everywhere(patch, texts.clean, lambda text, **_more: text)


def document_names_as_they_are(patch: pytest.MonkeyPatch) -> None:
    """The name of a document goes into a header as it is."""
    everywhere(patch, seeing_documents.content_disposition, lambda name: f'attachment; filename="{name}"')


def cells_that_are_formulas(patch: pytest.MonkeyPatch) -> None:
    """Nothing is put before a cell that begins a formula."""
    everywhere(patch, formulas.as_inert, lambda cell: cell)


def errors_that_repeat_everything(patch: pytest.MonkeyPatch) -> None:
    """An error says what was typed, whole."""
    everywhere(patch, field_checks.quoted, repr)


def steps_that_can_be_used_again(patch: pytest.MonkeyPatch) -> None:
    """The step of an app's code is not remembered."""
    patch.setattr(second_factor, "_fresh_step", lambda typed, _last: next(iter(typed.steps), None))


def cursors_as_stores_write_them(patch: pytest.MonkeyPatch) -> None:
    """A cursor leaves as it is."""
    everywhere(patch, paging.hand_out, lambda answer, *_more: answer)
    everywhere(patch, paging.take_back, lambda request, *_more: request)


def forms_that_need_no_token(patch: pytest.MonkeyPatch) -> None:
    """The token of a form is not compared."""
    everywhere(patch, protection.token_fits, lambda _expected, _given: True)


# --- what catches them ------------------------------------------------------------------------------------------------


def number_path(test: Callable[..., None]) -> Callable[[World], None]:
    """That test on the first path that takes a code."""
    return lambda world: test(world, HANDLES[0])


def fuzzed(world: World) -> None:
    """One argument, one text that is too long."""
    target = test_fuzz.Target(world)
    place = next(one for one in test_fuzz.places() if str(one) == "staff.notify.kind:text")
    target.fuzz(place, "x" * 5000)


def named_like_a_header(world: World) -> None:
    """The fixture of the papers, by hand, with the worst name."""
    prepared = inspect.unwrap(test_papers.shop)(world)
    made = next(prepared) if isinstance(prepared, Iterator) else prepared
    test_papers.test_no_name_of_a_document_breaks_out_of_its_header(made, "adds a header")


DEFECTS: list[tuple[Plant, Callable[..., None]]] = [
    (codes_without_a_leading_zero, lambda _world: test_codes.test_codes_are_uniform_and_keep_their_leading_zeros()),
    (
        codes_that_outlive_their_end,
        lambda world: test_code_paths.test_a_sent_code_is_good_until_a_second_before_its_end(world, HANDLES[0], 0),
    ),
    (a_clock_that_revives, test_control_gaps.test_a_row_never_goes_back_behind_its_own_last_mark),
    (codes_of_nobody_in_particular, test_codes.test_two_codes_for_one_person_cannot_be_swapped),
    (codes_of_no_contact, test_control_gaps.test_two_contact_changes_that_race_prove_what_they_name_and_no_more),
    (misses_that_are_not_kept, number_path(test_code_paths.test_after_the_last_try_the_right_code_is_refused_too)),
    (a_day_that_never_fills, test_guesses.test_after_twenty_wrong_tries_the_day_is_used_up),
    (
        sources_that_are_not_counted,
        lambda world: test_sends.test_twenty_an_hour_from_one_source(world, ("192.0.2.7", "192.0.2.7")),
    ),
    (
        aliases_with_budgets_of_their_own,
        lambda world: test_sends.test_all_aliases_of_an_address_share_one_budget(world, "ana+1@example.com"),
    ),
    (
        devices_that_are_all_strangers,
        test_guesses.test_a_known_device_logs_in_while_strangers_have_used_their_guesses_up,
    ),
    (
        a_request_that_reads_the_client,
        test_enumeration.test_asking_and_asking_again_look_the_same_for_known_and_unknown,
    ),
    (
        passwords_of_any_kind,
        lambda world: test_reset.test_a_new_password_that_will_not_do_does_not_use_the_link_up(world, "short"),
    ),
    (resets_that_end_nothing, test_reset.test_a_reset_ends_everything_and_logs_nobody_in),
    (sessions_that_never_idle, test_sessions.test_a_session_ends_after_fourteen_idle_days),
    (
        a_first_proof_that_wipes_nothing,
        test_prehijacking.test_class_2_unexpired_session_eves_session_ends_with_anas_proof,
    ),
    (
        permissions_that_are_not_asked_for,
        lambda world: test_objects.test_staff_may_do_what_they_were_given_by_name_and_nothing_else(world, None),
    ),
    (items_of_anybody, test_objects.test_another_client_of_the_same_business_finds_nothing),
    (owners_that_are_looked_up, test_matrix.test_what_is_foreign_costs_the_calls_of_what_is_absent),
    (signatures_that_are_not_compared, test_signed_links.test_no_character_of_a_link_can_be_changed),
    (keys_that_never_go, test_signed_links.test_removing_a_key_ends_what_it_made),
    (
        a_next_that_leads_anywhere,
        lambda world: test_addresses.test_next_leads_to_our_own_pages_alone(world, "//evil.example"),
    ),
    (
        names_that_are_not_cleaned,
        lambda _world: test_pump.test_a_name_of_a_business_is_one_clean_line(
            "Kōwhai\r\nBcc: all@example.com", "Kōwhai Bcc: all@example.com"
        ),
    ),
    (document_names_as_they_are, named_like_a_header),
    (
        cells_that_are_formulas,
        lambda world: test_export.test_no_cell_of_the_list_is_a_formula_and_none_is_lost(world, ","),
    ),
    (errors_that_repeat_everything, fuzzed),
    (steps_that_can_be_used_again, test_second_factor.test_a_code_is_used_once_and_so_is_its_step),
    (
        cursors_as_stores_write_them,
        lambda world: test_cursors.test_a_cursor_says_nothing_and_leads_on(world, "client.appointments"),
    ),
    (forms_that_need_no_token, test_matrix_web.test_no_form_acts_without_its_token),
]


@pytest.mark.parametrize(("plant", "finds"), DEFECTS, ids=[plant.__name__ for plant, _ in DEFECTS])
def test_the_test_of_the_control_finds_it(
    plant: Plant, finds: Callable[[World], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    """It passes without the defect, and fails with it."""
    for planted in (False, True):
        world = make_world("memory-plain")
        try:
            if not planted:
                finds(world)
                continue
            plant(monkeypatch)
            with pytest.raises(BaseException) as caught:  # noqa: PT011
                finds(world)
            assert not isinstance(caught.value, KeyboardInterrupt | SystemExit | TypeError | AttributeError | NameError)
        finally:
            world.close()
