from django.urls import path

from backoffice.exports import views

app_name = "exports"
urlpatterns = [
    path("", views.exports, name="list"),
    path("export/", views.export, name="export"),
    path("audit/", views.audit_log, name="audit"),
]
