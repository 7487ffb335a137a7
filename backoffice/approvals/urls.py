from django.urls import path

from backoffice.approvals import views

app_name = "approvals"
urlpatterns = [
    path("", views.requests, name="list"),
    path("<str:subject>/", views.detail, name="detail"),
    path("<str:subject>/preview/", views.preview, name="preview"),
    path("<str:subject>/approve/", views.approve, name="approve"),
    path("<str:subject>/reject/", views.reject, name="reject"),
    path("<str:subject>/cancel/", views.cancel, name="cancel"),
]
