"""`python -m qosflood.collector`: the embedded collector as a child process."""

import os

from qosflood.collector.process import main

if __name__ == "__main__":
    # No clean-up: freeing a million samples takes longer than the second the parent waits.
    os._exit(main())
