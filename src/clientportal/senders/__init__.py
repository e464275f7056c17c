"""Shipped senders: ``console`` prints, ``smtp`` speaks to a mail server. Any object with ``send(message)`` will do."""
