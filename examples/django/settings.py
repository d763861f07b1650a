"""The smallest settings that a Django project without a database needs."""

from __future__ import annotations

SECRET_KEY = "only-for-the-example"
INSTALLED_APPS = ["jobs"]
USE_TZ = True
