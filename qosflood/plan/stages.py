"""Stages: stretches of constant load that are played one after another, as each is asked for.

A search for capacity does not know its loads beforehand. Its plan says how many clients there may
be at most and for how long; each stage is then one load of the first so many clients, whose
connections and sessions stay from stage to stage.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Capacity:
    """What a search for capacity asks for.

    `need`: so many clients have to be carried, None: no such question. `width`: how wide the
    interval may be, as a share. `steps`: these loads and no search, in clients. `held`: so many
    sessions are registered before a second search; with an `event_ns` as many as an event of this
    length has, whose sessions live for `lifetime_ns`. 0: there is no second search.

    A trial lasts `trial_ns`; between two of them `quiet_clients` report, for `rest_ns` at a time
    and `most_rest_ns` in all. `confirm_ns` is how long the flood lasts that confirms the answer.
    """

    need: int | None = None
    width: float = 0.07
    budget_ns: int
    steps: tuple[int, ...] = ()
    held: int = 0
    event_ns: int = 0
    lifetime_ns: int = 0
    trial_ns: int
    rest_ns: int
    most_rest_ns: int
    confirm_ns: int
    quiet_clients: int

    @property
    def fills(self) -> bool:
        """Whether there is a second search, over a target that holds sessions."""
        return bool(self.held or self.event_ns)


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """A load of clients 0 to `clients` - 1 for `duration_ns` from the whole second `second` of the
    load on; `name` is the phase of its reports, `planned` how many of them the schedule holds.
    `renews`: each report is of a new session, over the connection that is there."""

    name: str
    clients: int
    second: int
    duration_ns: int
    planned: int = 0
    renews: bool = False
