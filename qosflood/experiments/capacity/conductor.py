"""Carries out trials one after another: connect, load, judge, rest, until the search stops.

A trial is followed at once by a rest, as a run's flood by its recovery; while the target rests, the
trial is judged and the clients of the next one are connected.
"""

import asyncio
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Protocol

import msgspec

from qosflood.base.units import SECOND
from qosflood.experiments.capacity.judging import is_back, judge_trial
from qosflood.experiments.capacity.script import Step, fill_clients
from qosflood.experiments.capacity.trial import Reason, State, Stop, Trial, Try
from qosflood.journal.records import Event, JournalRecord, ScrapeSample, Window
from qosflood.journal.trial_records import TrialRecord
from qosflood.load.schedule.due_times import Schedule
from qosflood.plan.plan import Plan
from qosflood.plan.staged import as_flood
from qosflood.plan.stages import Stage

_LEAD_S = 0.3
"""A stage is asked for so long before it begins: shards compute its schedule meanwhile."""
_PATIENCE_S = 5.0
"""How long a shard's last window, or a late connect, is waited for."""
_CONNECTS_PER_S = 1000
_FILL_S = 30
"""Sessions are registered for so long at a time: then it is seen how many there are."""


class Player(Protocol):
    """Plays stages; see run/children.py."""

    def warm(self, clients: int) -> None:
        """Connect the first so many clients."""

    def play(self, stage: Stage) -> None:
        """Play a stage after those that were asked for before."""

    def cut(self) -> None:
        """End the stage that is played, and forget those that were to follow."""


Search = Callable[[Sequence[Trial], bool], Step]
"""What comes after these trials, and whether the sessions to be held are registered by now."""


@dataclass(slots=True)
class _Seen:
    """What the records say of one stage."""

    scheduled: int = 0
    ended: int = 0


class Conductor:
    """The trials of one search. `search` says what comes after those that were carried out,
    `elapsed_s` how long ago the load began, `keep` takes a trial's record; `earlier` are the trials
    of the run that is resumed."""

    def __init__(
        self,
        plan: Plan,
        player: Player,
        search: Search,
        elapsed_s: Callable[[], float],
        keep: Callable[[Stage, Trial], None],
        earlier: Sequence[Trial] = (),
    ) -> None:
        assert plan.capacity is not None
        self._plan, self._asked = plan, plan.capacity
        self._player, self._search = player, search
        self._elapsed_s, self._keep = elapsed_s, keep
        self.trials = list(earlier)
        self._before_s = max((one.ended_s for one in earlier), default=0.0)
        self._state: State = "fresh"
        self._heard = asyncio.Event()
        self._lasting: list[JournalRecord] = []
        self._recent: list[JournalRecord] = []
        self._seen: dict[str, _Seen] = {}
        self._seconds: dict[int, int] = {}
        self._connected: dict[int, int] = {}
        self._scraped_t = 0
        self._t0 = 0
        self._trying: Stage | None = None
        self._aborted: str | None = None
        self._first: Stage | None = None

    @property
    def trying(self) -> bool:
        """Whether a trial is being played, or its last reports have not ended yet."""
        return self._trying is not None

    @property
    def aborted(self) -> bool:
        """Whether the trial, or the one before, was aborted."""
        return self._aborted is not None

    def abort(self, why: str) -> None:
        """End the trial that is played at once: it is bad. Once is enough."""
        if self.aborted:
            return
        self._aborted = why
        self._player.cut()
        self._heard.set()

    def feed(self, record: JournalRecord) -> None:
        """Take a record, each one that the journal gets."""
        if isinstance(record, Window):
            self._feed_window(record)
        elif isinstance(record, ScrapeSample):
            self._scraped_t = max(self._scraped_t, record.t)
        elif isinstance(record, Event):
            if record.kind == "load_started":
                self._t0 = record.evidence["t0"]
            if record.kind in ("load_started", "several_processes"):
                self._lasting.append(record)
                return
        elif isinstance(record, TrialRecord):
            return
        self._recent.append(record)
        self._heard.set()

    def _feed_window(self, window: Window) -> None:
        seen = self._seen.setdefault(window.phase, _Seen())
        seen.scheduled += window.scheduled
        seen.ended += sum(window.outcomes.values())
        if window.health is not None:
            self._seconds[window.shard] = window.second
            self._connected[window.shard] = window.health.connected

    async def conduct(self) -> Reason:
        """Carry out trials until the search stops, or the target does not come back."""
        first = self._stage("rest-0", self._asked.quiet_clients, self._asked.rest_ns)
        self._player.warm(first.clients)
        self._player.play(first)
        await self._is_over(first)
        self._first = first
        self._lasting += self._recent
        step = self._next()
        while not isinstance(step, Stop):
            if isinstance(step, Try):
                await self._warm(step.load)
                stage, rest = await self._try(step)
            else:
                stage, rest = await self._fill(step.sessions)
            step = self._next()
            if isinstance(step, Try):
                self._player.warm(step.load)
            if not await self._is_back(stage, rest):
                return "not_recovered"
        return step.reason

    def _next(self) -> Step:
        return self._search(self.trials, self._state == "filled")

    async def _fill(self, sessions: int) -> tuple[Stage, Stage]:
        """Register so many sessions, each with one report; the last stage of it, and the rest that
        follows."""
        clients = fill_clients(self.trials) or self._asked.quiet_clients
        await self._warm(clients)
        registered, number = 0, 0
        while True:
            number += 1
            self._recent.clear()
            left_s = (sessions - registered) * self._plan.load.cadence_ns / clients / SECOND
            lasts_ns = max(min(int(left_s) + 1, _FILL_S), 1) * SECOND
            stage = replace(self._stage(f"fill-{number}", clients, lasts_ns), renews=True)
            self._player.play(stage)
            await self._is_over(stage)
            await self._has_ended(stage)
            registered += self._seen[stage.name].ended
            if registered >= sessions or not self._seen[stage.name].ended:
                break
        self._state = "filled"
        rest = self._stage("rest-fill", self._asked.quiet_clients, self._asked.rest_ns)
        self._player.play(rest)
        return stage, rest

    async def _try(self, step: Try) -> tuple[Stage, Stage]:
        """Carry out one trial; its stage, and the rest that follows."""
        number = len(self.trials) + 1
        asked = self._asked
        self._recent.clear()
        self._aborted = None
        lasts = asked.confirm_ns if step.purpose == "confirm" else asked.trial_ns
        stage = self._stage(f"trial-{number}", step.load, lasts)
        after = stage.second + stage.duration_ns // SECOND
        rest = self._stage(f"rest-{number}", asked.quiet_clients, asked.rest_ns, after)
        self._trying = stage
        self._player.play(stage)
        self._player.play(rest)
        await self._is_over(stage)
        cut = self._why_aborted() is not None
        if cut:
            stage, rest = self._cut_short(stage, rest)
        await self._has_ended(stage)
        self._trying = None
        why = self._why_aborted()
        if why is not None and not cut:
            # It came while the last reports ended, and took the rest with it.
            rest = self._stage(f"{rest.name}.1", rest.clients, rest.duration_ns)
            self._player.play(rest)
        trial = judge_trial(
            self._plan,
            stage,
            [*self._lasting, *self._recent],
            purpose=step.purpose,
            state=self._state,
            started_s=self._before_s + stage.second,
            aborted=why,
        )
        self.trials.append(trial)
        self._keep(stage, trial)
        return stage, rest

    def _why_aborted(self) -> str | None:
        """Asked for anew each time, for `abort` is called meanwhile."""
        return self._aborted

    def _cut_short(self, stage: Stage, rest: Stage) -> tuple[Stage, Stage]:
        """The trial as far as it was played, and a rest that begins now."""
        played = max(int(self._elapsed_s()) + 1 - stage.second, 1)
        lasted = min(stage.duration_ns, played * SECOND)
        rest = self._stage(rest.name, rest.clients, rest.duration_ns)
        self._player.play(rest)
        return replace(stage, duration_ns=lasted), rest

    async def _is_back(self, trial: Stage, rest: Stage) -> bool:
        """Rest until the target is as it was before the first trial; False if it never is."""
        assert self._first is not None
        begun_s, seen = self._elapsed_s(), list[bool | None]()
        while True:
            await self._is_over(rest)
            records = [*self._lasting, *self._recent]
            seen.append(is_back(self._plan, records, self._first, trial, rest))
            if seen[-1]:
                return True
            if self._elapsed_s() - begun_s > self._asked.most_rest_ns / SECOND:
                # Where the generator was mostly too late to tell, the next trial will show it.
                return 2 * seen.count(False) <= len(seen)
            name = f"{rest.name.partition('.')[0]}.{len(seen) + 1}"
            rest = self._stage(name, rest.clients, rest.duration_ns)
            self._player.play(rest)

    def _stage(self, name: str, clients: int, lasts_ns: int, second: int | None = None) -> Stage:
        """A stage from `second` on, or from the next that there is still time for."""
        if second is None:
            second = int(self._elapsed_s() + _LEAD_S) + 1
        stage = Stage(name=name, clients=clients, second=second, duration_ns=lasts_ns)
        schedule = Schedule(as_flood(self._plan, stage), *self._plan.slice_of())
        return replace(stage, planned=schedule.count(0, lasts_ns))

    # What is waited for.

    async def _warm(self, clients: int) -> None:
        """Connect the clients; those that cannot be are the trial's to show."""
        self._player.warm(clients)
        if self._plan.report.connection == "keep-alive":
            await self._until(
                lambda: sum(self._connected.values()) >= clients,
                _PATIENCE_S + clients / _CONNECTS_PER_S,
            )

    async def _is_over(self, stage: Stage) -> None:
        """Until every shard has reported the stage's last second, or it was aborted."""
        last = stage.second + -(-stage.duration_ns // SECOND) - 1
        shards = self._plan.load.shards

        def over() -> bool:
            told = [second >= last for second in self._seconds.values()]
            return (len(told) == shards and all(told)) or (
                self._aborted is not None and self.trying
            )

        await self._until(over, last + 1 - self._elapsed_s() + _PATIENCE_S)

    async def _has_ended(self, stage: Stage) -> None:
        """Until every report of the stage has its outcome, and the scrapes in it are over."""
        seen = self._seen.setdefault(stage.name, _Seen())
        timeout_s = self._plan.load.timeout_ns / SECOND + 1.0
        await self._until(lambda: seen.scheduled == seen.ended, timeout_s)
        end_t = self._t0 + stage.second * SECOND + stage.duration_ns
        if (interval_ns := self._plan.scrape_interval_ns) is not None:
            patience_s = (interval_ns + self._plan.watch.timeout_ns) / SECOND
            await self._until(lambda: self._scraped_t >= end_t, patience_s)

    async def _until(self, met: Callable[[], bool], patience_s: float) -> None:
        """Until the condition is met, to be asked about with each record; or for so long."""
        with suppress(TimeoutError):
            async with asyncio.timeout(max(patience_s, 0.0)):
                while not met():
                    self._heard.clear()
                    await self._heard.wait()


def trial_record(t: int, stage: Stage | None, trial: Trial) -> TrialRecord:
    """The trial as the journal keeps it."""
    return TrialRecord(t=t, stage=stage, trial=msgspec.to_builtins(trial))


def trial_of(record: TrialRecord) -> Trial:
    """The trial that a record holds; raises msgspec.ValidationError."""
    return msgspec.convert(record.trial, Trial)
