// The requester's page: the reader's own clock, and a look now and then whether something changed.

const live = () => document.querySelector("[data-look-again]");

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

async function look() {
  const part = live();
  const every = Number(part?.dataset.lookAgain);
  if (!every) return;
  setTimeout(look, every * 1000);
  if (document.hidden) return;
  try {
    const headers = { Accept: "text/html", "If-None-Match": part.dataset.etag };
    const answer = await fetch(location.href, { headers, cache: "no-store" });
    if (answer.status !== 200) return;
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    const fresh = page.querySelector("[data-look-again]");
    if (!fresh) return;
    bySomebodysClock(fresh);
    // what is being written lies outside of this part and stays
    part.replaceWith(fresh);
    document.title = page.title;
  } catch {
    // no network just now: the next look says how it stands
  }
}

bySomebodysClock(document);
setTimeout(look, Number(live()?.dataset.lookAgain) * 1000 || 2 ** 30);
document.addEventListener("visibilitychange", () => bySomebodysClock(document));
