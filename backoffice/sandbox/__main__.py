import sys

from backoffice.sandbox.command import main

sys.exit(main())
