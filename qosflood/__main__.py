"""The command's entry, also as `python -m qosflood`: it loads so little that it can be stopped."""

import sys


def main() -> None:
    """Run the command line; Ctrl-C while its modules still load ends it in one line too."""
    try:
        from qosflood.cli import group
    except KeyboardInterrupt:
        sys.stderr.write("qosflood: interrupted; nothing was flooded\n")
        sys.exit(130)
    group.main()


if __name__ == "__main__":
    main()
