"""The one operation of the app's migrations: the portal's own upgrade, run by ``manage.py migrate``."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from attrs import define
from django.apps import apps
from django.db.migrations.operations import CreateModel
from django.db.migrations.operations.base import Operation
from django.db.migrations.state import ModelState
from django.db.utils import ConnectionRouter
from sqlalchemy.schema import CreateTable, DropTable

from clientportal.ports import step
from clientportal.stores.sql import schema
from clientportal.stores.sql.django import DjangoFace, DjangoStore
from clientportal.stores.sql.host_tables import HOST_TABLES
from clientportal.stores.sql.tables import SCHEMA_VERSIONS
from clientportal.web.django.models import portal_models

__all__ = ["UpgradePortal", "models_now"]

_router = ConnectionRouter()


class UpgradePortal(Operation):
    """Bring the database to the portal's tables: an empty one, or one of any older version of them.

    It runs what ``SqlStore.upgrade()`` runs, so both make the same tables, and a database that has them already (made
    outside of Django) is taken as it is. Reversed, it drops every table of the portal and all that is in them.
    """

    reversible = True
    reduces_to_sql = True

    def state_forwards(self, app_label: str, state: Any) -> None:
        """Nothing: the models stand in the same migration."""

    def database_forwards(self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any) -> None:
        alias = schema_editor.connection.alias
        if not _router.allow_migrate(alias, app_label):
            return
        if schema_editor.collect_sql:
            step(_collect(_Collecting(connection=schema_editor.connection, editor=schema_editor)))
        else:
            DjangoStore(alias).upgrade()

    def database_backwards(self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any) -> None:
        connection = schema_editor.connection
        if not _router.allow_migrate(connection.alias, app_label):
            return
        dialect = DjangoFace(connection).dialect
        for table in (*HOST_TABLES, *reversed(portal_models().values())):
            schema_editor.execute(str(DropTable(table, if_exists=True).compile(dialect=dialect)).strip(), None)

    def describe(self) -> str:
        """For ``migrate --plan``."""
        return "Bring the client portal's tables to this version of the library"


@define
class _Collecting(DjangoFace):
    """Writes down what would be said to an empty database, for ``sqlmigrate``."""

    editor: Any

    async def fetch(self, statement: Any, parameters: Any = None) -> Sequence[Any]:
        """There is nothing in an empty database."""
        return []

    async def change(self, statement: Any, parameters: Any = None) -> int:
        compiled = statement.compile(dialect=self.dialect)
        sql = str(compiled).strip()
        if parameters:
            # Editors write values into a text where the text is all that is wanted.
            sql %= tuple(self.editor.quote_value(parameters[name]) for name in compiled.positiontup)
        self.editor.execute(sql, None)
        return 0

    async def say(self, sql: str) -> None:
        self.editor.execute(sql, None)


async def _collect(face: _Collecting) -> None:
    await face.change(CreateTable(SCHEMA_VERSIONS))
    for number, one in enumerate(schema.STEPS, start=1):
        await one.make(face)
        await schema._note(face, number, one)


def models_now() -> list[CreateModel]:
    """Every model as it is today, for a migration's state.

    They are made of the library's declarations, so what stands in the first migration follows them: what a model has is
    said once, and the step of ``stores.sql.schema`` that makes it is what a database needs.
    """
    states: list[Any] = [ModelState.from_model(model) for model in apps.get_app_config("clientportal").get_models()]
    return [CreateModel(one.name, fields=list(one.fields.items()), options=one.options) for one in states]
