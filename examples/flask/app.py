"""The shop's web application: says which of its processes answered."""

from __future__ import annotations

import os

import flask

app = flask.Flask(__name__)


@app.get("/")
def index() -> dict[str, object]:
    """Name the process, as supervisord names it, and the pid of the worker."""
    return {"process": os.environ.get("SUPERVISOR_PROCESS_NAME"), "pid": os.getpid()}
