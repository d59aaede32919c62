// Draws every [data-diagram] of the page from its Mermaid text; what is inside it stays readable when that fails.
(() => {
  const places = document.querySelectorAll("[data-diagram]");
  if (!places.length || !window.mermaid) return;
  window.mermaid.initialize({
    startOnLoad: false,
    securityLevel: "strict",
    theme: "base",
    themeVariables: {
      fontFamily: "system-ui, sans-serif", fontSize: "14px",
      primaryColor: "#f1f6f5", primaryBorderColor: "#7c9692", primaryTextColor: "#16211f",
      lineColor: "#6f8380", clusterBkg: "#f8faf9", clusterBorder: "#d3dcda", edgeLabelBackground: "#ffffff",
    },
    flowchart: { curve: "basis", htmlLabels: true, padding: 12, nodeSpacing: 40, rankSpacing: 42 },
  });
  places.forEach(async (place, index) => {
    const drawn = document.createElement("div");
    drawn.className = "diagram diagram-drawn";
    // In its place before it is drawn: Mermaid measures in there, and would widen the page otherwise.
    place.before(drawn);
    try {
      const { svg } = await window.mermaid.render(`diagram-${index}`, place.dataset.diagram, drawn);
      drawn.setAttribute("role", "img");
      drawn.setAttribute("aria-label", place.dataset.label || "");
      drawn.tabIndex = 0;
      drawn.innerHTML = svg;
      const words = place.querySelector("details");
      if (words) words.open = false;
    } catch (problem) {
      drawn.remove();
      console.error("The diagram could not be drawn.", problem);
    }
  });
})();
