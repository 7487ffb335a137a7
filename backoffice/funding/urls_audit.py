"""Who funded what, mounted below /audit/."""

from django.urls import path

from backoffice.funding.views import who_funded

app_name = "who_funded"
urlpatterns = [
    path("", who_funded.who_funded_what, name="page"),
    path("export/", who_funded.export, name="export"),
]
