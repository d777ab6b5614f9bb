"""Run the benchmarks: ``python -m benchmarks --help``."""

import sys

from .command import main

sys.exit(main())
