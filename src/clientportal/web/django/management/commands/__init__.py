"""``manage.py clientportal_…``."""
