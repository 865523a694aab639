// A button shows what was typed; the field is a password again before it is sent or remembered.
(() => {
  for (const input of document.querySelectorAll("[data-behaviour='show-password']")) {
    const button = document.createElement("button");
    button.type = "button";
    button.className = "field__toggle";
    const show = (isShown) => {
      input.type = isShown ? "text" : "password";
      button.textContent = isShown ? "Hide" : "Show";
      button.setAttribute("aria-label", isShown ? "Hide password" : "Show password");
    };
    show(false);
    button.addEventListener("click", () => show(input.type === "password"));
    input.form?.addEventListener("submit", () => show(false));
    input.after(button);
  }
})();
