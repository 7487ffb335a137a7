"""The gallery of components; included only in development and in the demo."""

from django.urls import URLPattern

app_name = "gallery"

urlpatterns: list[URLPattern] = []
