"""Shipped senders: ``console`` prints, ``smtp`` speaks to a mail server, ``twilio`` sends SMS (extra ``sms``).

Any object with ``send(message)`` will do.
"""
