// The limits' lines in the charts: drawn over their phase, coloured by what is said of them now.
import { plain } from "./axes.js";

const COLORS = { true: "good", false: "bad", null: "muted" };
const REACH = { linear: 2.5, log: 30 }; // times the greatest value: a line beyond that is only named
const ABOVE = "↑ ";

export class Limits {
  constructor() {
    this.states = new Map();
  }

  judge(limits) {
    this.states = new Map(limits.map((limit) => [limit.expr, limit.ok]));
  }

  // The lines of a chart that lie in the time shown; `near` lie within reach of the values, so that
  // the axis makes room for them.
  of(lines, chart, values, from, to) {
    const most = values.reduce((greatest, value) => Math.max(greatest, value), 0);
    const reach = most * REACH[chart.log ? "log" : "linear"];
    return lines
      .filter((line) => line.chart === chart.name && most > 0)
      .filter((line) => line.start_s < to && line.end_s > from)
      .map((line) => ({ ...line, near: line.level <= reach }));
  }

  shapes(shown, unit, color) {
    return shown
      .filter((line) => line.near)
      .map((line) => ({
        type: "line",
        xref: "x",
        yref: "y",
        x0: line.start_s / unit,
        x1: line.end_s / unit,
        y0: line.level,
        y1: line.level,
        line: { color: color(this.colorOf(line)), width: 1.3, dash: "dash" },
      }));
  }

  // Names at the end of their lines; those of lines beyond the chart stand at its top, one below
  // the other.
  names(shown, chart, unit, [from, to], color) {
    const beyond = shown.filter((line) => !line.near);
    return shown.map((line) => ({
      text: plain(line.near ? line.expr : ABOVE + line.expr),
      x: Math.min(line.end_s, to) / unit,
      xref: "x",
      xanchor: "right",
      ...(line.near
        ? { y: chart.log ? Math.log10(line.level) : line.level, yref: "y", yanchor: "bottom" }
        : { y: 1, yref: "paper", yanchor: "top", yshift: -14 * beyond.indexOf(line) }),
      showarrow: false,
      bgcolor: color("page"),
      opacity: 0.85,
      borderpad: 1,
      font: { size: 11, color: color(this.colorOf(line)) },
    }));
  }

  colorOf(line) {
    return COLORS[this.states.has(line.expr) ? this.states.get(line.expr) : null];
  }
}
