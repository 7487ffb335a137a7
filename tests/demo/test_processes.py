"""What the demo starts ends with it, however it ends."""

import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from backoffice.demo.processes import NotStarted, Processes, undisturbed

SLEEPS = "import os, pathlib, time; pathlib.Path('there').write_text(str(os.getpid())); time.sleep(60)"


@pytest.fixture
def processes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Processes:
    monkeypatch.chdir(tmp_path)
    return Processes(tmp_path / "logs", {})


def test_a_command_ends_with_whoever_is_interrupted_beside_it(processes: Processes) -> None:
    Path("manage.py").write_text(SLEEPS)
    with pytest.raises(KeyboardInterrupt), processes.beside("collectstatic"):
        while not (Path("there").exists() and Path("there").read_text()):
            time.sleep(0.02)
        raise KeyboardInterrupt
    assert not Path(f"/proc/{Path('there').read_text()}").exists()


@pytest.fixture
def heeded() -> Iterator[None]:
    """Heed Ctrl-C, as the demo does: whoever is started in the background is deaf to it."""
    before = {number: signal.signal(number, signal.default_int_handler) for number in (signal.SIGINT, signal.SIGTERM)}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


def test_a_second_interrupt_leaves_nothing_running(heeded: None) -> None:
    with undisturbed():
        os.kill(os.getpid(), signal.SIGINT)
        os.kill(os.getpid(), signal.SIGTERM)
    with pytest.raises(KeyboardInterrupt):
        signal.raise_signal(signal.SIGINT)


def test_a_command_that_fails_is_told_of(processes: Processes) -> None:
    Path("manage.py").write_text("raise SystemExit(3)")
    with pytest.raises(NotStarted, match="`manage.py migrate` ended with code 3"):
        processes.run("migrate")
