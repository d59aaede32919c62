// Keeps the form of a task up to date while somebody fills it in: the hub says which fields there are, what is computed
// and what is wrong, by the same rules as when the form is sent. Without this file, buttons ask for the same.
"use strict";
{
  const form = document.querySelector("form[data-live]");
  const touched = new Set();
  let running = null;

  // What is entered, without files, which are sent only once.
  const entered = (extra) => {
    const body = new URLSearchParams();
    for (const [name, value] of new FormData(form)) if (typeof value === "string") body.append(name, value);
    for (const pointer of touched) body.append("_touched", pointer);
    for (const [name, value] of Object.entries(extra)) body.append(name, value);
    return body;
  };

  const ask = async (extra = {}) => {
    running?.abort();
    running = new AbortController();
    try {
      const answer = await fetch(form.dataset.live, { method: "POST", body: entered(extra), signal: running.signal });
      if (!answer.ok || answer.redirected) return null;
      return new DOMParser().parseFromString(await answer.text(), "text/html").getElementById("fields");
    } catch {
      return null; // Sending the form still says what is wrong.
    }
  };

  const copyAttributes = (old, fresh) => {
    for (const name of ["required", "aria-invalid", "aria-describedby", "min", "max", "step", "minlength", "maxlength"]) {
      if (fresh.hasAttribute(name)) old.setAttribute(name, fresh.getAttribute(name));
      else old.removeAttribute(name);
    }
  };

  const own = (field, selector) => [...field.querySelectorAll(selector)].filter((each) => each.closest("[data-field]") === field);

  const update = (old, fresh) => {
    const controls = "input:not([type=hidden]), select, textarea";
    const key = (each) => `${each.id}|${each.name}|${each.type === "radio" || each.type === "checkbox" ? each.value : ""}`;
    const known = new Map(own(old, controls).map((each) => [key(each), each]));
    for (const each of own(fresh, controls)) if (known.has(key(each))) copyAttributes(known.get(key(each)), each);
    for (const selector of [":scope > label", ":scope > legend", ":scope > output"]) {
      const [there, now] = [old.querySelector(selector), fresh.querySelector(selector)];
      if (there && now && there.textContent !== now.textContent) there.replaceChildren(...now.childNodes);
    }
    const [there, now] = [old.querySelector(":scope > .beside"), fresh.querySelector(":scope > .beside")];
    if (there && now) there.replaceWith(now);
    else if (there) there.remove();
    else if (now) old.append(now);
    const inside = (field) => [...field.querySelectorAll("[data-fields]")].find((each) => each.parentElement.closest("[data-field]") === field);
    if (inside(old) && inside(fresh)) merge(inside(old), inside(fresh));
  };

  const merge = (old, fresh) => {
    const key = (each) => `${each.dataset.field} ${each.dataset.widget}`;
    const fields = (holder) => [...holder.children].filter((each) => each.dataset.field);
    const wanted = new Set(fields(fresh).map(key));
    for (const each of fields(old)) if (!wanted.has(key(each))) each.remove();
    const known = new Map(fields(old).map((each) => [key(each), each]));
    let last = null;
    for (const each of fields(fresh)) {
      const there = known.get(key(each));
      if (there) update(there, each);
      else if (last) last.after(each);
      else old.prepend(each);
      last = there ?? each;
    }
  };

  const refresh = async () => {
    const fresh = await ask();
    if (fresh) merge(document.getElementById("fields"), fresh);
  };

  // Rows were added or removed: what is shown begins anew, but for files that were chosen and not sent yet.
  const restructure = async (button) => {
    const fresh = await ask({ [button.name]: button.value });
    if (!fresh) return false;
    for (const chosen of form.querySelectorAll("input[type=file]")) {
      if (chosen.files.length) fresh.querySelector(`#${CSS.escape(chosen.id)}`)?.replaceWith(chosen);
    }
    document.getElementById("fields").replaceWith(fresh);
    fresh.querySelector("[autofocus]")?.focus();
    return true;
  };

  const checkSizes = (input) => {
    let size = 0;
    for (const each of form.querySelectorAll("input[type=file]")) for (const file of each.files) size += file.size;
    input.setCustomValidity(size > Number(form.dataset.mostBytes) ? form.dataset.tooLarge : "");
    input.reportValidity();
  };

  if (form) {
    form.classList.add("is-live");
    form.addEventListener("change", (event) => {
      if (event.target.type === "file") checkSizes(event.target);
      if (!event.target.name || event.target.name === "csrf") return;
      touched.add(event.target.name);
      refresh();
    });
    form.addEventListener("click", async (event) => {
      const button = event.target.closest("button[name=_add], button[name=_remove]");
      if (!button) return;
      event.preventDefault();
      touched.clear();
      if (!(await restructure(button))) form.requestSubmit(button);
    });
  }
}
