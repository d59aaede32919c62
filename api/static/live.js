// Tells an open page what has changed: how much waits, and what others did with the tasks that are shown. The page is as
// good without it, only not as new.
"use strict";
{
  const place = document.getElementById("live");
  const shortest = 5_000;
  const longest = 600_000;
  const stale = 20_000;
  let source = null;
  let wait = shortest;
  let later = null;
  let deaf = 0; // Since when nothing is heard.

  const count = (what, number) => {
    for (const link of document.querySelectorAll(`[data-count="${what}"]`)) {
      let shown = link.querySelector(".count");
      if (!number) {
        shown?.remove();
        continue;
      }
      if (!shown) {
        shown = Object.assign(document.createElement("span"), { className: "count", title: link.dataset.countTitle });
        link.append(" ", shown);
      }
      if (shown.textContent !== String(number)) shown.textContent = number;
    }
  };

  // The text is put together here, of words in the person's language; it is never markup.
  const say = (kind, news, href, label) => {
    const words = place.dataset[kind];
    if (!words) return;
    const text = words.replace(/\{(title|by)\}/g, (_, name) => news[name]);
    const line = document.createElement("p");
    line.append(text);
    if (href) {
      const link = Object.assign(document.createElement("a"), { href, textContent: label });
      line.append(" ", link);
    }
    place.replaceChildren(line);
  };

  const path = location.pathname;
  const isTask = (news) => path === `/tasks/${news.task}`;
  const row = (news) => document.querySelector(`main [href="/tasks/${CSS.escape(news.task)}"]`)?.closest("[data-row], li, tr");

  const changed = (kind) => (event) => {
    const news = JSON.parse(event.data);
    if (isTask(news)) {
      say(kind, news, path, place.dataset.reload);
      return;
    }
    const line = row(news);
    if (!line) return;
    line.classList.toggle("is-gone", kind !== "free");
    const at = document.activeElement;
    for (const each of line.querySelectorAll("form[action$='/claim'] button, button[formaction$='/claim'], input[type=checkbox]")) each.disabled = kind !== "free";
    // What rests cannot have the focus: whoever works with keys goes on from this line.
    if (line.contains(at) && at.disabled) line.querySelector("[data-open], a[href]")?.focus();
    say(kind, news, `/tasks/${news.task}`, place.dataset.open);
  };

  const heard = {
    counts: (event) => {
      const news = JSON.parse(event.data);
      count("open", news.open);
      count("unread", news.unread);
    },
    new: (event) => {
      if (path === "/inbox") say("new", JSON.parse(event.data), location.href, place.dataset.reload);
    },
    taken: changed("taken"),
    free: changed("free"),
    done: changed("done"),
    moved: changed("moved"),
    comment: (event) => {
      const news = JSON.parse(event.data);
      if (!isTask(news)) return;
      const typed = document.getElementById("comment");
      const busy = typed && (typed.value || document.activeElement === typed);
      if (!busy && window.htmx) htmx.ajax("GET", `${path}/comments`, { target: "#comments", swap: "outerHTML" });
      say("comment", news, busy ? path : "", place.dataset.reload);
    },
  };

  // What happened while nothing was heard is told by nobody: the list is fetched anew, unless somebody works with it.
  const renew = () => {
    if (path !== "/inbox") return;
    const main = document.getElementById("main");
    const at = document.activeElement;
    const works = (main.contains(at) && at !== main) || main.querySelector("[name=task]:checked, details[open]");
    if (works || !window.htmx) say("old", {}, location.href, place.dataset.reload);
    else htmx.ajax("GET", location.href, { target: "#main", select: "#main", swap: "outerHTML" });
  };

  const hears = () => {
    wait = shortest;
    if (deaf && Date.now() - deaf > stale) renew();
    deaf = 0;
  };

  const stop = () => {
    deaf ||= source ? Date.now() : 0;
    clearTimeout(later);
    source?.close();
    source = null;
  };

  const start = () => {
    stop();
    if (document.hidden) return;
    source = new EventSource("/events");
    source.addEventListener("open", hears);
    for (const [kind, hear] of Object.entries(heard)) source.addEventListener(kind, hear);
    source.addEventListener("error", () => {
      deaf ||= Date.now();
      // A stream that ended is asked for again by the browser; one that was refused is not.
      if (source.readyState !== EventSource.CLOSED) return;
      stop();
      later = setTimeout(start, wait);
      wait = Math.min(wait * 2, longest);
    });
  };

  // Only the page in front listens: a browser has few connections for all of them.
  document.addEventListener("visibilitychange", start);
  window.addEventListener("pagehide", stop);
  window.addEventListener("pageshow", (event) => event.persisted && start());
  start();
}
