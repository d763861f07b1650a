"""Folders of the old HTTP server: not supported."""

from __future__ import annotations

from warden.daemon.facade.refusal import refused

os_filesystem = refused("supervisor.medusa.filesys.os_filesystem", "its pages are made by warden.web")
