// The page around the graph: tool bar, tooltip, the line below, keys. See data.js for what the page is given.
import {read} from "./data.js";
import {formatChange, formatPoints, formatShare, formatValue} from "./format.js";
import {Graph} from "./graph.js";
import {Callers, Calls, search} from "./tree.js";

const $ = (id) => document.getElementById(id);
const profile = read(JSON.parse($("profile").textContent));
const diff = profile.sides.length > 1;
const typeNow = () => Number($("type").value);
const unitNow = () => profile.types[typeNow()].unit;

function element(tag, text, className) {
  const made = document.createElement(tag);
  made.textContent = text;
  if (className) made.className = className;
  return made;
}

// ---- what stands about one frame, as rows of cells; the same in the tooltip and below

function placeOf(frame) {
  return frame.file ? (frame.line > 0 ? `${frame.file}:${frame.line}` : frame.file) : "";
}

function share(value, of) {
  return of > 0 ? value / of : 0;
}

function figures(node) {
  const unit = unitNow();
  const root = graph.view.root;
  const value = (v) => formatValue(v, unit);
  if (diff) {
    const line = (name, before, after) => {
      const parts = [share(before, root.before), share(after, root.after)];
      return [name, `${value(before)} (${formatShare(parts[0])})`, `${value(after)} (${formatShare(parts[1])})`,
        `${formatChange(after - before, unit)} (${formatPoints(parts[1] - parts[0])})`];
    };
    return [["", ...profile.sides, "Change"], line("Total", node.before, node.after), line("Self", node.selfBefore, node.selfAfter)];
  }
  const rows = [["Total", value(node.after), formatShare(share(node.after, root.after))],
    ["Self", value(node.selfAfter), formatShare(share(node.selfAfter, root.after))]];
  if (graph.zoomed.parent) rows.push(["Of the zoomed frame", "", formatShare(share(node.after, graph.zoomed.after))]);
  return rows;
}

function tooltip(item, x, y) {
  const tip = $("tip");
  tip.hidden = !item;
  if (!item) return;
  const frame = profile.frames[item.node.frame];
  const parts = [];
  if (item.small) {
    const count = item.small.length;
    parts.push(element("b", count === 1 ? profile.frames[item.small[0].frame].name : `${count.toLocaleString("en-US")} frames too narrow to draw`),
      element("div", "click to zoom in", "soft"));
  } else {
    parts.push(element("b", frame.name));
    if (placeOf(frame)) parts.push(element("div", placeOf(frame), "soft"));
    const table = document.createElement("table");
    figures(item.node).forEach((row, i) => {
      const line = table.insertRow();
      row.forEach((text, column) => line.append(element(column === 0 || (diff && i === 0) ? "th" : "td", text)));
    });
    parts.push(table);
  }
  tip.replaceChildren(...parts);
  const edge = tip.getBoundingClientRect();
  tip.style.left = `${Math.max(4, Math.min(x + 14, innerWidth - edge.width - 8))}px`;
  tip.style.top = `${y + 18 + edge.height > innerHeight ? Math.max(4, y - edge.height - 10) : y + 18}px`;
}

function tellBelow(node) {
  const frame = profile.frames[node.frame];
  const root = graph.view.root;
  const unit = unitNow();
  const text = diff
    ? `${formatValue(node.before, unit)} → ${formatValue(node.after, unit)}, of all ${formatShare(share(node.before, root.before))} → ${formatShare(share(node.after, root.after))}`
    : `${formatValue(node.after, unit)}, ${formatShare(share(node.after, root.after))}; self ${formatValue(node.selfAfter, unit)}`;
  $("below").replaceChildren(element("b", frame.name), element("span", ` ${text}`));
  if (placeOf(frame)) $("below").append(element("span", ` ${placeOf(frame)}`, "soft"));
}

// ---- the graph and what changes it

const graph = new Graph(profile, $("box"), $("graph"), {
  hover: tooltip,
  focus: tellBelow,
  zoom(node) {
    tooltip(null);
    $("up").disabled = $("reset").disabled = !node.parent;
    tellBelow(node);
  },
});

function showView() {
  const inverted = $("view").value === "callers";
  graph.upright = $("view").value === "flames";
  graph.show(inverted ? new Callers(profile, typeNow()) : new Calls(profile, typeNow()));
  showSearch();
}

function showSearch() {
  const text = $("search").value;
  const found = text ? search(profile, typeNow(), text) : null;
  graph.highlight(found?.frames ?? null);
  $("clear").hidden = !text;
  $("found").textContent = found
    ? `${found.shares.map(formatShare).join(" → ")} in ${found.nodes.toLocaleString("en-US")} frame${found.nodes === 1 ? "" : "s"}`
    : "";
}

function theme() {
  const choice = document.documentElement.dataset.theme;
  graph.theme(choice ? choice === "dark" : matchMedia("(prefers-color-scheme: dark)").matches);
}

function setUp() {
  document.title = `${profile.title} · flame graph`;
  $("title").textContent = profile.title;
  for (const [name, value] of profile.facts) $("facts").append(element("dt", name), element("dd", value));
  $("about").hidden = profile.facts.length === 0;
  profile.types.forEach(({type, unit}, i) => $("type").add(new Option(unit && unit !== "count" ? `${type} (${unit})` : type, i, false, i === profile.type)));
  $("type").parentElement.hidden = profile.types.length < 2;
  $("scale").hidden = !diff;
  $("count").textContent = `${(profile.nodes.count - 1).toLocaleString("en-US")} frames`;

  let later;
  $("search").addEventListener("input", () => {
    clearTimeout(later);
    later = setTimeout(showSearch, 120);
  });
  $("search").addEventListener("keydown", (event) => {
    if (event.key === "Escape") {
      $("search").value = "";
      $("box").focus();
    } else if (event.key !== "Enter") {
      return;
    }
    event.preventDefault();
    clearTimeout(later);
    showSearch();
  });
  $("clear").addEventListener("click", () => {
    $("search").value = "";
    showSearch();
    $("search").focus();
  });
  $("type").addEventListener("change", showView);
  $("view").addEventListener("change", showView);
  $("up").addEventListener("click", () => graph.zoom(graph.zoomed.parent ?? graph.zoomed));
  $("reset").addEventListener("click", () => graph.zoom(graph.view.root));
  $("dark").addEventListener("click", () => {
    const root = document.documentElement;
    root.dataset.theme = graph.dark ? "light" : "dark";
    theme();
  });
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", theme);
  for (const event of ["focus", "blur"]) $("box").addEventListener(event, () => graph.draw());
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.altKey || event.metaKey || event.target.matches("input, select")) return;
    if (event.key === "/") $("search").focus();
    else if (event.key === "i") chooseNextView();
    else if (event.key === "?") $("keys").open = !$("keys").open;
    else return;
    event.preventDefault();
  });
}

function chooseNextView() {
  $("view").selectedIndex = ($("view").selectedIndex + 1) % $("view").options.length;
  showView();
}

setUp();
theme();
showView();
