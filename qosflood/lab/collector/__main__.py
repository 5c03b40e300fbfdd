"""`python -m qosflood.lab.collector`: the embedded collector as a child process."""

import sys

from qosflood.lab.collector.process import main

if __name__ == "__main__":
    sys.exit(main())
