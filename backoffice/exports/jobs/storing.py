"""The folder where built files wait: named so that no name can be guessed, readable by the product alone."""

import os
import re
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import IO, Final
from uuid import uuid4

from django.conf import settings
from django.utils import timezone

from backoffice.exports.models import ExportJob, JobState

#: A file that no job names after so long was left behind by a worker that died.
LEFT_BEHIND_AFTER: Final = timedelta(days=1)
#: What `new_file` calls a file: the number of its job, and what nobody guesses.
OURS: Final = re.compile(r"[0-9]+-[0-9a-f]{32}", re.ASCII)


def folder() -> Path:
    """Give the folder, made when it is first needed."""
    path = Path(settings.EXPORT_DIRECTORY)
    path.mkdir(mode=0o700, parents=True, exist_ok=True)
    return path


def path_of(stored_as: str) -> Path:
    """Give the place of a file by the name its job keeps: a bare name, whatever it is made of."""
    return folder() / Path(stored_as).name


@contextmanager
def new_file(job: ExportJob) -> Iterator[tuple[str, IO[bytes]]]:
    """Open a file that did not exist, and give its name with it; keep it unless the block fails."""
    name = f"{job.pk}-{uuid4().hex}"
    descriptor = os.open(path_of(name), os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            yield name, file
    except BaseException:
        delete(name)
        raise


def settle(file: IO[bytes]) -> None:
    """Have everything written so far on disk."""
    file.flush()
    os.fsync(file.fileno())


def delete(stored_as: str) -> None:
    """Delete a file, if it is there."""
    if stored_as:
        path_of(stored_as).unlink(missing_ok=True)


def sweep() -> int:
    """Delete what workers that died have left behind; return how many files. Whatever else lies there is let be."""
    kept = set(ExportJob.objects.filter(state=JobState.READY).values_list("stored_as", flat=True))
    before = (timezone.now() - LEFT_BEHIND_AFTER).timestamp()
    left = [path for path in folder().iterdir() if path.name not in kept and is_left_behind(path, before)]
    for path in left:
        path.unlink(missing_ok=True)
    return len(left)


def is_left_behind(path: Path, before: float) -> bool:
    """Whether this is a file of ours that nobody has written to since ``before``, in seconds since 1970."""
    try:
        found = path.lstat()
    except FileNotFoundError:
        return False
    return bool(OURS.fullmatch(path.name)) and stat.S_ISREG(found.st_mode) and found.st_mtime < before
