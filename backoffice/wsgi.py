"""The WSGI entry point: ``gunicorn backoffice.wsgi``.

Settings that contradict each other and a database that would let history be changed stop the start.
"""

import atexit
import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "backoffice.settings")

application = get_wsgi_application()

from backoffice.audit import processes  # noqa: E402  (needs the settings)
from backoffice.checks import refuse_contradictions  # noqa: E402  (needs the settings)
from backoffice.database.checks import refuse_to_start_unarmed  # noqa: E402  (needs the settings)

refuse_contradictions()
refuse_to_start_unarmed()
processes.began(processes.WEB)
atexit.register(processes.ended, processes.WEB)
