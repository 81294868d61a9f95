"use strict";
// Filters of the report. Without this script the page shows everything.
const form = document.querySelector(".filters");
const findings = [...document.querySelectorAll(".finding")];
const empty = document.querySelector(".empty");
const status = form.querySelector("output");
const texts = new Map(findings.map((finding) => [finding, finding.textContent.toLowerCase()]));

function chosen() {
  const data = new FormData(form);
  return {
    severities: data.getAll("severity"),
    environment: data.get("environment"),
    rule: data.get("rule"),
    words: data.get("text").toLowerCase().split(/\s+/).filter(Boolean),
    waived: data.has("waived"),
  };
}

function matches(finding, filter) {
  if (finding.classList.contains("failure")) return true;
  const { severity, rule, environments } = finding.dataset;
  return (
    filter.severities.includes(severity) &&
    (filter.waived || !("waived" in finding.dataset)) &&
    (!filter.rule || rule === filter.rule) &&
    (!filter.environment || environments.split("|").includes(filter.environment)) &&
    filter.words.every((word) => texts.get(finding).includes(word))
  );
}

function apply() {
  const filter = chosen();
  let shown = 0;
  for (const finding of findings) {
    finding.hidden = !matches(finding, filter);
    if (!finding.hidden) shown += 1;
  }
  empty.hidden = shown > 0;
  if (findings.length) status.value = `${shown} of ${findings.length} shown`;
}

// The filters are kept behind the # of the address, so that a view can be shared and survives a reload.
function remember() {
  const filter = chosen();
  const state = new URLSearchParams();
  if (filter.severities.length < 3) state.set("severity", filter.severities.join(","));
  for (const name of ["environment", "rule", "text"]) {
    if (form.elements[name].value) state.set(name, form.elements[name].value);
  }
  if (filter.waived) state.set("waived", "1");
  history.replaceState(null, "", state.size ? `#${state}` : location.pathname + location.search);
}

function recall() {
  const state = new URLSearchParams(location.hash.slice(1));
  if (state.has("severity")) {
    const kept = state.get("severity").split(",");
    for (const box of form.querySelectorAll("[name=severity]")) box.checked = kept.includes(box.value);
  }
  for (const name of ["environment", "rule", "text"]) {
    if (state.has(name)) form.elements[name].value = state.get(name);
  }
  form.elements.waived.checked = state.has("waived");
}

function changed() {
  apply();
  remember();
}

function only(name, value) {
  form.reset();
  form.elements[name].value = value;
  changed();
  document.querySelector("#findings").scrollIntoView();
  form.elements[name].focus({ preventScroll: true });
}

form.addEventListener("input", changed);
form.addEventListener("change", changed); // all that some browsers send when they fill in a form
form.addEventListener("submit", (event) => event.preventDefault());
form.addEventListener("reset", () => setTimeout(changed));

document.addEventListener("click", (event) => {
  const rule = event.target.closest("button.rule");
  const node = event.target.closest("[data-object]");
  if (rule) only("rule", rule.dataset.rule);
  if (node) only("text", node.dataset.object);
});

document.addEventListener("keydown", (event) => {
  const typing = event.target.closest("input, select, textarea");
  if (event.key === "/" && !typing) {
    event.preventDefault();
    form.elements.text.focus();
  } else if (event.key === "Escape" && typing) {
    event.target.blur();
  } else if ((event.key === "Enter" || event.key === " ") && event.target.matches("[data-object]")) {
    event.preventDefault();
    only("text", event.target.dataset.object);
  }
});

recall();
apply();
