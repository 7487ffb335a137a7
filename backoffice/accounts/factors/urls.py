"""The pages of second factors. None of the library's own has an address."""

from django.urls import path

from backoffice.accounts.factors import views_door, views_enrol, views_own

urlpatterns = [
    path("factor/", views_door.factor, name="account_factor"),
    path("factor/passkey/", views_door.passkey_options, name="account_factor_passkey"),
    path("factor/demo/", views_door.demo_code, name="account_demo_code"),
    path("enrol/", views_enrol.enrol, name="account_enrol"),
    path("enrol/passkey/", views_enrol.enrol_passkey, name="account_enrol_passkey"),
    path("enrol/passkey/options/", views_enrol.enrol_passkey_options, name="account_enrol_passkey_options"),
    path("factors/", views_own.factors, name="account_factors"),
    path("factors/authenticator/", views_own.new_authenticator, name="account_authenticator"),
    path("factors/passkeys/add/", views_own.new_passkey, name="account_passkey_add"),
    path("factors/passkeys/options/", views_own.new_passkey_options, name="account_passkey_options"),
    path("factors/passkeys/<int:passkey_id>/remove/", views_own.remove_passkey, name="account_passkey_remove"),
    path("factors/recovery-codes/", views_own.new_recovery_codes, name="account_recovery_codes"),
]
