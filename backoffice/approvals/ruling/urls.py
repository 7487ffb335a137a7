from django.urls import path

from backoffice.approvals.ruling import editing, views

app_name = "rules"
urlpatterns = [
    path("", views.page, name="page"),
    path("<int:number>/", views.version, name="version"),
    path("draft/", views.draft, name="draft"),
    path("draft/begin/", views.begin, name="begin"),
    path("draft/trial/", views.trial, name="trial"),
    path("draft/submit/", views.submit, name="submit"),
    path("draft/take-back/", views.take_back, name="take_back"),
    path("draft/discard/", views.discard, name="discard"),
    path("draft/new-rule/", editing.new_rule, name="new_rule"),
    path("draft/rules/<int:number>/", editing.rule, name="rule"),
    path("draft/rules/<int:number>/remove/", editing.remove_rule, name="remove_rule"),
    path("draft/new-group/", editing.new_group, name="new_group"),
    path("draft/groups/<str:name>/", editing.group, name="group"),
    path("draft/groups/<str:name>/remove/", editing.remove_group, name="remove_group"),
]
