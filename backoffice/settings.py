"""Settings, read from the environment or `.env` by django-environ. Every variable is explained in `.env.example`.

A missing setting stops the start with a sentence; contradictions are caught by `checks.py`.
"""

import os
from pathlib import Path
from typing import Any

import environ
from django.core.exceptions import ImproperlyConfigured
from django.utils.translation import gettext_lazy as _
from environ.fileaware_mapping import FileAwareMapping

BASE_DIR = Path(__file__).resolve().parent.parent
#: May be a line feed and nothing else.
UNTRIMMED = frozenset({"COINMENA_SIGN_SEPARATOR"})


class Trimmed(FileAwareMapping):  # type: ignore[misc]  # the library has no types
    """The environment without white space around its values: a file that holds a secret ends in a line feed."""

    def __getitem__(self, key: str) -> str:
        value = str(super().__getitem__(key))
        return value if key in UNTRIMMED or key.endswith("_FILE") else value.strip()


class TrimmedEnv(environ.FileAwareEnv):  # type: ignore[misc]
    ENVIRON = Trimmed()


env = TrimmedEnv()
env.smart_cast = False
IS_CONFIGURED = (BASE_DIR / ".env").exists() or not {"SECRET_KEY", "SECRET_KEY_FILE"}.isdisjoint(os.environ)
# Where nothing is configured but the demo was started, `manage.py` commands speak to the demo.
SETTINGS_FILE = BASE_DIR / (".env" if IS_CONFIGURED else "var/demo/environment")
if SETTINGS_FILE.exists():
    environ.FileAwareEnv.read_env(SETTINGS_FILE)


def required(name: str, meaning: str) -> str:
    """Read a setting that has no sensible default.

    :raises ImproperlyConfigured: with a sentence that says what to set.
    """
    value = env.str(name, default="")
    if not value:
        raise ImproperlyConfigured(f"{name} is not set. Set it to {meaning}; .env.example explains every setting.")
    return str(value)


# -- The site ---------------------------------------------------------------------------------------------------------
SECRET_KEY = required("SECRET_KEY", "a long random text, kept secret")
# The key before this one, while it is being replaced: it still opens what it signed and sealed, and signs nothing new.
SECRET_KEY_FALLBACKS = env.list("SECRET_KEY_FALLBACKS", default=[])
# Up to version 0.5 a line feed at the end of a file was part of the key: what it signed and sealed has to open still.
untrimmed = environ.FileAwareEnv()
for _former in (untrimmed.str("SECRET_KEY"), *untrimmed.list("SECRET_KEY_FALLBACKS", default=[])):
    if _former not in (SECRET_KEY, *SECRET_KEY_FALLBACKS):
        SECRET_KEY_FALLBACKS.append(_former)
DEBUG = env.bool("DEBUG", default=False)
DEMO = env.bool("DEMO", default=False)
ALLOWED_HOSTS = env.list("ALLOWED_HOSTS", default=["127.0.0.1", "localhost"] if DEBUG or DEMO else [])
CSRF_TRUSTED_ORIGINS = env.list("CSRF_TRUSTED_ORIGINS", default=[])
TRUSTED_PROXY_COUNT = env.int("TRUSTED_PROXY_COUNT", default=0)
IS_PLAIN_HTTP = DEBUG or DEMO  # the demo and development run on loopback without TLS
# The one address links in e-mails begin with: what a request calls itself in its Host header is never believed.
LOCAL_URL = "http://127.0.0.1:8000"
PUBLIC_URL = (
    env.str("PUBLIC_URL", default=LOCAL_URL) if IS_PLAIN_HTTP else required("PUBLIC_URL", "the address people open")
).rstrip("/")
COMPANY_NAME = env.str("COMPANY_NAME", default="")

# -- Sign-in by the company's own identity provider, where there is one (docs/operations.md) ---------------------------
OIDC_ISSUER = env.str("OIDC_ISSUER", default="").rstrip("/")
OIDC_CLIENT_ID = env.str("OIDC_CLIENT_ID", default="")
OIDC_CLIENT_SECRET = env.str("OIDC_CLIENT_SECRET", default="")
OIDC_BUTTON = env.str("OIDC_BUTTON", default="") or _("Sign in with the company account")

INSTALLED_APPS = [
    "backoffice.database",
    "backoffice.worker",
    "backoffice.ui",
    "backoffice.accounts",
    "backoffice.audit",
    "backoffice.approvals",
    "backoffice.exports",
    "backoffice.people",
    "backoffice.mirror",
    "backoffice.clients",
    "backoffice.orders",
    "backoffice.transactions",
    "backoffice.funding",
    "backoffice.reconciliation",
    "backoffice.dashboard",
    "backoffice.health",
    *(["backoffice.sandbox", "backoffice.demo"] if DEBUG or DEMO else []),
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "csp",
    "django_filters",
    "django_htmx",
    "template_partials",
    "pgtrigger",
    "procrastinate.contrib.django",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    # These two come before the one that answers for static files, so that those carry the policies as well.
    "csp.middleware.CSPMiddleware",
    "django_permissions_policy.PermissionsPolicyMiddleware",
    "backoffice.ui.middleware.AddressLengthMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "backoffice.accounts.factors.middleware.RenewedSessionMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "backoffice.ui.middleware.HtmxMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "backoffice.accounts.middleware.RequestContextMiddleware",
    "backoffice.ui.middleware.ClosedMethodMiddleware",
    "backoffice.accounts.middleware.SessionLimitsMiddleware",
    "backoffice.audit.middleware.RefusalsMiddleware",
    "backoffice.accounts.middleware.LoginRequiredMiddleware",
    "backoffice.accounts.factors.middleware.FactorRequiredMiddleware",
    "backoffice.accounts.middleware.TimeZoneMiddleware",
]

ROOT_URLCONF = "backoffice.urls"
WSGI_APPLICATION = "backoffice.wsgi.application"
APPEND_SLASH = True

TEMPLATES: list[dict[str, Any]] = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "backoffice.dashboard.context.shell",
            ],
            "builtins": ["backoffice.ui.templatetags.ui"],
        },
    }
]


# -- The database: PostgreSQL, always (docs/adr/0001) ---------------------------------------------------------------
# What a session is begun with goes before what the database or the role says, which its owner may change: PostgreSQL's
# own functions come first, temporary tables last.
SEARCH_PATH = "-c search_path=public,pg_temp"
# A worker's twelve jobs hold a connection each, and the two readings that ask for pages ahead hold four more each.
# While the database is away the pool tries after ever longer waits, for as long as `reconnect_timeout`; whoever asks
# next has it begin anew. By its own 300 s an outage lasts as long again for us; far below `timeout`, who waits waits in
# vain.
POOL = {"min_size": 1, "max_size": 24, "timeout": 10, "reconnect_timeout": 6}
# What ends the waiting for a server that says nothing any more, its machine gone; a session's own limits are kept by
# that server. A socket of this machine has no use for these; an address may say others.
SILENCE = {
    "connect_timeout": 5,
    "keepalives": 1,
    "keepalives_idle": 5,
    "keepalives_interval": 2,
    "keepalives_count": 3,
    "tcp_user_timeout": 10_000,  # milliseconds
}


def database(url_name: str, meaning: str) -> dict[str, Any]:
    required(url_name, meaning)
    address = env.db_url(url_name, engine="backoffice.database.pooled")
    return {
        **address,
        # A request decides where its transactions begin and end: a claim must be committed before the partner is
        # called, so nothing may wrap a whole request.
        "ATOMIC_REQUESTS": False,
        "CONN_MAX_AGE": 0,
        "OPTIONS": {
            **SILENCE,
            **address.get("OPTIONS", {}),  # what stands behind a question mark, such as sslmode
            "options": f"{SEARCH_PATH} -c lock_timeout=5s -c statement_timeout=30s"
            " -c idle_in_transaction_session_timeout=60s",
            **({"pool": POOL} if env.bool("DATABASE_POOL", default=True) else {}),
        },
    }


DATABASES = {"default": database("DATABASE_URL", "the address of the PostgreSQL database, for the application's role")}
if env.str("DATABASE_OWNER_URL", default=""):
    DATABASES["owner"] = database("DATABASE_OWNER_URL", "the address of the same database, for the role that owns it")
    DATABASES["owner"]["OPTIONS"].pop("pool", None)
    DATABASES["owner"]["OPTIONS"]["options"] = f"{SEARCH_PATH} -c lock_timeout=30s"
    DATABASES["owner"]["TEST"] = {"MIRROR": "default"}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.db.DatabaseCache",
        "LOCATION": "shared_cache",
        # The limits on sign-in live here; with the usual 300, guessing under many names would push them out.
        "OPTIONS": {"MAX_ENTRIES": 100_000},
    },
}
PROCRASTINATE_WORKER_DEFAULTS = {
    "update_heartbeat_interval": 5.0,
    "stalled_worker_timeout": 15.0,
    "delete_jobs": "successful",
    "install_signal_handlers": True,
    "listen_notify": True,
    "fetch_job_polling_interval": 2.0,
}

# -- People ---------------------------------------------------------------------------------------------------------
AUTH_USER_MODEL = "accounts.Person"
AUTHENTICATION_BACKENDS = ["allauth.account.auth_backends.AuthenticationBackend"]
PASSWORD_HASHERS = [
    "django.contrib.auth.hashers.Argon2PasswordHasher",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 15}},
    {"NAME": "backoffice.accounts.passwords.validators.NotTooLong"},
    {"NAME": "backoffice.accounts.passwords.validators.HardToGuess"},
]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "/"
ACCOUNT_ADAPTER = "backoffice.accounts.adapter.StaffAdapter"
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*"]
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_LOGOUT_REDIRECT_URL = LOGIN_URL
ACCOUNT_SESSION_REMEMBER = False
ACCOUNT_RATE_LIMITS = {
    "login": "60/m/ip",
    "login_failed": "30/30m/ip,10/30m/key",
    "reset_password": "20/30m/ip,5/30m/key",
    "change_password": "10/30m/user",
}
SOCIALACCOUNT_ADAPTER = "backoffice.accounts.oidc.adapter.CompanyAdapter"
SOCIALACCOUNT_REQUESTS_TIMEOUT = 10
SESSION_ENGINE = "backoffice.accounts.session_store"
MFA_ADAPTER = "backoffice.accounts.factors.adapter.FactorAdapter"
MFA_SUPPORTED_TYPES = ["totp", "webauthn"]  # recovery codes are our own: the library keeps them readable
MFA_TRUST_ENABLED = False  # a remembered device is no second factor
SESSION_COOKIE_AGE = 8 * 60 * 60
SESSION_EXPIRE_AT_BROWSER_CLOSE = True
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = not IS_PLAIN_HTTP
SESSION_COOKIE_NAME = "backoffice_session" if IS_PLAIN_HTTP else "__Host-session"
CSRF_COOKIE_NAME = "backoffice_csrf" if IS_PLAIN_HTTP else "__Host-csrf"
CSRF_COOKIE_HTTPONLY = True
CSRF_FAILURE_VIEW = "backoffice.ui.errors.csrf_failure"

# -- What leaves with every answer (security.md S10, S11, S16) ----------------------------------------------------
POLICY_REPORTS = "/policy-report/"
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": ["'none'"],
        "script-src": ["'self'"],
        "style-src": ["'self'"],
        "img-src": ["'self'", "data:"],
        "font-src": ["'self'"],
        "connect-src": ["'self'"],
        "form-action": ["'self'"],
        "base-uri": ["'none'"],
        "object-src": ["'none'"],
        "frame-ancestors": ["'none'"],
        "report-uri": [POLICY_REPORTS],
    }
}
PERMISSIONS_POLICY: dict[str, list[str]] = {
    feature: [] for feature in ("camera", "geolocation", "microphone", "payment", "usb", "display-capture")
}
X_FRAME_OPTIONS = "DENY"
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
SECURE_SSL_REDIRECT = not IS_PLAIN_HTTP
SECURE_REDIRECT_EXEMPT = [r"^healthz$", r"^readyz$"]
SECURE_HSTS_SECONDS = 0 if IS_PLAIN_HTTP else 31_536_000
SECURE_HSTS_INCLUDE_SUBDOMAINS = not IS_PLAIN_HTTP
SECURE_HSTS_PRELOAD = not IS_PLAIN_HTTP
DATA_UPLOAD_MAX_MEMORY_SIZE = 2 * 1024 * 1024
DATA_UPLOAD_MAX_NUMBER_FIELDS = 1000
FILE_UPLOAD_HANDLERS = [
    "backoffice.ui.uploads.BoundedRequest",
    "django.core.files.uploadhandler.MemoryFileUploadHandler",
    "django.core.files.uploadhandler.TemporaryFileUploadHandler",
]

# -- Words, times, files ------------------------------------------------------------------------------------------
LANGUAGE_CODE = "en"
LANGUAGES = [("en", _("English")), ("ar", _("Arabic"))]
LANGUAGE_COOKIE_NAME = "language"
LOCALE_PATHS = [BASE_DIR / "locale"]
FORMAT_MODULE_PATH = "backoffice.ui.formats"
USE_I18N = True
USE_TZ = True
TIME_ZONE = "UTC"
COMPANY_TIME_ZONE = env.str("COMPANY_TIME_ZONE", default="Asia/Bahrain")
USE_THOUSAND_SEPARATOR = False
STATIC_URL = "/static/"
STATICFILES_DIRS = [BASE_DIR / "static"]
STATIC_ROOT = BASE_DIR / "var" / "static"
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"
        if DEBUG
        else "whitenoise.storage.CompressedManifestStaticFilesStorage"
    },
}
WHITENOISE_USE_FINDERS = DEBUG
MESSAGE_STORAGE = "django.contrib.messages.storage.session.SessionStorage"

# -- The partners -------------------------------------------------------------------------------------------------
COINMENA_BASE_URL = required("COINMENA_BASE_URL", "the address of CoinMENA's API")
COINMENA_PARTNER_ID = required("COINMENA_PARTNER_ID", "our partner id at CoinMENA")
COINMENA_PRIVATE_KEY = required("COINMENA_PRIVATE_KEY", "our Ed25519 key: PEM, or base64 of the 32-byte seed")
COINMENA_ENVIRONMENT = env.str("COINMENA_ENVIRONMENT", default="sandbox")
COINMENA_SIGN_SEPARATOR = env.str("COINMENA_SIGN_SEPARATOR", default="\\n").replace("\\n", "\n")
COINMENA_SIGN_INCLUDE_QUERY = env.bool("COINMENA_SIGN_INCLUDE_QUERY", default=False)
COINMENA_DEADLINE_SECONDS = env.int("COINMENA_DEADLINE_SECONDS", default=25)
COINMENA_QUARANTINE_SECONDS = env.int("COINMENA_QUARANTINE_SECONDS", default=300)
BITNOB_BASE_URL = required("BITNOB_BASE_URL", "the address of Bitnob's API")
BITNOB_CLIENT_ID = required("BITNOB_CLIENT_ID", "our client id at Bitnob")
BITNOB_CLIENT_SECRET = required("BITNOB_CLIENT_SECRET", "our client secret at Bitnob")
BITNOB_ENVIRONMENT = required("BITNOB_ENVIRONMENT", "`sandbox` or `live`, as Bitnob's whoami must confirm")
BITNOB_REQUESTS_PER_MINUTE = env.int("BITNOB_REQUESTS_PER_MINUTE", default=60)

# -- The audit log's seals and e-mail -----------------------------------------------------------------------------
AUDIT_SEAL_KEY = env.str("AUDIT_SEAL_KEY", default="")
AUDIT_SEAL_FORMER_KEYS = env.list("AUDIT_SEAL_FORMER_KEYS", default=[])
AUDIT_SEAL_DIRECTORY = env.str("AUDIT_SEAL_DIRECTORY", default="")
vars().update(env.email_url("EMAIL_URL", default="consolemail://"))
DEFAULT_FROM_EMAIL = SERVER_EMAIL = env.str("EMAIL_FROM", default="Back office <backoffice@localhost>")
EMAIL_TIMEOUT = 20

# -- Files that people take away: where a worker builds them and the site hands them out from -------------------------
EXPORT_DIRECTORY = Path(env.str("EXPORT_DIRECTORY", default=str(BASE_DIR / "var" / "exports")))
EXPORT_FOLDER = env.str("EXPORT_FOLDER", default="")

# -- Logs: one JSON object a line, written to standard error ---------------------------------------------------------
LOG_LEVEL = env.str("LOG_LEVEL", default="INFO")
LOGGING: dict[str, Any] = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"json": {"()": "backoffice.logs.json_formatter"}},
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "json"}},
    "root": {"handlers": ["stderr"], "level": LOG_LEVEL},
    "loggers": {"django.request": {"level": "ERROR"}, "procrastinate": {"level": "WARNING"}},
}
