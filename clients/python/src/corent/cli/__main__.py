"""`python -m corent.cli` is `corent`."""

import sys

from corent.cli import main

sys.exit(main())
