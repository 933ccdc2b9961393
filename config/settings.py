"""One file for every environment; whatever differs is read from the environment."""

from pathlib import Path

import dj_database_url
from csp.constants import NONCE, NONE, SELF, STRICT_DYNAMIC

from config import env, logs, timetable

BASE_DIR = Path(__file__).resolve().parent.parent
DATA_DIR = Path(env.text("OVERREAD_DATA_DIR", str(BASE_DIR / ".run")))

# --- core
DEBUG = env.flag("OVERREAD_DEBUG")
SECRET_KEY = env.secret("OVERREAD_SECRET_KEY")
SECRET_KEY_FALLBACKS = env.words("OVERREAD_SECRET_KEY_FALLBACKS")
PUBLIC_URL = env.text("OVERREAD_PUBLIC_URL", "http://127.0.0.1:8000").rstrip("/")
WAIT_URL = env.text("OVERREAD_WAIT_URL", PUBLIC_URL).rstrip("/")
ALLOWED_HOSTS = env.words("OVERREAD_ALLOWED_HOSTS", "127.0.0.1,localhost,[::1]")
HTTPS = PUBLIC_URL.startswith("https://")
ROOT_URLCONF = "config.urls"
WSGI_APPLICATION = "config.wsgi.application"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
SILENCED_SYSTEM_CHECKS = [] if HTTPS else ["security.W004", "security.W008"]

INSTALLED_APPS = [
    "accounts",
    "handoffs",
    "reviews",
    "governance",
    "oversight",
    "accounts.apps.OverreadAdminConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "django.contrib.postgres",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.usersessions",
    "django.contrib.humanize",
    "guardian",
    "django_htmx",
    "template_partials.apps.SimpleAppConfig",
    "csp",
    "ninja",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "config.door.AgentDoor",
    "csp.middleware.CSPMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "accounts.middleware.SignInByDefault",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "allauth.usersessions.middleware.UserSessionsMiddleware",
]

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "OPTIONS": {
            "builtins": ["template_partials.templatetags.partials"],
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "config.context.csp_nonce",
                "reviews.context.around",
            ],
            "loaders": [
                (
                    "template_partials.loader.Loader",
                    [
                        (
                            "django.template.loaders.cached.Loader",
                            [
                                "django.template.loaders.filesystem.Loader",
                                "django.template.loaders.app_directories.Loader",
                            ],
                        )
                    ],
                )
            ],
        },
    }
]

# --- PostgreSQL is the only truth
DATABASES = {"default": dj_database_url.parse(env.text("DATABASE_URL"), conn_max_age=None)}
DATABASES["default"]["CONN_HEALTH_CHECKS"] = True
# statements that ask for it are planned once per connection; Django forbids it unless told
DATABASES["default"].setdefault("OPTIONS", {})["prepare_threshold"] = 5
# the role that owns the tables; only migrations use it
OWNER_DATABASE_URL = env.text("OVERREAD_OWNER_DATABASE_URL", env.text("DATABASE_URL"))
CACHES = {
    "default": {"BACKEND": "django.core.cache.backends.db.DatabaseCache", "LOCATION": "cache"}
}
SESSION_ENGINE = "django.contrib.sessions.backends.db"

# --- Celery is the clock and the hands
REDIS_URL = env.text("REDIS_URL", "redis://127.0.0.1:6379/0")
# for how many seconds each job may be silent until somebody should look
JOBS_MAY_BE_SILENT = {name: timetable.allowed(name) for name in (timetable.BEAT, *timetable.EVERY)}

# --- who is let in
AUTH_USER_MODEL = "accounts.User"
AUTHENTICATION_BACKENDS = [
    "allauth.account.auth_backends.AuthenticationBackend",
    "guardian.backends.ObjectPermissionBackend",
]
PASSWORD_HASHERS = ["django.contrib.auth.hashers.Argon2PasswordHasher"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator"},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "reviews:desk"
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*"]
ACCOUNT_ADAPTER = "accounts.adapter.InvitedPeopleOnly"
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_EMAIL_SUBJECT_PREFIX = ""
ACCOUNT_SESSION_REMEMBER = True
# how many proxies of yours write X-Forwarded-For: rate limits count the address before them
ALLAUTH_TRUSTED_PROXY_COUNT = env.number("OVERREAD_TRUSTED_PROXIES", 0)
GUARDIAN_MONKEY_PATCH_USER = False
ANONYMOUS_USER_NAME = None

# --- browsers
SESSION_COOKIE_NAME = "__Host-session" if HTTPS else "session"
CSRF_COOKIE_NAME = "__Host-csrf" if HTTPS else "csrf"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = HTTPS
SESSION_COOKIE_SAMESITE = CSRF_COOKIE_SAMESITE = "Lax"
CSRF_COOKIE_HTTPONLY = True
SECURE_HSTS_SECONDS = 31_536_000 if HTTPS else 0
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if HTTPS else None
SECURE_REFERRER_POLICY = "same-origin"
CSRF_TRUSTED_ORIGINS = [PUBLIC_URL]
X_FRAME_OPTIONS = "DENY"
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [NONCE, STRICT_DYNAMIC],
        "style-src": [SELF],
        "img-src": [SELF],
        "font-src": [SELF],
        "connect-src": [SELF],
        "form-action": [SELF],
        "base-uri": [NONE],
        "frame-ancestors": [NONE],
    }
}
STATIC_URL = "static/"
STATICFILES_DIRS = [BASE_DIR / "static"]
# only where somebody collects them; without it they are served from where they lie
STATIC_ROOT = env.text("OVERREAD_STATIC_ROOT", "") or None
WHITENOISE_USE_FINDERS = True

# --- the body of an API request is at most 1 MiB, a checkpoint 4 MiB; both are checked there
DATA_UPLOAD_MAX_MEMORY_SIZE = 5 * 1024 * 1024

# --- language and time
LANGUAGE_CODE = "en"
# what requesters are spoken to in, see handoffs.languages; the desk is in English
LANGUAGES = [("en", "English"), ("de", "Deutsch"), ("es", "Español"), ("fr", "Français")]
LOCALE_PATHS = [BASE_DIR / "locale"]
TIME_ZONE = "UTC"
USE_TZ = True
USE_I18N = True

# --- webhooks: to this machine and its network, without TLS, only where someone says so
WEBHOOKS_MAY_GO_INWARD = env.flag("OVERREAD_WEBHOOKS_MAY_GO_INWARD")

# --- mail
# smtp://, smtp+tls:// (STARTTLS) or smtps://user:password@host:port; without it mail is printed
MAIL_SERVER = env.address("OVERREAD_EMAIL_URL", ("smtp", "smtp+tls", "smtps"))
EMAIL_BACKEND = "django.core.mail.backends.console.EmailBackend"
# a folder to put mails into instead, one file for each; ./run has one
if EMAIL_FILE_PATH := env.text("OVERREAD_EMAIL_FOLDER", ""):
    EMAIL_BACKEND = "config.mailbox.Folder"
# a page to read them on, /dev/mail; only for addresses of this machine
MAILBOX = env.flag("OVERREAD_MAILBOX") and not MAIL_SERVER
if MAIL_SERVER:
    EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    EMAIL_HOST = MAIL_SERVER.host
    EMAIL_PORT = MAIL_SERVER.port or (465 if MAIL_SERVER.scheme == "smtps" else 587)
    EMAIL_HOST_USER, EMAIL_HOST_PASSWORD = MAIL_SERVER.user, MAIL_SERVER.password
    EMAIL_USE_TLS = MAIL_SERVER.scheme == "smtp+tls"
    EMAIL_USE_SSL = MAIL_SERVER.scheme == "smtps"
EMAIL_TIMEOUT = 15
DEFAULT_FROM_EMAIL = env.text("OVERREAD_FROM_EMAIL", "Overread <overread@localhost>")

# --- proof: a private Ed25519 JWK; only ./run makes one by itself
RECEIPT_KEY = env.secret("OVERREAD_RECEIPT_KEY")

# --- audits: what draws the actions that are looked at afterwards; only the server reads it
SAMPLING_SECRET = env.secret("OVERREAD_SAMPLING_SECRET", SECRET_KEY)

# --- what Prometheus shows to be let in at /metrics; without it there is nothing there
METRICS_TOKEN = env.secret("OVERREAD_METRICS_TOKEN", "")

# --- logs
# how long a person may take a decision back, where the governance matrix does not say
UNDO_SECONDS = env.number("OVERREAD_UNDO_SECONDS", 10)
LOGGING = logs.config(env.text("OVERREAD_LOG_FORMAT", "console" if DEBUG else "json"))
