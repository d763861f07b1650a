"""What plugins import of the HTTP server inside Supervisor, which Warden does not have."""
