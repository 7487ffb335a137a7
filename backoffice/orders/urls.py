from django.urls import path

from backoffice.orders import views

app_name = "orders"
urlpatterns = [
    path("", views.orders, name="list"),
    path("export/", views.export, name="export"),
    path("look-up/", views.look_up, name="look_up"),
    path("<int:order_id>/", views.detail, name="detail"),
    path("<int:order_id>/read-again/", views.read_again, name="read_again"),
]
