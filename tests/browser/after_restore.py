"""`manage.py after_restore` on a demo whose database was put back, before any worker runs: what an operator does.

Run with ``DEMO_DIRECTORY`` naming the demo's folder; the partners are started for it and ended after it.
"""

import sys

from backoffice.database import embedded
from backoffice.demo.__main__ import start_partners
from backoffice.demo.environment import VAR, environment, partners_port
from backoffice.demo.processes import Processes


def main() -> int:
    postgres, port = embedded.start(VAR / "postgres"), partners_port()
    processes = Processes(VAR / "logs", environment(postgres, sandbox_port=port))
    try:
        start_partners(processes, port)
        processes.run("after_restore")
        return 0
    finally:
        processes.end()
        postgres.stop()


if __name__ == "__main__":
    sys.exit(main())
