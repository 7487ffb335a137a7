"""Everything that decides who can do what with whom, as values."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Final, Self

from django.db.models import BooleanField, ExpressionWrapper

from backoffice.accounts.models import NEVER_CAME, Person, Role
from backoffice.approvals.matching import live_rules
from backoffice.approvals.models import Delegation, Rule
from backoffice.database import clock

#: Who stands for somebody who is not invited yet.
NOBODY_YET: Final = 0


@dataclass(frozen=True)
class Member:
    """One person, as far as it matters for what they can do. ``has_come``: not only invited, but in use."""

    id: int
    name: str
    role: str
    is_active: bool = True
    has_come: bool = True

    @property
    def can_decide(self) -> bool:
        """Whether requests of others are theirs to decide on: active managers, whoever handed over to whom."""
        return self.is_active and self.role == Role.MANAGER

    def has_role(self, *roles: str) -> bool:
        """Whether the person can come in and has one of these roles."""
        return self.is_active and self.role in roles


@dataclass(frozen=True)
class Snapshot:
    """The people, one version of the rules, and who decides for whom at that moment.

    ``delegations``: pairs of ids, who is away and who stands in.
    """

    people: tuple[Member, ...]
    rules: tuple[Rule, ...]
    delegations: tuple[tuple[int, int], ...] = ()

    def person(self, person_id: int) -> Member:
        """Return one of the people.

        :raises StopIteration: for an id nobody has.
        """
        return next(one for one in self.people if one.id == person_id)

    def with_role(self, person_id: int, role: str) -> Self:
        """The same with one person in another role."""
        return self._with(person_id, role=role)

    def without(self, person_id: int) -> Self:
        """The same with one person deactivated."""
        return self._with(person_id, is_active=False)

    def with_back(self, person_id: int) -> Self:
        """The same with one person active again."""
        return self._with(person_id, is_active=True)

    def with_new(self, name: str, role: str) -> Self:
        """The same with one person more."""
        return replace(self, people=(*self.people, Member(NOBODY_YET, name, role, has_come=False)))

    def with_rules(self, rules: Iterable[Rule]) -> Self:
        """The same under other rules."""
        return replace(self, rules=tuple(rules))

    def _with(self, person_id: int, **change: str | bool) -> Self:
        people = (replace(one, **change) if one.id == person_id else one for one in self.people)  # type: ignore[arg-type]
        return replace(self, people=tuple(people))


def snapshot_now() -> Snapshot:
    """Read roles, live rules and the delegations in force, in three queries."""
    has_come = ExpressionWrapper(~NEVER_CAME, output_field=BooleanField())
    people = Person.objects.annotate(has_come=has_come).order_by("name", "id")
    rows = people.values_list("id", "name", "role", "is_active", "has_come")
    return Snapshot(
        people=tuple(Member(*row) for row in rows),
        rules=tuple(live_rules().rules.order_by("kind", "name").select_related("rule_set")),
        delegations=tuple(delegations_now()),
    )


def delegations_now() -> list[tuple[int, int]]:
    """List who is away and who stands in for them at this moment."""
    in_force = Delegation.objects.in_force_at(clock.now())
    return list(in_force.order_by("id").values_list("away_id", "stand_in_id"))
