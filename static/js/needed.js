// What is still needed before an answer counts: said politely, and on the buttons that wait for it.
// The server decides; a button that waits can be reached and read, and says why instead of sending.

const said = () => document.querySelector("#needed-said");
// at these seconds left it is said aloud; in between it only stands there
const SAID = new Set([30, 10]);

const needed = () => document.querySelector("#still-needed");
const holding = () => [...(needed()?.querySelectorAll("[data-holds]") ?? [])];
const waiting = () => document.querySelectorAll("button[aria-disabled=true]");

let held = holding().length;
let spoken = 0;

function say(text) {
  const line = said();
  if (line && line.textContent !== text) line.textContent = text;
}

function look() {
  const now = holding();
  const clock = now.find((item) => item.dataset.left);
  const left = Number(clock?.dataset.left);
  if (now.length < held) say(now.length ? now.map((item) => item.textContent).join(" ") : "You can decide now.");
  else if (SAID.has(left) && spoken !== left) {
    spoken = left;
    say(`${left} more seconds of reading.`);
  }
  held = now.length;
  if (!held) for (const button of waiting()) button.removeAttribute("aria-disabled");
}

if (said()) {
  new MutationObserver(look).observe(document.querySelector("main"), {
    subtree: true,
    childList: true,
    attributes: true,
    attributeFilter: ["data-left"],
  });
  document.addEventListener("click", (event) => {
    const button = event.target.closest("button[aria-disabled=true]");
    if (!button) return;
    event.preventDefault();
    say("");
    // after a moment, so that the same sentence is read out again
    setTimeout(() => say(`Not yet. ${holding().map((item) => item.textContent).join(" ")}`), 50);
    needed()?.scrollIntoView({ block: "nearest" });
  });
}
