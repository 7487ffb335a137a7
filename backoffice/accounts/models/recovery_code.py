"""Codes for the day on which authenticator and passkeys are out of reach (security.md S19)."""

from django.db import models

from backoffice.accounts.models.person import Person


class RecoveryCode(models.Model):
    """One code, kept as a digest only. Its first group is its name, which is no secret and finds the row."""

    person = models.ForeignKey(Person, on_delete=models.RESTRICT, related_name="+")
    name = models.CharField(max_length=8)
    digest = models.CharField(max_length=160)
    made_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["person", "name"], name="one_recovery_code_per_name")]
