"""Old import paths for listeners, scripts and plugins written for Supervisor; the code lives in ``warden``."""
