// The charts: tracks as plotly figures, drawn at most once a second and only while in view.
import { EMPTY, inside, linearAxis, logAxis, plain } from "./axes.js";
import { Limits } from "./limits.js";
import { Track } from "./track.js";

const PALETTE = ["violet", "teal", "offered", "warn", "bad", "acked", "planned", "muted"];
const ERRORS = ["bad", "warn", "violet", "teal", "offered", "muted", "acked", "planned"];
const STEPS = [15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400, 28800, 57600, 86400];
const UNITS = [[10800, 3600, "hours"], [180, 60, "minutes"], [0, 1, "seconds"]];
const MOST_NAMED = 24;
const DENSE = 400; // points, beyond which a line is drawn thinner
const GAPS_S = [0.9, 5]; // between two drawings: the time in which a point moves by a pixel
const PIXELS = 500;
const RESTS = 8; // after a drawing, wait for eight times as long as it took

const CHARTS = [
  {
    name: "throughput",
    title: "Throughput",
    caption: "reports per second",
    lines: [["planned", "planned", "dash"], ["offered", "offered"], ["acked", "acked"]],
    names: { acked: "answered" },
  },
  {
    name: "latency",
    title: "Response time",
    caption: "ms from the due time, log scale; p50 and p99 of the last seconds",
    lines: [["max", "muted"], ["p99", "bad"], ["p50", "offered"]],
    log: true,
  },
  {
    name: "errors",
    title: "Errors",
    caption: "failed reports per second, by outcome",
    prefix: "error ",
    colors: ERRORS,
    fill: true,
    counts: true,
    empty: "no report has failed",
  },
  { name: "memory", title: "Target memory", caption: "MiB", prefix: "memory ", colors: PALETTE },
  {
    name: "scrapes",
    title: "Scrapes",
    caption: "ms; crosses: failed scrapes; log scale",
    prefix: "scrape ",
    colors: ["teal", ...PALETTE.filter((color) => color !== "teal")],
    crosses: ["scrape_failed", "failed"],
    log: true,
  },
  {
    name: "generator",
    title: "Generator",
    caption: "send lag p99 in ms; crosses: late seconds; log scale",
    lines: [["lag", "planned"]],
    crosses: ["late", "late"],
    log: true,
  },
];

export class Charts {
  constructor(grid) {
    this.tracks = new Map();
    this.marks = [];
    this.limits = new Limits();
    this.about = null;
    this.elapsed = 0;
    this.span = 0;
    this.zoomed = null;
    this.busy = false;
    this.next = 0;
    this.stale = new Set();
    this.places = new Map();
    this.probe = document.body.appendChild(document.createElement("i"));
    this.observer = new IntersectionObserver((seen) => this.seen(seen), {
      rootMargin: "400px",
    });
    this.visible = new Set();
    this.grid = grid;
    window.matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => this.all());
    document.addEventListener("visibilitychange", () => this.draw());
  }

  // Replace everything by the whole run.
  reset(about, tracks, marks) {
    this.about = about;
    this.marks = marks;
    this.tracks = new Map();
    for (const [name, points] of Object.entries(tracks)) {
      this.add(name, points);
    }
    const floods = ["memory", "scrapes"];
    this.shown = CHARTS.filter((chart) => about.floods || floods.includes(chart.name));
    if (!this.places.size) {
      this.shown.forEach((chart) => this.place(chart));
    }
    this.all();
  }

  add(name, points) {
    let track = this.tracks.get(name);
    if (!track) {
      track = new Track();
      this.tracks.set(name, track);
    }
    points.forEach(([t, value]) => track.add(t, value));
  }

  all() {
    this.stale = new Set(this.places.keys());
    this.next = 0;
    this.draw();
  }

  place(chart) {
    const figure = document.createElement("figure");
    const caption = document.createElement("figcaption");
    const title = caption.appendChild(document.createElement("b"));
    title.textContent = chart.title;
    const about = caption.appendChild(document.createElement("span"));
    about.textContent = chart.caption;
    const plot = document.createElement("div");
    plot.className = "plot";
    plot.id = "chart-" + chart.name;
    plot.setAttribute("role", "img");
    plot.setAttribute("aria-label", chart.title);
    figure.append(caption, plot);
    this.grid.append(figure);
    this.places.set(chart.name, plot);
    this.observer.observe(plot);
  }

  seen(entries) {
    for (const entry of entries) {
      const name = entry.target.id.slice("chart-".length);
      this.visible[entry.isIntersecting ? "add" : "delete"](name);
    }
    this.next = 0;
    this.draw();
  }

  // Draw the charts that are stale and in view, if it is time.
  draw() {
    if (document.hidden || !this.about || performance.now() < this.next || !window.Plotly) {
      return;
    }
    const began = performance.now();
    for (const chart of this.shown) {
      if (this.stale.has(chart.name) && this.visible.has(chart.name)) {
        this.stale.delete(chart.name);
        this.react(chart);
      }
    }
    const took = performance.now() - began;
    this.next = began + Math.max(1000 * this.gap, RESTS * took);
  }

  get gap() {
    const [from, to] = this.range();
    return Math.min(GAPS_S[1], Math.max(GAPS_S[0], (to - from) / PIXELS));
  }

  mark(event) {
    this.marks.push(event);
    this.next = 0;
  }

  judge(limits) {
    this.limits.judge(limits);
  }

  update(elapsed) {
    this.elapsed = elapsed;
    this.stale = new Set(this.places.keys());
    this.draw();
  }

  show(span) {
    this.span = span;
    this.zoomed = null;
    this.all();
  }

  react(chart) {
    const plot = this.places.get(chart.name);
    const traces = this.traces(chart);
    const fresh = !plot.data;
    window.Plotly.react(plot, traces, this.layout(chart, traces), {
      responsive: true,
      displayModeBar: false,
      doubleClick: false,
    });
    plot.setAttribute("aria-label", this.words(chart, traces));
    if (fresh) {
      plot.on("plotly_relayout", (change) => this.follow(change));
      plot.on("plotly_doubleclick", () => this.zoom(null));
    }
  }

  follow(change) {
    if ("xaxis.range[0]" in change) {
      this.zoom([change["xaxis.range[0]"] * this.unit, change["xaxis.range[1]"] * this.unit]);
    }
  }

  // All charts show the same time; null: the span that the buttons select.
  zoom(range) {
    this.zoomed = range;
    this.all();
  }

  get unit() {
    return UNITS.find((unit) => this.about.total_s >= unit[0])[1];
  }

  range() {
    if (this.zoomed) {
      return this.zoomed;
    }
    if (this.span && this.elapsed > this.span) {
      return [this.elapsed - this.span, this.elapsed];
    }
    const room = STEPS.find((step) => step >= this.elapsed) || Infinity;
    return [0, Math.min(room, Math.max(this.about.total_s, this.elapsed))];
  }

  traces(chart) {
    const traces = [];
    for (const [name, color, dash] of chart.lines || []) {
      traces.push(this.line(name, (chart.names || {})[name] || name, color, dash));
    }
    if (chart.prefix) {
      const names = [...this.tracks.keys()].filter((name) => name.startsWith(chart.prefix));
      names.forEach((name, index) => {
        const color = chart.colors[index % chart.colors.length];
        const own = name.slice(chart.prefix.length);
        const trace = this.line(name, plain(own), color);
        traces.push(chart.fill ? { ...trace, fill: "tozeroy" } : trace);
      });
    }
    if (chart.crosses && this.tracks.has(chart.crosses[0])) {
      traces.push(this.crosses(...chart.crosses));
    }
    return traces;
  }

  line(track, name, color, dash) {
    const [t, y] = this.tracks.has(track) ? this.tracks.get(track).columns() : [[], []];
    return {
      type: "scatter",
      mode: t.length === 1 ? "markers" : "lines",
      name,
      x: t.map((seconds) => seconds / this.unit),
      y,
      line: { color: this.color(color), width: widthOf(t.length, dash), dash: dash || "solid" },
      opacity: name === "max" ? 0.6 : 1,
      marker: { color: this.color(color) },
      hovertemplate: "%{y:.4~g}",
    };
  }

  crosses(track, name) {
    const [t, y] = this.tracks.get(track).columns();
    const marker = { color: this.color("bad"), symbol: "x", size: 7 };
    return {
      type: "scatter",
      mode: "markers",
      name,
      x: t.map((seconds) => seconds / this.unit),
      y,
      marker,
      hovertemplate: "%{y:.4~g}",
    };
  }

  layout(chart, traces) {
    const ink = this.color("muted");
    const rule = this.color("rule");
    const [from, to] = this.range();
    const axis = {
      gridcolor: this.color("grid"),
      linecolor: rule,
      zerolinecolor: this.color("grid"),
      ticks: "outside",
      tickcolor: rule,
      tickfont: { color: ink },
      exponentformat: "none",
      separatethousands: true,
    };
    const unit = UNITS.find((each) => this.about.total_s >= each[0])[2];
    const values = inside(traces, from / this.unit, to / this.unit);
    const lines = this.limits.of(this.about.lines, chart, values, from, to);
    const levels = [...values, ...lines.filter((line) => line.near).map((line) => line.level)];
    const empty = !values.some((value) => value > 0);
    const yaxis = empty ? EMPTY : chart.log ? logAxis(levels) : linearAxis(levels, chart.counts);
    const color = (name) => this.color(name);
    return {
      paper_bgcolor: "rgba(0,0,0,0)",
      plot_bgcolor: "rgba(0,0,0,0)",
      font: { family: "system-ui, sans-serif", size: 12, color: this.color("text") },
      margin: { l: 60, r: 14, t: 34, b: 38 },
      showlegend: traces.length > 1 || Boolean(chart.fill),
      legend: { orientation: "h", x: 0, xanchor: "left", y: 1.02, yanchor: "bottom" },
      hoverlabel: { bgcolor: this.color("panel"), bordercolor: rule },
      hovermode: "x unified",
      dragmode: window.matchMedia("(pointer: coarse)").matches ? false : "zoom",
      xaxis: {
        ...axis,
        showgrid: false,
        range: [from / this.unit, to / this.unit],
        title: { text: unit, standoff: 4, font: { size: 11, color: ink } },
      },
      yaxis: { ...axis, ...yaxis, fixedrange: true },
      shapes: [
        ...this.shades(),
        ...this.limits.shapes(lines, this.unit, color),
        ...this.markLines(),
      ],
      annotations: [
        ...this.limits.names(lines, chart, this.unit, [from, to], color),
        ...this.markNames(from, to),
        ...(empty && chart.empty ? [this.notice(chart.empty)] : []),
      ],
    };
  }

  shades() {
    return this.about.phases.map((phase, index) => ({
      type: "rect",
      layer: "below",
      xref: "x",
      yref: "paper",
      x0: phase.start_s / this.unit,
      x1: phase.end_s / this.unit,
      y0: 0,
      y1: 1,
      line: { width: 0 },
      fillcolor: this.color(phase.name === "flood" ? "flood" : "shade" + (index % 2)),
    }));
  }

  markLines() {
    return this.marks.map((mark) => ({
      type: "line",
      xref: "x",
      yref: "paper",
      x0: mark.t_s / this.unit,
      x1: mark.t_s / this.unit,
      y0: 0,
      y1: 1,
      line: { color: this.color("violet"), width: 1.4, dash: "dot" },
    }));
  }

  markNames(from, to) {
    const inView = this.marks.filter((mark) => mark.t_s >= from && mark.t_s <= to);
    return inView.slice(-MOST_NAMED).map((mark) => ({
      text: plain(mark.what.length > 28 ? mark.what.slice(0, 27) + "…" : mark.what),
      x: mark.t_s / this.unit,
      y: 0.98,
      xref: "x",
      yref: "paper",
      xanchor: mark.t_s > (from + to) / 2 ? "right" : "left",
      yanchor: "top",
      textangle: 0,
      showarrow: false,
      bgcolor: this.color("page"),
      opacity: 0.85,
      borderpad: 1,
      font: { size: 11, color: this.color("violet") },
    }));
  }

  notice(text) {
    const font = { size: 13, color: this.color("muted") };
    return { text, x: 0.5, y: 0.5, xref: "paper", yref: "paper", showarrow: false, font };
  }

  words(chart, traces) {
    const latest = traces
      .filter((trace) => trace.y.length)
      .map((trace) => trace.name + " " + short(trace.y[trace.y.length - 1]));
    return chart.title + ", " + chart.caption + ". Latest: " + (latest.join(", ") || "none");
  }

  color(name) {
    this.probe.style.color = "var(--" + name + ")";
    return getComputedStyle(this.probe).color;
  }
}

function short(value) {
  return value === null ? "unknown" : String(Number(value.toPrecision(3)));
}

function widthOf(points, dash) {
  return dash || points > DENSE ? 1.1 : 1.7;
}
