// What every page does by itself: focus after a change of page, copying, printing, looking again.

for (const button of document.querySelectorAll("[data-copy], [data-print]")) button.hidden = false;

document.addEventListener("click", async (event) => {
  const copy = event.target.closest("[data-copy]");
  if (copy) {
    await navigator.clipboard.writeText(copy.dataset.copy);
    copy.dataset.done = "";
    setTimeout(() => delete copy.dataset.done, 1500);
  }
  if (event.target.closest("[data-print]")) window.print();
});

// What came in by a swap has copy buttons too.
document.addEventListener("htmx:afterSwap", (event) => {
  for (const button of event.target.querySelectorAll?.("[data-copy]") ?? []) button.hidden = false;
});

// After a decision the next question is read out first, and the line about the last one with it.
const flash = document.querySelector(".undo, .flash");
const heading = document.querySelector("h1");
const alert = document.querySelector("[role=alert]");
if (alert) {
  alert.tabIndex = -1;
  alert.focus();
} else if (flash && heading) {
  flash.id ||= "flash";
  heading.setAttribute("aria-describedby", flash.id);
  heading.focus({ preventScroll: true });
}

// Of a double click the second answer would be shown, and the first one may say what is said once.
let sent = -Infinity;
window.addEventListener("submit", (event) => {
  if (event.defaultPrevented || !event.target.matches('form[action^="/handoffs/"]')) return;
  if (performance.now() - sent < 2000) event.preventDefault();
  else sent = performance.now();
});

// A polled part asks again every so many seconds, but not behind other windows, and not while
// someone is about to press a button in it.
setInterval(() => {
  const part = document.querySelector("[data-poll]");
  if (!part || document.hidden || part.contains(document.activeElement)) return;
  const due = Number(part.dataset.asked ?? performance.timeOrigin) + part.dataset.poll * 1000;
  if (Date.now() < due) return;
  part.dataset.asked = Date.now();
  htmx.trigger(part, "poll");
}, 1000);
