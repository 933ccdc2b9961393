// The keys printed on the buttons. A key goes to its control; Enter presses it. So nothing is
// decided by one stray key, and whoever dictates or uses a switch can turn the keys off.

const OFF = "overread.keys-off";
const sheet = document.querySelector("#keys");
const toggle = sheet?.querySelector("input");

function usable(event) {
  if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return false;
  if (localStorage.getItem(OFF)) return false;
  const typing = event.target.closest("input:not([type=radio], [type=checkbox]), textarea, select");
  return !typing && !sheet?.open;
}

function control(key) {
  const found = [...document.querySelectorAll(`[data-key="${CSS.escape(key)}"]`)];
  return found.find((node) => node.checkVisibility() && !node.closest("[data-opened=true], details[open]"));
}

function go(node) {
  if (node.type === "radio") node.checked = true;
  if (node.matches("summary")) node.click();
  node.focus();
  node.scrollIntoView({ block: "nearest" });
}

document.addEventListener("keydown", (event) => {
  if (event.key === "Escape" && event.target.matches("textarea")) event.target.blur();
  if (!usable(event)) return;
  if (event.key === "?") {
    event.preventDefault();
    sheet?.showModal();
    return;
  }
  const step = { j: 1, k: -1 }[event.key];
  const rows = [...document.querySelectorAll("[data-rows] .row-ask")];
  if (step && rows.length) {
    const here = rows.indexOf(document.activeElement.closest("li")?.querySelector(".row-ask"));
    const next = rows[Math.min(rows.length - 1, Math.max(0, here + step))];
    go(next);
    return;
  }
  const node = event.key.length === 1 && control(event.key.toLowerCase());
  if (!node) return;
  event.preventDefault();
  go(node);
});

if (sheet) {
  const list = sheet.querySelector("dl");
  for (const button of document.querySelectorAll("[data-opens-keys]")) {
    button.hidden = false;
    button.addEventListener("click", () => sheet.showModal());
  }
  sheet.addEventListener("toggle", () => {
    list.replaceChildren();
    const seen = new Set();
    for (const node of document.querySelectorAll("[data-key]")) {
      if (seen.has(node.dataset.key) || !node.checkVisibility()) continue;
      seen.add(node.dataset.key);
      const key = document.createElement("kbd");
      key.textContent = node.dataset.key.toUpperCase();
      const term = document.createElement("dt");
      term.append(key);
      const name = document.createElement("dd");
      name.textContent = node.dataset.keyName ?? node.querySelector(".verb-label")?.textContent ?? node.textContent.trim();
      list.append(term, name);
    }
  });
  toggle.checked = !localStorage.getItem(OFF);
  toggle.addEventListener("change", () => {
    if (toggle.checked) localStorage.removeItem(OFF);
    else localStorage.setItem(OFF, "1");
  });
}
