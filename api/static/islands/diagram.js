// Draws every [data-diagram] of the page from its Mermaid text, at its natural size in an area that scrolls by itself.
// The list that stands beside it stays, and is all there is when drawing fails; on a narrow screen one asks for it.
(() => {
  const places = document.querySelectorAll("[data-diagram]");
  if (!places.length || !window.mermaid) return;
  const smallest = 0.05, largest = 2.5, step = 1.25;
  window.mermaid.initialize({
    startOnLoad: false,
    securityLevel: "strict",
    maxTextSize: 1_000_000,
    maxEdges: 5_000,
    look: "classic",
    theme: "base",
    themeVariables: {
      fontFamily: "system-ui, sans-serif", fontSize: "14px",
      primaryColor: "#f1f6f5", primaryBorderColor: "#7c9692", primaryTextColor: "#16211f",
      lineColor: "#7b8e8b", clusterBkg: "#f8faf9", clusterBorder: "#d3dcda", edgeLabelBackground: "#ffffff",
    },
    flowchart: { curve: "basis", htmlLabels: true, useMaxWidth: false, wrappingWidth: 280, padding: 10, nodeSpacing: 32, rankSpacing: 34 },
  });

  // The whole text of what is cut, as the title that appears under the pointer.
  function entitle(place, svg) {
    const nodes = JSON.parse(place.dataset.nodes), arrows = JSON.parse(place.dataset.arrows);
    const say = (element, text) => {
      if (!text) return;
      element.querySelectorAll("foreignObject > *").forEach(inner => { inner.title = text; });
      const title = document.createElementNS("http://www.w3.org/2000/svg", "title");
      title.textContent = text;
      element.prepend(title);
    };
    svg.querySelectorAll("g.node").forEach(node => say(node, nodes[/flowchart-(\w+)-\d+$/.exec(node.id)?.[1]]));
    svg.querySelectorAll("g.edgeLabel [data-id]").forEach(label => {
      const found = /^L_([^_]+)_([^_]+)_(\d+)/.exec(label.dataset.id);
      // Mermaid numbers the arrows between the same two nodes 0, 2, 3, …
      if (found) say(label, arrows[`${found[1]} ${found[2]}`]?.[Math.max(0, found[3] - 1)]);
    });
  }

  function make(place, view, svg) {
    const box = svg.viewBox.baseVal;
    let scale = 1;
    const show = wanted => {
      const next = Math.min(largest, Math.max(smallest, wanted));
      // What is in the middle stays there.
      const x = (view.scrollLeft + view.clientWidth / 2) / scale, y = (view.scrollTop + view.clientHeight / 2) / scale;
      scale = next;
      svg.setAttribute("width", box.width * scale);
      svg.setAttribute("height", box.height * scale);
      view.scrollTo(x * scale - view.clientWidth / 2, y * scale - view.clientHeight / 2);
    };
    const find = () => {
      show(1);
      // The last of a kind is the innermost: what holds it is marked as well.
      const here = ["current", "failed", "stopped"].map(mark => [...svg.querySelectorAll(`g.node.${mark}`)].pop())
        .find(Boolean) || svg.querySelector("g.node");
      if (!here) return;
      const node = here.getBoundingClientRect(), area = view.getBoundingClientRect();
      view.scrollBy(
        node.left + node.width / 2 - area.left - area.width / 2,
        node.top + node.height / 2 - area.top - area.height / 2,
      );
    };
    const actions = {
      in: () => show(scale * step),
      out: () => show(scale / step),
      fit: () => show(Math.min(view.clientWidth / box.width, view.clientHeight / box.height, 1)),
      find,
    };
    const keys = { "+": "in", "-": "out", 0: "find" };
    place.addEventListener("click", event => actions[event.target.closest("[data-do]")?.dataset.do]?.());
    view.addEventListener("keydown", event => {
      if (event.ctrlKey || event.metaKey || !keys[event.key]) return;
      event.preventDefault();
      actions[keys[event.key]]();
    });
    view.addEventListener("wheel", event => {
      if (!event.ctrlKey) return;
      event.preventDefault();
      show(scale * (event.deltaY < 0 ? step : 1 / step));
    }, { passive: false });
    // Fingers scroll by themselves; a mouse drags.
    view.addEventListener("pointermove", event => {
      const drags = event.pointerType === "mouse" && event.buttons === 1;
      view.classList.toggle("is-dragged", drags);
      if (drags) view.scrollBy(-event.movementX, -event.movementY);
    });
    for (const end of ["pointerup", "pointerleave"]) {
      view.addEventListener(end, () => view.classList.remove("is-dragged"));
    }
    find();
  }

  async function draw(place, index) {
    const view = place.querySelector(".picture-view"), list = place.querySelector("details");
    // Shown before it is drawn: Mermaid measures in there.
    view.hidden = false;
    try {
      const { svg } = await window.mermaid.render(`diagram-${index}`, place.dataset.diagram, view);
      view.innerHTML = svg;
      const drawn = view.querySelector("svg");
      entitle(place, drawn);
      make(place, view, drawn);
      place.querySelector("[data-tools]").hidden = false;
      if (list) list.open = false;
    } catch (problem) {
      view.hidden = true;
      console.error("The diagram could not be drawn.", problem);
    }
  }

  const narrow = window.matchMedia("(max-width: 44rem)").matches;
  places.forEach((place, index) => {
    const ask = place.querySelector("[data-do=draw]");
    place.querySelector(".picture-bar").hidden = false;
    ask.hidden = !narrow;
    if (!narrow) return void draw(place, index);
    ask.addEventListener("click", () => { ask.hidden = true; draw(place, index); }, { once: true });
  });
})();
