// "Confirming your payment": ask until it is settled, ever more slowly, then show the result; or
// the page anew, which knows how long the wait has been.
(() => {
  const element = document.querySelector("[data-poll]");
  if (!element) return;
  const { poll, pollSeconds, pollAgain } = element.dataset;
  const deadline = Date.now() + pollSeconds * 1000;
  let tries = 0;

  const ask = async () => {
    try {
      const response = await fetch(poll, { headers: { Accept: "application/json" } });
      if (response.ok && (await response.json()).is_settled) return location.reload();
    } catch {
      // The next try may get through; the page itself offers "Check again".
    }
    tries += 1;
    if (Date.now() < deadline) setTimeout(ask, Math.min(1000 * 1.25 ** tries, 8000));
    else location.replace(pollAgain);
  };
  setTimeout(ask, 1000);
})();
