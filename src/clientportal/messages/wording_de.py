"""Die deutschen Texte: jeder Satz, den ein Kunde liest, unter demselben Schlüssel wie der englische.

Whatever a business calls things stands without an article, so that any word fits: "Stunde" as well as "Termin". Staff
read English.
"""

from __future__ import annotations

from collections.abc import Mapping

from clientportal.decisions import Reason

__all__ = ["GERMAN"]

_REASONS: dict[Reason, str] = {
    Reason.DISABLED: "Das ist hier nicht eingeschaltet.",
    Reason.CONTACT_BUSINESS: "Bitte wenden Sie sich direkt an uns.",
    Reason.PERMISSION: "Dazu sind Sie nicht berechtigt.",
    Reason.CODE_GONE: "Dieser Code ist abgelaufen oder wurde schon verwendet. Bitte fordern Sie einen neuen an.",
    Reason.CODE_WRONG: "Das ist nicht der richtige Code. Bitte prüfen Sie ihn und versuchen Sie es noch einmal.",
    Reason.TOO_MANY_TRIES: "Das waren zu viele Versuche. Bitte fordern Sie später einen neuen Code an.",
    Reason.WAIT: "Bitte warten Sie ein wenig und versuchen Sie es dann noch einmal.",
    Reason.STOPPED: "Die Anmeldung ist für diesen Kontakt gesperrt. Bitte wenden Sie sich an uns.",
    Reason.TOO_MANY_CODES: (
        "Es sind schon mehrere Codes unterwegs. Bitte verwenden Sie den neuesten, oder warten Sie ein wenig."
    ),
    Reason.CONTACT_NOT_ALLOWED: (
        "Dorthin kann kein Code geschickt werden. Bitte geben Sie eine gewöhnliche Mobilnummer an."
    ),
    Reason.BOT_SUSPECTED: "Bitte bestätigen Sie, dass Sie ein Mensch sind.",
    Reason.LINK_GONE: "Dieser Link funktioniert nicht mehr. Bitte melden Sie sich stattdessen an.",
    Reason.LOGIN_FAILED: (
        "E-Mail-Adresse und Passwort passen nicht zusammen. Bitte versuchen Sie es noch einmal, oder setzen Sie per "
        "E-Mail ein neues Passwort."
    ),
    Reason.SECOND_FACTOR_WRONG: (
        "Das ist nicht der richtige Code aus Ihrer Authenticator-App. Bitte versuchen Sie es noch einmal."
    ),
    Reason.BOOKING_FIRST: (
        "Bitte registrieren Sie sich auf der Bestätigungsseite einer Buchung oder über den Link in der Nachricht dazu."
    ),
    Reason.CONSENT_MISSING: "Bitte stimmen Sie zu: {documents}.",
    Reason.ALREADY_REGISTERED: "Es gibt schon ein Konto.",
    Reason.NO_PASSWORD: "Es ist kein Passwort gesetzt.",
    Reason.STEP_UP_FIRST: "Bitte geben Sie Ihr Passwort noch einmal ein.",
    Reason.SECOND_FACTOR_FIRST: "Bitte geben Sie zuerst den Code aus Ihrer Authenticator-App ein.",
    Reason.ENROL_FIRST: "Bitte richten Sie zuerst Ihre Authenticator-App ein.",
    Reason.LOOK_ONLY: "Hier können Sie nur ansehen, nichts ändern.",
    Reason.NOTHING_ASSIGNED: "{appointments}: Davon gehört noch nichts zu einem Konto.",
    Reason.SEVERAL_ACCOUNTS: "{appointments}: Das gehört zu mehr als einem Konto.",
    Reason.NOT_LINKED: "Das ist nicht mit Ihrem Konto verbunden.",
    Reason.PROOF_NEEDED: "Bitte bestätigen Sie zuerst einen der dort hinterlegten Kontakte.",
    Reason.PLAN: "Das ist im jetzigen Tarif nicht enthalten.",
    Reason.CHANGED_MEANWHILE: "Das wurde inzwischen geändert. Bitte sehen Sie es sich noch einmal an.",
    Reason.PASSWORD_TOO_SHORT: (
        "Bitte wählen Sie ein längeres Passwort: mindestens {least} Zeichen. Ein paar Wörter mit Leerzeichen genügen."
    ),
    Reason.PASSWORD_TOO_COMMON: (
        "Dieses Passwort ist leicht zu erraten. Bitte wählen Sie eines, auf das andere nicht kommen."
    ),
    Reason.PASSWORD_BREACHED: (
        "Dieses Passwort ist aus einem Datenleck bekannt. Bitte wählen Sie ein anderes, und ändern Sie es überall, wo "
        "Sie es sonst noch verwenden."
    ),
    Reason.SESSION_ENDED: "Bitte melden Sie sich noch einmal an.",
    Reason.CHOOSE_FIRST: "Bitte wählen Sie zuerst Ihr Profil aus.",
    Reason.SECOND_PROOF_FIRST: "Bitte bestätigen Sie zuerst einen weiteren Ihrer Kontakte.",
    Reason.NOT_FOUND: "Das gibt es nicht.",
    Reason.TOO_LATE: "Dafür ist es online zu spät. Bitte wenden Sie sich an uns.",
    Reason.TOO_MANY_MOVES: (
        "{appointment}: Öfter lässt sich das online nicht verschieben. Bitte wenden Sie sich an uns."
    ),
    Reason.FEE_NOT_ACCEPTED: "Das kostet {amount}. Bitte bestätigen Sie das zuerst.",
    Reason.ALREADY_OVER: "{appointment}: schon vorbei oder abgesagt.",
    Reason.NOT_CHANGEABLE: "{appointment}: Das lässt sich online nicht ändern. Bitte wenden Sie sich an uns.",
    Reason.SLOT_TAKEN: "Diese Zeit ist gerade vergeben worden. Bitte wählen Sie eine andere.",
    Reason.SAME_SLOT: "{appointment}: Das ist schon die jetzige Zeit.",
    Reason.SAME_RECORD: "Das ist ein und dasselbe.",
    Reason.ALREADY_MERGED: "Das wurde schon zusammengeführt.",
    Reason.NOT_DUPLICATES: "Das sind als verschieden vermerkte Personen.",
    Reason.UNDO_TOO_LATE: "Es ist zu spät, um das rückgängig zu machen.",
    Reason.UNDONE_ALREADY: "Das wurde schon rückgängig gemacht.",
    Reason.ERASED: "Das wurde gelöscht.",
    Reason.KEY_REUSED: "Da ist etwas schiefgegangen. Bitte versuchen Sie es noch einmal.",
    Reason.BUSY: "Gerade sind zu viele gleichzeitig dabei. Bitte versuchen Sie es noch einmal.",
    Reason.FRESH_LOGIN_FIRST: "Bitte melden Sie sich noch einmal an, und ändern Sie es dann.",
    Reason.PROVE_CONTACT_FIRST: "Bitte bestätigen Sie die neue Nummer oder Adresse mit einem Code.",
    Reason.FORM_DONE: "{form}: Das haben Sie schon abgeschickt. Vielen Dank.",
    Reason.FORM_WITHDRAWN: "{form}: Das wird nicht mehr gebraucht.",
    Reason.NOTHING_DUE: "Hier ist nichts mehr zu bezahlen.",
    Reason.AMOUNT_CHANGED: "Der fällige Betrag hat sich geändert: Es sind jetzt {due}. Es wurde nichts abgebucht.",
    Reason.PAYMENT_UNDER_WAY: (
        "Dafür läuft schon eine Zahlung. Bitte warten Sie, bis klar ist, was aus ihr geworden ist."
    ),
    Reason.CARD_NEEDED: ("Diese Karte wird noch gebraucht: {when}. Sie lässt sich entfernen, sobald das erledigt ist."),
}

_MESSAGES = {
    "message.login_code.sms.text": "{code} ist Ihr Code für {business}. Geben Sie ihn nicht weiter.",
    "message.login_code.email.subject": "Ihr Code für {business}",
    "message.login_code.email.text": (
        "{code} ist Ihr Code für {business}.\n\nEr gilt einmal und {minutes} Minuten lang. Geben Sie ihn nicht weiter. "
        "Wenn Sie ihn nicht angefordert haben, brauchen Sie nichts zu tun."
    ),
    "message.second_proof_code.sms.text": "{code} ist Ihr Code, um diesen Kontakt bei {business} zu bestätigen.",
    "message.second_proof_code.email.subject": "Bestätigen Sie Ihren Kontakt bei {business}",
    "message.second_proof_code.email.text": (
        "{code} ist Ihr Code, um diesen Kontakt bei {business} zu bestätigen.\n\nEr gilt einmal und {minutes} Minuten "
        "lang."
    ),
    "message.guesses_warning.sms.text": (
        "{business}: Jemand hat für Ihre Nummer mehrmals falsche Codes eingegeben. Sie brauchen nichts zu tun."
    ),
    "message.guesses_warning.email.subject": "Falsche Codes oder Passwörter bei {business}",
    "message.guesses_warning.email.text": (
        "Jemand hat für Ihre Adresse bei {business} mehrmals falsche Codes oder Passwörter eingegeben. Sie brauchen "
        "nichts zu tun; geben Sie nie einen Code oder ein Passwort weiter."
    ),
    "message.appointment_link.sms.text": "{business}: {appointment} ändern oder absagen: {link}",
    "message.appointment_link.email.subject": "{business}: {appointment}",
    "message.appointment_link.email.text": "{appointment} bei {business} ändern oder absagen:\n\n{link}",
    "message.verify_email.email.subject": "Bestätigen Sie Ihre E-Mail-Adresse für {business}",
    "message.verify_email.email.text": (
        "Jemand, vermutlich Sie, hat sich mit dieser Adresse bei {business} registriert. Bestätigen Sie sie hier:\n\n"
        "{link}\n\nWenn Sie das nicht waren, brauchen Sie nichts zu tun: Von Ihnen ist nichts zu sehen."
    ),
    "message.verify_email_code.email.subject": "Ihr Code für {business}",
    "message.verify_email_code.email.text": (
        "{code} ist Ihr Code, um diese Adresse bei {business} zu bestätigen.\n\nGeben Sie ihn nur dort ein, wo Sie "
        "sich selbst registriert haben. Er gilt einmal und {minutes} Minuten lang."
    ),
    "message.already_registered.email.subject": "Sie haben ein Konto bei {business}",
    "message.already_registered.email.text": (
        "Jemand, vermutlich Sie, wollte sich bei {business} mit dieser Adresse registrieren, die schon ein Konto hat. "
        "Melden Sie sich an, oder setzen Sie ein neues Passwort, wenn Sie es vergessen haben. Wenn Sie das nicht "
        "waren, brauchen Sie nichts zu tun."
    ),
    "message.reset_password.email.subject": "Ihr neues Passwort bei {business}",
    "message.reset_password.email.text": (
        "Setzen Sie hier ein neues Passwort für {business}:\n\n{link}\n\nDer Link gilt einmal und {minutes} Minuten "
        "lang. Wenn Sie ihn nicht angefordert haben, brauchen Sie nichts zu tun."
    ),
    "message.password_changed.email.subject": "Ihr Passwort bei {business} wurde geändert",
    "message.password_changed.email.text": (
        "Ihr Passwort bei {business} wurde geändert, und alle Geräte wurden abgemeldet. Wenn Sie das nicht waren, "
        "setzen Sie sofort per E-Mail ein neues, und wenden Sie sich an uns."
    ),
    "message.sign_in_link.email.subject": "Anmelden bei {business}",
    "message.sign_in_link.email.text": (
        "Melden Sie sich hier bei {business} an:\n\n{link}\n\nDer Link gilt einmal und {minutes} Minuten lang. Wenn "
        "Sie ihn nicht angefordert haben, brauchen Sie nichts zu tun."
    ),
    "message.change_email.email.subject": "Bestätigen Sie Ihre neue E-Mail-Adresse für {business}",
    "message.change_email.email.text": (
        "Bestätigen Sie, dass Ihr Konto bei {business} diese Adresse verwenden soll:\n\n{link}\n\nWenn Sie das nicht "
        "angefordert haben, brauchen Sie nichts zu tun."
    ),
    "message.email_changed.email.subject": "Ihre E-Mail-Adresse bei {business} wurde geändert",
    "message.email_changed.email.text": (
        "Ihr Konto bei {business} verwendet von jetzt an eine andere Adresse. Wenn Sie das nicht waren, nehmen Sie es "
        "hier zurück:\n\n{link}"
    ),
    "message.email_confirmed.email.subject": "Ihre neue E-Mail-Adresse bei {business}",
    "message.email_confirmed.email.text": (
        "Ihr Konto bei {business} verwendet von jetzt an diese Adresse. Alle anderen Geräte wurden abgemeldet."
    ),
    "message.email_taken_back.email.subject": "Ihre E-Mail-Adresse bei {business} wurde zurückgeändert",
    "message.email_taken_back.email.text": (
        "Ihr Konto bei {business} verwendet wieder die frühere Adresse. Alle Geräte wurden abgemeldet, und das "
        "Passwort wurde entfernt: Setzen Sie per E-Mail ein neues. Wenn das nicht stimmt, wenden Sie sich an uns."
    ),
    "message.accounts_merged.email.subject": "Ihre Konten bei {business}",
    "message.accounts_merged.email.text": (
        "Ihre zwei Konten bei {business} sind von jetzt an eines. Eines der beiden Passwörter gilt nicht mehr: Wenn es "
        "Ihres ist, setzen Sie per E-Mail ein neues. Wenn das nicht stimmt, wenden Sie sich an uns."
    ),
    "message.second_factor_changed.email.subject": "Ihre Authenticator-App bei {business}",
    "message.second_factor_changed.email.text": (
        "Die Authenticator-App Ihres Kontos bei {business} wurde eingerichtet, ersetzt oder entfernt. Wenn Sie das "
        "nicht waren, wenden Sie sich an uns."
    ),
    "message.invitation.email.subject": "Ihr Konto bei {business}",
    "message.invitation.email.text": (
        "{business} hat ein Konto für Sie vorbereitet. Wählen Sie hier Ihr Passwort:\n\n{link}\n\nWenn Sie keines "
        "möchten, brauchen Sie nichts zu tun."
    ),
    "message.claim_code.sms.text": "{code} ist Ihr Code, um bei {business} einen weiteren Eintrag zu sehen.",
    "message.claim_code.email.subject": "Ihr Code für {business}",
    "message.claim_code.email.text": (
        "{code} ist Ihr Code, um bei {business} einen weiteren Eintrag in Ihrem Konto zu sehen.\n\nEr gilt einmal und "
        "{minutes} Minuten lang. Geben Sie ihn nicht weiter."
    ),
    "message.claim_link.email.subject": "Einen weiteren Eintrag bei {business} sehen",
    "message.claim_link.email.text": (
        "Bestätigen Sie hier, dass ein Konto bei {business} den Eintrag zeigen darf, der diese Adresse hat:\n\n{link}"
        "\n\nWenn Sie das nicht angefordert haben, brauchen Sie nichts zu tun."
    ),
    "message.change_contact_code.sms.text": "{code} ist Ihr Code, um diese Nummer bei {business} zu verwenden.",
    "message.change_contact_code.email.subject": "Ihr Code für {business}",
    "message.change_contact_code.email.text": (
        "{code} ist Ihr Code, um diese Adresse bei {business} zu verwenden.\n\nEr gilt einmal und {minutes} Minuten "
        "lang. Geben Sie ihn nicht weiter."
    ),
    "message.contact_changed.sms.text": (
        "{business}: Für Sie wird von jetzt an eine andere Nummer verwendet. Das waren nicht Sie? Nehmen Sie es "
        "zurück: {link}"
    ),
    "message.contact_changed.email.subject": "Ihr Kontakt bei {business} wurde geändert",
    "message.contact_changed.email.text": (
        "Für Sie wird bei {business} von jetzt an eine andere Adresse verwendet. Wenn Sie das nicht waren, nehmen Sie "
        "es hier zurück:\n\n{link}"
    ),
    "message.viewed_by_staff.sms.text": "{business}: Unser Team hat Ihr {noun}-Portal angesehen, um Ihnen zu helfen.",
    "message.viewed_by_staff.email.subject": "Unser Team hat Ihr {noun}-Portal angesehen",
    "message.viewed_by_staff.email.text": (
        "Um Ihnen zu helfen, hat das Team von {business} Ihr {noun}-Portal so angesehen, wie Sie es sehen. Ändern kann "
        "es dort nichts."
    ),
}

_NOTICES = {
    "notice.appointment_booked.title": "Gebucht: {appointment}",
    "notice.appointment_booked.text": "{service}: {when}.",
    "notice.appointment_moved.title": "Verschoben: {appointment}",
    "notice.appointment_moved.text": "{service}: jetzt {when}.",
    "notice.appointment_cancelled.title": "Abgesagt: {appointment}",
    "notice.appointment_cancelled.text": "{service}: {when} ist abgesagt.",
    "notice.change_requested.title": "Ihre Anfrage ist angekommen",
    "notice.change_requested.text": "{service}: {business} wird Ihnen antworten.",
    "notice.message_received.title": "{business} hat Ihnen geschrieben",
    "notice.message_received.text": "Die Nachricht finden Sie in Ihrem {noun}-Portal.",
    "notice.form_sent.title": "Für Sie zum Ausfüllen: {form}",
    "notice.form_sent.text": (
        "{business} hat Ihnen etwas zum Ausfüllen geschickt ({form}). Sie finden es in Ihrem {noun}-Portal."
    ),
    "notice.document_shared.title": "Neu für Sie: {document}",
    "notice.document_shared.text": (
        "{business} hat etwas mit Ihnen geteilt ({document}). Sie finden es in Ihrem {noun}-Portal."
    ),
    "notice.invoice_due.title": "Zu bezahlen: {invoice}",
    "notice.invoice_due.text": "Sie finden es in Ihrem {noun}-Portal.",
    "notice.payment_received.title": "Ihre Zahlung ist eingegangen",
    "notice.payment_received.text": "Sie finden sie in Ihrem {noun}-Portal.",
    "notice.other.title": "Neues von {business}",
    "notice.other.text": "Sie finden es in Ihrem {noun}-Portal.",
    "message.notice.email.subject": "{title} ({business})",
    "message.notice.email.text": "{title}\n\n{text}",
}

GERMAN: Mapping[str, str] = {
    **{f"reason.{reason.value}.client": text for reason, text in _REASONS.items()},
    **_MESSAGES,
    **_NOTICES,
}
"""The German texts for clients."""
