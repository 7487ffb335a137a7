from django.urls import include, path

from backoffice.funding.views import closing, forms, freezing, lists, operations

app_name = "funding"
urlpatterns = [
    path("", lists.operations, name="list"),
    path("export/", lists.export, name="export"),
    path("approvals/export/", lists.export_approvals, name="export_approvals"),
    path("deposit/", forms.deposit, name="deposit"),
    path("withdraw/", forms.withdraw, name="withdraw"),
    path("preview/", forms.preview, name="preview"),
    path("clients/", forms.clients, name="clients"),
    path("bulk/", include("backoffice.funding.urls_bulk")),
    path("resume/", freezing.resume, name="resume"),
    path("<slug:reference>/", operations.detail, name="detail"),
    path("<slug:reference>/marker/", operations.marker, name="marker"),
    path("<slug:reference>/check/", operations.check, name="check"),
    path("<slug:reference>/cancel/", operations.cancel, name="cancel"),
    path("<slug:reference>/close/", closing.close, name="close"),
    path("<slug:reference>/evidence/<slug:digest>/", closing.read_evidence, name="evidence"),
    path("<slug:reference>/late/<int:late_order_id>/", closing.settle, name="settle"),
]
