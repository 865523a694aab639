// The account menu closes on Escape, which gives the focus back, and on a click elsewhere.
(() => {
  const openMenu = () => document.querySelector("details.account-menu[open]");

  addEventListener("keydown", (event) => {
    const menu = openMenu();
    if (event.key !== "Escape" || !menu) return;
    menu.open = false;
    menu.querySelector("summary").focus();
  });
  addEventListener("click", (event) => {
    const menu = openMenu();
    if (menu && !menu.contains(event.target)) menu.open = false;
  });
})();
