// The requester's page: the reader's own clock, and a look now and then whether something changed.

const now = () => document.querySelector(".now");

// "today at 14:20 UTC" becomes the same moment by the clock of this phone
function bySomebodysClock(root) {
  const language = document.documentElement.lang;
  const time = { hour: "2-digit", minute: "2-digit" };
  const today = new Date().toDateString();
  for (const node of root.querySelectorAll("time[data-clock=here]")) {
    const at = new Date(node.dateTime);
    const far = Math.abs(at - Date.now()) > 6 * 86_400_000;
    const day = far ? { day: "numeric", month: "long" } : { weekday: "long" };
    const shape = at.toDateString() === today ? time : { ...day, ...time };
    node.textContent = new Intl.DateTimeFormat(language, shape).format(at);
  }
}

let timer;

function lookLater() {
  clearTimeout(timer);
  const every = Number(now().dataset.lookAgain);
  if (every) timer = setTimeout(look, every * 1000);
}

async function look() {
  lookLater();
  if (document.hidden || !now().dataset.lookAgain) return;
  try {
    const headers = { Accept: "text/html", "If-None-Match": now().dataset.etag };
    const answer = await fetch(location.href, { headers, cache: "no-store" });
    if (answer.status !== 200) return;
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    const fresh = page.querySelector(".now");
    if (fresh) show(fresh, page.title);
  } catch {
    // no network just now: the next look says how it stands
  }
}

// The part that is read out stays and what is in it changes: a new part would be read to nobody.
function show(fresh, title) {
  const { etag, lookAgain } = fresh.dataset;
  if (etag === now().dataset.etag) return;
  bySomebodysClock(fresh);
  now().replaceChildren(...fresh.childNodes);
  now().dataset.etag = etag;
  document.title = title;
  if (lookAgain) return;
  // it is over: nobody waits for a word any more, but what somebody has begun to write stays
  delete now().dataset.lookAgain;
  if (!document.querySelector("textarea")?.value) {
    for (const form of document.querySelectorAll("main form")) form.remove();
  }
}

bySomebodysClock(document);
lookLater();
document.addEventListener("visibilitychange", () => {
  bySomebodysClock(document);
  look();
});
