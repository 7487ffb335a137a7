from django.urls import path

from backoffice.approvals import views

app_name = "approvals"
urlpatterns = [
    path("", views.requests, name="list"),
    path("<slug:subject>/", views.detail, name="detail"),
    path("<slug:subject>/preview/", views.preview, name="preview"),
    path("<slug:subject>/approve/", views.approve, name="approve"),
    path("<slug:subject>/reject/", views.reject, name="reject"),
    path("<slug:subject>/cancel/", views.cancel, name="cancel"),
]
