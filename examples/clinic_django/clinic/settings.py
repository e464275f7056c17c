"""The clinic's platform. What the client portal needs of it stands at the end."""

from __future__ import annotations

import os
from pathlib import Path

from django.core.management.utils import get_random_secret_key

from clientportal import KeyRing

BASE_DIR = Path(__file__).resolve().parents[1]
# Without a key of its own each process makes one, and whoever was logged in logs in again.
SECRET_KEY = os.environ.get("CLINIC_SECRET_KEY") or get_random_secret_key()
DEBUG = True
ALLOWED_HOSTS = ["localhost", "127.0.0.1", "testserver"]
ROOT_URLCONF = "clinic.urls"
STATIC_URL = "static/"
USE_TZ = False  # as it was in 2011: what the tables hold is wall clocks
TIME_ZONE = "Pacific/Auckland"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
DATABASES = {
    "default": {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": os.environ["CLINIC_POSTGRES"],
        "HOST": os.environ.get("CLINIC_POSTGRES_HOST", "localhost"),
        "PORT": os.environ.get("CLINIC_POSTGRES_PORT", "5432"),
        "USER": os.environ.get("CLINIC_POSTGRES_USER", "clinic"),
        "PASSWORD": os.environ.get("CLINIC_POSTGRES_PASSWORD", ""),
    }
    if "CLINIC_POSTGRES" in os.environ
    else {
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": os.environ.get("CLINIC_SQLITE", str(BASE_DIR / "clinic.db")),
        "OPTIONS": {
            "transaction_mode": "IMMEDIATE",
            "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;",
        },
    }
}
INSTALLED_APPS = [
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "physio",
    "clientportal.web.django",
]
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "clientportal.web.django.middleware.PortalClientMiddleware",
]
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ]
        },
    }
]

# --- the client portal

CLIENTPORTAL = {
    "host": "physio.adapter.ClinicHost",
    "policy": "clinic.policy.policy",
    "keys": {"example": os.environ.get("CLINIC_PORTAL_KEY") or KeyRing.generate_secret()},
    "senders": {"sms": "clinic.sms.phones"},
    "business": "harbour",
    "base_url": "http://localhost:8000/portal/",
}
