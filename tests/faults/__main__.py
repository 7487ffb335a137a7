"""``python -m tests.faults --runs 1000`` or ``--seed 17`` or ``--summary``: see `campaign`."""

import os
import sys
import warnings

os.environ["DJANGO_SETTINGS_MODULE"] = "tests.settings"
warnings.simplefilter("ignore")

import django  # noqa: E402

django.setup()

from tests.database import stop_server_if_last  # noqa: E402
from tests.faults.campaign import main  # noqa: E402

if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    finally:
        stop_server_if_last()
