// The live page: receives the run's events and displays them. Nothing that comes from the run is
// ever read as markup: all of it goes through textContent, or `plain` in the charts.
import { Charts } from "./charts.js";

const byId = (id) => document.getElementById(id);
const TONES = {
  ...{ PASSING: "good", PASS: "good", FAILING: "bad", FAIL: "bad", ABORTED: "bad" },
  ...{ INVALID: "warn", INTERRUPTED: "warn" },
};
const STATES = { true: ["ok", "good"], false: ["broken", "bad"], null: ["not yet", ""] };
const UNJUDGED = ["not judged", "warn"];
const REFUSED = "too many pages are open, or the run is over; reload the page to try again";
const WHO = { target: "bad", generator: "warn", network: "warn", operator: "" };

const charts = new Charts(byId("grid"));
let about = null;
let judged = null;
let events = [];
let over = null;
let now = null;
let stopping = false;
let gone = false;
let stale = false; // no connection: the figures shown may be out of date

// Change a text only if it is new: a screen reader then reads each change once.
function setText(element, text) {
  if (element.textContent !== text) {
    element.textContent = text;
  }
}

function tone(element, name) {
  for (const known of ["good", "bad", "warn"]) {
    element.classList.toggle(known, known === name);
  }
}

function make(tag, text, className) {
  const element = document.createElement(tag);
  element.textContent = text;
  if (className) {
    element.className = className;
  }
  return element;
}

function row(cells) {
  const element = document.createElement("tr");
  element.append(...cells);
  return element;
}

const number = (text) => make("td", text, "number");
const numberHead = (text) => make("th", text, "number");

// The verdict.

const lastVerdict = () => judged.word.toLowerCase() + ", " + judged.why;

function showVerdict() {
  let word = "GETTING READY";
  let why = "the load has not begun yet";
  if (over) {
    word = over.verdict || "ENDED";
    why = over.headline;
  } else if (gone) {
    word = "ENDED";
    why = "the command ended without a report; build it: qosflood report " + about.run_dir;
  } else if (now && now.ended) {
    word = "JUDGING";
    why = "the run is over; its report is being written";
  } else if (stopping) {
    word = "STOPPING";
    why = "the load is being stopped; the report follows";
  } else if (judged && now && now.begun) {
    word = stale ? "NOT KNOWN" : judged.word;
    why = stale ? "no connection; at " + clock(now.elapsed_s) + " it was " + lastVerdict() : judged.why;
  } else if (now && now.begun) {
    word = "TOO EARLY TO SAY";
    why = "no limit has been judged yet";
  }
  setText(byId("word"), word);
  setText(byId("why"), why);
  tone(byId("banner"), TONES[word.split(" ")[0]] || "");
  const at = now ? now.phase + " " + now.elapsed : "";
  document.title = word + " · " + (over ? about.profile : at) + " · qosflood";
}

function showAbout() {
  setText(byId("target"), about.load + (about.floods ? " → " + about.target : ""));
  const asOf = judged && judged.t_s !== null && !over ? " · judged at " + clock(judged.t_s) : "";
  setText(byId("about"), about.profile + " · started " + about.started + asOf);
}

function clock(seconds) {
  const whole = Math.round(seconds);
  const parts = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60];
  const shown = parts[0] ? parts : parts.slice(1);
  return shown.map((part, index) => String(part).padStart(index ? 2 : 1, "0")).join(":");
}

// Progress.

function showProgress() {
  const done = now.elapsed_s;
  setText(byId("phase"), now.ended ? "over" : now.phase);
  setText(byId("elapsed"), now.begun ? now.elapsed + " since the start" : "");
  setText(byId("left"), now.begun && !now.ended ? now.left + " left" : "");
  const bar = byId("bar");
  bar.setAttribute("aria-valuenow", String(Math.round((100 * done) / about.total_s)));
  about.phases.forEach((phase, index) => {
    const share = (done - phase.start_s) / (phase.end_s - phase.start_s);
    const part = bar.children[index];
    part.querySelector("b").style.width = 100 * Math.max(0, Math.min(1, share)) + "%";
    part.classList.toggle("now", now.begun && !now.ended && phase.name === now.phase);
  });
}

function drawBar() {
  const parts = about.phases.map((phase) => {
    const part = document.createElement("div");
    part.style.flexGrow = String(phase.end_s - phase.start_s);
    part.title = phase.name + ", " + phase.lasts + " from " + phase.begins;
    part.append(document.createElement("i"), make("span", phase.name));
    part.firstChild.append(document.createElement("b"));
    return part;
  });
  byId("bar").replaceChildren(...parts);
}

function showTiles() {
  const tiles = now.tiles.map((tile) => {
    const element = make("div", "", "tile");
    const value = make("dd", tile.value);
    value.append(make("small", tile.more));
    value.title = tile.more;
    element.append(make("dt", tile.name), value);
    tone(element, tile.tone);
    return element;
  });
  byId("tiles").replaceChildren(...tiles);
  byId("tiles").hidden = Boolean(over); // after the load the last second's figures mean nothing
}

// Tables.

function showLimits() {
  const waiting = { ok: null, value: "–", over: "", note: "" };
  const known = judged && judged.limits;
  const shown = known || about.limits.map((expr) => ({ expr, ...waiting }));
  const order = { false: 0, true: 1, null: 2 };
  const sorted = [...shown].sort((one, other) => order[one.ok] - order[other.ok]);
  const rows = sorted.map((limit) => {
    const [word, name] = over && limit.ok === null ? UNJUDGED : STATES[limit.ok];
    const state = document.createElement("td");
    state.append(make("span", word, "state " + name));
    const expr = make("td", limit.expr);
    if (limit.note) {
      expr.append(make("small", limit.note));
    }
    const value = number(limit.value);
    if (limit.over) {
      value.append(make("small", "from " + limit.over));
    }
    return row([state, expr, value]);
  });
  byId("limits").replaceChildren(...rows);
  setText(byId("value-head"), over ? "value" : "value so far");
  byId("limits-section").hidden = !rows.length && !about.aborts.length;
  const aborts = about.aborts.length ? "Stops the run: " + about.aborts.join("; ") : "";
  setText(byId("aborts"), aborts);
}

function showPhases() {
  const phases = (judged && judged.phases) || [];
  const rows = phases.map((phase) => {
    return row([make("td", phase.name), ...Object.values(phase.figures).map(number)]);
  });
  const heads = Object.keys((phases[0] || { figures: {} }).figures);
  byId("phases-heads").replaceChildren(make("th", "phase"), ...heads.map(numberHead));
  byId("phases").replaceChildren(...rows);
  byId("phases-section").hidden = !rows.length;
}

function showInstances() {
  const rows = now.instances.map((one) => {
    const failed = number(one.failed);
    tone(failed, one.failed === "0" ? "" : "bad");
    const scrape = number(one.scrape);
    scrape.title = one.reason;
    const rest = [number(one.scrapes), failed, number(one.series)];
    return row([make("td", one.name), number(one.memory), number(one.memory_max), scrape, ...rest]);
  });
  byId("instances").replaceChildren(...rows);
  byId("instances-section").hidden = !rows.length;
}

function showTimeline() {
  const known = (judged && judged.t_s !== null && judged.timeline) || [];
  const reach = known.length ? judged.t_s : -Infinity;
  const fresh = events.filter((event) => event.t_s > reach);
  const rows = [...known, ...fresh].reverse().map((entry) => {
    const element = document.createElement("li");
    const moment = make("time", (entry.t_s <= -0.5 ? "-" : "+") + clock(Math.abs(entry.t_s)));
    element.append(moment, make("span", entry.what));
    tone(element, WHO[entry.who] || "");
    element.classList.toggle("mark", entry.kind === "mark");
    return element;
  });
  byId("timeline").replaceChildren(...rows);
}

// Events of the stream.

function show(judgedAnew) {
  showVerdict();
  showAbout();
  showProgress();
  showTiles();
  showInstances();
  if (judgedAnew) {
    showLimits();
    showPhases();
    charts.judge((judged && judged.limits) || []);
  }
  showTimeline();
  const running = now.begun && !now.ended && !over;
  byId("mark").disabled = !running;
  byId("stop").disabled = !running || stopping;
  charts.update(now.elapsed_s);
}

function onSnapshot(whole) {
  ({ about, judged, events, over, now } = whole);
  drawBar();
  charts.elapsed = now.elapsed_s;
  charts.reset(about, whole.tracks, whole.marks);
  applied(true);
}

function onMore(more) {
  now = more.now;
  for (const event of more.events || []) {
    events.push(event);
    if (event.kind === "mark") {
      charts.mark(event);
    }
    stopping = stopping || event.kind === "stopping";
  }
  events = events.slice(-200);
  for (const [name, points] of Object.entries(more.points || {})) {
    charts.add(name, points);
  }
  judged = more.judged || judged;
  over = more.over || over;
  applied(Boolean(more.judged));
}

function applied(judgedAnew) {
  if (over) {
    judged = { ...judged, ...over.judged, t_s: Infinity };
  }
  show(judgedAnew || Boolean(over));
  if (over) {
    finish();
  }
}

// Figures do not wait for the charts' script.
byId("plotly").addEventListener("load", () => charts.all());

const stream = new EventSource("events");
stream.addEventListener("snapshot", (event) => onSnapshot(JSON.parse(event.data)));
stream.addEventListener("more", (event) => onMore(JSON.parse(event.data)));
stream.addEventListener("gone", () => {
  gone = true;
  leave("the command has ended");
  showVerdict();
});
stream.addEventListener("open", () => {
  stale = false;
  connected("live", "good");
});
stream.addEventListener("error", () => {
  if (over || gone) {
    return;
  }
  const closed = stream.readyState === EventSource.CLOSED;
  connected(closed ? "not connected: " + REFUSED : "connection lost, reconnecting", "bad");
  stale = true;
  if (now) {
    showVerdict();
  }
});

function connected(words, name) {
  setText(byId("link"), words);
  tone(byId("link"), name);
}

function leave(words) {
  stream.close();
  connected(words, "");
}

// Fetch the report at once, because the command ends soon: the browser keeps it.
async function finish() {
  setText(byId("path"), over.path);
  if (over.report) {
    try {
      const answer = await fetch("report.html");
      byId("save").href = URL.createObjectURL(await answer.blob());
      byId("reports").hidden = false;
    } catch {
      setText(byId("why"), over.headline + " (the report is at " + over.path + ")");
    }
  }
  leave("the run is over");
}

// Requests.

async function post(path, body) {
  const headers = { "Content-Type": "application/json" };
  try {
    const answer = await fetch(path, { method: "POST", headers, body: JSON.stringify(body) });
    return answer.ok ? "" : (await answer.text()).trim();
  } catch {
    return "the command does not answer; see its terminal";
  }
}

byId("stop").addEventListener("click", () => byId("stop-dialog").showModal());
byId("stop-now").addEventListener("click", async () => {
  byId("stop-dialog").close();
  const problem = await post("stop", {});
  stopping = !problem;
  if (problem) {
    connected("not stopped: " + problem, "bad");
  }
  showVerdict();
  byId("stop").disabled = stopping;
});

byId("mark").addEventListener("click", () => {
  byId("mark-text").value = "";
  setText(byId("mark-problem"), "");
  byId("mark-dialog").showModal();
  byId("mark-text").focus();
});
byId("mark-now").addEventListener("click", mark);
byId("mark-text").addEventListener("keydown", (event) => {
  if (event.key === "Enter") {
    mark();
  }
});

async function mark() {
  const problem = await post("mark", { text: byId("mark-text").value });
  setText(byId("mark-problem"), problem);
  if (!problem) {
    byId("mark-dialog").close();
  }
}

for (const button of document.querySelectorAll("[data-close]")) {
  button.addEventListener("click", () => button.closest("dialog").close());
}
for (const button of document.querySelectorAll("[data-span]")) {
  button.addEventListener("click", () => {
    for (const other of document.querySelectorAll("[data-span]")) {
      other.setAttribute("aria-pressed", String(other === button));
    }
    charts.show(Number(button.dataset.span));
  });
}
