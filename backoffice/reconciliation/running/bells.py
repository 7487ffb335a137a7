"""The bell for workers when a run was asked for."""

from typing import Final

from backoffice.worker.bells import Bell

QUEUE: Final = "reconciliation"
RUN: Final = Bell("reconciliation.carry_out", queue=QUEUE)
