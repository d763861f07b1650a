"""Fault codes of the XML-RPC contract and which of our errors becomes which fault."""

from __future__ import annotations

from warden import errors


class Faults:
    """Name to code.

    A plain class of integers and no enum: plugins add names of their own with
    ``setattr``, and put the numbers into answers.
    """

    UNKNOWN_METHOD = 1
    INCORRECT_PARAMETERS = 2
    BAD_ARGUMENTS = 3
    SIGNATURE_UNSUPPORTED = 4
    SHUTDOWN_STATE = 6
    BAD_NAME = 10
    BAD_SIGNAL = 11
    NO_FILE = 20
    NOT_EXECUTABLE = 21
    FAILED = 30
    ABNORMAL_TERMINATION = 40
    SPAWN_ERROR = 50
    ALREADY_STARTED = 60
    NOT_RUNNING = 70
    SUCCESS = 80
    ALREADY_ADDED = 90
    STILL_RUNNING = 91
    CANT_REREAD = 92


FAULT_OF: dict[type[errors.RequestError], int] = {
    errors.UnknownMethod: Faults.UNKNOWN_METHOD,
    errors.IncorrectParameters: Faults.INCORRECT_PARAMETERS,
    errors.BadArguments: Faults.BAD_ARGUMENTS,
    errors.SignatureUnsupported: Faults.SIGNATURE_UNSUPPORTED,
    errors.ShuttingDown: Faults.SHUTDOWN_STATE,
    errors.BadName: Faults.BAD_NAME,
    errors.BadSignal: Faults.BAD_SIGNAL,
    errors.NoFile: Faults.NO_FILE,
    errors.NotExecutable: Faults.NOT_EXECUTABLE,
    errors.Failed: Faults.FAILED,
    errors.AbnormalTermination: Faults.ABNORMAL_TERMINATION,
    errors.SpawnFailed: Faults.SPAWN_ERROR,
    errors.AlreadyStarted: Faults.ALREADY_STARTED,
    errors.NotRunning: Faults.NOT_RUNNING,
    errors.AlreadyAdded: Faults.ALREADY_ADDED,
    errors.StillRunning: Faults.STILL_RUNNING,
    errors.CannotReread: Faults.CANT_REREAD,
}


def fault_name(code: int) -> str:
    """Return the name of ``code`` (names added by plugins too), ``UNKNOWN`` for a code nobody named."""
    return next((name for name, known in vars(Faults).items() if known == code and not name.startswith("_")), "UNKNOWN")


class RPCError(Exception):
    """What a plugin raises to answer with a fault of its own choice: ``text`` is ``NAME`` or ``NAME: extra``."""

    def __init__(self, code: int, extra: str | None = None) -> None:
        super().__init__(*((code,) if extra is None else (code, extra)))
        self.code = code
        self.text = fault_name(code) if extra is None else f"{fault_name(code)}: {extra}"

    def __str__(self) -> str:
        return f"code={self.code!r}, text={self.text!r}"


class Fault(Exception):
    """A refused call as it goes over the wire, with the names of ``xmlrpc.client``.

    Not the library's own: its import would cost a daemon nobody talks to 2.8 MiB.
    """

    def __init__(self, code: int, text: str) -> None:
        super().__init__(code, text)
        self.faultCode = code
        self.faultString = text


def fault_from(error: errors.RequestError | RPCError) -> Fault:
    """Translate an error at the edge of the program.

    This is the only place where the two vocabularies meet.
    """
    if isinstance(error, RPCError):
        return Fault(error.code, error.text)
    code = FAULT_OF.get(type(error), Faults.FAILED)
    # Not ``if str(error)``: BadName("") was given an empty name and says "BAD_NAME: ".
    return Fault(code, f"{fault_name(code)}: {error}" if error.args else fault_name(code))
