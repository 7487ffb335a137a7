from django.urls import path

from backoffice.audit import views
from backoffice.audit.asking import views as asking

app_name = "audit"
urlpatterns = [
    path("", views.log, name="list"),
    path("day/", asking.day, name="day"),
    path("events/", asking.events, name="events"),
    path("questions/", asking.keep_question, name="keep_question"),
    path("questions/<int:question_id>/forget/", asking.forget_question, name="forget_question"),
    path("verify/", views.verify, name="verify"),
    path("verify/marker/", views.verify_marker, name="verify_marker"),
    path("<int:number>/", views.entry, name="entry"),
]
