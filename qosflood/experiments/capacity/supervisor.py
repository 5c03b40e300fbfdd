"""A run whose load is asked for trial by trial."""

import asyncio
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from qosflood.analysis.verdict.aborts import AbortJudge
from qosflood.base.units import SECOND
from qosflood.experiments.capacity.conductor import Conductor, Search, trial_record
from qosflood.experiments.capacity.trial import Reason, Trial
from qosflood.journal.records import Event, JournalRecord, Segment
from qosflood.journal.trial_records import AnswerRecord, CapacityAnswer
from qosflood.live.observers import View
from qosflood.plan.plan import Plan
from qosflood.plan.stages import Stage
from qosflood.run.supervisor import DRAIN_PATIENCE_S, Supervisor

Answer = Callable[[Sequence[Trial], Reason], CapacityAnswer]
"""What trials say if the search ended so."""


class TrialSupervisor(Supervisor):
    """Carries out a search instead of the plan's schedule: `search` says which trial is next, and
    `answer` what they say. A trial that breaks an abort limit ends at once, and is bad."""

    def __init__(
        self,
        plan: Plan,
        run_dir: Path,
        segment: Segment,
        view: View,
        *,
        search: Search,
        answer: Answer,
        earlier: Sequence[Trial] = (),
    ) -> None:
        self._conductor: Conductor | None = None
        self._started: Event | None = None
        super().__init__(plan, run_dir, segment, view)
        self._answer = answer
        self._conductor = Conductor(
            plan, self._children, search, self._elapsed_s, self._keep_trial, earlier
        )
        for trial in earlier:
            self._keep(trial_record(0, None, trial))

    def _elapsed_s(self) -> float:
        return (self.now_t + self._segment.mono_ns - self._zero_ns) / SECOND

    async def _load_and_settle(self) -> tuple[str, str]:
        assert self._conductor is not None
        finished = asyncio.create_task(self._all_shards_done())
        conducting = asyncio.create_task(self._conductor.conduct())
        either: set[asyncio.Future[Any]] = {conducting, self._stop}
        await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
        if not self._stop.done() and isinstance(error := conducting.exception(), Exception):
            self._fail(error)
        if self._stop.done():
            conducting.cancel()
            self._keep_answer("interrupted")
            await self._stop_load(finished)
            return self._stop.result()
        self._keep_answer(conducting.result())
        self.note("operator", "load_finished", self._words.finished)
        self._children.stop_load()
        await asyncio.wait({finished}, timeout=DRAIN_PATIENCE_S)
        return "completed", ""

    def _keep_trial(self, stage: Stage, trial: Trial) -> None:
        self._keep(trial_record(self.now_t, stage, trial))
        self._aborts = AbortJudge(self._plan)
        if self._started is not None:
            self._aborts.feed(self._started)
        self._keep_answer(None)

    def _keep_answer(self, reason: Reason | None) -> None:
        assert self._conductor is not None
        capacity = self._answer(self._conductor.trials, reason or "interrupted")
        self._keep(AnswerRecord(t=self.now_t, reason=reason, capacity=capacity))

    def _judge_aborts(self, t: int) -> None:
        if self._conductor is None or not self._conductor.trying:
            super()._judge_aborts(t)
            return
        broken = self._aborts.broken(t)
        if broken is not None and not self._conductor.aborted:
            limit, value = broken
            what = f"the abort limit {limit.expr} was broken: {value}"
            self.note("target", "trial_aborted", what, limit=limit.expr, value=value)
            self._conductor.abort(limit.expr)

    def _show(self, record: JournalRecord) -> None:
        super()._show(record)
        if isinstance(record, Event) and record.kind == "load_started":
            self._started = record
        if self._conductor is not None:
            self._conductor.feed(record)
