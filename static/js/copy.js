// A button copies what the field holds, and says so; without it the text is there to select.
(() => {
  for (const input of document.querySelectorAll("[data-behaviour='copy']")) {
    const button = document.createElement("button");
    button.type = "button";
    button.className = "field__toggle";
    button.setAttribute("aria-live", "polite");
    button.textContent = input.dataset.label;
    button.addEventListener("click", async () => {
      input.select();
      await navigator.clipboard.writeText(input.value);
      button.textContent = input.dataset.done;
    });
    input.after(button);
  }
})();
