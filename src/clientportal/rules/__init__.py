"""The rules: one file per question, every one a pure function of what was read.

================================================================  ==========================
question                                                          file
================================================================  ==========================
is this proof good, and what does it open?                        ``signing_in.py``
whose password was typed, and what does the right one open?       ``logging_in.py``
how often may something be guessed?                               ``guessing.py``
what ends when a password is changed?                             ``changing_passwords.py``
is this the code of the authenticator app?                        ``second_factor.py``
may staff reset a password, and what do they see of it?           ``resetting_by_staff.py``
what becomes of an account of the platform's past?                ``importing_accounts.py``
may a client come in on the platform's word?                      ``asserting.py``
may this be a password?                                           ``choosing_passwords.py``
which record does this phone or email belong to?                  ``whose_contact.py``
which client does a booking belong to that was made logged out?   ``whose_booking.py``
which records may this account see, on this evidence?             ``claiming.py``
what follows where a record is linked, taken off, or left?        ``linking.py``
whose account is this appointment assigned to?                    ``whose_appointment.py``
may this session still be used, and for whom?                     ``sessions.py``
what does an account's session show, and what must it pass?       ``account_sessions.py``
may a link be mailed, where to, and may it still act?             ``mailed_links.py``
what is left of what was put on an email before its proof?        ``first_proof.py``
may somebody register here, and what have they then?              ``registering.py``
what follows when somebody proves an email?                       ``proving.py``
may somebody log in by a mailed link, and what does it open?      ``sign_in_links.py``
may an account's email change, and who may take that back?        ``changing_email.py``
may two accounts become one, and what is left of each?            ``merging_accounts.py``
what does an account see when its email speaks for it no longer?  ``keeping_records.py``
which package, gift and subscription codes are active?            ``active_codes.py``
how often may something be sent?                                  ``budgets.py``
to whom does this message go, and how?                            ``whom_to_tell.py``
who may cancel, move or rebook an appointment; at what price?     ``who_may_change.py``
may this signed link still be used?                               ``links.py``
which sections and fields does this client see?                   ``who_may_see.py``
which records look like one person?                               ``who_is_the_same.py``
by what could a record be the same person as another?             ``matching_keys.py``
does what is known of two records speak for one person?           ``evidence.py``
was this contact typed only because the form wanted one?          ``placeholders.py``
what does a merge write, and what shows the merged client?        ``merging.py``
which of several records' values is shown, from which record?     ``surviving.py``
what does the survivor of a merge take over, and what not?        ``taking_over.py``
may a merge be taken back, and what stands in the way?            ``undoing.py``
do the rows follow a merge, and come back at its undo?            ``reassigning.py``
which client number comes next, and whom does one lead to?        ``client_numbers.py``
which fields does staff's form have, and is it filled in right?   ``client_fields.py``
what becomes of everything else when a client is deleted?         ``deleting_clients.py``
is this row of a file a client whom we have already?              ``importing.py``
what is held about one client, and what is left after erasing?    ``erasing.py``
what may this member of staff do?                                 ``who_may_manage.py``
may staff look through a client's eyes, and touch what?           ``viewing.py``
may this be paid now, and what follows from the provider's word?  ``paying.py``
what follows from what the host has done?                         ``settling.py``
may this session open this form, with this link?                  ``form_access.py``
can these answers be taken, and what is wrong with the rest?      ``form_filling.py``
which documents are new, and what is a browser told of one?       ``seeing_documents.py``
what is a client told of, and where does the mail of it go?       ``notifying.py``
may a client write to the business once more today?               ``writing_messages.py``
================================================================  ==========================

None reads a clock, draws a random number, or knows a store: what a rule needs is in its view, and a rule that needs
more has a view that lacks a field.
"""
