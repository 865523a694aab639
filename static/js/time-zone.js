// The browser's time zone, as the first guess for the settings of a new account.
for (const input of document.querySelectorAll("[data-behaviour='time-zone']")) {
  input.value = Intl.DateTimeFormat().resolvedOptions().timeZone ?? "";
}
