// Charts: what a day came to, for the pointer, and by a range input for keys and touch; from the chart's own table.
(() => {
  for (const chart of document.querySelectorAll("[data-chart]")) {
    const table = document.getElementById(chart.dataset.chart);
    const names = [...table.querySelectorAll("thead th")].map((cell) => cell.textContent.trim());
    const rows = [...table.querySelectorAll("tbody tr")];
    const hits = [...chart.querySelectorAll(".chart__hit")];

    const tip = document.createElement("div");
    tip.className = "chart__tip";
    tip.hidden = true;
    const scrub = document.createElement("input");
    Object.assign(scrub, { type: "range", min: 0, max: rows.length - 1, value: rows.length - 1, className: "chart__scrub" });
    scrub.setAttribute("aria-label", chart.dataset.label);
    chart.append(scrub, tip);

    const words = (index) =>
      [...rows[index].children].map((cell, n) => (n ? `${names[n]}: ` : "") + cell.textContent.trim());
    const say = () => scrub.setAttribute("aria-valuetext", words(+scrub.value).join(", "));
    const hide = () => {
      tip.hidden = true;
      for (const hit of hits) hit.classList.remove("chart__hit--active");
    };
    const show = (index) => {
      hide();
      hits[index].classList.add("chart__hit--active");
      tip.textContent = words(index).join("\n");
      tip.hidden = false;
      const box = chart.getBoundingClientRect();
      const day = hits[index].getBoundingClientRect();
      const middle = day.left - box.left + day.width / 2;
      const left = middle > box.width / 2 ? middle - tip.offsetWidth - 14 : middle + 14;
      tip.style.left = `${Math.max(0, Math.min(box.width - tip.offsetWidth, left))}px`;
    };

    say();
    scrub.addEventListener("input", () => { say(); show(+scrub.value); });
    scrub.addEventListener("focus", () => scrub.matches(":focus-visible") && show(+scrub.value));
    scrub.addEventListener("blur", hide);
    hits.forEach((hit, index) => hit.addEventListener("pointerenter", () => show(index)));
    chart.addEventListener("pointerleave", hide);
    addEventListener("keydown", (event) => event.key === "Escape" && hide());
  }
})();
