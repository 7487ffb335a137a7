from django.urls import path

from backoffice.audit import views

app_name = "audit"
urlpatterns = [
    path("", views.log, name="list"),
    path("verify/", views.verify, name="verify"),
    path("verify/marker/", views.verify_marker, name="verify_marker"),
    path("<int:number>/", views.entry, name="entry"),
]
