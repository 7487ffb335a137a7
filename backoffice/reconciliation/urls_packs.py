from django.urls import path

from backoffice.reconciliation.views import packs

urlpatterns = [
    path("packs/operations/<str:reference>/", packs.operation_pack, name="operation_pack"),
    path("packs/exceptions/<int:item_id>/", packs.exception_pack, name="exception_pack"),
    path("days/<business_day:day>/reports/<int:version>/pack/", packs.day_pack, name="day_pack"),
]
