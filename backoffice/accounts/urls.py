from django.urls import path

from backoffice.accounts import views, views_sessions

urlpatterns = [
    path("login/", views.sign_in, name="account_login"),
    path("logout/", views.sign_out, name="account_logout"),
    path("settings/", views.account_settings, name="account_settings"),
    path("sessions/end/", views_sessions.end_one, name="account_session_end"),
    path("sessions/end-others/", views_sessions.end_others, name="account_sessions_end_others"),
]
