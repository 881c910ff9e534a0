"use strict";
// Small and plain: draw the figures, choose a range or points in them, send files, and fetch a page instead of loading it.
// Without this script every form still works.

const css = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
const dark = matchMedia("(prefers-color-scheme: dark)");
const scheme = () => (dark.matches ? "dark" : "light");
const say = (text) => { document.getElementById("live").textContent = text; };
const field = (name) => document.querySelector(`#settings [name="set-${name}"]`);

// ---- figures -------------------------------------------------------------------------------------------------------
function themed(value) {
  if (!dark.matches) return value;
  return JSON.parse(JSON.stringify(value).replaceAll('"#000000', `"${css("--text")}`).replaceAll('"#777777', '"#9ea7b3'));
}

function layoutOf(panel, chooses, draws) {
  const line = css("--line"), text = css("--text");
  const axis = { gridcolor: line, zerolinecolor: line, linecolor: css("--edge"), mirror: true, automargin: true, ticks: "inside" };
  const layout = { ...panel.layout, paper_bgcolor: css("--page"), plot_bgcolor: css("--page"), autosize: true,
    font: { family: "system-ui, Segoe UI, Roboto, Arial, sans-serif", size: 13, color: text },
    margin: { l: 56, r: 16, t: 28, b: 56 }, hovermode: "closest", dragmode: chooses ? "select" : draws ? "drawline" : "zoom", newshape: { line: { color: css("--accent"), width: 3 } },
    legend: { orientation: "h", y: 1.02, yanchor: "bottom", x: 0, font: { size: 12 } } };
  const named = (panel.data || []).filter((trace) => trace.showlegend).length;
  for (const name of ["xaxis", "yaxis", "xaxis2"]) if (layout[name]) layout[name] = { ...axis, ...layout[name], title: { standoff: 8, ...layout[name].title } };
  if (layout.xaxis2 || named > 3) {  // a container below the plot: the legend takes its own room under the axis title
    layout.margin.t = layout.xaxis2 ? 56 : 28;
    Object.assign(layout.legend, { yref: "container", y: 0, yanchor: "bottom" });
  }
  return layout;
}

function drawAll(root) {
  for (const figure of root.querySelectorAll("figure.figure")) {
    const source = figure.querySelector("script.drawing");
    if (!source || !window.Plotly) continue;
    const panels = JSON.parse(source.textContent);
    figure.querySelectorAll(".plot").forEach((place, k) => {
      if (place.dataset.drawn === scheme()) return;
      place.dataset.drawn = scheme();
      const form = document.getElementById("settings");
      const chooses = Boolean(form && panels[k].data.some((t) => (t.customdata || []).some((row) => row[2] !== null)));
      const draws = Boolean(document.getElementById("line") && panels[k].data.some((t) => t.type === "heatmap"));
      const panel = themed(panels[k]);
      place.dataset.chooses = chooses;
      if (chooses) for (const trace of panel.data) if (!trace.customdata) Object.assign(trace, { hoverinfo: "skip", hovertemplate: "" });  // a fit is not in the way of its data
      Plotly.react(place, panel.data, layoutOf(panel, chooses, draws), { displayModeBar: false, responsive: true, doubleClick: "reset" });
      if (chooses && !place.dataset.bound) bind(place);
      if (draws && !place.dataset.bound) bindLine(place);
    });
  }
}
dark.addEventListener("change", () => drawAll(document));

// ---- the plot is the control ---------------------------------------------------------------------------------------
function bind(place) {
  place.dataset.bound = "yes";
  place.on("plotly_selected", (event) => {
    const at = ((event && event.points) || []).map((p) => p.customdata && p.customdata[2]).filter((v) => typeof v === "number");
    if (at.length < 2) return;
    const [low, high] = rangeFields();
    if (!low) return;
    remember();
    low.value = short(Math.min(...at), -1);
    high.value = short(Math.max(...at), 1);
    say(`Range ${low.value} to ${high.value}. Press re-run.`);
  });
  place.on("plotly_click", (event) => {
    const row = event.points[0].customdata, out = leaveOut();
    if (!row || row[1] === null || !out) return;
    remember();
    const left = numbers(out.value);
    left.has(row[1]) ? left.delete(row[1]) : left.add(row[1]);
    out.value = listed(left);
    say(`Points left out: ${out.value || "none"}. Press re-run.`);
    hollow();
  });
}
function bindLine(place) {
  place.dataset.bound = "yes";
  place.on("plotly_relayout", (event) => {
    const drawn = (event.shapes || []).at(-1), form = document.getElementById("line");
    if (!drawn) return;
    for (const [name, at] of [["x1", drawn.x0], ["y1", drawn.y0], ["x2", drawn.x1], ["y2", drawn.y1]]) form.elements[name].value = at.toFixed(1);
    form.requestSubmit();
  });
}
const rangeFields = () => [...document.querySelectorAll("#settings fieldset:first-of-type input")].slice(0, 2);
const leaveOut = () => document.querySelector("#settings fieldset:first-of-type label:nth-of-type(3) input");

// The shortest number that keeps the end inside the range.
function short(value, side) {
  for (let digits = 2; digits < 16; digits++) {
    const rounded = Number(value.toPrecision(digits));
    if (side * (rounded - value) >= 0 && Math.abs(rounded - value) <= 1e-3 * Math.abs(value)) return String(rounded);
  }
  return String(value);
}
function numbers(text) {
  const found = new Set();
  for (const item of text.split(/[,;]/)) {
    const match = item.match(/^\s*(\d+)\s*(?:(?:-|–|\.\.)\s*(\d+))?\s*$/);
    if (match) for (let k = Number(match[1]); k <= Number(match[2] || match[1]); k++) found.add(k);
  }
  return found;
}
function listed(points) {
  const sorted = [...points].sort((a, b) => a - b), parts = [];
  for (const k of sorted) {
    const last = parts[parts.length - 1];
    if (last && last[1] === k - 1) last[1] = k; else parts.push([k, k]);
  }
  return parts.map(([a, b]) => (a === b ? `${a}` : `${a}-${b}`)).join(", ");
}
function hollow() {
  const left = leaveOut() ? numbers(leaveOut().value) : new Set();
  for (const place of document.querySelectorAll('.plot[data-chooses="true"]')) {
    place.data.forEach((trace, k) => {
      if (!trace.customdata || !trace.marker) return;
      const base = String([].concat(trace.marker.symbol)[0]).replace("-open", "");
      const was = trace.name === "left out";
      Plotly.restyle(place, { "marker.symbol": [trace.customdata.map((row) => base + (left.has(row[1]) || was ? "-open" : ""))] }, [k]);
    });
  }
}

// ---- take back ----------------------------------------------------------------------------------------------------
const past = [];
const state = () => [...document.querySelectorAll("#settings input, #settings select")].map((e) => [e.name, e.value]);
function remember() { past.push(state()); }
document.addEventListener("keydown", (event) => {
  if (!(event.ctrlKey || event.metaKey) || event.key !== "z" || event.target.matches("input") || !past.length) return;
  event.preventDefault();
  for (const [name, value] of past.pop()) {
    const place = document.querySelector(`#settings [name="${CSS.escape(name)}"]`);
    if (place) place.value = value;
  }
  say("Taken back.");
  hollow();
});
document.addEventListener("input", (event) => {
  const other = document.getElementById(event.target.dataset.for) || document.getElementById(`slide-${event.target.name}`);
  if (other) other.value = event.target.value;
});
document.addEventListener("change", (event) => {
  const mode = event.target;
  if (mode.closest(".live-form")) { mode.form.requestSubmit(); return; }
  if (!mode.name || !mode.name.startsWith("mode-")) return;
  const value = document.querySelector(`[name="value-${CSS.escape(mode.name.slice(5))}"]`);
  if (mode.value === "hold" && !value.value) value.value = value.dataset.fitted;
  if (mode.value === "free") value.value = "";
});

// ---- fetch a page and put its content in place ---------------------------------------------------------------------
async function show(response, push) {
  const text = await response.text();
  const page = new DOMParser().parseFromString(text, "text/html");
  const fresh = page.querySelector("main");
  if (!fresh) { say(text.slice(0, 300)); alertIn(text.slice(0, 300)); return; }
  const focused = document.activeElement.id;
  const open = [...document.querySelectorAll("main details[open] > summary")].map((s) => s.textContent);
  const drawnBefore = new Map([...document.querySelectorAll("main script.drawing")].map((s) => [s.textContent, s.closest("figure")]));
  for (const source of fresh.querySelectorAll("script.drawing")) {  // a figure that has not changed stays
    const old = drawnBefore.get(source.textContent);
    if (old && !document.getElementById("settings")) source.closest("figure").replaceWith(document.adoptNode(old));
  }
  document.querySelectorAll("main .plot").forEach((place) => Plotly.purge(place));
  document.querySelector("main").replaceWith(document.adoptNode(fresh));
  document.querySelector(".top nav").replaceWith(document.adoptNode(page.querySelector(".top nav")));
  document.querySelectorAll("main details > summary").forEach((s) => { if (open.includes(s.textContent)) s.parentElement.open = true; });
  if (focused) document.getElementById(focused)?.focus();
  document.title = page.title;
  if (push && response.url !== location.href) history.pushState(null, "", response.url);
  begin();
}
function alertIn(text) {
  const box = document.createElement("div");
  box.className = "error"; box.setAttribute("role", "alert"); box.textContent = text;
  document.querySelector("main").prepend(box);
}
async function send(url, options, push) {
  const late = setTimeout(() => { document.querySelector("main").classList.add("waiting"); say("At work …"); }, 300);
  try {
    await show(await fetch(url, { credentials: "same-origin", headers: { accept: "text/html" }, ...options }), push);
  } catch (error) {
    alertIn("closo does not answer. Is `closo serve` still running?");
  } finally {
    clearTimeout(late);
    document.querySelector("main").classList.remove("waiting");
  }
}
document.addEventListener("submit", (event) => {
  const form = event.target;
  if (form.matches(".live-form")) { event.preventDefault(); send(`${form.action}?${new URLSearchParams(new FormData(form))}`, {}, true); return; }
  if (form.method !== "post" || form.action.endsWith("/login") || form.action.endsWith("/logout")) return;
  event.preventDefault();
  if (form.id === "drop") { sendFiles([...form.querySelectorAll("input[type=file]")].flatMap((i) => [...i.files])); return; }
  const body = new URLSearchParams(new FormData(form, event.submitter));
  send(form.action, { method: "POST", body }, true).then(() => say(document.querySelector(".draft h2, .error strong, .headline")?.textContent || "Done."));
});
addEventListener("popstate", () => send(location.href, {}, false));

// ---- files --------------------------------------------------------------------------------------------------------
async function sendFiles(files) {
  if (!files.length) { say("No file chosen."); return; }
  let sent = 0;
  for (const file of files) {
    const body = new FormData();
    body.append("files", file, file.name);
    try {
      const response = await fetch("/drop/files", { method: "POST", body, credentials: "same-origin", headers: { accept: "application/json" } });
      if (!response.ok) { const words = await response.text(); alertIn(`${file.name}: ${words.startsWith("{") ? JSON.parse(words).error.error : words}`); }
    } catch (error) { alertIn(`${file.name} could not be sent.`); }
    say(`${++sent} of ${files.length} files sent.`);
    if (sent === 1 || sent % 10 === 0) await send("/drop", {}, false);
  }
  await send("/drop", {}, false);
}
async function filesOf(entry) {
  if (entry.isFile) return [await new Promise((done, failed) => entry.file(done, failed))];
  const reader = entry.createReader(), found = [];
  for (;;) {
    const some = await new Promise((done, failed) => reader.readEntries(done, failed));
    if (!some.length) break;
    for (const one of some) if (!one.name.startsWith(".")) found.push(...(await filesOf(one)));
  }
  return found;
}
document.addEventListener("dragover", (event) => {
  const place = document.getElementById("drop");
  if (place) { event.preventDefault(); place.classList.add("over"); }
});
document.addEventListener("dragleave", () => document.getElementById("drop")?.classList.remove("over"));
document.addEventListener("drop", async (event) => {
  const place = document.getElementById("drop");
  if (!place) return;
  event.preventDefault();
  place.classList.remove("over");
  const files = [...event.dataTransfer.files];
  const entries = [...event.dataTransfer.items].map((item) => item.webkitGetAsEntry()).filter(Boolean);
  sendFiles(entries.length ? (await Promise.all(entries.map(filesOf))).flat() : files);
});
document.addEventListener("change", (event) => {
  if (event.target.matches("#drop input[type=file]")) sendFiles([...event.target.files]);
});

// ---- start, and after each change ----------------------------------------------------------------------------------
let timer = 0, pause = 100;  // ms; longer and longer, while nothing changes
function begin() {
  document.querySelectorAll("#drop .send").forEach((b) => { b.hidden = true; });
  document.querySelectorAll("#drop .folder").forEach((b) => { b.hidden = false; });
  drawAll(document);
  if (leaveOut()) hollow();
  past.length = 0;
  clearTimeout(timer);
  const poll = document.querySelector("[data-poll]");
  pause = poll ? Math.min(1.3 * pause, 1000) : 100;
  if (poll) timer = setTimeout(() => send(poll.dataset.poll, {}, false), pause);
}
begin();
