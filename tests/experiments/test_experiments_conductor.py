"""Trials carried out one after another, against a target that is played."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import partial

from record_maker import health, load_started, stray, window
from stage_maker import make_search, played

from qosflood.base.units import SECOND
from qosflood.experiments.capacity.conductor import Conductor, trial_of, trial_record
from qosflood.experiments.capacity.planning import Asked
from qosflood.experiments.capacity.script import Step, answer_of, next_of
from qosflood.experiments.capacity.trial import Reason, Stop, Trial, Try
from qosflood.plan.plan import Plan
from qosflood.plan.stages import Stage

KNEE = 500
PLAN = make_search(asked=Asked(budget_ns=200 * SECOND, width=0.2))
assert PLAN.capacity is not None
QUICK = replace(PLAN, capacity=replace(PLAN.capacity, trial_ns=5 * SECOND, rest_ns=5 * SECOND))


@dataclass
class Target:
    """Plays what it is asked to at once: reports take `ms_of` a load. Its clock stands at the end
    of the last stage."""

    ms_of: Callable[[Stage], float]
    now_s: float = 0.0
    warmed: list[int] = field(default_factory=list)
    stages: list[Stage] = field(default_factory=list)
    cuts: int = 0
    conductor: Conductor | None = None
    silent: bool = False

    def warm(self, clients: int) -> None:
        self.warmed.append(clients)
        self._feed([window(int(self.now_s), "idle", health=health(connected=clients))])

    def play(self, stage: Stage) -> None:
        self.stages.append(stage)
        if not self.silent:
            self.now_s = stage.second + stage.duration_ns / SECOND
            self._feed(played(stage, self.ms_of(stage)))

    def cut(self) -> None:
        self.cuts += 1

    def _feed(self, records) -> None:
        assert self.conductor is not None
        for record in records:
            asyncio.get_running_loop().call_soon(self.conductor.feed, record)


def sharp(stage: Stage, knee: int = KNEE) -> float:
    return 900.0 if stage.clients > knee else 5.0


def conducted(
    target: Target,
    search: Callable[[Sequence[Trial], bool], Step] | None = None,
    *,
    plan: Plan = QUICK,
    earlier: Sequence[Trial] = (),
) -> tuple[Reason, list[Trial]]:
    """A whole search; why it ended, and its trials."""

    async def main() -> tuple[Reason, list[Trial]]:
        steps = search or partial(next_of, plan)
        kept: list[Trial] = []
        target.conductor = Conductor(
            plan,
            target,
            steps,
            lambda: target.now_s,
            lambda _stage, trial: kept.append(trial),
            earlier,
        )
        target.conductor.feed(load_started())
        async with asyncio.timeout(60):
            reason = await target.conductor.conduct()
        assert kept == target.conductor.trials[len(earlier) :]
        return reason, target.conductor.trials

    return asyncio.run(main())


def once(load: int) -> Callable[[Sequence[Trial], bool], Step]:
    """A search of one trial."""
    return lambda trials, _: Stop("done") if trials else Try(load, "climb")


def test_a_search_finds_a_sharp_knee_and_closes_with_the_first_load_and_a_longer_flood():
    target = Target(sharp)
    reason, trials = conducted(target)
    answer = answer_of(QUICK, trials, reason)
    assert answer.clients.low <= KNEE <= (answer.clients.high or 0)
    assert answer.first is not None
    assert answer.first.limit == "response.p99 < 250ms"
    assert [trial.purpose for trial in trials[-2:]] == ["again", "confirm"]
    assert trials[-2].load == 100
    assert trials[-1].seconds == QUICK.capacity.confirm_ns / SECOND
    assert answer.confirmed is True


def test_each_trial_is_warmed_up_before_and_followed_by_a_rest():
    target = Target(sharp)
    conducted(target, once(200))
    assert target.warmed[-1] == 200
    names = [stage.name for stage in target.stages]
    assert names == ["rest-0", "trial-1", "rest-1"]
    _, trial, rest = target.stages
    assert rest.second == trial.second + 5
    assert rest.clients == QUICK.capacity.quiet_clients
    assert trial.planned == 1000


def test_a_target_that_does_not_come_back_ends_the_search():
    def ruined(stage: Stage) -> float:
        return 900.0 if stage.name not in ("rest-0", "trial-1") else 5.0

    target = Target(ruined)
    reason, trials = conducted(target)
    assert reason == "not_recovered"
    assert len(trials) == 1
    rests = [stage.name for stage in target.stages if stage.name.startswith("rest-1")]
    assert rests[:3] == ["rest-1", "rest-1.2", "rest-1.3"]
    assert len(rests) * 5 >= QUICK.capacity.most_rest_ns / SECOND


def test_a_target_that_remembers_is_named_with_the_load_at_which_it_recovers():
    def remembers(stage: Stage) -> float:
        overloaded = sum(one.clients > KNEE for one in target.stages)
        tired = overloaded >= 2 and stage.clients <= 100
        return sharp(stage, 60 if tired else KNEE)

    target = Target(remembers)
    reason, trials = conducted(target)
    assert reason == "width"
    remembered = answer_of(QUICK, trials, reason).hysteresis
    assert remembered is not None
    assert remembered.good_before == 100
    assert remembered.recovers_at == 50


def test_sessions_are_registered_between_two_searches_and_the_lower_answer_counts():
    plan = replace(QUICK, capacity=replace(QUICK.capacity, held=1200))

    def filled(stage: Stage) -> float:
        held = any(one.renews for one in target.stages[:-1])
        return sharp(stage, 300 if held else KNEE)

    target = Target(filled)
    reason, trials = conducted(target, plan=plan)
    fills = [stage for stage in target.stages if stage.renews]
    assert sum(stage.planned for stage in fills) >= 1200
    assert max(stage.clients for stage in fills) <= KNEE / 2
    answer = answer_of(plan, trials, reason)
    assert answer.filled is not None
    assert answer.clients == answer.filled.clients
    assert (answer.clients.high or 0) < answer.fresh.clients.low
    assert answer.held == 1200


def test_a_search_that_is_resumed_goes_on_as_if_it_had_not_been_interrupted():
    reason, trials = conducted(Target(sharp))
    resumed = Target(sharp)
    again, all_trials = conducted(resumed, earlier=trials[:6])
    assert again == reason
    assert [one.load for one in all_trials] == [one.load for one in trials]
    assert [stage.name for stage in resumed.stages[1:3]] == ["trial-7", "rest-7"]
    assert all_trials[6].started_s >= trials[5].ended_s


def test_a_trial_survives_the_journal():
    _, trials = conducted(Target(sharp), once(700))
    assert trial_of(trial_record(0, None, trials[0])) == trials[0]


def test_an_abort_ends_the_trial_at_once_and_it_is_bad():
    target = Target(sharp)

    async def main() -> Trial:
        conductor = Conductor(QUICK, target, once(200), lambda: target.now_s, lambda *_: None)
        target.conductor = conductor
        conductor.feed(load_started())
        conducting = asyncio.create_task(conductor.conduct())
        while not conductor.trials and not conductor.trying:
            await asyncio.sleep(0)
            target.silent = any(stage.name == "rest-0" for stage in target.stages)
        trial = target.stages[-2]
        target.now_s = trial.second + 1.5
        half = replace(trial, duration_ns=2 * SECOND)
        for record in played(half, 5.0):
            conductor.feed(record)
        target.silent = False
        conductor.abort("errors > 50% for 1s")
        async with asyncio.timeout(30):
            await conducting
        return conductor.trials[0]

    trial = asyncio.run(main())
    assert target.cuts == 1
    assert (trial.outcome, trial.broken) == ("bad", ("errors > 50% for 1s",))
    assert trial.seconds == 2.0


def test_an_abort_while_the_last_reports_end_makes_the_trial_bad_and_lets_the_target_rest():
    target = Target(sharp)
    backlog = 50

    async def main() -> Trial:
        conductor = Conductor(QUICK, target, once(200), lambda: target.now_s, lambda *_: None)
        target.conductor = conductor
        conductor.feed(load_started())
        open_still = window(3, "trial-1", health=None, scheduled=backlog, sessions=None)
        conducting = asyncio.create_task(conductor.conduct())
        while not conductor.trying:
            await asyncio.sleep(0)
        conductor.feed(open_still)
        for _ in range(200):
            await asyncio.sleep(0)
        assert not conductor.trials
        conductor.abort("errors > 50% for 1s")
        conductor.abort("errors > 50% for 1s")
        conductor.feed(stray(20, "trial-1", failed={"timeout": backlog}, scheduled=0))
        async with asyncio.timeout(30):
            await conducting
        return conductor.trials[0]

    trial = asyncio.run(main())
    assert (trial.outcome, trial.broken[-1]) == ("bad", "errors > 50% for 1s")
    assert (trial.seconds, target.cuts) == (5.0, 1)
    assert [stage.name for stage in target.stages][:4] == [
        "rest-0",
        "trial-1",
        "rest-1",
        "rest-1.1",
    ]
