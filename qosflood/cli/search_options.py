"""The options of a search for capacity: its own, and those of a plan that mean something to it."""

from functools import partial

from qosflood.cli.help import SectionedOption
from qosflood.cli.options import (
    CEILINGS,
    CONSENT,
    LIMITS,
    LOAD,
    OUTPUT,
    TARGET,
    WATCHING,
    set_option,
)
from qosflood.cli.params import COUNT, DURATION, RUN, STEPS, WIDTH

_search = partial(SectionedOption, section="Search")
SEARCH = (
    _search(
        "--need",
        type=COUNT,
        common="Whether it carries so many clients; decides the verdict.",
        help="The verdict is whether it carries so many clients; may end the search early.",
    ),
    _search(
        "--width",
        type=WIDTH,
        metavar="7%",
        help="Stop when the 95% interval is no wider than this.  [default: 7%]",
    ),
    _search(
        "--budget",
        "budget_ns",
        type=DURATION,
        common="How long the search may take.",
        metavar="20m",
        help="How long the search may take.  [default: 20m]",
    ),
    _search(
        "--max",
        "most",
        type=COUNT,
        help="Never try more clients than this.  [default: as many as this machine can generate, "
        "at most 64x]",
    ),
    _search(
        "--held",
        type=COUNT,
        help="Search again after registering so many sessions; the lower answer counts.",
    ),
    _search(
        "--event",
        "event_ns",
        type=DURATION,
        metavar="6h",
        help="Like --held, with the sessions of an event of this length; needs --lifetime.",
    ),
    _search(
        "--lifetime",
        "lifetime_ns",
        type=DURATION,
        metavar="20m",
        help="How long each session of that event lives.",
    ),
    _search(
        "--steps",
        type=STEPS,
        metavar="1x,2x,5x,10x",
        help="Try only these loads, without a search, and print a table.",
    ),
    _search(
        "--resume",
        type=RUN,
        metavar="DIR",
        help="Continue the search of this run, with its trials and its plan.",
    ),
)
_OF_LOAD = ("--peak", "--timeout", "--seed", "--shards")
_OF_OUTPUT = ("--out", "--dry-run", "--no-live", "--quiet", "--verbose", "--json")

CAPACITY_OPTIONS = (
    *SEARCH,
    *(option for option in LOAD if option.opts[0] in _OF_LOAD),
    *TARGET,
    *CONSENT,
    *CEILINGS,
    *WATCHING,
    *LIMITS,
    set_option,
    *(option for option in OUTPUT if option.opts[0] in _OF_OUTPUT),
)
