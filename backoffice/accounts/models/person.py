"""Staff: one person, one role (security.md §1)."""

from typing import Any, Final

import pgtrigger
from django.conf import settings
from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.contrib.auth.hashers import UNUSABLE_PASSWORD_PREFIX
from django.db import models
from django.db.models.functions import Lower
from django.utils import timezone
from django.utils.translation import gettext_lazy as _


class Role(models.TextChoices):
    """What a person may do; DESIGN.md §1 says what each must never be able to do."""

    FINANCE = "finance", _("Finance")
    MANAGER = "manager", _("Manager")
    AUDITOR = "auditor", _("Auditor")
    ADMINISTRATOR = "administrator", _("Administrator")


class PersonManager(BaseUserManager["Person"]):
    def create_person(self, *, email: str, name: str, role: str, password: str | None = None, **extra: Any) -> "Person":
        """Create a person who can sign in once a password is set."""
        person = self.model(email=email.strip().casefold(), name=name, role=role, **extra)
        person.set_password(password)
        person.save(using=self._db)
        return person

    def get_by_natural_key(self, username: str | None) -> "Person":
        return self.get(email=(username or "").casefold())


#: Invited, and not in use yet: without a password and without a sign-in of any kind.
NEVER_CAME: Final = models.Q(last_login=None, password__startswith=UNUSABLE_PASSWORD_PREFIX)


def company_time_zone() -> str:
    """The zone a new person sees times in, until they choose one."""
    return str(settings.COMPANY_TIME_ZONE)


class Person(AbstractBaseUser):
    """Someone who works here. There are no groups, no permissions and no superusers: policies decide by role.

    A new account, another role, and the way back after a deactivation take an approved change of the people app in the
    same transaction; the database refuses them otherwise, whichever code asks.
    """

    email = models.EmailField(_("E-mail"), unique=True)
    name = models.CharField(_("Name"), max_length=120)
    role = models.CharField(_("Role"), max_length=16, choices=Role)
    is_active = models.BooleanField(default=True)
    time_zone = models.CharField(max_length=64, default=company_time_zone)
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    USERNAME_FIELD = "email"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS = ["name", "role"]
    objects = PersonManager()

    class Meta:
        constraints = [
            models.UniqueConstraint(Lower("email"), name="one_person_per_email"),
            models.CheckConstraint(condition=models.Q(role__in=Role.values), name="person_has_a_known_role"),
        ]
        triggers = [
            # From the first request about an account on: before it there are only those whom `first_people` made, none
            # of whom can ask for money.
            pgtrigger.Trigger(
                name="account_begins_by_two_people",
                when=pgtrigger.Before,
                operation=pgtrigger.Insert,
                func="""
                    IF EXISTS (SELECT 1 FROM approvals_request WHERE kind = 'account') AND NOT EXISTS (
                        SELECT 1 FROM people_accountchange c JOIN approvals_request r ON r.id = c.approval_id
                        JOIN accounts_proof p ON p.id = r.asked_with_id
                        WHERE c.kind = 'invitation' AND c.state = 'waiting' AND c.email = NEW.email
                        AND c.name = NEW.name AND c.role_after = NEW.role
                        AND r.kind = 'account' AND r.subject = c.key AND r.state = 'approved'
                        AND r.fingerprint = c.fingerprint AND r.requested_by_id = c.proposed_by_id
                        AND c.fingerprint = ANY(p.covers)
                    ) THEN
                        RAISE EXCEPTION 'nobody was invited as % by two people', NEW.email
                            USING ERRCODE = 'check_violation';
                    END IF;
                    RETURN NEW;
                """,
            ),
            pgtrigger.Trigger(
                name="account_changed_by_two_people",
                when=pgtrigger.Before,
                operation=pgtrigger.Update,
                condition=pgtrigger.Q(old__role__df=pgtrigger.F("new__role"))
                | pgtrigger.Q(old__is_active=False, new__is_active=True),
                func="""
                    IF NEW.role <> OLD.role AND NOT EXISTS (
                        SELECT 1 FROM people_accountchange c WHERE c.person_id = OLD.id AND c.kind = 'role'
                        AND c.role_before = OLD.role AND c.role_after = NEW.role
                        AND c.state = 'applied' AND c.applied_in = pg_current_xact_id()::text::bigint
                    ) OR NEW.is_active AND NOT OLD.is_active AND NOT EXISTS (
                        SELECT 1 FROM people_accountchange c WHERE c.person_id = OLD.id AND c.kind = 'reactivation'
                        AND c.state = 'applied' AND c.applied_in = pg_current_xact_id()::text::bigint
                    ) THEN
                        RAISE EXCEPTION 'the account of person % changes by two people only', OLD.id
                            USING ERRCODE = 'check_violation';
                    END IF;
                    RETURN NEW;
                """,
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def initials(self) -> str:
        words = self.name.split()
        return "".join(word[0] for word in (words[:1] + words[1:][-1:])).upper()

    @property
    def is_finance(self) -> bool:
        return self.role == Role.FINANCE

    @property
    def is_manager(self) -> bool:
        return self.role == Role.MANAGER

    @property
    def is_administrator(self) -> bool:
        return self.role == Role.ADMINISTRATOR
