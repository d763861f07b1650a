"""What plugins import of the old HTTP server; the sentinel is real, the handlers are not."""

from __future__ import annotations

from warden.daemon.facade.refusal import refused
from warden.rpc.registry import NOT_DONE_YET

__all__ = ["NOT_DONE_YET"]

_INSIDE = "its HTTP server is another one, and serves pages and logs by itself"
LogWrapper = refused("supervisor.http.LogWrapper", _INSIDE)
deferring_http_channel = refused("supervisor.http.deferring_http_channel", _INSIDE)
deferring_http_request = refused("supervisor.http.deferring_http_request", _INSIDE)
encrypted_dictionary_authorizer = refused("supervisor.http.encrypted_dictionary_authorizer", _INSIDE)
logtail_handler = refused("supervisor.http.logtail_handler", _INSIDE)
mainlogtail_handler = refused("supervisor.http.mainlogtail_handler", _INSIDE)
make_http_servers = refused("supervisor.http.make_http_servers", _INSIDE)
supervisor_af_inet_http_server = refused("supervisor.http.supervisor_af_inet_http_server", _INSIDE)
supervisor_af_unix_http_server = refused("supervisor.http.supervisor_af_unix_http_server", _INSIDE)
supervisor_auth_handler = refused("supervisor.http.supervisor_auth_handler", _INSIDE)
supervisor_http_server = refused("supervisor.http.supervisor_http_server", _INSIDE)
tail_f_producer = refused("supervisor.http.tail_f_producer", _INSIDE)
