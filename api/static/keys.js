// Keys for what is done often. Whatever they do is also a link or a button: without this file nothing is missing.
"use strict";
{
  const dialog = document.getElementById("keys");
  const single = dialog.querySelector("[name=single]");
  const longestPause = 1500;
  let went = 0; // When "g" was pressed, of "g i".

  const remembered = (value) => {
    try {
      if (value !== undefined) localStorage.setItem("cauce-single-keys", value);
      return localStorage.getItem("cauce-single-keys") !== "off";
    } catch {
      return true; // Nothing may be kept here: they are on, as at first.
    }
  };
  single.checked = remembered();
  single.addEventListener("change", () => remembered(single.checked ? "on" : "off"));

  const help = () => {
    dialog.showModal();
    dialog.querySelector("form button").focus();
  };

  const opener = document.querySelector("[data-keys]");
  opener.hidden = false;
  opener.addEventListener("click", () => {
    opener.closest("details")?.removeAttribute("open");
    help();
  });

  const shown = (each) => each?.checkVisibility?.() ?? Boolean(each);
  const rows = () => [...document.querySelectorAll("main [data-row]")].filter(shown);
  const here = () => document.activeElement?.closest("[data-row]");
  const first = (...selectors) => selectors.map((each) => document.querySelector(each)).find(shown);

  const step = (by) => {
    const all = rows();
    const at = all.indexOf(here());
    const next = all[at < 0 ? (by > 0 ? 0 : all.length - 1) : at + by];
    next?.querySelector("[data-open], a[href]")?.focus();
  };

  const claim = () => {
    const button = (here() ?? document.querySelector("main")).querySelector("form[action$='/claim'] button, button[formaction$='/claim']");
    // In a list it has to be clear which one.
    if (button && (here() || !rows().length)) button.click();
  };

  const actions = {
    "?": help,
    j: () => step(1),
    k: () => step(-1),
    x: () => here()?.querySelector("input[type=checkbox]")?.click(),
    c: claim,
    u: () => document.querySelector("main .crumb")?.click(),
    m: () => document.getElementById("comment")?.focus(),
    g: () => (went = Date.now()),
    "/": () => first("main [data-search]", "main [role=search] input:not([type=hidden])", "main [role=search] select")?.focus(),
  };

  const goes = (key) => document.querySelector(`a[data-key="${CSS.escape(key)}"]`);

  const types = (at) => at.closest("textarea, select, [contenteditable], .monaco-editor") || (at.matches("input") && !at.matches("[type=checkbox], [type=radio], [type=button], [type=submit]"));

  const completes = (event) => {
    const form = event.target.closest("form[method=post]") ?? document.querySelector("main form[data-live]");
    if (!form) return;
    event.preventDefault();
    // In a list nothing was typed: it is about what is chosen there.
    const chosen = types(event.target) ? null : form.querySelector("button[name=act][value=complete]");
    form.requestSubmit(chosen ?? form.querySelector("button:not([type=button])"));
  };

  document.addEventListener("keydown", (event) => {
    if (event.defaultPrevented || event.isComposing || !(event.target instanceof Element)) return;
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
      if (!event.target.closest("dialog, .monaco-editor")) completes(event);
      return;
    }
    if (event.ctrlKey || event.metaKey || event.altKey || !single.checked || types(event.target)) return;
    if (document.querySelector("dialog[open]")) return;
    const way = Date.now() - went < longestPause ? goes(event.key) : null;
    went = 0;
    const act = way ? () => way.click() : Object.hasOwn(actions, event.key) ? actions[event.key] : null;
    if (!act) return;
    event.preventDefault();
    act();
  });
}
