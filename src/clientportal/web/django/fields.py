"""Columns and indexes as the portal's own tables have them, for Django's models."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.db import models

if TYPE_CHECKING:
    _Text = models.TextField[str, str]
else:
    _Text = models.TextField

__all__ = ["CodePointText", "LongNameIndex"]


class CodePointText(_Text):
    """Text in the order of its code points, on every database.

    The portal's pages of records go on from a key, so the order must not depend on the server's locale. SQLite orders
    like that by itself and knows no collation "C"; PostgreSQL does in it.
    """

    def db_parameters(self, connection: Any) -> Any:
        parameters: dict[str, Any] = dict(super().db_parameters(connection))
        parameters["collation"] = "C" if connection.vendor == "postgresql" else None
        return parameters


class LongNameIndex(models.Index):
    """An index with a name as long as PostgreSQL takes it; Django's own limit is Oracle's, 30."""

    max_name_length = 63
