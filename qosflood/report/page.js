(function () {
  "use strict";
  const root = document.documentElement;
  const figures = JSON.parse(document.getElementById("figures").textContent);
  const probe = document.body.appendChild(document.createElement("i"));
  const config = {
    responsive: true,
    displaylogo: false,
    modeBarButtons: [["toImage", "zoom2d", "pan2d", "resetScale2d"]],
  };

  // A colour of the theme as plotly understands it: the variables hold light-dark().
  function colour(name) {
    probe.style.color = "var(--" + name + ")";
    return getComputedStyle(probe).color;
  }

  function themed(value, key) {
    if (Array.isArray(value)) {
      return value.map((item) => themed(item, key));
    }
    if (value !== null && typeof value === "object") {
      return Object.fromEntries(Object.entries(value).map(([k, v]) => [k, themed(v, k)]));
    }
    const named = /color$/.test(key) && typeof value === "string" && value.startsWith("@");
    return named ? colour(value.slice(1)) : value;
  }

  function axis(own) {
    const style = {
      gridcolor: "@grid",
      linecolor: "@rule",
      zerolinecolor: "@grid",
      ticks: "outside",
      tickcolor: "@rule",
      automargin: true,
      exponentformat: "none",
    };
    const title = { standoff: 8, font: { size: 12, color: "@muted" }, ...(own.title || {}) };
    return { ...style, ...own, title };
  }

  function layoutOf(own) {
    const layout = {
      paper_bgcolor: "rgba(0,0,0,0)",
      plot_bgcolor: "rgba(0,0,0,0)",
      font: { family: "system-ui, sans-serif", size: 12, color: "@text" },
      height: 320,
      margin: { l: 56, r: 16, t: 44, b: 44 },
      legend: { orientation: "h", x: 0, xanchor: "left", y: 1.09, yanchor: "bottom" },
      modebar: { bgcolor: "rgba(0,0,0,0)", color: "@muted", activecolor: "@accent" },
      hoverlabel: { bgcolor: "@panel", bordercolor: "@rule", font: { color: "@text" } },
      ...own,
      xaxis: axis({ showgrid: false, ...(own.xaxis || {}) }),
      yaxis: axis(own.yaxis || {}),
    };
    if (own.yaxis2) {
      layout.yaxis2 = axis(own.yaxis2);
    }
    return layout;
  }

  function draw() {
    for (const [name, figure] of Object.entries(figures)) {
      const spec = themed({ data: figure.data, layout: layoutOf(figure.layout) }, "");
      Plotly.react(document.getElementById("chart-" + name), spec.data, spec.layout, config);
    }
  }

  function printing(on) {
    root.toggleAttribute("data-printing", on);
    draw();
    for (const element of document.querySelectorAll(".chart")) {
      Plotly.Plots.resize(element);
    }
  }

  draw();
  window.matchMedia("(prefers-color-scheme: dark)").addEventListener("change", draw);
  window.addEventListener("beforeprint", () => printing(true));
  window.addEventListener("afterprint", () => printing(false));
})();
