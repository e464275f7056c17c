"""The portal's tables as Django's models, and the permissions of staff.

The models are made of the very declarations that :meth:`SqlStore.upgrade` makes the tables of, so neither can say
something else than the other. They are there for migrations, for ``dumpdata`` and for looking: the portal reads and
writes its records itself, with their versions checked, and a row written in another way is a broken promise.
"""

from __future__ import annotations

from typing import Any

from django.db import models
from sqlalchemy import BigInteger, Column, Integer, Table

from clientportal.records import RECORD_TYPES
from clientportal.rules.who_may_manage import Permission
from clientportal.stores.sql.tables import SCHEMA_VERSIONS, TEXT, record_table
from clientportal.web.django.fields import CodePointText, LongNameIndex

__all__ = ["Audit", "Duplicates", "PortalStaff", "Sessions", "portal_models"]

_FIELD_NAMES = {"id": "record_id"}
"""Django keeps ``id`` for a key of one column; these tables have two, the business first."""


def _fields_of(table: Table) -> list[tuple[str, models.Field[Any, Any] | models.CompositePrimaryKey]]:
    """The fields of a table's model, in the order of its columns."""
    keys = [_FIELD_NAMES.get(column.name, column.name) for column in table.primary_key]
    fields: list[tuple[str, Any]] = [(_FIELD_NAMES.get(one.name, one.name), _field(one)) for one in table.columns]
    return fields if len(keys) == 1 else [("pk", models.CompositePrimaryKey(*keys)), *fields]


def _field(column: Column[Any]) -> models.Field[Any, Any]:
    given: dict[str, Any] = {"db_column": column.name} if column.name in _FIELD_NAMES else {}
    if column.primary_key and len(column.table.primary_key) == 1:
        given["primary_key"] = True
    if isinstance(column.type, BigInteger):
        return models.BigIntegerField(**given)
    if isinstance(column.type, Integer):
        return models.IntegerField(**given)
    return CodePointText(**given) if column.type is TEXT else models.TextField(**given)


def _options_of(table: Table) -> dict[str, Any]:
    """The ``Meta`` of a table's model. Nobody is given a permission on a table: see :class:`PortalStaff`."""
    indexes = [
        LongNameIndex(fields=[_FIELD_NAMES.get(one.name, one.name) for one in index.columns], name=str(index.name))
        for index in sorted(table.indexes, key=lambda one: str(one.name))
    ]
    options: dict[str, Any] = {"db_table": table.name, "default_permissions": (), "indexes": indexes}
    # ``flush``, and with it TransactionTestCase, empties managed tables; a database that does not know its own version
    # any more would be taken for one without the portal's tables, and ``migrate`` has run already.
    return {**options, "managed": False} if table is SCHEMA_VERSIONS else options


def portal_models() -> dict[str, Table]:
    """Name -> table of every model that has one."""
    return {"SchemaVersion": SCHEMA_VERSIONS, **{kind.__name__: record_table(kind).table for kind in RECORD_TYPES}}


def _model(name: str, table: Table) -> type[models.Model]:
    body: dict[str, Any] = {
        "__module__": __name__,
        "__doc__": f"The rows of ``{table.name}``.",
        **dict(_fields_of(table)),
    }
    body["Meta"] = type("Meta", (), {"app_label": "clientportal", **_options_of(table)})
    return type(name, (models.Model,), body)


for _name, _table in portal_models().items():
    globals()[_name] = _model(_name, _table)


class PortalStaff(models.Model):
    """No table: it carries the permissions of staff, one for each :class:`~clientportal.Permission`.

    ``user.has_perm("clientportal.merge")`` is ``Permission.MERGE``, and so on by their values.
    """

    class Meta:
        app_label = "clientportal"
        managed = False
        default_permissions = ()
        permissions = tuple((one.value, f"Client portal: {one.value.replace('_', ' ')}") for one in Permission)


class _Page(models.Model):
    """No table: a place in the admin, whose page asks ``portal.staff``."""

    class Meta:
        abstract = True
        managed = False
        default_permissions = ()


class Audit(_Page):
    """Who did what, on whom, why, and how it ended."""

    class Meta(_Page.Meta):
        app_label = "clientportal"
        verbose_name = verbose_name_plural = "audit"


class Sessions(_Page):
    """A client's open sessions."""

    class Meta(_Page.Meta):
        app_label = "clientportal"
        verbose_name = verbose_name_plural = "sessions"


class Duplicates(_Page):
    """Records that look like one person."""

    class Meta(_Page.Meta):
        app_label = "clientportal"
        verbose_name = verbose_name_plural = "duplicates"
