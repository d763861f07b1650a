"""The actions graph and blame: who needs whom, and where the time of a start went."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from warden.ctl.codes import Exit
from warden.ctl.output import COLOURS, json_text
from warden.ctl.session import Session
from warden.ctl.wire import BrokenAnswer

ONLY = "Error: graph accepts only --dot and --json"

Row = Mapping[str, object]
Need = Mapping[str, object]


def graph(session: Session, words: Sequence[str]) -> None:
    """Show the tree of dependencies, also for Graphviz (--dot)."""
    if not {"--json", "--dot"}.issuperset(words):
        session.fail(ONLY, Exit.INVALID_ARGS)
        return
    rows = _ask(session)
    if "--json" in words:
        session.output(json_text(list(rows.values())))
    elif "--dot" in words:
        session.output("\n".join(dot(rows)))
    elif lines := list(tree(rows, colour=session.colour)):
        session.output("\n".join(lines))
    else:
        session.output("No program depends on another one")


def blame(session: Session, words: Sequence[str]) -> None:
    """Show how long each process took to become ready, the slowest first."""
    rows = _ask(session)
    ordered = sorted(rows.values(), key=lambda row: -_number(row["took"]))
    if "--json" in words:
        session.output(json_text(ordered))
        return
    session.output("\n".join(f"{took:>11}  {waited:>11}  {name}" for took, waited, name in _blamed(ordered)))


def _blamed(rows: Sequence[Row]) -> Iterator[tuple[str, str, str]]:
    yield "took", "waited", "process"
    for row in rows:
        took = "-" if row["took"] is None else _seconds(row["took"])
        name = str(row["namespec"])
        if row["took"] is None:
            name += f" ({row['state']})"
        yield took, _seconds(row["waited"]) if row["waited"] else "-", name


def _ask(session: Session) -> dict[str, Row]:
    match session.api("GET", "/dependencies"):
        case {"dependencies": list(rows)}:
            return {str(row["namespec"]): row for row in rows}
        case _:
            raise BrokenAnswer("the daemon answered something unexpected")


def tree(rows: Mapping[str, Row], *, colour: bool) -> Iterator[str]:
    """Give the lines of the tree: those whom nobody needs, and below each one whom it needs."""
    needed = {str(need["namespec"]) for row in rows.values() for need in _needs(row)}
    tops = [name for name, row in rows.items() if name not in needed and _needs(row)]
    shown: set[str] = set()

    def below(name: str, indent: str) -> Iterator[str]:
        needs = _needs(rows[name]) if name in rows else []
        for at, need in enumerate(needs):
            last = at == len(needs) - 1
            other = str(need["namespec"])
            again = other in shown and other in rows and _needs(rows[other])
            yield f"{indent}{'└─ ' if last else '├─ '}{line(other)}  {_judged(need)}{' (as above)' if again else ''}"
            if not again:
                shown.add(other)
                yield from below(other, indent + ("   " if last else "│  "))

    def line(name: str) -> str:
        state = str(rows[name]["state"]) if name in rows else "not active"
        code = COLOURS.get(state) if colour else None
        return f"{name} {f'{chr(27)}[{code}m{state}{chr(27)}[0m' if code else state}"

    for name in tops:
        yield line(name)
        yield from below(name, "")


def _judged(need: Need) -> str:
    """Say in which condition somebody is needed, and what is missing if something is."""
    if not need["obstacle"]:
        return str(need["condition"])
    return f"not {need['condition']}"


def dot(rows: Mapping[str, Row]) -> Iterator[str]:
    """Give the lines of a graph for Graphviz; what is missing is red."""
    yield "digraph supervisor {"
    yield "  rankdir=LR;"
    for name, row in rows.items():
        yield f'  {_quoted(name)} [label={_quoted(name)[:-1]}\\n{row["state"]}"];'
    for name, row in rows.items():
        for need in _needs(row):
            colour = ", color=red" if need["obstacle"] else ""
            target, condition = _quoted(str(need["namespec"])), _quoted(str(need["condition"]))
            yield f"  {_quoted(name)} -> {target} [label={condition}{colour}];"
    yield "}"


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _needs(row: Row) -> Sequence[Need]:
    needs = row["needs"]
    assert isinstance(needs, list)
    return needs


def _number(value: object) -> float:
    return float(value) if isinstance(value, int | float) else -1.0


def _seconds(value: object) -> str:
    return f"{_number(value):.3f} s"
