"""What clients keep themselves: pets, preferences, recommendations, their own details: one topic of the doors, in both
colours.

What each method promises is said at the plain one; the awaited twin has its docstring.
"""

from __future__ import annotations

from collections.abc import Mapping

from clientportal.doors.base import AsyncDoor, Door, as_secret, describe
from clientportal.doors.checks import check_tenant
from clientportal.operations import own_contacts, own_details, pets, preferences, referrals
from clientportal.operations.own_contacts import AskContactChange, ByContactLink
from clientportal.operations.own_details import ChangeDetails
from clientportal.operations.performing import perform
from clientportal.operations.pets import DeletePet, SavePet
from clientportal.operations.preferences import ByUnsubscribeLink, Choose, LinkOf, PreferencesOf
from clientportal.operations.referrals import ByRecommendation, ListReferrals
from clientportal.operations.sections import ListItems
from clientportal.operations.sessions import Nothing
from clientportal.operations.setting import Setup, System
from clientportal.operations.typed_codes import TypedCode
from clientportal.outcomes import CodeSent, SectionChanged
from clientportal.outcomes.own import ContactReplaced, DetailsChanged, ReferralCounted, Referrals, Unsubscribing
from clientportal.ports import step
from clientportal.values import FieldValue, ItemPage, RecordRef, Secret
from clientportal.values.channels import Channel
from clientportal.values.pets import Pet
from clientportal.values.preferences import Category, Preferences

__all__ = ["AsyncClientOwn", "AsyncPortalOwn", "AsyncVisitorOwn", "ClientOwn", "PortalOwn", "VisitorOwn"]


class VisitorOwn(Door):
    """What a visitor can do of it: follow the links that mailings and earlier contacts got."""

    def look_at_unsubscribe(self, link: Secret | str) -> Unsubscribing:
        """What a link in a mailing turns off, for the page with the button. Without effect: scanners look, too.

        Raises ``Refused`` with ``link_gone``.
        """
        return self._do(preferences.LOOK_AT_UNSUBSCRIBE, ByUnsubscribeLink(as_secret(link)))

    def unsubscribe(self, link: Secret | str) -> Unsubscribing:
        """Turn it off, for all records of the person; nobody need be logged in (RFC 8058: this is the POST). Twice is
        no harm, and nothing turns anything on. Raises ``Refused`` with ``link_gone``.
        """
        return self._do(preferences.UNSUBSCRIBE_BY_LINK, ByUnsubscribeLink(as_secret(link)))

    def look_at_contact_change(self, link: Secret | str) -> ContactReplaced:
        """Which contact the link to an earlier one puts back, masked. Without effect. Raises ``Refused`` with
        ``link_gone``.
        """
        return self._do(own_contacts.LOOK_AT_CONTACT_CHANGE, ByContactLink(as_secret(link)))

    def revert_contact_change(self, link: Secret | str) -> ContactReplaced:
        """Put the earlier contact back, by the link that it got (N4.6), within ``accounts.revert_for``.

        Every session of the client ends, and accounts that were linked since are taken off. Nobody is logged in by
        that. Raises ``Refused`` with ``link_gone``, ``not_changeable``.
        """
        return self._do(own_contacts.REVERT_CONTACT_CHANGE, ByContactLink(as_secret(link)))


class AsyncVisitorOwn(AsyncDoor):
    """The twin of :class:`VisitorOwn`, awaited."""

    async def look_at_unsubscribe(self, link: Secret | str) -> Unsubscribing:
        return await self._do(preferences.LOOK_AT_UNSUBSCRIBE, ByUnsubscribeLink(as_secret(link)))

    async def unsubscribe(self, link: Secret | str) -> Unsubscribing:
        return await self._do(preferences.UNSUBSCRIBE_BY_LINK, ByUnsubscribeLink(as_secret(link)))

    async def look_at_contact_change(self, link: Secret | str) -> ContactReplaced:
        return await self._do(own_contacts.LOOK_AT_CONTACT_CHANGE, ByContactLink(as_secret(link)))

    async def revert_contact_change(self, link: Secret | str) -> ContactReplaced:
        return await self._do(own_contacts.REVERT_CONTACT_CHANGE, ByContactLink(as_secret(link)))


class ClientOwn(Door):
    """What a session can do of it."""

    def update_profile(self, changes: Mapping[str, FieldValue], *, key: str | None = None) -> DetailsChanged:
        """Change one's own details, those of the six fields that ``visibility.editable`` names (M7).

        A field that is absent stays as it is; ``None`` or blank text clears it. Names on past bookings stay (X9). Of
        several merged records it is written where the rules of the merge show it. Raises ``InvalidField``,
        ``InvalidContact``; ``Refused`` with ``disabled``, ``prove_contact_first`` (the email, and what identifies a
        client: :meth:`request_contact_change`), ``step_up_first`` or ``fresh_login_first`` (a contact),
        ``not_changeable`` (a guest's booking), ``not_found`` (an account that shows no record).
        """
        return self._do(own_details.CHANGE_DETAILS, ChangeDetails(changes), key)

    def request_contact_change(self, contact: str) -> CodeSent:
        """Begin to replace one's mobile or email: a code goes to the new one; nothing changes yet.

        The reply is the same for every contact. Raises ``InvalidContact``; ``Refused`` with ``disabled``
        (``visibility.editable``), ``step_up_first``, ``fresh_login_first``, ``contact_not_allowed``, ``wait`` and
        ``too_many_codes`` with ``retry_at``. The login of an account has :meth:`change_email`.
        """
        return self._do(own_contacts.REQUEST_CONTACT_CHANGE, AskContactChange(contact))

    def confirm_contact_change(self, handle: Secret | str, code: str) -> ContactReplaced:
        """Type the code that the new contact got, in the session that asked for it: the record has it at once.

        The earlier contact is told in the same commit, with a link that puts it back for ``accounts.revert_for``; the
        other sessions that it opened end. Raises ``InvalidCode``; ``Refused`` with ``code_wrong``, ``code_gone``,
        ``too_many_tries``, ``wait``, ``stopped``, ``contact_not_allowed``, ``not_changeable``.
        """
        typed = TypedCode(as_secret(handle), as_secret(code))
        return self._do(own_contacts.CONFIRM_CONTACT_CHANGE, typed)

    def pets(self, *, after: str | None = None, limit: int = 20) -> ItemPage[Pet]:
        """The client's pets, by name, where the business is one for pets (M8). Raises ``Refused`` with ``disabled``."""
        return self._do(pets.PETS, ListItems(pets.SECTION, after, limit))

    def save_pet(
        self,
        pet: Mapping[str, object],
        *,
        id: str | None = None,
        version: str | None = None,
        key: str | None = None,
    ) -> SectionChanged:
        """Add a pet, or change the one with that ``id``; ``outcome.item`` is its id.

        ``pet`` maps names of ``values.pets.PET_FIELDS`` to what was typed (``"2021-03-14"``, ``"12.5 kg"``, ``"yes"``)
        or to typed values. A field that is absent stays as it is; ``None`` or blank text clears it. With ``version``,
        a pet that was changed since is refused. Raises ``InvalidField``, which names the field; ``Refused`` with
        ``disabled``, ``not_found``, ``changed_meanwhile``, ``not_changeable`` (your platform said no; its note is
        ``refusal.facts["why"]``).
        """
        return self._do(pets.SAVE_PET, SavePet(pet, id, version), key)

    def delete_pet(self, id: str, *, key: str | None = None) -> SectionChanged:
        """Remove a pet. Raises ``Refused`` with ``not_found``, ``disabled``, ``not_changeable`` (it has appointments
        ahead, say; the platform's note is ``refusal.facts["why"]``).
        """
        return self._do(pets.DELETE_PET, DeletePet(id), key)

    def preferences(self) -> Preferences:
        """Which messages the client wants: {transactional, marketing} x {email, sms} (M11); of several records the
        strictest answer. Codes, resets and security notices are always sent. Raises ``Refused`` with ``disabled``.
        """
        return self._do(preferences.PREFERENCES, Nothing())

    def set_preference(
        self, category: Category | str, channel: Channel | str, on: bool, *, key: str | None = None
    ) -> Preferences:
        """Turn one of the four on or off, for all records of this client, also after an undo of their merges."""
        return self._do(preferences.SET_PREFERENCE, Choose(category, channel, on), key)

    def referrals(self, *, after: str | None = None, limit: int = 20) -> Referrals:
        """Credits earned, how many friends came, who they are (first name and initial), and the client's link (M10).

        ``after`` is the last page's ``next``. Raises ``Refused`` with ``disabled``, and ``not_found`` for an account
        that has no record yet.
        """
        return self._do(referrals.REFERRALS, ListReferrals(after, limit))


class AsyncClientOwn(AsyncDoor):
    """The twin of :class:`ClientOwn`, awaited."""

    async def update_profile(self, changes: Mapping[str, FieldValue], *, key: str | None = None) -> DetailsChanged:
        return await self._do(own_details.CHANGE_DETAILS, ChangeDetails(changes), key)

    async def request_contact_change(self, contact: str) -> CodeSent:
        return await self._do(own_contacts.REQUEST_CONTACT_CHANGE, AskContactChange(contact))

    async def confirm_contact_change(self, handle: Secret | str, code: str) -> ContactReplaced:
        typed = TypedCode(as_secret(handle), as_secret(code))
        return await self._do(own_contacts.CONFIRM_CONTACT_CHANGE, typed)

    async def pets(self, *, after: str | None = None, limit: int = 20) -> ItemPage[Pet]:
        return await self._do(pets.PETS, ListItems(pets.SECTION, after, limit))

    async def save_pet(
        self,
        pet: Mapping[str, object],
        *,
        id: str | None = None,
        version: str | None = None,
        key: str | None = None,
    ) -> SectionChanged:
        return await self._do(pets.SAVE_PET, SavePet(pet, id, version), key)

    async def delete_pet(self, id: str, *, key: str | None = None) -> SectionChanged:
        return await self._do(pets.DELETE_PET, DeletePet(id), key)

    async def preferences(self) -> Preferences:
        return await self._do(preferences.PREFERENCES, Nothing())

    async def set_preference(
        self, category: Category | str, channel: Channel | str, on: bool, *, key: str | None = None
    ) -> Preferences:
        return await self._do(preferences.SET_PREFERENCE, Choose(category, channel, on), key)

    async def referrals(self, *, after: str | None = None, limit: int = 20) -> Referrals:
        return await self._do(referrals.REFERRALS, ListReferrals(after, limit))


class PortalOwn:
    """What your platform can do of it."""

    _setup: Setup

    def preferences(self, business: str, ref: RecordRef) -> Preferences:
        """Which messages somebody wants, all their records put together: ask before you send one of your own."""
        return step(
            perform(self._setup, System(check_tenant(business)), preferences.PREFERENCES_OF, PreferencesOf(ref))
        )

    def unsubscribe_link(
        self,
        business: str,
        ref: RecordRef,
        *,
        channel: Channel | str = Channel.EMAIL,
        category: Category | str = Category.MARKETING,
    ) -> Secret:
        """The link for the foot of a mailing, and for its ``List-Unsubscribe`` header (RFC 8058): append it to the
        address of the page that calls :meth:`VisitorDoor.look_at_unsubscribe`.

        Raises ``MissingCapability`` where your platform has no preferences.
        """
        asked = LinkOf(ref, channel, category)
        return step(perform(self._setup, System(check_tenant(business)), preferences.UNSUBSCRIBE_LINK, asked))

    def referred(self, business: str, *, link: Secret | str, appointment_id: str) -> ReferralCounted:
        """Somebody has booked who came by a client's link (M10): count them, once, at their first booking.

        Call it at the booking, in its transaction if you like (``portal.on(connection)``). Where the friend counts,
        your host hears ``referred`` in the same commit. Telling twice is no harm. Raises ``Refused`` with
        ``link_gone``, ``not_found``, ``disabled``.
        """
        asked = ByRecommendation(appointment_id, as_secret(link))
        return step(perform(self._setup, System(check_tenant(business)), referrals.REFERRED, asked))


class AsyncPortalOwn:
    """The twin of :class:`PortalOwn`, awaited."""

    _setup: Setup

    async def preferences(self, business: str, ref: RecordRef) -> Preferences:
        asked = PreferencesOf(ref)
        return await perform(self._setup, System(check_tenant(business)), preferences.PREFERENCES_OF, asked)

    async def unsubscribe_link(
        self,
        business: str,
        ref: RecordRef,
        *,
        channel: Channel | str = Channel.EMAIL,
        category: Category | str = Category.MARKETING,
    ) -> Secret:
        asked = LinkOf(ref, channel, category)
        return await perform(self._setup, System(check_tenant(business)), preferences.UNSUBSCRIBE_LINK, asked)

    async def referred(self, business: str, *, link: Secret | str, appointment_id: str) -> ReferralCounted:
        asked = ByRecommendation(appointment_id, as_secret(link))
        return await perform(self._setup, System(check_tenant(business)), referrals.REFERRED, asked)


describe(AsyncVisitorOwn, VisitorOwn)
describe(AsyncClientOwn, ClientOwn)
describe(AsyncPortalOwn, PortalOwn)
