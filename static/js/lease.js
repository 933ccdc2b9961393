// Keeps the claim while the page is looked at. Hidden pages fall silent, and the claim runs out.

const form = document.querySelector("form[data-lease]");

if (form) {
  const every = form.dataset.lease * 1000;
  let last = Date.now();

  const renew = () => {
    if (document.hidden || document.querySelector("[data-lost]")) return;
    last = Date.now();
    htmx.trigger(form, "renew");
  };

  setInterval(() => Date.now() - last >= every && renew(), 1000);
  // back from another window: ask at once whether it is still ours
  document.addEventListener("visibilitychange", () => Date.now() - last >= every && renew());
}
