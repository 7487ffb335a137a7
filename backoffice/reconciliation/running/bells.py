"""The bell for workers when a run was asked for, and the lanes of what takes minutes.

Payments share the worker's slots with them: in each lane goes one job at a time, so that a slot is always left.
"""

from typing import Final

from backoffice.worker.bells import Bell

QUEUE: Final = "reconciliation"
#: What somebody may be waiting for has a lane of its own: no job of the night stands before it.
RUN_LANE: Final = "reconciliation.run-lane"
READING_LANE: Final = "reconciliation.reading-lane"
LANES: Final = (RUN_LANE, READING_LANE)
RUN: Final = Bell("reconciliation.carry_out", queue=QUEUE, lane=lambda _job_id: RUN_LANE)
