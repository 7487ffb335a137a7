"""Freezes and halts, mounted at /freeze/."""

from django.urls import path

from backoffice.funding.views import freezing

app_name = "freezing"
urlpatterns = [
    path("", freezing.page, name="page"),
    path("freeze/", freezing.freeze, name="freeze"),
    path("<int:number>/", freezing.detail, name="detail"),
    path("<int:number>/release/", freezing.release, name="release"),
]
