"""Settings of the tests: the product's own, with an environment that needs nothing outside the machine."""

import os

os.environ.update(
    {
        "SECRET_KEY": "used-by-the-tests-only-and-nowhere-else-0123456789",
        "DEBUG": "false",
        "DEMO": "true",
        "DATABASE_POOL": "false",
        "DATABASE_URL": os.environ.get("TEST_DATABASE_URL", "postgres://backoffice_app@//tmp/none"),
        "DATABASE_OWNER_URL": os.environ.get("TEST_DATABASE_OWNER_URL", "postgres://backoffice_owner@//tmp/none"),
        "ALLOWED_HOSTS": "testserver,127.0.0.1,localhost",
        "COINMENA_BASE_URL": "http://127.0.0.1:9",
        "COINMENA_PARTNER_ID": "demo-partner",
        "COINMENA_PRIVATE_KEY": "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=",
        "BITNOB_BASE_URL": "http://127.0.0.1:9",
        "BITNOB_CLIENT_ID": "11111111-2222-4333-8444-555555555555",
        "BITNOB_CLIENT_SECRET": "sandbox_test_secret_000102030405",
        "BITNOB_ENVIRONMENT": "sandbox",
        "EMAIL_URL": "memorymail://",
        "LOG_LEVEL": "WARNING",
    }
)

from backoffice.settings import *  # noqa: E402, F403

PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
STORAGES["staticfiles"] = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}  # noqa: F405
STATIC_ROOT.mkdir(parents=True, exist_ok=True)  # noqa: F405  (nothing is collected for the tests, but the folder is looked for)
