// Choosing a collector shows the list at once; without this script the Apply button does.
for (const control of document.querySelectorAll("[data-submits]")) {
  control.addEventListener("change", () => control.form.requestSubmit());
}
