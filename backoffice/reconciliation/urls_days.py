from django.urls import path

from backoffice.reconciliation.days import addresses
from backoffice.reconciliation.views import day_acts, days

addresses.register()

urlpatterns = [
    path("", days.days, name="days"),
    path("days/<business_day:day>/", days.day, name="day"),
    path("days/<business_day:day>/prepare/", day_acts.prepare, name="prepare_day"),
    path("days/<business_day:day>/review/", day_acts.review, name="review_day"),
    path("days/<business_day:day>/send-back/", day_acts.send_back, name="send_back_day"),
    path("days/<business_day:day>/close/", day_acts.close, name="close_day"),
    path("days/<business_day:day>/reopen/", day_acts.reopen, name="reopen_day"),
    path("days/<business_day:day>/check/", day_acts.check, name="check_day"),
    path("days/<business_day:day>/reports/<int:version>/", days.report, name="day_report"),
    path("days/<business_day:day>/reports/<int:version>/csv/", days.report_csv, name="day_report_csv"),
    path("days/<business_day:day>/reports/<int:version>/bytes/", days.report_bytes, name="day_report_bytes"),
]
