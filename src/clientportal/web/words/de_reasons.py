"""Refusals as clients read them in German; the English ones are in the portal's own catalogue."""

from __future__ import annotations

from collections.abc import Mapping

__all__ = ["REASONS"]

REASONS: Mapping[str, str] = {
    "disabled": "Das ist hier abgeschaltet.",
    "contact_business": "Bitte wenden Sie sich an {business}.",
    "permission": "Das dürfen Sie nicht.",
    "code_gone": "Dieser Code ist abgelaufen oder wurde schon benutzt. Bitte fordern Sie einen neuen an.",
    "code_wrong": "Das ist nicht der richtige Code. Bitte prüfen Sie ihn und versuchen Sie es noch einmal.",
    "too_many_tries": "Das waren zu viele Versuche. Bitte fordern Sie später einen neuen Code an.",
    "wait": "Bitte warten Sie einen Moment und versuchen Sie es noch einmal.",
    "stopped": "Die Anmeldung mit diesem Kontakt ist gesperrt. Bitte wenden Sie sich an {business}.",
    "too_many_codes": "Es sind schon mehrere Codes unterwegs. Bitte nehmen Sie den neuesten oder warten Sie.",
    "contact_not_allowed": "Dorthin kann kein Code gesendet werden. Bitte nehmen Sie eine gewöhnliche Mobilnummer.",
    "bot_suspected": "Bitte bestätigen Sie, dass Sie ein Mensch sind.",
    "link_gone": "Dieser Link gilt nicht mehr. Bitte melden Sie sich stattdessen an.",
    "login_failed": "E-Mail und Passwort passen nicht zusammen. Bitte versuchen Sie es noch einmal, oder setzen "
    "Sie per E-Mail ein neues Passwort.",
    "second_factor_wrong": "Das ist nicht der richtige Code Ihrer Authenticator-App. Bitte versuchen Sie es noch "
    "einmal.",
    "booking_first": "Ein Konto legen Sie auf der Bestätigungsseite einer Buchung an, oder über den Link in "
    "ihrer Nachricht.",
    "consent_missing": "Bitte stimmen Sie zu: {documents}.",
    "already_registered": "Es gibt schon ein Konto.",
    "no_password": "Es ist kein Passwort gesetzt.",
    "step_up_first": "Bitte geben Sie Ihr Passwort noch einmal ein.",
    "password_too_short": "Bitte wählen Sie ein längeres Passwort: mindestens {least} Zeichen. Ein paar Wörter "
    "mit Leerzeichen genügen.",
    "password_too_common": "Dieses Passwort ist leicht zu erraten. Bitte wählen Sie eines, auf das andere nicht "
    "kommen.",
    "password_breached": "Dieses Passwort ist aus einem Datenleck bekannt. Bitte wählen Sie ein anderes, und "
    "ändern Sie es überall, wo Sie es sonst noch benutzen.",
    "session_ended": "Bitte melden Sie sich noch einmal an.",
    "choose_first": "Bitte wählen Sie zuerst Ihr Profil.",
    "second_proof_first": "Bitte bestätigen Sie zuerst einen weiteren Kontakt von Ihnen.",
    "second_factor_first": "Bitte geben Sie zuerst den Code Ihrer Authenticator-App ein.",
    "enrol_first": "Bitte richten Sie zuerst Ihre Authenticator-App ein.",
    "look_only": "Hier können Sie ansehen, aber nichts ändern.",
    "not_found": "Das gibt es nicht.",
    "too_late": "Dafür ist es online zu spät. Bitte wenden Sie sich an {business}.",
    "too_many_moves": "Dieser Termin wurde schon so oft verschoben, wie es online geht. Bitte wenden Sie sich an "
    "{business}.",
    "fee_not_accepted": "Das kostet {amount}. Bitte bestätigen Sie das zuerst.",
    "already_over": "Dieser Termin ist schon vorbei oder abgesagt.",
    "not_changeable": "Dieser Termin lässt sich online nicht ändern. Bitte wenden Sie sich an {business}.",
    "slot_taken": "Diese Zeit wurde gerade vergeben. Bitte wählen Sie eine andere.",
    "same_slot": "Der Termin ist schon zu dieser Zeit.",
    "card_needed": "Diese Karte wird noch für Ihren Termin am {when} gebraucht. Danach lässt sie sich entfernen.",
    "same_record": "Das ist ein und dasselbe.",
    "already_merged": "Das wurde schon zusammengeführt.",
    "not_duplicates": "Das sind als verschieden gekennzeichnete Personen.",
    "undo_too_late": "Es ist zu spät, das rückgängig zu machen.",
    "undone_already": "Das wurde schon rückgängig gemacht.",
    "erased": "Das wurde gelöscht.",
    "nothing_assigned": "Noch keiner dieser Termine gehört zu einem Konto.",
    "several_accounts": "Diese Termine gehören zu mehr als einem Konto.",
    "not_linked": "Das ist nicht mit Ihrem Konto verbunden.",
    "proof_needed": "Bitte bestätigen Sie zuerst einen Kontakt von dort.",
    "nothing_due": "Hier ist nichts mehr zu bezahlen.",
    "amount_changed": "Der fällige Betrag hat sich geändert: Es sind jetzt {due}. Abgebucht wurde nichts.",
    "payment_under_way": "Dafür läuft schon eine Zahlung. Bitte warten Sie, bis feststeht, was daraus geworden ist.",
    "plan": "Das gehört nicht zum jetzigen Tarif.",
    "changed_meanwhile": "Das wurde inzwischen geändert. Bitte sehen Sie es sich noch einmal an.",
    "key_reused": "Etwas ist schiefgegangen. Bitte versuchen Sie es noch einmal.",
    "busy": "Gerade ist zu viel los. Bitte versuchen Sie es gleich noch einmal.",
}
