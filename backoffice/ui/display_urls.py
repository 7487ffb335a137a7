"""The address that keeps a person's choice of theme, density, shortcuts and language."""

from django.urls import path

from backoffice.ui import views

app_name = "ui"

urlpatterns = [path("", views.choose_display, name="display")]
