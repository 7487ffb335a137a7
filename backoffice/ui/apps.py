"""The kit as a Django app: it brings template tags, no models."""

from django.apps import AppConfig


class UiConfig(AppConfig):
    """Components, listings and htmx helpers."""

    name = "backoffice.ui"
    label = "ui"
