// A button shows what was typed; the field is a password again before it is sent or remembered.
(() => {
  for (const input of document.querySelectorAll("[data-behaviour='show-password']")) {
    const button = document.createElement("button");
    button.type = "button";
    button.className = "field__toggle";
    const show = (isShown) => {
      input.type = isShown ? "text" : "password";
      button.textContent = isShown ? input.dataset.hide : input.dataset.show;
      button.setAttribute("aria-label", isShown ? input.dataset.hideLabel : input.dataset.showLabel);
    };
    show(false);
    button.addEventListener("click", () => show(input.type === "password"));
    input.form?.addEventListener("submit", () => show(false));
    input.after(button);
  }
})();
