"""The bell for workers when a file was asked for."""

from typing import Final

from backoffice.worker.bells import Bell

#: So many files are built at once, whoever asked: what moves money finds a worker free.
LANES: Final = 2
BUILD: Final = Bell("exports.build", queue="exports", lane=lambda job_id: f"exports.build-lane-{job_id % LANES}")
