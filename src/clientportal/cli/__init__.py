"""The ``clientportal`` command; needs the extra ``cli``."""
