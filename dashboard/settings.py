"""Settings, all from the environment (docs/configuration.md). A wrong value stops the start and says why."""

from __future__ import annotations

from pathlib import Path

import environ
from csp.constants import NONE, SELF
from django.core.exceptions import ImproperlyConfigured

from cutover.addresses import allowed_from

BASE_DIR = Path(__file__).resolve().parent.parent
env = environ.Env()

DEBUG = env.bool("CUTOVER_DEBUG", default=False)
SECRET_KEY = env.str("CUTOVER_SECRET_KEY", default="")
HASH_KEY = env.str("CUTOVER_HASH_KEY", default="")
if not SECRET_KEY or not HASH_KEY:
    raise ImproperlyConfigured(
        "CUTOVER_SECRET_KEY and CUTOVER_HASH_KEY must be set to long random strings; "
        "`make demo` draws them by itself, docs/configuration.md says how to draw your own."
    )
ALLOWED_HOSTS: list[str] = env.list("CUTOVER_ALLOWED_HOSTS", default=["127.0.0.1", "localhost"])
CSRF_TRUSTED_ORIGINS: list[str] = env.list("CUTOVER_CSRF_ORIGINS", default=[])
ENVIRONMENT_LABEL = env.str("CUTOVER_ENVIRONMENT_LABEL", default="")
DEMO_LOGIN_SECRET = env.str("CUTOVER_DEMO_LOGIN_SECRET", default="")
HTTPS_ONLY = env.bool("CUTOVER_HTTPS_ONLY", default=False)

INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django_htmx",
    "csp",
    "migrations_app",
    "workers",
    "dashboard",
]
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "csp.middleware.CSPMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "dashboard.errors.RefusalMiddleware",
]
ROOT_URLCONF = "dashboard.urls"
ASGI_APPLICATION = "dashboard.asgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "dashboard.context.frame",
            ],
            "builtins": ["dashboard.templatetags.cutover"],
        },
    }
]

if not env.str("DATABASE_URL", default=""):
    raise ImproperlyConfigured(
        "DATABASE_URL must name a PostgreSQL database, e.g. postgres://user:password@host:5432/cutover. "
        "`make demo` starts an embedded one by itself."
    )
DATABASES = {"default": env.db("DATABASE_URL")}
if DATABASES["default"]["ENGINE"] != "django.db.backends.postgresql":
    raise ImproperlyConfigured("DATABASE_URL must be a postgres:// address; Cutover runs on PostgreSQL only.")
# Under ASGI every request has a thread of its own, so a kept connection would be of no use to the next one.
DATABASES["default"]["CONN_MAX_AGE"] = 0
DATABASES["default"]["CONN_HEALTH_CHECKS"] = True
DATABASES["default"].setdefault("OPTIONS", {})["connect_timeout"] = 5
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

REDIS_URL = env.str("REDIS_URL", default="")
if not REDIS_URL:
    raise ImproperlyConfigured(
        "REDIS_URL must be set, e.g. redis://:password@host:6379/0 or unix:///path.sock."
    )

KEEP_PAIRS_DAYS = env.int("CUTOVER_KEEP_PAIRS_DAYS", default=30)
if KEEP_PAIRS_DAYS < 1:
    raise ImproperlyConfigured("CUTOVER_KEEP_PAIRS_DAYS must be at least 1: so many days of pairs are kept.")
KEEP_LIVE_DAYS = env.int("CUTOVER_KEEP_LIVE_DAYS", default=2)
if KEEP_LIVE_DAYS < 1:
    raise ImproperlyConfigured(
        "CUTOVER_KEEP_LIVE_DAYS must be at least 1: the queue may give an event of yesterday twice."
    )

PROBE_HOSTS = tuple(host.lower() for host in env.list("CUTOVER_PROBE_HOSTS", default=[]))

try:
    RIE_HOSTS = allowed_from(env.list("CUTOVER_RIE_HOSTS", default=[]))
except ValueError as exc:
    raise ImproperlyConfigured(
        f"CUTOVER_RIE_HOSTS lists hosts that may stand for a side of a validation: {exc}"
    ) from exc

AUTHENTICATION_BACKENDS = ["dashboard.backends.RoleBackend"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in ("UserAttributeSimilarityValidator", "MinimumLengthValidator", "CommonPasswordValidator")
]
LOGIN_URL = "login"
LOGIN_REDIRECT_URL = "portfolio"
LOGOUT_REDIRECT_URL = "login"

LANGUAGE_CODE = "en"
LANGUAGES = [("en", "English"), ("zh-hans", "中文")]
LOCALE_PATHS = [BASE_DIR / "locale"]
USE_I18N = True
USE_TZ = True
TIME_ZONE = "UTC"

STATIC_URL = "static/"
STATIC_ROOT = env.path("CUTOVER_STATIC_ROOT", default=str(BASE_DIR / "var" / "static"))
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"},
}
WHITENOISE_MANIFEST_STRICT = True

CSRF_FAILURE_VIEW = "dashboard.errors.forgery"
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = HTTPS_ONLY
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if HTTPS_ONLY else None
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
# A suite of 5 MB may be pasted or sent as JSON; Lambda takes events of 6 MB.
DATA_UPLOAD_MAX_MEMORY_SIZE = 8_000_000

CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF],
        "style-src": [SELF],
        "img-src": [SELF],
        "connect-src": [SELF],
        "form-action": [SELF],
        "base-uri": [NONE],
        "frame-ancestors": [NONE],
    }
}

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "%(asctime)s %(levelname)s %(name)s %(message)s"}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["console"], "level": env.str("CUTOVER_LOG_LEVEL", default="INFO")},
    "loggers": {
        "botocore": {"level": "WARNING"},
        "oss2": {"level": "WARNING"},
    },
}
