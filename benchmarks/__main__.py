"""``make bench``: every figure the README claims, one script after the other."""

import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parent


def main() -> int:
    """Run the scripts one by one, so that none disturbs another; return how many failed."""
    scripts = sorted(HERE.glob("bench_*.py"))
    return sum(run(script) for script in scripts)


def run(script: Path) -> bool:
    print(f"== {script.stem}", flush=True)
    return subprocess.run([sys.executable, "-m", f"benchmarks.{script.stem}"], check=False).returncode != 0


if __name__ == "__main__":
    sys.exit(main())
