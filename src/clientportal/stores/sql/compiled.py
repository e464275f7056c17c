"""Statements that are compiled once and handed to the driver as they are.

SQLAlchemy writes them, for each database its own; what it does on every *execution* (looking the compiled form up,
building a context, a result and its rows) costs several times what SQLite needs for the row itself. The statements of
the portal's own tables hold text and whole numbers alone, which the drivers take and give as they are, so nothing of
that is needed: :class:`Prepared` keeps what the compiler said. It refuses a statement whose values would have to be
converted on their way, so that the short way can never mean something else than the long one.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cache, wraps
from typing import Any, ParamSpec, cast

from attrs import define, field, frozen
from sqlalchemy import Dialect, Executable
from sqlalchemy.dialects.postgresql.psycopg import PGDialect_psycopg
from sqlalchemy.dialects.sqlite.pysqlite import SQLiteDialect_pysqlite
from sqlalchemy.schema import ExecutableDDLElement
from sqlalchemy.sql.compiler import SQLCompiler

__all__ = ["FORMAT", "QMARK", "Compiled", "Prepared", "Spelling", "compiled_in", "prepared", "spelling_of"]

P = ParamSpec("P")


@frozen(eq=False)
class Spelling:
    """A database, and how its driver marks the place of a parameter."""

    dialect: Dialect
    sqlite: bool


# The classes of SQLAlchemy's dialects have no types of their own for their arguments.
_SQLITE: Any = SQLiteDialect_pysqlite
_POSTGRES: Any = PGDialect_psycopg

QMARK = Spelling(_SQLITE(paramstyle="qmark"), sqlite=True)
"""SQLite as Python's own driver reads it."""

FORMAT = Spelling(_POSTGRES(paramstyle="format"), sqlite=False)
"""PostgreSQL as psycopg reads it."""

SQLITE_FORMAT = Spelling(_SQLITE(paramstyle="format"), sqlite=True)
"""SQLite as Django's cursors read it: with ``%s``, whatever the database."""


def spelling_of(*, sqlite: bool, django: bool = False) -> Spelling:
    """The spelling for a database, behind its driver or behind Django's cursor."""
    if not sqlite:
        return FORMAT
    return SQLITE_FORMAT if django else QMARK


_MOST_SIZES = 32
"""How many lengths of a list of values are kept ready; a longer list is a rare one, and is spelt out when it comes."""


_Expanded = tuple[str, tuple[str, ...], Mapping[str, Sequence[str]]]
"""A text for lists of certain lengths, the order of its parameters, and which of them each list became."""


@define(eq=False)
class Compiled:
    """One statement in one spelling.

    ``fixed`` are the values that stand in the statement itself; ``listed`` the parameters that hold several values.
    """

    _compiler: SQLCompiler
    fixed: Mapping[str, Any]
    listed: tuple[str, ...]
    _plain: tuple[str, tuple[str, ...]] | None
    _sizes: dict[tuple[int, ...], _Expanded] = field(factory=dict[tuple[int, ...], "_Expanded"])

    def spelt(self, parameters: Mapping[str, Any]) -> tuple[str, tuple[Any, ...]]:
        """The text for the driver, and its parameters in their order."""
        given = {**self.fixed, **parameters} if self.fixed else parameters
        if self._plain is not None:
            text, order = self._plain
            return text, tuple([given[name] for name in order])
        size = tuple([len(given[name]) for name in self.listed])
        known = self._sizes.get(size)
        if known is None:
            state = self._compiler.construct_expanded_state(dict(given))
            known = state.statement, tuple(state.positiontup or ()), state.parameter_expansion
            if len(self._sizes) < _MOST_SIZES:
                self._sizes[size] = known
        text, order, expansion = known
        values = dict(given)
        for name in self.listed:
            values.update(zip(expansion[name], given[name], strict=True))
        return text, tuple([values[name] for name in order])


def compiled_in(
    spelling: Spelling, statement: Executable, keys: Sequence[str] | None = None
) -> tuple[Compiled, SQLCompiler]:
    """Compile a statement; ``keys`` names the columns of an INSERT or UPDATE that does not say them itself."""
    asked: dict[str, Any] = {} if keys is None else {"column_keys": list(keys)}
    compiler = cast("SQLCompiler", cast("Any", statement).compile(dialect=spelling.dialect, **asked))
    if isinstance(statement, ExecutableDDLElement):  # it has no parameters
        return Compiled(compiler, {}, (), (str(compiler), ())), compiler
    listed = tuple(name for name, bind in compiler.binds.items() if bind.expanding)
    plain = None if listed else (str(compiler), tuple(compiler.positiontup or ()))
    fixed = {name: value for name, value in compiler.params.items() if not compiler.binds[name].required}
    return Compiled(compiler, fixed, listed, plain), compiler


@frozen(eq=False)
class Prepared:
    """A statement with what the compiler made of it, once for each spelling."""

    statement: Executable
    _known: dict[int, Compiled] = field(factory=dict[int, Compiled], repr=False)

    def spelt(self, spelling: Spelling, parameters: Mapping[str, Any]) -> tuple[str, tuple[Any, ...]]:
        """The text for the driver, and its parameters in their order."""
        return self.compiled(spelling).spelt(parameters)

    def compiled(self, spelling: Spelling) -> Compiled:
        """What the compiler said; two threads that ask at once get equal answers."""
        known = self._known.get(id(spelling))
        if known is None:
            known, compiler = compiled_in(spelling, self.statement)
            _refuse_conversions(spelling.dialect, compiler)
            self._known[id(spelling)] = known
        return known


def _refuse_conversions(dialect: Dialect, compiler: Any) -> None:
    """A value that is one thing in Python and another in the driver must go the long way."""
    columns = [entry[3] for entry in compiler._result_columns or ()]
    converting = [one for one in columns if one.dialect_impl(dialect).result_processor(dialect, None) is not None]
    if compiler._bind_processors or converting:
        raise TypeError(f"this statement converts values, and cannot be handed to the driver as it is: {compiler}")


def prepared(build: Callable[P, Executable]) -> Callable[P, Prepared]:
    """Build each statement once, and keep it with what the compiler makes of it."""

    @cache
    @wraps(build)
    def made(*args: Any, **kwargs: Any) -> Prepared:
        return Prepared(build(*args, **kwargs))

    return cast("Callable[P, Prepared]", made)
