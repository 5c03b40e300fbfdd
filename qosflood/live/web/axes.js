// Ranges and ticks of the axes, and text that plotly shows as it is.

// plotly reads text as markup; this shows it as it is.
export function plain(text) {
  const names = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#39;" };
  return String(text).replace(/[&<>"']/g, (char) => names[char]);
}

export function inside(traces, from, to) {
  const values = [];
  for (const trace of traces) {
    trace.x.forEach((x, index) => {
      if (x >= from && x <= to && trace.y[index] !== null) {
        values.push(trace.y[index]);
      }
    });
  }
  return values;
}

function extremes(values) {
  return values.reduce(([least, most], value) => [Math.min(least, value), Math.max(most, value)], [
    Infinity,
    -Infinity,
  ]);
}

// Where there is nothing to measure there is no scale: one from 0 to 1 would say so many of what?
export const EMPTY = { range: [0, 1], showticklabels: false, showgrid: false, ticks: "" };

const FEW = 6; // so few whole things have ticks of their own, and none between them

// From 0 to just above the greatest value; `counts` are of whole things.
export function linearAxis(values, counts) {
  const most = extremes(values)[1];
  const whole = counts && most < FEW ? { tick0: 0, dtick: 1 } : {};
  return { range: [0, most * 1.08], ...whole };
}

// From the round figure below the least value to the one above the greatest.
export function logAxis(values) {
  const positive = values.filter((value) => value > 0);
  const [least, most] = positive.length ? extremes(positive) : [1, 10];
  const [low, high] = [Math.floor(Math.log10(least)), Math.ceil(Math.log10(most))];
  const steps = high - low <= 3 ? [1, 2, 5] : [1];
  const ticks = [];
  for (let decade = low - 1; decade <= high + 1; decade += 1) {
    steps.forEach((step) => ticks.push(Number(step + "e" + decade)));
  }
  const start = Math.max(...ticks.filter((tick) => tick < least));
  const end = Math.min(...ticks.filter((tick) => tick > most));
  return {
    type: "log",
    tickvals: ticks,
    ticktext: ticks.map((tick) => tick.toLocaleString("en", { maximumFractionDigits: 9 })),
    range: [Math.log10(start), Math.log10(end)],
  };
}
