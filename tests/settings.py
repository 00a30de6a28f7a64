"""Settings of the tests: the product's own, on servers that live as long as the run.

With DATABASE_URL and REDIS_URL set, those are used. Without, PostgreSQL and Redis start here, before Django
reads any address; processes that a test starts find both in the environment.
"""

import os

from hosting import throwaway

if not (os.environ.get("DATABASE_URL") and os.environ.get("REDIS_URL")):
    _servers = throwaway.start()
    os.environ["DATABASE_URL"] = _servers.database_url
    os.environ["REDIS_URL"] = _servers.redis_url
if (_worker := os.environ.get("PYTEST_XDIST_WORKER", "")) and "?" not in os.environ["REDIS_URL"]:
    # Tests that run side by side share the servers; each has a database of its own in both.
    os.environ["REDIS_URL"] += f"?db={int(_worker.removeprefix('gw')) + 1}"
os.environ.setdefault("CUTOVER_SECRET_KEY", "only-for-tests-" * 4)
os.environ.setdefault("CUTOVER_HASH_KEY", "only-for-tests-too-" * 4)

from dashboard.settings import *  # noqa: F403 - the servers' addresses must be known first

# Fingerprinted names need a collectstatic; pages under test are served from the sources.
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}
WHITENOISE_AUTOREFRESH = True
WHITENOISE_USE_FINDERS = True
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
