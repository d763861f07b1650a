"""The reference of all options, ``docs/options.md``, written from the option tables.

Print it with ``python -m warden.config.manual``.
"""

from __future__ import annotations

import sys

from warden.config.expand import Names
from warden.config.option import Option, SectionKind
from warden.config.options import SECTION_KINDS

_HEAD = """\
# Options

Written from the option tables (`python -m warden.config.manual > docs/options.md`): do not edit.

Each value may use the expansions named in its row: `%(ENV_X)s` (a variable of the daemon's environment), `%(here)s`
(the directory of the file the value stands in), `%(host_node_name)s`, `%(program_name)s`, `%(group_name)s`, and, where
it says "number", `%(process_num)02d` and `%(numprocs)d`.  `%%` is one percent sign.
"""
_WORDS = {
    Names.ENV: "ENV",
    Names.HERE: "here",
    Names.HOST: "host",
    Names.PROGRAM: "program",
    Names.GROUP: "group",
    Names.INSTANCE: "number",
}


def manual() -> str:
    """Return the reference as Markdown."""
    return _HEAD + "".join(_section(kind) for kind in SECTION_KINDS)


def _section(kind: SectionKind) -> str:
    name = f"{kind.header}x" if kind.header.endswith(":") else kind.header
    lines = [
        "",
        f"## `[{name}]`",
        "",
        kind.doc,
        "",
        "| option | value | default | expansions | |",
        "|---|---|---|---|---|",
    ]
    lines += [_row(option) for option in kind.options]
    if kind.open:
        lines += ["", "All other options are passed to the plugin, as text."]
    return "".join(f"{line}\n" for line in lines)


def _row(option: Option[object]) -> str:
    default = "required" if option.required else f"`{option.default_text}`" if option.default_text else "none"
    names = " ".join(word for name, word in _WORDS.items() if name in option.names)
    needs = f" Only with {' or '.join(f'`{name}`' for name in option.needs)}." if option.needs else ""
    cells = (f"`{option.name}`", option.accepts, default, names, option.doc + needs)
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


if __name__ == "__main__":
    sys.stdout.write(manual())
