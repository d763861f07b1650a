"""Look-up, signatures, help, multicall and deferred answers."""

from __future__ import annotations

import asyncio
import types
from collections.abc import Callable

import pytest

from warden.errors import BadName
from warden.rpc.faults import Fault, RPCError
from warden.rpc.registry import NOT_DONE_YET, Crashed, Registry


class Base:
    def inherited(self) -> int:
        return 7


class Plugin(Base):
    data = "no method"

    def __init__(self) -> None:
        self.assigned = lambda: 1
        self.asked = 0

    @property
    def explosive(self) -> int:
        raise AssertionError("a property must not be read")

    @staticmethod
    def static() -> int:
        return 1

    def _private(self) -> int:
        return 1

    def add(self, a: int, b: int = 2) -> int:
        """Add.

        @param int a  First
        @param int b  Second
        @return int  The sum
        """
        return a + b

    def count(self, *parameters: object) -> int:
        return len(parameters)

    def keyword(self, *, needed: int) -> int:
        return needed

    def undocumented(self) -> None:
        return None

    def refuses(self) -> None:
        raise RPCError(55, "mine")

    def unknown_name(self) -> None:
        raise BadName("x")

    def breaks(self) -> None:
        raise TypeError("inside")

    def one_in_a_tuple(self) -> tuple[str]:
        return ("bare",)

    def opaque(self) -> object:
        return object()

    async def later(self) -> str:
        await asyncio.sleep(0)
        return "later"

    def deferred(self) -> Callable[[], object]:
        def poll() -> object:
            self.asked += 1
            return NOT_DONE_YET if self.asked < 3 else "done"

        poll.delay = 0.0  # type: ignore[attr-defined]
        return poll

    def deferred_refusal(self) -> Callable[[], object]:
        def poll() -> object:
            raise RPCError(10, "late")

        return poll


def call(method: str, *params: object, trace: list[str] | None = None) -> object:
    lines = trace if trace is not None else []
    return asyncio.run(Registry({"x": Plugin()}, trace=lines.append).call(method, params))


def fault(method: str, *params: object) -> tuple[int, str]:
    with pytest.raises(Fault) as caught:
        call(method, *params)
    return caught.value.faultCode, caught.value.faultString


@pytest.mark.parametrize(
    ("method", "params", "answer"),
    [
        ("x.add", (1,), 3),
        ("x.add", (1, 5), 6),
        ("x.inherited", (), 7),
        ("x.later", (), "later"),
        ("x.deferred", (), "done"),
        ("x.one_in_a_tuple", (), "bare"),
    ],
)
def test_a_public_bound_method_is_called(method: str, params: tuple[object, ...], answer: object) -> None:
    assert call(method, *params) == answer


@pytest.mark.parametrize(
    "method",
    ["x", "", ".", "x.", "x.nope", "y.add", "x.add.y", "x._private", "x.__init__", "x.data", "x.static", "x.assigned"],
)
def test_everything_else_is_unknown(method: str) -> None:
    assert fault(method) == (1, "UNKNOWN_METHOD")


def test_a_plugin_may_take_as_many_parameters_as_it_likes_but_none_by_keyword() -> None:
    assert (call("x.count"), call("x.count", 1, 2, 3)) == (0, 3)
    assert fault("x.keyword") == (2, "INCORRECT_PARAMETERS")


@pytest.mark.parametrize("params", [(), (1, 2, 3)])
def test_the_number_of_parameters_is_checked_before_the_call(params: tuple[object, ...]) -> None:
    assert fault("x.add", *params) == (2, "INCORRECT_PARAMETERS")


def test_a_type_error_inside_a_method_is_a_crash_and_no_fault() -> None:
    with pytest.raises(Crashed) as caught:
        call("x.breaks")

    assert isinstance(caught.value.cause, TypeError)
    assert str(caught.value) == "<class 'TypeError'>:inside"


@pytest.mark.parametrize(
    ("method", "expected"),
    [
        ("x.refuses", (55, "UNKNOWN: mine")),
        ("x.unknown_name", (10, "BAD_NAME: x")),
        ("x.deferred_refusal", (10, "BAD_NAME: late")),
    ],
)
def test_refusals_become_faults(method: str, expected: tuple[int, str]) -> None:
    assert fault(method) == expected


def test_methods_are_listed_sorted_with_inherited_ones_and_nothing_else() -> None:
    names = call("system.listMethods")

    assert names == sorted(names)  # type: ignore[type-var, call-overload]
    assert {"x.add", "x.inherited", "system.multicall"} <= set(names)  # type: ignore[call-overload]
    assert not {"x.static", "x.assigned", "x.data", "x._private", "x.explosive"} & set(names)  # type: ignore[call-overload]


def test_signatures_come_from_the_docstring() -> None:
    assert call("system.methodSignature", "x.add") == ["int", "int", "int"]
    assert call("system.methodSignature", "system.multicall") == ["array", "array"]
    assert str(call("system.methodHelp", "x.add")).startswith("Add.\n\n@param int a")
    assert call("system.methodHelp", "x.undocumented") == "None"


@pytest.mark.parametrize(
    ("method", "name"),
    [
        ("system.methodSignature", "x.undocumented"),
        ("system.methodSignature", "x.nope"),
        ("system.methodHelp", "nope"),
    ],
)
def test_what_is_not_documented_has_no_signature(method: str, name: str) -> None:
    assert fault(method, name) == (4, "SIGNATURE_UNSUPPORTED")


def test_multicall_answers_bare_values_and_one_fault_per_refused_call() -> None:
    calls: list[object] = [
        {"methodName": "x.add", "params": [1]},
        {"methodName": "x.deferred"},
        {"methodName": "x.nope"},
        {"methodName": "x.add"},
        {"methodName": "system.multicall", "params": [[]]},
        {},
        "no struct",
        {"methodName": 3},
        {"methodName": "x.add", "params": 3},
        {"methodName": "x.breaks"},
        {"methodName": "x.refuses"},
        {"methodName": "x.later"},
    ]

    answers = call("system.multicall", calls)

    assert isinstance(answers, list)
    shown = [tuple(answer.values()) if isinstance(answer, dict) else answer for answer in answers]
    assert shown == [
        3,
        "done",
        (1, "UNKNOWN_METHOD"),
        (2, "INCORRECT_PARAMETERS"),
        (2, "INCORRECT_PARAMETERS: Recursive system.multicall forbidden"),
        (2, "INCORRECT_PARAMETERS: No methodName"),
        (2, "INCORRECT_PARAMETERS: No methodName"),
        (2, "INCORRECT_PARAMETERS: No methodName"),
        (2, "INCORRECT_PARAMETERS"),
        (30, "FAILED: <class 'TypeError'>:inside"),
        (55, "UNKNOWN: mine"),
        "later",
    ]


def test_one_answer_that_cannot_be_written_costs_only_its_own_call() -> None:
    answers = call("system.multicall", [{"methodName": "x.opaque"}, {"methodName": "x.inherited"}])

    assert isinstance(answers, list)
    assert answers[0]["faultCode"] == 30
    assert answers[1] == 7


@pytest.mark.parametrize("params", [(), (3,), ([], [])])
def test_multicall_takes_one_array(params: tuple[object, ...]) -> None:
    assert fault("system.multicall", *params) == (2, "INCORRECT_PARAMETERS")


def test_a_method_replaced_while_running_is_the_one_that_is_called() -> None:
    """Plugins replace methods of other namespaces."""
    plugin = Plugin()
    registry = Registry({"x": plugin}, trace=lambda _line: None)
    plugin.add = types.MethodType(lambda self, a: a * 10, plugin)  # type: ignore[method-assign, assignment]

    assert asyncio.run(registry.call("x.add", [4])) == 40


def test_each_call_and_its_end_are_traced_on_one_line() -> None:
    lines: list[str] = []

    call("x.inherited", trace=lines)
    with pytest.raises(Fault):
        call("x\nforged", trace=lines)

    assert lines == [
        "XML-RPC method called: x.inherited()",
        "XML-RPC method x.inherited() returned successfully",
        "XML-RPC method called: x\\nforged()",
        "XML-RPC method x\\nforged() returned fault: [1] UNKNOWN_METHOD",
    ]
