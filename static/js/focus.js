// Focus goes to the error summary, or to what the last action did.
document.querySelector("[data-autofocus]")?.focus();
