// Draws [data-gantt], the plan of a roadmap, from the rows of the table that it names: bars with links, the baseline below
// them, what is critical in red. The table stays, and is all there is when drawing fails.
(() => {
  const place = document.querySelector("[data-gantt]");
  if (!place || !window.Gantt) return;
  const day = 86_400_000, svg = "http://www.w3.org/2000/svg";
  const table = document.getElementById(place.dataset.gantt);
  const rows = [...table.querySelectorAll("tr[data-start]")].map(row => ({ ...row.dataset }));
  const tasks = rows.map(row => ({
    id: row.id, name: row.name, start: row.start, end: row.finish, phase: row.phase,
    progress: Number(row.percent), dependencies: row.after ? row.after.split(" ") : [],
    marks: [row.critical && "is-critical", row.moment && "is-moment", `is-${row.state}`].filter(Boolean),
  }));
  const baseline = Object.fromEntries(rows.map(row => [row.id, row.baseline ? row.baseline.split("/") : null]));
  const off = (place.dataset.off || "").split(" ").filter(Boolean);
  let chart = null, shown = new Set();

  // What is not drawn cannot be pointed at.
  const drawn = () => {
    const chosen = tasks.filter(task => shown.has(task.phase) || task.marks.includes("is-moment"));
    const there = new Set(chosen.map(task => task.id));
    return chosen.map(task => ({ ...task, dependencies: task.dependencies.filter(id => there.has(id)) }));
  };

  function draw(mode) {
    const chosen = drawn();
    if (!chosen.length) return;
    place.replaceChildren();
    const target = document.createElement("div");
    place.append(target);
    chart = new window.Gantt(target, chosen, {
      view_mode: mode, readonly: true, infinite_padding: false, today_button: false, scroll_to: "start", lines: "vertical",
      bar_height: 18, padding: 10, arrow_curve: 4, container_height: Math.min(640, 120 + chosen.length * 28),
      language: document.documentElement.lang, holidays: { "var(--g-weekend-highlight-color)": ["weekend", ...off] },
      popup: ({ task, set_title, set_subtitle, set_details }) => {
        const text = document.createElement("span");
        text.textContent = task.name;
        set_title(text.innerHTML);
        set_subtitle(`${task.start} – ${task.end}`);
        set_details("");
      },
    });
    // It scrolls, so a keyboard has to reach it.
    const area = place.querySelector(".gantt-container");
    area.tabIndex = 0;
    area.setAttribute("role", "region");
    area.setAttribute("aria-label", place.dataset.label);
    for (const task of chosen) {
      chart.get_bar(task.id)?.group.classList.add(...task.marks);
      addBaseline(task);
    }
  }

  // Below its bar, in the same scale: where the baseline had it.
  function addBaseline(task) {
    const span = baseline[task.id], bar = chart.get_bar(task.id)?.$bar;
    if (!span || !bar) return;
    const width = bar.getWidth() / Math.max(1, (Date.parse(task.end) - Date.parse(task.start)) / day + 1);
    const mark = document.createElementNS(svg, "rect");
    mark.setAttribute("class", "baseline");
    mark.setAttribute("x", bar.getX() + (Date.parse(span[0]) - Date.parse(task.start)) / day * width);
    mark.setAttribute("y", bar.getY() + bar.getHeight() + 1);
    mark.setAttribute("width", Math.max(2, ((Date.parse(span[1]) - Date.parse(span[0])) / day + 1) * width));
    mark.setAttribute("height", 3);
    bar.parentNode.append(mark);
  }

  // A large plan begins with its gates and the phase that is under way.
  const phases = [...new Set(tasks.map(task => task.phase))], most = 300;
  const now = rows.find(row => row.state !== "done")?.phase ?? phases[0];
  shown = new Set(tasks.length > most ? [now] : phases);
  const controls = document.getElementById(place.dataset.controls);
  controls.hidden = false;
  const [mode, phase] = controls.querySelectorAll("select");
  if (tasks.length > most) phase.value = now;
  mode.addEventListener("change", () => draw(mode.value));
  phase.addEventListener("change", () => {
    shown = new Set(phase.value ? [phase.value] : phases);
    draw(mode.value);
  });
  place.hidden = false;
  draw(mode.value);
})();
