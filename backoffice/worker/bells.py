"""How a web request or a service hands something to the workers: by a job written over its own connection.

The job then commits or rolls back with the change that asked for it. Inside a worker the library's own connector is
another connection; hence the connector is named here.
"""

from functools import cache

from procrastinate import App
from procrastinate.contrib.django.django_connector import DjangoConnector


@cache
def same_connection() -> App:
    """Return the library's application, writing over the connection of whoever asks."""
    return App(connector=DjangoConnector(alias="default"))
