"""What plugins import of the old pages; Warden's pages are made otherwise, so that these cannot be changed."""

from __future__ import annotations

from warden.daemon.facade.refusal import refused

_INSIDE = "its pages are made by warden.web"
MeldView = refused("supervisor.web.MeldView", _INSIDE)
OKView = refused("supervisor.web.OKView", _INSIDE)
StatusView = refused("supervisor.web.StatusView", _INSIDE)
TailView = refused("supervisor.web.TailView", _INSIDE)
ViewContext = refused("supervisor.web.ViewContext", _INSIDE)
supervisor_ui_handler = refused("supervisor.web.supervisor_ui_handler", _INSIDE)

VIEWS: dict[str, dict[str, object]] = {
    "index.html": {"template": "ui/status.html", "view": StatusView},
    "tail.html": {"template": "ui/tail.html", "view": TailView},
    "ok.html": {"template": None, "view": OKView},
}
