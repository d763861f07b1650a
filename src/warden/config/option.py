"""What a row of the option tables says."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Generic, NamedTuple, TypeVar

from warden.config.expand import Names

ENV = Names.ENV  # which expansions values may use: in most sections, in those with paths, and so on
FILE = ENV | Names.HERE
MAIN = FILE | Names.HOST
PROGRAM = MAIN | Names.PROGRAM | Names.GROUP
INSTANCE = PROGRAM | Names.INSTANCE

_MAIN_FIELDS = frozenset({"probe", "rules"})  # of nested values: what the option says that they are named after

T_co = TypeVar("T_co", covariant=True)
T = TypeVar("T")


class Option(NamedTuple, Generic[T_co]):
    """One option: how it is called, read and explained.

    ``default`` is the value when the option is absent, ``default_text`` how one
    would write it ("" when there is none).  ``example`` is a value for the
    sample file.  ``names`` are the expansion names the value may use.  A
    ``located`` reader takes a second argument: the directory that relative
    paths are relative to.  ``complaint`` is the message for a value that cannot
    be read, made from ``{error}``, ``{value}`` and ``{section}``.  ``bare``
    options are named without their section when an expansion fails.  An option
    that ``needs`` others does nothing in a section in which none of these is set.
    """

    name: str
    read: Callable[..., T_co]
    default: T_co
    default_text: str
    doc: str
    names: Names
    example: str
    required: bool = False
    located: bool = False
    complaint: str = "{error}"
    bare: bool = False
    needs: tuple[str, ...] = ()

    @property
    def accepts(self) -> str:
        """Say in one phrase what may be written."""
        return (self.read.__doc__ or "").partition("\n")[0].rstrip(".")


class SectionKind(NamedTuple):
    """One kind of section.

    ``header`` is the whole name, or the beginning of it when ``repeatable``.
    An ``open`` section passes options it does not know on to a plugin.
    """

    header: str
    doc: str
    options: tuple[Option[Any], ...]
    repeatable: bool = True
    open: bool = False

    def fits(self, section: str) -> bool:
        """Tell whether a section of that name is of this kind."""
        return section.startswith(self.header) if self.repeatable else section == self.header


def option_name(outer: str, field: str) -> str:
    """Return the name of the option that says ``field`` of the configuration value ``outer`` ("" = none)."""
    if not outer or field in _MAIN_FIELDS:
        return outer or field
    return f"{outer}_{field}"


def row(
    name: str,
    read: Callable[..., T],
    default: str,
    names: Names,
    doc: str,
    *,
    example: str = "",
    located: bool = False,
    complaint: str = "{error}",
    bare: bool = False,
    needs: tuple[str, ...] = (),
) -> Option[T]:
    """Declare an option whose default is given as one would write it."""
    return Option(
        name=name,
        read=read,
        default=read(default),
        default_text=default,
        doc=doc,
        names=names,
        example=example or default,
        located=located,
        complaint=complaint,
        bare=bare,
        needs=needs,
    )


def optional(
    name: str,
    read: Callable[..., T],
    names: Names,
    doc: str,
    *,
    example: str = "",
    required: bool = False,
    located: bool = False,
    complaint: str = "{error}",
) -> Option[T | None]:
    """Declare an option that is None when absent."""
    return Option(
        name=name,
        read=read,
        default=None,
        default_text="",
        doc=doc,
        names=names,
        example=example,
        required=required,
        located=located,
        complaint=complaint,
    )
