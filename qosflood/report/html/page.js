(function () {
  "use strict";
  const root = document.documentElement;
  const wish = window.matchMedia("(prefers-color-scheme: dark)");
  const probe = document.body.appendChild(document.createElement("i"));
  const figures = JSON.parse(document.getElementById("figures").textContent);
  const linked = Object.keys(figures).filter((name) => figures[name].unit_s);
  const PAPER_PX = 696; // A4 less its margins
  const HALF_PX = 338; // of two charts side by side
  const config = {
    responsive: true,
    displaylogo: false,
    modeBarButtons: [["toImage", "zoom2d", "pan2d"]],
  };
  const LETTER_PX = 6.5;
  const DRAG = window.matchMedia("(pointer: coarse)").matches ? false : "zoom"; // a thumb scrolls
  let zoomed = null; // seconds from and to; null: the whole run
  let busy = false;

  // "@bad" or, thinner, "@bad/0.2" as plotly understands it: the variables hold light-dark().
  function colour(named) {
    const [name, alpha] = named.slice(1).split("/");
    probe.style.color = "var(--" + name + ")";
    const shown = getComputedStyle(probe).color;
    return alpha ? shown.replace("rgb(", "rgba(").replace(")", ", " + alpha + ")") : shown;
  }

  function themed(value, key) {
    if (Array.isArray(value)) {
      return value.map((item) => themed(item, key));
    }
    if (value !== null && typeof value === "object") {
      return Object.fromEntries(Object.entries(value).map(([k, v]) => [k, themed(v, k)]));
    }
    const named = /color$/.test(key) && typeof value === "string" && value.startsWith("@");
    return named ? colour(value) : value;
  }

  function axis(own, size) {
    const ink = { font: { size, color: "@muted" } };
    const style = {
      gridcolor: "@grid",
      linecolor: "@rule",
      zerolinecolor: "@grid",
      ticks: "outside",
      tickcolor: "@rule",
      tickfont: { color: "@muted" },
      exponentformat: "none",
      separatethousands: true,
    };
    return { ...style, ...own, title: { standoff: 8, ...ink, ...(own.title || {}) } };
  }

  // Names of phases stand beside each other: those wider than their phase are left out, and labels
  // of moments that would lie upon an earlier one. `room` are the pixels of the x axis.
  function fitting(notes, [start, end], room, size) {
    const taken = [];
    return notes
      .map((note) => ({ ...note, font: { ...note.font, size: Math.min(note.font.size, size) } }))
      .filter((note) => {
        const wide = ((LETTER_PX * note.font.size) / 11) * note.text.length;
        if (note.share || note.xref !== "x") {
          return !note.share || note.share * room > wide;
        }
        const at = ((note.x - start) / (end - start)) * room;
        const left = note.xanchor === "right" ? at - wide : at;
        const free = taken.every(
          (one) => one.y !== note.y || left >= one.right || left + wide <= one.left,
        );
        if (free) {
          taken.push({ y: note.y, left, right: left + wide });
        }
        return free;
      });
  }

  // On paper: most charts stand two abreast, and a page is as wide as paper whatever the screen.
  function paper(name, own) {
    if (!root.hasAttribute("data-printing")) {
      return { size: 12 };
    }
    const half = place(name).closest(".charts > figure:not(.wide)");
    const margin = { l: 46, r: own.yaxis2 ? 46 : 14, t: 30, b: own.xaxis.title ? 38 : 20 };
    Object.assign(margin, own.margin);
    return half
      ? { size: 9, width: HALF_PX, height: 128, margin }
      : { size: 10, width: PAPER_PX, height: own.height ? 0.55 * own.height : 155, margin };
  }

  function layoutOf(name, figure) {
    const own = figure.layout;
    const { size, ...printed } = paper(name, own);
    const layout = {
      paper_bgcolor: "rgba(0,0,0,0)",
      plot_bgcolor: "rgba(0,0,0,0)",
      font: { family: "system-ui, sans-serif", size, color: "@text" },
      height: figure.unit_s ? 250 : 340,
      autosize: true,
      margin: { l: 82, r: figure.unit_s ? 60 : 16, t: 46, b: figure.unit_s ? 28 : 48 },
      legend: { orientation: "h", x: 0, xanchor: "left", y: 1.1, yanchor: "bottom" },
      modebar: { bgcolor: "rgba(0,0,0,0)", color: "@muted", activecolor: "@accent" },
      hoverlabel: { bgcolor: "@panel", bordercolor: "@rule", font: { color: "@text" } },
      dragmode: DRAG,
      ...own,
      ...printed,
      xaxis: axis({ showgrid: false, ...(own.xaxis || {}) }, size),
      yaxis: axis(
        { automargin: true, fixedrange: Boolean(figure.unit_s), ...(own.yaxis || {}) },
        size,
      ),
    };
    if (own.yaxis2) {
      layout.yaxis2 = axis({ fixedrange: true, ...own.yaxis2 }, size);
    }
    if (own.annotations) {
      const wide = layout.width || place(name).clientWidth;
      const room = wide - layout.margin.l - layout.margin.r;
      layout.annotations = fitting(own.annotations, own.xaxis.range, room, size);
    }
    if (zoomed && figure.unit_s) {
      layout.xaxis.range = zoomed.map((seconds) => seconds / figure.unit_s);
    }
    return layout;
  }

  function place(name) {
    return document.getElementById("chart-" + name);
  }

  function draw() {
    for (const [name, figure] of Object.entries(figures)) {
      const spec = themed({ data: figure.data, layout: layoutOf(name, figure) }, "");
      Plotly.react(place(name), spec.data, spec.layout, config);
    }
  }

  // All charts over time show the same seconds; null is the whole run.
  function zoom(to) {
    zoomed = to;
    busy = true;
    const moved = linked.map((name) => {
      const figure = figures[name];
      const range = to ? to.map((seconds) => seconds / figure.unit_s) : figure.layout.xaxis.range;
      return Plotly.relayout(place(name), { "xaxis.range": range.slice() });
    });
    Promise.all(moved).finally(() => {
      busy = false;
    });
    for (const button of document.querySelectorAll("[data-zoom]")) {
      const own = spanOf(button);
      const same = own && to ? own.every((at, end) => Math.abs(at - to[end]) < 1e-6) : own === to;
      button.setAttribute("aria-pressed", String(same));
    }
  }

  function spanOf(button) {
    const { from, to } = button.dataset;
    return from === undefined ? null : [Number(from), Number(to)];
  }

  function follow(name, change) {
    if (busy) {
      return;
    }
    const unit = figures[name].unit_s;
    if ("xaxis.range[0]" in change) {
      zoom([change["xaxis.range[0]"] * unit, change["xaxis.range[1]"] * unit]);
    } else if (Array.isArray(change["xaxis.range"])) {
      zoom(change["xaxis.range"].map((at) => at * unit));
    } else if (change["xaxis.autorange"]) {
      zoom(null);
    }
  }

  function link() {
    for (const name of linked) {
      place(name).on("plotly_relayout", (change) => follow(name, change));
      place(name).on("plotly_doubleclick", () => {
        zoom(null);
        return false;
      });
    }
    for (const button of document.querySelectorAll("[data-zoom]")) {
      button.addEventListener("click", () => zoom(spanOf(button)));
    }
  }

  function printing(on) {
    root.toggleAttribute("data-printing", on);
    for (const folded of document.querySelectorAll("details.on-paper")) {
      folded.toggleAttribute("open", on);
    }
    draw();
    if (!on) {
      Object.keys(figures).forEach((name) => Plotly.Plots.resize(place(name)));
    }
  }

  function isDark() {
    return root.dataset.theme ? root.dataset.theme === "dark" : wish.matches;
  }

  function repaint() {
    themeButton.textContent = isDark() ? "Light" : "Dark";
    draw();
  }

  const themeButton = document.getElementById("theme");
  themeButton.hidden = false;
  themeButton.addEventListener("click", () => {
    root.dataset.theme = isDark() ? "light" : "dark";
    repaint();
  });
  wish.addEventListener("change", repaint);
  root.dataset.script = "on";
  repaint();
  link();
  window.addEventListener("beforeprint", () => printing(true));
  window.addEventListener("afterprint", () => printing(false));
})();
