// Chooses all tasks of a page of the inbox at once. Without this file each is chosen by itself.
"use strict";
{
  const show = () => document.querySelectorAll("[data-all]").forEach((each) => (each.hidden = false));
  document.addEventListener("change", (event) => {
    if (!event.target.matches("[data-all]")) return;
    for (const each of event.target.form.querySelectorAll("[name=task]")) each.checked = event.target.checked;
  });
  document.addEventListener("htmx:afterSettle", show);
  show();
}
