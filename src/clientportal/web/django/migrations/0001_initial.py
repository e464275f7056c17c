"""The portal's tables, and Django's view of them."""

from __future__ import annotations

from typing import ClassVar

from django.db import migrations

from clientportal.web.django.tables import UpgradePortal, models_now


class Migration(migrations.Migration):
    """``store.upgrade()`` begins and commits by itself, so the migration has no transaction around it."""

    initial = True
    atomic = False
    dependencies: ClassVar = []
    operations: ClassVar = [
        migrations.SeparateDatabaseAndState(database_operations=[UpgradePortal()], state_operations=models_now())
    ]
