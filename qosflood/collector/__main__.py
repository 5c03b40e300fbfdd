"""`python -m qosflood.collector`: the embedded collector as a child process."""

import sys

from qosflood.collector.process import main

if __name__ == "__main__":
    sys.exit(main())
