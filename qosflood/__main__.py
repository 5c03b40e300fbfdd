"""`python -m qosflood`: the command line."""

from qosflood.cli.group import main

main()
