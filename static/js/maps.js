// The editor of maps: what is typed outlives a swap, and rules can be dragged into another order.

document.documentElement.classList.add("scripted");

const list = document.querySelector("[data-sortable]");
if (list) {
  const form = document.getElementById(list.dataset.sortable);
  let dragged = null;
  let before = "";
  const order = () => [...list.children].map((item) => item.dataset.id).join(" ");

  for (const item of list.children) item.draggable = true;

  list.addEventListener("dragstart", (event) => {
    dragged = event.target.closest("[data-id]");
    if (!dragged) return;
    before = order();
    event.dataTransfer.effectAllowed = "move";
    event.dataTransfer.setData("text/plain", dragged.dataset.id);
    dragged.dataset.dragged = "";
  });

  list.addEventListener("dragover", (event) => {
    const over = event.target.closest("[data-id]");
    if (!dragged || !over) return;
    event.preventDefault();
    if (over === dragged) return;
    const { top, height } = over.getBoundingClientRect();
    over[event.clientY < top + height / 2 ? "before" : "after"](dragged);
  });

  list.addEventListener("drop", (event) => event.preventDefault());

  list.addEventListener("dragend", () => {
    if (!dragged) return;
    delete dragged.dataset.dragged;
    dragged = null;
    if (order() === before) return;
    form.elements.order.value = order();
    form.requestSubmit();
  });
}

// What was typed between a question to the server and its answer is put into the new fields.
const builder = document.getElementById("builder");
if (builder) {
  const fields = () => new Map([...builder.querySelectorAll("[name]")].map((f) => [f.name, f.value]));
  let asked = new Map();
  let typed = [];

  builder.addEventListener("htmx:beforeRequest", () => (asked = fields()));
  document.addEventListener("htmx:beforeSwap", (event) => {
    if (event.detail.target !== builder) return;
    typed = [...builder.querySelectorAll("input:not([type]), input[inputmode], textarea")].filter(
      (field) => asked.get(field.name) !== field.value,
    );
  });
  document.addEventListener("htmx:afterSwap", (event) => {
    if (event.detail.target !== builder) return;
    for (const field of typed) {
      const now = document.getElementById(field.id);
      if (now && now.tagName === field.tagName) now.value = field.value;
    }
    typed = [];
  });
}
