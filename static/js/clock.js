// Counts along with the server's times: text in place, never layout, never a decision.

const skew = Date.parse(document.body.dataset.now) - Date.now();
const now = () => Date.now() + skew;

function span(seconds) {
  const left = Math.max(0, Math.floor(seconds));
  if (left < 60) return `${left} s`;
  const minutes = Math.floor(left / 60);
  const hours = Math.floor(left / 3600);
  const days = Math.floor(left / 86400);
  if (minutes < 60) return `${minutes} min`;
  if (hours < 24) return minutes % 60 ? `${hours} h ${minutes % 60} min` : `${hours} h`;
  return hours % 24 ? `${days} d ${hours % 24} h` : `${days} d`;
}

function tell(node, text) {
  if (node.textContent !== text) node.textContent = text;
}

// Where the server says 14:05 UTC, the browser says the same moment as the clock on the wall.
const wall = new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit" });
const day = new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "short" });

function at(moment) {
  const today = day.format(moment) === day.format(now());
  return today ? wall.format(moment) : `${day.format(moment)} ${wall.format(moment)}`;
}

// The line stays where it is, so that nothing jumps; a focus on its button goes on to the heading.
function over(line) {
  line.dataset.over = "";
  tell(line.querySelector("[data-undo-then]"), "The agent has been told.");
  if (line.contains(document.activeElement)) document.querySelector("h1")?.focus();
}

function tick() {
  for (const node of document.querySelectorAll("time[data-clock=at]")) {
    tell(node, at(new Date(node.dateTime)));
  }
  for (const node of document.querySelectorAll("time[data-clock=until]")) {
    const left = (Date.parse(node.dateTime) - now()) / 1000;
    tell(node, left >= 0 ? `in ${span(left)}` : `late by ${span(-left)}`);
    const cell = node.closest("[data-state]");
    if (cell) cell.dataset.state = left < 0 ? "late" : left < 900 ? "soon" : "calm";
  }
  for (const node of document.querySelectorAll("time[data-clock=release]")) {
    const left = (Date.parse(node.dateTime) - now()) / 1000;
    const line = node.closest("[data-undo]");
    if (left > 0) tell(node, `in ${span(Math.ceil(left))}`);
    // the server may let one take it back a moment longer; nobody is promised that
    else if (!("over" in line.dataset)) over(line);
  }
  for (const node of document.querySelectorAll("[data-ready-in]")) {
    // only what is looked at is read; the server counts, and corrects this with every beat
    node.dataset.left ??= node.dataset.readyIn;
    const left = Number(node.dataset.left);
    tell(node, `Another ${left || 1} ${left > 1 ? "seconds" : "second"} of reading.`);
    if (left > 0 && !document.hidden && document.hasFocus()) node.dataset.left = left - 1;
  }
  const needed = document.querySelector("#still-needed");
  if (needed && !needed.querySelector("li")) needed.replaceChildren();
}

tick();
setInterval(tick, 1000);
