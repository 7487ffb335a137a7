from django.urls import path

from backoffice.accounts import views

urlpatterns = [
    path("login/", views.sign_in, name="account_login"),
    path("logout/", views.sign_out, name="account_logout"),
    path("settings/", views.account_settings, name="account_settings"),
]
