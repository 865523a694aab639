// Enhances only: the picker fills in its number, and the button is pressed once.
const form = document.querySelector("[data-pay]");
if (form) {
  form.addEventListener("change", (event) => {
    if (event.target.dataset.fill) form.elements.number.value = event.target.dataset.fill;
  });
  form.addEventListener("submit", (event) => {
    if (form.getAttribute("aria-busy")) event.preventDefault();
    form.setAttribute("aria-busy", "true");
  });
  addEventListener("pageshow", () => form.removeAttribute("aria-busy"));
}
