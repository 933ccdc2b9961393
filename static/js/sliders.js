// A slider beside each number of a form that has bounds: both say the same, and the number is sent.

for (const field of document.querySelectorAll("[data-sliders] [data-step]")) {
  const number = field.querySelector("input");
  const { least, most, step } = field.dataset;
  const slider = Object.assign(document.createElement("input"), {
    type: "range",
    min: least,
    max: most,
    step,
    value: number.value || most,
  });
  const label = field.querySelector("label");
  label.id ||= `${number.id}-label`;
  slider.setAttribute("aria-labelledby", label.id);
  number.after(slider);

  // its own change bubbles to the form, which asks the server
  slider.addEventListener("input", () => (number.value = slider.value));
  number.addEventListener("input", () => {
    if (number.value) slider.value = number.value;
  });
}
