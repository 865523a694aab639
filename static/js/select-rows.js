// Ticked rows of a list: one box ticks the page, and a count says how many are ticked.
(() => {
  const bar = document.querySelector("[data-select-rows]");
  if (!bar) return;
  const boxes = [...bar.closest("form").elements].filter((box) => box.name === "id");

  const page = document.createElement("label");
  page.className = "bulk-bar__all";
  const all = Object.assign(document.createElement("input"), { type: "checkbox" });
  page.append(all, bar.dataset.selectRows);
  const count = document.createElement("span");
  count.className = "muted";
  count.setAttribute("role", "status");
  bar.prepend(page, count);

  const say = () => {
    const ticked = boxes.filter((box) => box.checked).length;
    count.textContent = bar.dataset.count.replace("0", ticked);
    all.checked = ticked === boxes.length;
    all.indeterminate = ticked > 0 && ticked < boxes.length;
  };
  all.addEventListener("change", () => {
    for (const box of boxes) box.checked = all.checked;
    say();
  });
  for (const box of boxes) box.addEventListener("change", say);
  say();
})();
