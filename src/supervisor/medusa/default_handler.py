"""Static files of the old HTTP server: not supported."""

from __future__ import annotations

from warden.daemon.facade.refusal import refused

default_handler = refused("supervisor.medusa.default_handler.default_handler", "its pages are made by warden.web")
