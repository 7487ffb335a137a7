"""The gallery of components; included only in development and in the demo."""

from django.urls import path

from backoffice.ui import gallery

app_name = "gallery"

urlpatterns = [
    path("", gallery.gallery, name="components"),
    path("plain/", gallery.gallery_plain, name="plain"),
]
