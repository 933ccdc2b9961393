// Keeps the claim while the page is looked at, says that it is, and says goodbye when it goes.
// A hidden page falls silent: its claim runs out, its reading time stands still.

const form = document.querySelector("form[data-lease]");
// how long a page may lie there without a sign of anyone before it counts as left alone
const IDLE = 120_000;

if (form) {
  const every = form.dataset.lease * 1000;
  const beat = form.dataset.beat * 1000;
  const lost = () => document.querySelector("[data-lost]");
  let touched = Date.now();
  let renewed = Date.now();
  let told = { looking: undefined, at: 0 };
  let sending = false;
  let telling = false;
  let refused = false;
  const looking = () => !document.hidden && document.hasFocus() && Date.now() - touched < IDLE;

  const renew = () => {
    if (document.hidden || lost()) return;
    renewed = Date.now();
    htmx.trigger(form, "renew");
  };

  // Every beat carries the token that the one before it brought: one at a time, each once.
  async function tell() {
    if (lost() || telling) return;
    telling = true;
    const body = new FormData(form);
    if (looking()) body.set("looking", "1");
    told = { looking: looking(), at: Date.now() };
    const answer = await fetch(form.dataset.beats, { method: "POST", body, keepalive: true }).catch(() => null);
    telling = false;
    refused = answer?.status === 409;
    if (refused) renew();
    if (!answer?.ok || answer.redirected) return;
    const { left, token } = await answer.json();
    form.elements.token.value = token;
    for (const node of document.querySelectorAll("[data-ready-in]")) {
      if (left > 0) node.dataset.left = left;
      else node.remove();
    }
  }

  // a page whose beat was refused is told which one comes next; others have it from the last beat
  document.addEventListener("htmx:afterSwap", () => {
    const lease = document.querySelector("#lease[data-token]");
    if (!lease || !refused) return;
    form.elements.token.value = lease.dataset.token;
    refused = false;
    told = { looking: undefined, at: 0 };
  });

  const look = () => {
    // where the countdown is through, the server is asked whether it thinks so too
    const through = document.querySelector('[data-left="0"]');
    const due = told.looking && (through || Date.now() - told.at >= beat);
    if (told.looking !== looking() || due) tell();
    if (Date.now() - renewed >= every) renew();
  };

  look();
  setInterval(look, 1000);
  for (const event of ["pointermove", "pointerdown", "keydown", "scroll", "focusin", "selectionchange"]) {
    document.addEventListener(event, () => (touched = Date.now()), { passive: true, capture: true });
  }
  // back from another window or out of the browser's memory: ask at once whether it is still ours
  document.addEventListener("visibilitychange", look);
  for (const event of ["focus", "blur", "pageshow"]) window.addEventListener(event, look);

  // A form that is sent is no goodbye; one that htmx sends in place is not even a change of page.
  document.addEventListener("submit", (event) => {
    sending = true;
    setTimeout(() => event.defaultPrevented && (sending = false));
  });

  const changed = (node) => node.defaultValue !== undefined && node.type !== "hidden" && node.value !== node.defaultValue;

  window.addEventListener("pagehide", () => {
    const words = document.querySelector("#words");
    const half_edited = [...(document.querySelector("#edit")?.elements ?? [])].some((node) => node !== words && changed(node));
    if (sending || lost() || half_edited) return;
    const body = new FormData(form);
    const option = document.querySelector("[name=option]:checked");
    if (words && changed(words)) body.set("words", words.value);
    if (option) body.set("option", option.value);
    navigator.sendBeacon(form.dataset.leave, body);
    told = { looking: undefined, at: 0 };
  });
}
