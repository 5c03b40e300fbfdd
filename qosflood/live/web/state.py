"""What the live page shows, collected record by record. Pure.

Texts are made here; the page only displays them. Points are sent in the
units of their charts: seconds since the load's start, reports per second, milliseconds, MiB.
"""

from collections import deque

from qosflood.analysis.current import LiveView, Moment
from qosflood.analysis.generator.late import is_late, late_gate_ns
from qosflood.analysis.latency import p99_or_max
from qosflood.base.percentiles import LIVE
from qosflood.base.text import printable
from qosflood.base.units import MS, SECOND
from qosflood.journal.records import End, Event, JournalRecord, MemorySample, ScrapeSample, Window
from qosflood.live import lines
from qosflood.live.web import words
from qosflood.live.web.history import History
from qosflood.live.web.limit_lines import limit_lines
from qosflood.live.web.words import MIB, InstanceState, Json, LagState
from qosflood.plan.plan import Plan

MARK = "mark"
MOST_EVENTS = 200
MOST_INSTANCES = 16
_LINES = ("offered", "acked", "max", *reversed(LIVE), "lag")
_HEALTH_S = 10
_MOST_EARLY = 64
_UNTIMED_MS = 1.0
"""Where a cross without a figure is drawn; a logarithmic axis has no 0."""


class PageState:
    """All that the page shows of a run; its size is bounded, however long the run is."""

    def __init__(self, plan: Plan, run_dir: str, started: str) -> None:
        self.view = LiveView(plan)
        self.history = History()
        self.over: Json | None = None
        self._plan = plan
        self._about = words.about(plan, run_dir, started) | {"lines": limit_lines(plan)}
        self._gate_ns = late_gate_ns(plan)
        self._shown_s = -1
        self._lags: dict[int, LagState] = {}
        self._recent: deque[LagState] = deque(maxlen=_HEALTH_S)
        self._late_s = 0
        self._instances: dict[str, InstanceState] = {}
        self._early: list[MemorySample | ScrapeSample] = []
        self._events: deque[Json] = deque(maxlen=MOST_EVENTS)
        self._marks: list[Json] = []
        self._judged: Json | None = None
        self._new: Json = {}
        self._ended = False

    @property
    def running(self) -> bool:
        """Whether the load has begun and the journal takes more."""
        return self.view.t0 is not None and not self._ended

    # Input.

    def feed(self, record: JournalRecord) -> None:
        """Take in a record; kinds that the page does not show are ignored."""
        self.view.feed(record)
        if isinstance(record, Window):
            self._window(record)
        elif isinstance(record, Event):
            self._event(record)
        elif isinstance(record, MemorySample | ScrapeSample):
            self._sample(record)
        elif isinstance(record, End):
            self._ended = True

    def judged(self, so_far: Json) -> None:
        """Take in the verdict so far: a SoFar as JSON."""
        self._judged = so_far
        self._new["judged"] = so_far

    def end(self, over: Json) -> None:
        """The run is over; `over` holds the verdict."""
        self.over = over
        self._new["over"] = over

    # Output.

    def snapshot(self, t_ns: int) -> Json:
        """The whole run so far, including what the next increment will hold."""
        self._catch_up()
        return {
            "about": self._about,
            "tracks": dict(self.history.items()),
            "events": list(self._events),
            "marks": self._marks,
            "judged": self._judged,
            "now": self.now(t_ns),
            "over": self.over,
        }

    def increment(self, t_ns: int) -> Json:
        """What is new since the last increment."""
        self._catch_up()
        new, self._new = self._new, {}
        return {**new, "now": self.now(t_ns)}

    def now(self, t_ns: int) -> Json:
        """The current figures, as text."""
        seen = self.view.snapshot(t_ns)
        begun = self.view.t0 is not None
        return {
            "begun": begun,
            "phase": seen.phase if begun else "getting ready",
            "ended": self._ended,
            "elapsed_s": round(seen.elapsed_ns / SECOND, 1),
            "elapsed": lines.whole_seconds(seen.elapsed_ns),
            "left": lines.whole_seconds(seen.left_ns),
            "tiles": words.tiles(seen, self._recent, self._late_s, load=self._plan.floods),
            "instances": [
                words.instance_row(name, state) for name, state in self._instances.items()
            ],
        }

    # Records.

    def _window(self, window: Window) -> None:
        late = is_late(window, self._gate_ns)
        lag = self._lags.setdefault(window.second, LagState())
        lag.late |= late
        if window.send_lag is not None:
            lag.lag_ns = max(lag.lag_ns or 0, p99_or_max(window.send_lag))
        if window.health is not None:
            lag.connected += window.health.connected

    def _catch_up(self) -> None:
        """Close seconds only when a message is made: a second may have a window per phase."""
        while self._shown_s < self.view.complete_s:
            self._shown_s += 1
            self._second(self._shown_s)

    def _second(self, second: int) -> None:
        """A second that every shard has reported."""
        for old in [known for known in self._lags if known < second]:
            del self._lags[old]
        lag = self._lags.pop(second, None)
        moments = self.view.moments(second, 1)
        if lag is None or moments is None:
            self._gap(float(second))
            return
        self._recent.append(lag)
        self._late_s += lag.late
        for name, value in self._points(second, moments[0], lag).items():
            self._add(name, float(second), value)
        if lag.late:
            self._add("late", float(second), _in_ms(lag.lag_ns) or _UNTIMED_MS)

    def _gap(self, t_s: float) -> None:
        """No shard reported this second: a gap, not a zero."""
        for name in _LINES:
            if name in self.history:
                self._add(name, t_s, None)

    def _points(self, second: int, moment: Moment, lag: LagState) -> dict[str, float | None]:
        load_ns = second * SECOND + SECOND // 2
        seen = self.view.snapshot((self.view.t0 or 0) + load_ns)
        return {
            "planned": seen.planned,
            "offered": float(moment.offered),
            "acked": float(moment.outcomes["acked"]),
            "max": _in_ms(moment.response.max_ns if moment.response else None),
            **{name: _in_ms(seen.response_ns[name]) for name in reversed(LIVE)},
            "lag": _in_ms(lag.lag_ns),
            **{
                f"error {kind}": float(count)
                for kind, count in moment.outcomes.items()
                if kind != "acked" and (count or f"error {kind}" in self.history)
            },
        }

    def _event(self, event: Event) -> None:
        if event.kind == "load_started":
            for sample in self._early:
                self._sample(sample)
            self._early = []
        shown = {
            "t_s": self._t_s(event.t),
            "who": event.who,
            "kind": event.kind,
            "what": printable(event.what),
        }
        self._events.append(shown)
        self._new.setdefault("events", []).append(shown)
        if event.kind == MARK:
            self._marks.append(shown)

    def _sample(self, sample: MemorySample | ScrapeSample) -> None:
        if self.view.t0 is None:
            self._early = [*self._early, sample][-_MOST_EARLY:]
            return
        state = self._instance(sample.instance)
        if sample.own_fault or state is None:
            return
        t_s = self._t_s(sample.t)
        name = printable(sample.instance, 80)
        if isinstance(sample, MemorySample):
            state.memory = sample
            state.memory_max = max(state.memory_max, sample.rss_bytes)
            self._add(f"memory {name}", t_s, round(sample.rss_bytes / MIB, 3))
            return
        state.scrape = sample
        state.scrapes += 1
        state.gaps += sample.gap
        state.failed += not sample.ok
        took = _in_ms(sample.duration_ns)
        if sample.ok:
            self._add(f"scrape {name}", t_s, took)
        else:
            self._add("scrape_failed", t_s, took or _UNTIMED_MS)

    def _instance(self, name: str) -> InstanceState | None:
        """Its state; None for instances beyond the most that a page shows."""
        if name not in self._instances and len(self._instances) >= MOST_INSTANCES:
            return None
        return self._instances.setdefault(name, InstanceState())

    def _add(self, name: str, t_s: float, value: float | None) -> None:
        value = None if value is None else float(f"{value:.6g}")
        if self.history.add(name, t_s, value):
            self._new.setdefault("points", {}).setdefault(name, []).append((t_s, value))

    def _t_s(self, t: int) -> float:
        return round((t - (self.view.t0 or t)) / SECOND, 3)


def _in_ms(ns: int | None) -> float | None:
    return None if ns is None else ns / MS
