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
    if (old.classList.contains("is-combobox")) {
      old.querySelector("input").required = fresh.querySelector("select").required;
      fresh.querySelector("select").required = false;
    }
    const controls = "input:not([type=hidden]), select, textarea";
    const key = (each) => `${each.id}|${each.name}|${each.type === "radio" || each.type === "checkbox" ? each.value : ""}`;
    const known = new Map(own(old, controls).map((each) => [key(each), each]));
    for (const each of own(fresh, controls)) if (known.has(key(each))) copyAttributes(known.get(key(each)), each);
    for (const selector of [":scope > label", ":scope > legend", ":scope > output", ":scope > .with-suffix > .suffix"]) {
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
    if (!fresh) return;
    merge(document.getElementById("fields"), fresh);
    enhance();
  };

  // Rows were added or removed: what is shown begins anew, but for files that were chosen and not sent yet.
  const restructure = async (button) => {
    const fresh = await ask({ [button.name]: button.value });
    if (!fresh) return false;
    for (const chosen of form.querySelectorAll("input[type=file]")) {
      if (chosen.files.length) fresh.querySelector(`#${CSS.escape(chosen.id)}`)?.replaceWith(chosen);
    }
    document.getElementById("fields").replaceWith(fresh);
    enhance();
    fresh.querySelector("[autofocus]:not(.is-combobox > select)")?.focus();
    return true;
  };

  const checkSizes = (input) => {
    let size = 0;
    for (const each of form.querySelectorAll("input[type=file]")) for (const file of each.files) size += file.size;
    input.setCustomValidity(size > Number(form.dataset.mostBytes) ? form.dataset.tooLarge : "");
    input.reportValidity();
  };

  // A field whose values are looked up becomes one field to type in, with a list of what was found.
  const combobox = (field) => {
    const [search, select, note] = [field.querySelector("input[type=search]"), field.querySelector("select"), field.querySelector("[data-note]")];
    const list = Object.assign(document.createElement("ul"), { className: "found", id: `${select.id}-found`, hidden: true });
    list.setAttribute("role", "listbox");
    list.setAttribute("aria-label", field.querySelector("label").firstChild.textContent);
    let [found, at, waiting, asked] = [[], -1, 0, 0];

    const close = () => {
      list.hidden = true;
      at = -1;
      search.setAttribute("aria-expanded", "false");
      search.removeAttribute("aria-activedescendant");
    };
    const mark = (index) => {
      at = index;
      [...list.children].forEach((each, i) => each.setAttribute("aria-selected", String(i === at)));
      list.children[at]?.scrollIntoView({ block: "nearest" });
      if (at >= 0) search.setAttribute("aria-activedescendant", list.children[at].id);
    };
    const put = (value, label) => {
      const option = new Option(label, value, true, true);
      select.replaceChildren(new Option("", ""), ...(value ? [option] : []));
      search.setCustomValidity("");
    };
    const fill = (values) => {
      const beside = search.name.replace(/[^/]+$/, "");
      for (const [name, value] of Object.entries(values)) {
        const target = form.elements.namedItem(beside + name);
        if (target instanceof HTMLInputElement && target.value === "") target.value = value;
      }
    };
    const choose = (index) => {
      const chosen = found[index];
      if (!chosen) return;
      put(chosen.value, chosen.label);
      search.value = chosen.label;
      fill(chosen.fill);
      close();
      select.dispatchEvent(new Event("change", { bubbles: true }));
    };
    const show = (answer) => {
      found = answer.options;
      note.textContent = answer.note;
      list.replaceChildren(...found.map((each, index) => {
        const item = Object.assign(document.createElement("li"), { id: `${list.id}-${index}`, textContent: each.label });
        item.setAttribute("role", "option");
        item.addEventListener("pointerdown", (event) => { event.preventDefault(); choose(index); });
        return item;
      }));
      list.hidden = found.length === 0;
      search.setAttribute("aria-expanded", String(!list.hidden));
      mark(-1);
    };
    const look = async () => {
      const number = ++asked;
      try {
        const answer = await fetch(form.dataset.options, { method: "POST", body: entered({ _search: select.name }) });
        if (answer.ok && !answer.redirected && number === asked) show(await answer.json());
      } catch { /* The list stays as it is. */ }
    };

    field.classList.add("is-combobox");
    field.querySelector("label").htmlFor = search.id;
    search.type = "text";
    search.removeAttribute("aria-label");
    for (const [name, value] of Object.entries({ role: "combobox", "aria-autocomplete": "list", "aria-expanded": "false", "aria-controls": list.id })) search.setAttribute(name, value);
    const described = select.getAttribute("aria-describedby");
    if (described) search.setAttribute("aria-describedby", described);
    search.required = select.required;
    select.required = false;
    search.value = select.value ? select.selectedOptions[0].textContent : "";
    search.after(list);
    if (select.autofocus) search.autofocus = true;
    search.addEventListener("input", () => {
      // What is typed is a search until something of the list is chosen.
      put("", "");
      search.setCustomValidity(search.value ? form.dataset.choose : "");
      clearTimeout(waiting);
      waiting = setTimeout(look, 200);
    });
    search.addEventListener("keydown", (event) => {
      const steps = { ArrowDown: 1, ArrowUp: -1 };
      if (event.key in steps) {
        event.preventDefault();
        if (list.hidden) look();
        else mark((at + steps[event.key] + found.length) % found.length);
      } else if (event.key === "Enter" && !list.hidden) {
        event.preventDefault();
        choose(Math.max(at, 0));
      } else if (event.key === "Escape" && !list.hidden) {
        event.stopPropagation();
        close();
      }
    });
    search.addEventListener("blur", close);
    // The search is no answer: a change of it says nothing about the field yet.
    search.addEventListener("change", (event) => event.stopPropagation());
  };

  const enhance = () => form.querySelectorAll(".lookup:not(.is-combobox)").forEach(combobox);

  if (form) {
    form.classList.add("is-live");
    enhance();
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
