from django.urls import path, register_converter

from backoffice.clients import views
from backoffice.clients.converters import PartnerClientId

register_converter(PartnerClientId, "partner_client_id")

app_name = "clients"
urlpatterns = [
    path("", views.clients, name="list"),
    path("export/", views.export, name="export"),
    path("<partner_client_id:partner_client_id>/balances/", views.balances, name="balances"),
    path("<partner_client_id:partner_client_id>/activate/", views.activate, name="activate"),
    path("<partner_client_id:partner_client_id>/deactivate/", views.deactivate, name="deactivate"),
    path("<partner_client_id:partner_client_id>/", views.detail, name="detail"),
]
