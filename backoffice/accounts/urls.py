from django.urls import include, path

from backoffice.accounts import views, views_sessions
from backoffice.accounts.oidc import views as company_views
from backoffice.accounts.passwords import views as password_views

urlpatterns = [
    path("", include("backoffice.accounts.factors.urls")),
    path("login/", views.sign_in, name="account_login"),
    path("logout/", views.sign_out, name="account_logout"),
    path("settings/", views.account_settings, name="account_settings"),
    path("company/", company_views.begin, name="account_company"),
    path("company/callback/", company_views.come_back, name="account_company_callback"),
    path("password/", password_views.change, name="account_password_change"),
    path("password/forgotten/", password_views.forgotten, name="account_password_forgotten"),
    path("password/set/", password_views.set_by_link, name="account_password_set"),
    path("password/set/<str:token>/", password_views.follow_link, name="account_password_link"),
    path("sessions/end/", views_sessions.end_one, name="account_session_end"),
    path("sessions/end-others/", views_sessions.end_others, name="account_sessions_end_others"),
]
