"""Namespaces of RPC methods: look-up, signatures and help from docstrings, ``system.*``, deferred answers."""

from __future__ import annotations

import asyncio
import inspect
import types
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from math import inf

from warden.errors import IncorrectParameters, RequestError, SignatureUnsupported, UnknownMethod
from warden.rpc.faults import Fault, Faults, RPCError, fault_from, fault_name

MIN_DEFERRED_DELAY = 0.01  # seconds; plugins ask for 0, which would keep the processor busy


class NOT_DONE_YET:  # noqa: N801 - old name, and the class itself is the value
    """What the function behind a deferred answer returns until it has the answer."""


class Crashed(Exception):
    """A method raised something that is no answer: a bug of ours or of a plugin.  ``cause`` is what it raised."""

    def __init__(self, cause: Exception) -> None:
        super().__init__(f"{type(cause)}:{cause}")
        self.cause = cause


class Registry:
    """Every method that can be called from outside, as ``namespace.method``.

    A method is a public bound method of the namespace object.  It may be a
    coroutine function.  It may also answer with a plain function with a float
    attribute ``delay`` (seconds): that is called until it returns something else
    than ``NOT_DONE_YET``.  ``trace`` gets one line per call and per answer.
    """

    def __init__(self, namespaces: Mapping[str, object], trace: Callable[[str], None]) -> None:
        self.namespaces: Mapping[str, object] = {**namespaces, "system": SystemApi(self)}
        self._trace = trace

    async def call(self, method: str, params: Sequence[object]) -> object:
        """Call ``method`` and wait for its answer.

        Raises:
            Fault: the call was refused.
            Crashed: the method failed in a way that is no answer.
        """
        self._note(f"XML-RPC method called: {method}()")
        try:
            answer = await self._answer(self.find(method), params)
        except (RequestError, RPCError) as error:
            fault = fault_from(error)
            self._note(f"XML-RPC method {method}() returned fault: [{fault.faultCode}] {fault.faultString}")
            raise fault from error
        self._note(f"XML-RPC method {method}() returned successfully")
        return answer

    def find(self, method: str) -> types.MethodType:
        """Return the bound method of that name.  Raises: UnknownMethod."""
        namespace, _, name = method.partition(".")
        found = _method(self.namespaces[namespace], name) if namespace in self.namespaces else None
        if found is None:
            raise UnknownMethod
        return found

    def _note(self, line: str) -> None:
        # A name from the wire must not forge lines of the log.
        self._trace(line if line.isprintable() else line.encode("unicode_escape").decode("ascii"))

    async def _answer(self, method: types.MethodType, params: Sequence[object]) -> object:
        _check_parameters(method, params)
        try:
            answer = method(*params)
            if inspect.isawaitable(answer):
                answer = await answer
            elif isinstance(answer, types.FunctionType):
                answer = await _deferred(answer)
        except (RequestError, RPCError):
            raise
        except Exception as error:  # the boundary to plugins: their failure costs only this call
            raise Crashed(error) from error
        if isinstance(answer, tuple) and len(answer) == 1:  # a convention of old plugins
            return answer[0]
        return answer


def _method(namespace: object, name: str) -> types.MethodType | None:
    if name.startswith("_"):
        return None
    found = getattr(namespace, name, None)
    return found if isinstance(found, types.MethodType) else None


@lru_cache(maxsize=512)
def _arity(function: Callable[..., object]) -> tuple[int, float]:
    """Return how few and how many positional arguments a function takes; one that needs a keyword takes none."""
    least, most = 0, 0.0
    for parameter in inspect.signature(function).parameters.values():
        is_needed = parameter.default is parameter.empty
        match parameter.kind:
            case parameter.POSITIONAL_ONLY | parameter.POSITIONAL_OR_KEYWORD:
                least, most = least + is_needed, most + 1
            case parameter.VAR_POSITIONAL:
                most = inf
            case parameter.KEYWORD_ONLY if is_needed:
                return 1, 0
    return least, most


def _check_parameters(method: types.MethodType, params: Sequence[object]) -> None:
    least, most = _arity(method.__func__)
    if not least <= 1 + len(params) <= most:
        raise IncorrectParameters


async def _deferred(function: types.FunctionType) -> object:
    """Ask until there is an answer; old plugins know no other way, so this one place polls."""
    delay = max(float(getattr(function, "delay", 0.0)), MIN_DEFERRED_DELAY)
    while (answer := function()) is NOT_DONE_YET:  # noqa: ASYNC110 - there is nothing to wait for but time
        await asyncio.sleep(delay)
    return answer


class SystemApi:
    """The ``system`` namespace: what there is, and many calls in one."""

    def __init__(self, registry: Registry) -> None:
        self._registry = registry

    def listMethods(self) -> list[str]:  # noqa: N802 - wire name
        """List the names of all methods.

        @return array  Full names, sorted
        """
        return sorted(
            f"{namespace}.{name}"
            for namespace, instance in self._registry.namespaces.items()
            for name in dir(instance)
            # What is no routine is left alone: reading a property would run it.
            if inspect.isroutine(inspect.getattr_static(instance, name)) and _method(instance, name)
        )

    def methodHelp(self, name: str) -> str:  # noqa: N802 - wire name
        """Return the manual of one method.

        @param string name  Full name, for example ``supervisor.getState``
        @return string  The text, ``None`` if nobody wrote one

        Faults: SIGNATURE_UNSUPPORTED.
        """
        return str(inspect.getdoc(self._find(name)))

    def methodSignature(self, name: str) -> list[str]:  # noqa: N802 - wire name
        """Return the types of one method.

        @param string name  Full name, for example ``supervisor.getState``
        @return array  The type of the answer, then the types of the parameters

        Faults: SIGNATURE_UNSUPPORTED.
        """
        parameters, returned = [], []
        for line in (inspect.getdoc(self._find(name)) or "").splitlines():
            match line.split():
                case ["@param", kind, *_]:
                    parameters.append(kind)
                case ["@return", kind, *_]:
                    returned.append(kind)
        if not returned:
            raise SignatureUnsupported
        return [*returned[:1], *parameters]

    async def multicall(self, calls: list[object]) -> list[object]:
        """Make many calls in one request, one after another.

        Each call is a struct of methodName (string) and params (array, may be
        left out).  A call that is refused stops none of the others.

        @param array calls  The calls
        @return array  Per call its bare answer, or a struct of faultCode and faultString

        Faults: INCORRECT_PARAMETERS.
        """
        if not isinstance(calls, list):
            raise IncorrectParameters
        return [await self._one(call) for call in calls]

    async def _one(self, call: object) -> object:
        from warden.rpc.xmlrpc import check  # with expat and datetime: 0.6 MiB, not before somebody talks to us

        try:
            if not isinstance(call, Mapping):
                raise fault_from(IncorrectParameters("No methodName"))
            method, params = call.get("methodName"), call.get("params", [])
            if not method or not isinstance(method, str):
                raise fault_from(IncorrectParameters("No methodName"))
            if method == "system.multicall":
                raise fault_from(IncorrectParameters("Recursive system.multicall forbidden"))
            if not isinstance(params, list):
                raise fault_from(IncorrectParameters())
            answer = await self._registry.call(method, params)
            check(answer)  # what cannot be written must not take the other answers with it
        except Fault as fault:
            return {"faultCode": fault.faultCode, "faultString": fault.faultString}
        except (Crashed, TypeError) as error:
            text = str(error) if isinstance(error, Crashed) else f"{type(error)}:{error}"
            return {"faultCode": Faults.FAILED, "faultString": f"{fault_name(Faults.FAILED)}: {text}"}
        return answer

    def _find(self, name: object) -> types.MethodType:
        if not isinstance(name, str):
            raise IncorrectParameters
        try:
            return self._registry.find(name)
        except UnknownMethod:
            raise SignatureUnsupported from None
