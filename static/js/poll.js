// "Confirming your payment": ask until it is settled, ever more slowly, then show the result.
(() => {
  const element = document.querySelector("[data-poll]");
  if (!element) return;
  const MAX_TRIES = 30;
  let tries = 0;

  const ask = async () => {
    try {
      const response = await fetch(element.dataset.poll, { headers: { Accept: "application/json" } });
      if (response.ok && (await response.json()).is_settled) return location.reload();
    } catch {
      // The next try may get through; the page itself offers "Check again".
    }
    tries += 1;
    if (tries < MAX_TRIES) setTimeout(ask, Math.min(1000 * 1.25 ** tries, 8000));
    else location.reload();
  };
  setTimeout(ask, 1000);
})();
