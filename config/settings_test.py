"""Only what makes tests fast and strict."""

import os

os.environ.setdefault("OVERREAD_SECRET_KEY", "only-for-tests")
os.environ.setdefault(
    "OVERREAD_RECEIPT_KEY",
    '{"kty":"OKP","crv":"Ed25519","x":"jjhpu62yFWhhhqXaDXTw9Sw9EHHeGuVXeiJmV_wM8fI",'
    '"d":"RyUvpMm5OcAOGob58ClEm0FbZI-2O0hd1ViWUTN7u_U"}',
)
# what is decided is told at once, except where a test is about the moment between
os.environ.setdefault("OVERREAD_UNDO_SECONDS", "0")

from config.settings import *  # noqa: E402, F403

PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
CACHES = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}
ALLOWED_HOSTS = ["*"]
# look at the files when asked, and not at all of them with every test browser
WHITENOISE_AUTOREFRESH = True
