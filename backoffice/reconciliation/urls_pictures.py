from django.urls import path

from backoffice.reconciliation.views import pictures

urlpatterns = [path("pictures/", pictures.pictures, name="pictures")]
