// Saves what somebody types in the form of a task as their draft, and keeps it in the browser while the hub cannot be
// reached or their session has run out. What another window saved meanwhile is never overwritten. Without this file
// there is the button "Save draft".
"use strict";
{
  const form = document.querySelector("form[data-draft]");
  const pauseMs = 1500;
  const againMs = 15000;
  const mostDays = 7;
  const sureMs = 30000;

  const begin = () => {
    // What is kept belongs to one person and one task; whoever logs in after them never sees it.
    const key = `cauce-draft ${form.dataset.person} ${form.dataset.draft}`;
    const status = form.querySelector("[data-saved]");
    const offer = form.querySelector("[data-unsaved]");
    let [version, waiting, stopped, saving, again] = [form.dataset.version, 0, false, false, false];
    // When the hub last knew who types here.
    let known = Date.now();

    const typed = () => {
      const body = new URLSearchParams();
      for (const [name, value] of new FormData(form)) {
        if (typeof value === "string" && name !== "csrf" && name !== "_known") body.append(name, value);
      }
      return body.toString();
    };
    const keep = (body) => {
      try { localStorage.setItem(key, JSON.stringify({ body, version, at: Date.now() })); } catch { /* No room: the hub has it soon. */ }
    };
    const kept = () => {
      try {
        const found = JSON.parse(localStorage.getItem(key));
        return found && Date.now() - found.at < mostDays * 86400000 ? found : null;
      } catch { return null; }
    };
    const forget = () => { try { localStorage.removeItem(key); } catch { /* There was none. */ } };
    const say = (text) => { if (status.textContent !== text) status.textContent = text; };
    const later = (ms) => { clearTimeout(waiting); waiting = setTimeout(save, ms); };

    const send = (text, of) => {
      const body = new URLSearchParams(text);
      body.set("csrf", form.elements.namedItem("csrf").value);
      body.set("_version", of);
      return fetch(form.dataset.draft, { method: "POST", body, redirect: "manual" });
    };

    // Tells whether it is saved; anything else leaves it in this browser.
    const save = async () => {
      clearTimeout(waiting);
      if (stopped) return false;
      if (saving) { again = true; return false; }
      saving = true;
      known = 0;
      const body = typed();
      try {
        const answer = await send(body, version);
        if (answer.ok) {
          known = Date.now();
          const saved = await answer.json();
          version = form.dataset.version = form.elements.namedItem("_known").value = saved.version;
          if (typed() === body) forget(); else keep(typed());
          say(saved.said);
          return true;
        }
        if (answer.status === 409 || answer.status === 412 || answer.status === 413 || answer.status === 422) {
          stopped = true;
          known = Infinity;
          const told = await answer.json();
          say(`${told.said} ${told.hint}`);
        } else if (answer.type === "opaqueredirect" || answer.status === 401 || answer.status === 403) {
          say(form.dataset.expired);
          later(againMs);
        } else {
          say(form.dataset.kept);
          later(againMs);
        }
      } catch {
        say(form.dataset.kept);
        later(againMs);
      } finally {
        saving = false;
        if (again) { again = false; later(pauseMs); }
      }
      return false;
    };

    const use = async (found) => {
      try {
        const answer = await send(found.body, version);
        if (!answer.ok) return;
        forget();
        location.replace(location.pathname);
      } catch { say(form.dataset.kept); }
    };

    const found = kept();
    // What was typed last is there already: it came with another window, or before the session ran out.
    if (found && found.body === typed()) forget();
    else if (found && form.hasAttribute("data-fresh")) {
      // Nothing was saved since: it goes on where it was. Otherwise the person says which of the two counts.
      if (found.version === version) use(found);
      else {
        say(form.dataset.older);
        offer.hidden = false;
        offer.querySelector("[data-use]").addEventListener("click", () => use(found));
        offer.querySelector("[data-drop]").addEventListener("click", () => { forget(); offer.hidden = true; say(""); });
      }
    }
    const changed = (event) => {
      if (!event.target.name || event.target.type === "file" || event.target.name.endsWith("#search")) return;
      keep(typed());
      later(pauseMs);
    };
    form.addEventListener("input", changed);
    form.addEventListener("change", changed);
    // A form that is sent by who is not logged in any more would be gone: it is saved first, unless it just was.
    form.addEventListener("submit", async (event) => {
      clearTimeout(waiting);
      if (navigator.onLine && Date.now() - known < sureMs) {
        stopped = true;
        forget();
        return;
      }
      event.preventDefault();
      keep(typed());
      if (!navigator.onLine) {
        say(form.dataset.kept);
        return;
      }
      while (saving) await new Promise((done) => setTimeout(done, 50));
      await save();
      if (Date.now() - known < sureMs) form.requestSubmit(event.submitter);
    });
    window.addEventListener("online", () => { if (kept()) save(); });
  };

  if (form) begin();
}
