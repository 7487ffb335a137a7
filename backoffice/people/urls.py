"""People, mounted at /people/."""

from django.urls import path

from backoffice.people.views import acting, control, proposing, reading

app_name = "people"
urlpatterns = [
    path("", reading.people, name="list"),
    path("export/", reading.export, name="export"),
    path("invite/", proposing.invite, name="invite"),
    path("control/", control.control, name="control"),
    path("control/export/", control.export_control, name="export_control"),
    path("changes/<slug:key>/", reading.change, name="change"),
    path("changes/<slug:key>/cancel/", reading.cancel_change, name="cancel_change"),
    path("<int:number>/", reading.detail, name="detail"),
    path("<int:number>/role/", proposing.change_role, name="role"),
    path("<int:number>/reactivate/", proposing.reactivate, name="reactivate"),
    path("<int:number>/reset-factor/", proposing.reset_factor, name="reset_factor"),
    path("<int:number>/deactivate/", acting.deactivate, name="deactivate"),
    path("<int:number>/invite-again/", acting.invite_again, name="invite_again"),
    path("<int:number>/end-session/", acting.end_one_session, name="end_session"),
    path("<int:number>/end-sessions/", acting.end_all_sessions, name="end_sessions"),
]
