from django.urls import path

from backoffice.transactions import views

app_name = "transactions"
urlpatterns = [
    path("", views.transactions, name="list"),
    path("export/", views.export, name="export"),
    path("look-up/", views.look_up, name="look_up"),
    path("<uuid:transaction_id>/", views.detail, name="detail"),
    path("<uuid:transaction_id>/read-again/", views.read_again, name="read_again"),
]
