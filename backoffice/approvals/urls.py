from django.urls import path

from backoffice.approvals import views
from backoffice.approvals.absences import views as absences
from backoffice.approvals.together import views as together

app_name = "approvals"
urlpatterns = [
    path("", views.requests, name="list"),
    path("absences/", absences.absences, name="absences"),
    path("absences/new/", absences.hand_over, name="hand_over"),
    path("absences/<int:delegation_id>/end/", absences.end, name="end_absence"),
    path("together/", together.sets, name="together"),
    path("together/review/", together.review, name="together_review"),
    path("together/approve/", together.approve, name="together_approve"),
    path("together/<int:proof_id>/", together.results, name="together_results"),
    path("<slug:subject>/", views.detail, name="detail"),
    path("<slug:subject>/preview/", views.preview, name="preview"),
    path("<slug:subject>/approve/", views.approve, name="approve"),
    path("<slug:subject>/reject/", views.reject, name="reject"),
    path("<slug:subject>/take-back/", views.take_back, name="take_back"),
    path("<slug:subject>/cancel/", views.cancel, name="cancel"),
]
