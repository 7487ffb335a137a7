"""Open a world: a database of its own, and the world's clock, client and crash points where the product has such."""

import gc
import logging
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from unittest.mock import patch

from django.db import connections

from backoffice import failpoints
from backoffice.database import clock as database_clock
from backoffice.database import embedded
from backoffice.funding.services import gate
from backoffice.mirror import partners
from backoffice.partner import http
from tests import database
from tests.faults.world import World


@contextmanager
def opened(server: embedded.Embedded) -> Iterator[World]:
    """Open a world on a fresh clone, with Django's connections pointed at it, and drop it at the end."""
    name, former = database.clone(server), connections["default"].settings_dict["NAME"]
    database.connect_to(server, name)
    thresholds = gc.get_threshold()
    gc.set_threshold(50_000, 20, 20)  # a fifth of the time went into looking for garbage
    try:
        world = World(server, name)
        with in_virtual_time(world):
            world.complete_one()
            yield world
        world.close()
    finally:
        gc.set_threshold(*thresholds)
        connections.close_all()
        database.connect_to(server, former)
        embedded.drop_database(server, name)


@contextmanager
def in_virtual_time(world: World) -> Iterator[None]:
    """Put the world's clock, client and crash points in the places the product has for them."""
    clock = world.clock
    with ExitStack() as stack:
        for where, name, stand_in in (
            (database_clock, "now", clock.now),
            (database_clock, "monotonic", clock.monotonic),
            (database_clock, "sleep", clock.sleep),
            (partners, "_coinmena", world.client_for),
            (failpoints, "reached", world.damage.reached),
            (http, "_random", _SeededPauses(world)),
            # The server counts true seconds; a machine that has much else to do may let a claim stand still for a few.
            (gate, "SILENT_SECONDS", 60),
        ):
            stack.enter_context(patch.object(where, name, stand_in))
        stack.enter_context(patch("procrastinate.utils.utcnow", clock.now))
        stack.enter_context(world.damage.in_database())
        stack.enter_context(_quiet_logs())
        yield


@dataclass
class _SeededPauses:
    """The spread of the pauses between repeated reads, from the schedule's own randomness."""

    world: World

    def uniform(self, low: float, high: float) -> float:
        return self.world.random.uniform(low, high)


@contextmanager
def _quiet_logs() -> Iterator[None]:
    before = logging.root.manager.disable
    logging.disable(logging.CRITICAL)
    try:
        yield
    finally:
        logging.disable(before)
