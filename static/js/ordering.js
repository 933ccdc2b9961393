// Rules are dragged into another order; the buttons beside them do the same from the keyboard.

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
