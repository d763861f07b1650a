"""The house rules that a machine can check; each test's docstring says why the rule is there."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
SOURCES = sorted((ROOT / "src").rglob("*.py"))
TESTS = sorted((ROOT / "tests").rglob("*.py"))

# Where anything may be raised, because somebody else's code runs there or because a bug must not end the daemon.
BOUNDARIES = {
    "config/plugins.py": "imports somebody else's module",
    "ctl/plugins.py": "runs somebody else's command",
    "daemon/effects.py": "the loop boundary: a bug costs one process, not the daemon",
    "daemon/facade/session.py": "calls a plugin's factory",
    "daemon/listeners.py": "calls a plugin's result handler",
    "daemon/living.py": "tells log and waiting parent why the daemon ends",
    "events/bus.py": "calls a plugin's subscriber",
    "rpc/registry.py": "calls a plugin's method",
    "runtime/polling.py": "the loop boundary: a bug costs one wish, not the parent of all programs",
}
MOST_LINES = {"module": 400, "function": 50}
# Functions that fail a test by themselves.
CHECKS = {
    "expect": "Playwright's, which waits until it is so",
}
# What asks the operating system about other processes or makes new ones; only runtime/ may.
PROCESS_CALLS = {
    "os": {"fork", "forkpty", "kill", "killpg", "wait", "wait3", "wait4", "waitid", "waitpid", "setuid", "setgid"}
    | {"setgroups", "posix_spawn", "posix_spawnp", "execve", "execv", "execvp", "_exit", "pidfd_open"},
    "signal": {"signal", "pidfd_send_signal"},
}

Check = Callable[[Path], Iterator[str]]


def name(path: Path) -> str:
    """Return the path people use: without ``src/warden``."""
    return str(path.relative_to(ROOT)).removeprefix("src/warden/")


def tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"), str(path))


def calls(path: Path) -> Iterator[tuple[int, str, ast.Call]]:
    """Find every call of ``module.function`` with its line."""
    for node in ast.walk(tree(path)):
        if (
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Attribute)
            and isinstance(node.func.value, ast.Name)
        ):
            yield node.lineno, f"{node.func.value.id}.{node.func.attr}", node


def broken(check: Check, paths: list[Path]) -> list[str]:
    """Return every breach as ``file:line: what``."""
    return [f"{name(path)}:{breach}" for path in paths for breach in check(path)]


def sleeps(path: Path) -> Iterator[str]:
    for line, function, call in calls(path):
        zero = bool(call.args) and isinstance(call.args[0], ast.Constant) and call.args[0].value == 0
        if function in ("time.sleep", "asyncio.sleep") and not zero:
            yield f"{line}: {function}"


def test_tests_wait_for_facts_and_never_sleep() -> None:
    """A sleep is too short on a busy machine and too long on an idle one."""
    assert broken(sleeps, TESTS) == []


def asserts(node: ast.AST) -> bool:
    """Tell whether something in the code says what must be."""
    match node:
        case ast.Assert() | ast.Raise():
            return True
        case ast.Call(func=ast.Name(id=called)):
            return called in CHECKS
        case ast.Attribute(value=ast.Name(id="pytest"), attr=attribute):
            return attribute in ("raises", "fail", "warns")
    return False


def without_assertion(path: Path) -> Iterator[str]:
    for node in ast.walk(tree(path)):
        if (
            isinstance(node, ast.FunctionDef)
            and node.name.startswith("test_")
            and not any(map(asserts, ast.walk(node)))
        ):
            yield f"{node.lineno}: {node.name}"


def test_every_test_says_what_must_be() -> None:
    """A test that only runs something cannot tell a right result from a wrong one."""
    assert broken(without_assertion, TESTS) == []


def mocks(path: Path) -> Iterator[str]:
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.ImportFrom | ast.Import):
            modules = [node.module or ""] if isinstance(node, ast.ImportFrom) else [alias.name for alias in node.names]
            if any(module.startswith(("unittest.mock", "mock")) for module in modules) or (
                "unittest" in modules and any(alias.name == "mock" for alias in node.names)
            ):
                yield f"{node.lineno}: a mock"


def test_nothing_is_mocked() -> None:
    """A mock tests what we think the other side does; use the real thing, or a small fake of a Protocol."""
    assert broken(mocks, TESTS) == []


def catches_all(path: Path) -> Iterator[str]:
    for node in ast.walk(tree(path)):
        if not isinstance(node, ast.ExceptHandler):
            continue
        caught = ast.unparse(node.type) if node.type else "everything"
        if caught in ("everything", "BaseException") and not isinstance(node.body[-1], ast.Raise):
            yield f"{node.lineno}: catches {caught} and does not raise it again"
        if caught == "Exception" and name(path) not in BOUNDARIES:
            yield f"{node.lineno}: catches Exception, which only {', '.join(BOUNDARIES)} may"


def test_only_boundaries_catch_everything() -> None:
    """A bug that is swallowed cannot be found; errors that are expected have a class."""
    assert broken(catches_all, SOURCES) == []


def test_every_boundary_is_one() -> None:
    """A permission that nobody needs any more would hide the next mistake there."""
    catching = {name(path) for path in SOURCES if re.search(r"except Exception\b", path.read_text(encoding="utf-8"))}

    assert sorted(BOUNDARIES) == sorted(catching)


def process_calls(path: Path) -> Iterator[str]:
    for line, function, _ in calls(path):
        module, _, attribute = function.partition(".")
        if attribute in PROCESS_CALLS.get(module, ()):
            yield f"{line}: {function}"
    for node in ast.walk(tree(path)):
        imported = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
        imported += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
        if "subprocess" in imported:
            yield f"{node.lineno}: subprocess"


def test_only_the_runtime_room_makes_signals_and_collects_processes() -> None:
    """What touches the operating system stands in one place, where it can be read and tested as a whole."""
    rest = [path for path in SOURCES if "warden/runtime/" not in path.as_posix()]

    assert broken(process_calls, rest) == []


def sentence(path: Path) -> Iterator[str]:
    text = ast.get_docstring(tree(path))
    empty = not path.read_text(encoding="utf-8").strip()
    if not (text or (empty and path.name == "__init__.py")):
        yield "1: no docstring"
    elif text and not text.partition("\n\n")[0].rstrip().endswith((".", ":")):
        yield f"1: the first sentence of the docstring has no end: {text.splitlines()[0]!r}"


def test_every_module_says_in_one_sentence_what_it_is_for() -> None:
    """A module whose purpose needs two sentences is two modules."""
    assert broken(sentence, SOURCES + TESTS) == []


def long_pieces(path: Path) -> Iterator[str]:
    lines = len(path.read_text(encoding="utf-8").splitlines())
    if lines > MOST_LINES["module"]:
        yield f"1: a module of {lines} lines"
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.end_lineno:
            lines = node.end_lineno - node.lineno + 1
            if lines > MOST_LINES["function"]:
                yield f"{node.lineno}: {node.name} has {lines} lines"


def test_modules_and_functions_stay_short_enough_to_read() -> None:
    """Longer ones nobody reads from top to bottom: split them by purpose."""
    assert broken(long_pieces, SOURCES) == []


def dear_values(path: Path) -> Iterator[str]:
    for node in ast.walk(tree(path)):
        made = isinstance(node, ast.Call) and "dataclass" in ast.unparse(node.func)
        if made and any(word.arg == "frozen" for word in node.keywords):
            yield f"{node.lineno}: {ast.unparse(node)}"


def test_frozen_values_are_made_the_cheap_way() -> None:
    """A hundred classes, each with six functions compiled at every start, were a quarter of its time."""
    assert broken(dear_values, SOURCES) == []


def empty_passes(path: Path) -> Iterator[str]:
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.ExceptHandler) and len(node.body) == 1 and isinstance(node.body[0], ast.Pass):
            yield f"{node.lineno}: except ... pass"


def test_no_error_is_passed_over_in_silence() -> None:
    """``contextlib.suppress`` names what is ignored; a bare pass looks like an oversight."""
    assert broken(empty_passes, SOURCES) == []


EXCUSE = re.compile(r"#\s*(noqa|type: ignore)(?P<code>:\s*[A-Z]+[0-9]+|\[[a-z-]+(?:,\s*[a-z-]+)*\])?(?P<rest>.*)")


def bare_excuses(path: Path) -> Iterator[str]:
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        found = EXCUSE.search(line)
        if found and "re.compile" not in line and not (found["code"] and re.search(r"\w{3}", found["rest"])):
            yield f"{number}: {found[0]}"


def test_every_exception_from_a_checker_has_a_code_and_a_reason() -> None:
    """Without a reason the next reader cannot tell an excuse from a mistake."""
    assert broken(bare_excuses, SOURCES) == []


def workplace(path: Path) -> Iterator[str]:
    for number, line in enumerate(path.read_text(encoding="utf-8", errors="replace").splitlines(), 1):
        if re.search(r"(?<![\w.])/(work|root)/(?!\.)", line) and "re.search" not in line:
            yield f"{number}: {line.strip()}"


def test_nothing_names_a_path_of_somebodys_machine() -> None:
    """The project must work wherever it is checked out."""
    suffixes = (".py", ".md", ".toml", ".conf", ".ini", ".html", ".js", ".css", "")
    skipped = {".git", ".venv", ".venv-supervisor", "node_modules", "__pycache__", "run", "results", "recorded"}
    folders = [path for path in ROOT.iterdir() if path.is_dir() and path.name not in skipped and path.name[0] != "."]
    texts = [path for folder in folders for path in folder.rglob("*") if path.is_file() and path.suffix in suffixes]
    texts += [path for path in ROOT.iterdir() if path.is_file() and path.suffix in suffixes and path.name[0] != "."]
    mine = [path for path in texts if not skipped & set(path.relative_to(ROOT).parts)]

    assert broken(workplace, mine) == []


@pytest.mark.parametrize("script", ["scripts/run", "scripts/test", "scripts/check", "scripts/environment", ".ci/run"])
def test_scripts_can_be_run_as_they_are(script: str) -> None:
    """Whoever has just cloned the project types their names."""
    assert (ROOT / script).stat().st_mode & 0o111
