"""The health page, mounted at /health/."""

from django.urls import path

from backoffice.health import views

app_name = "health"
urlpatterns = [
    path("", views.page, name="page"),
    path("partners/", views.partners, name="partners"),
    path("self-test/", views.self_test, name="self_test"),
]
