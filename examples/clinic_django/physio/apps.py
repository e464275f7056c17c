from django.apps import AppConfig


class PhysioConfig(AppConfig):
    name = "physio"
    default_auto_field = "django.db.models.BigAutoField"
