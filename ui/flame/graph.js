// The graph itself: a canvas as large as the window shows, in a box that scrolls over the graph's full height.
// Tells its owner what is pointed at, focused and zoomed; knows nothing of tool bars and tooltips.
import {change, diffColor, warm} from "./colors.js";
import {shortName} from "./format.js";
import {find, layout} from "./layout.js";

const kRow = 19;
const kGap = 1;
const kText = '12px system-ui, -apple-system, "Segoe UI", Roboto, sans-serif';

export class Graph {
  // on: {hover(item, x, y), zoom(node), focus(node)}
  constructor(profile, box, canvas, on) {
    Object.assign(this, {profile, box, canvas, on});
    this.spacer = box.querySelector("[data-height]");
    this.context = canvas.getContext("2d", {alpha: false});
    this.upright = false; // the root below, flames above
    this.found = null;
    this.textWidths = new Map();
    this.pending = false;
    new ResizeObserver(() => this.arrange()).observe(box);
    box.addEventListener("scroll", () => {
      this.on.hover(null);
      this.draw();
    });
    this.listenToPointer();
    box.addEventListener("keydown", (event) => this.key(event));
  }

  show(view) {
    this.view = view;
    this.colors = [];
    this.zoom(view.root);
  }

  zoom(node) {
    this.zoomed = this.focused = node;
    this.on.zoom(node);
    this.arrange();
    this.scrollTo(node);
  }

  highlight(found) {
    this.found = found;
    this.draw();
  }

  theme(dark) {
    this.dark = dark;
    this.colors = [];
    const style = getComputedStyle(this.box);
    this.ink = Object.fromEntries(["page", "faded", "small", "found", "focus", "frame-text"].map((name) => [name, style.getPropertyValue(`--${name}`)]));
    this.draw();
  }

  // ---- drawing

  arrange() {
    if (!this.view) return;
    this.width = this.box.clientWidth;
    this.rows = layout(this.view, this.zoomed, this.width);
    this.height = Math.max(this.rows.length * kRow, this.box.clientHeight);
    this.spacer.style.height = `${this.height}px`;
    this.draw();
  }

  draw() {
    if (this.pending) return;
    this.pending = true;
    requestAnimationFrame(() => {
      this.pending = false;
      this.paint();
    });
  }

  top(row) {
    return this.upright ? this.height - (row + 1) * kRow : row * kRow;
  }

  paint() {
    if (!this.view) return;
    const ratio = devicePixelRatio || 1;
    const height = this.box.clientHeight;
    if (this.canvas.width !== Math.round(this.width * ratio) || this.canvas.height !== Math.round(height * ratio)) {
      this.canvas.width = Math.round(this.width * ratio);
      this.canvas.height = Math.round(height * ratio);
      this.canvas.style.width = `${this.width}px`;
      this.canvas.style.height = `${height}px`;
    }
    const c = this.context;
    c.setTransform(ratio, 0, 0, ratio, 0, 0);
    c.fillStyle = this.ink.page;
    c.fillRect(0, 0, this.width, height);
    c.font = kText;
    c.textBaseline = "middle";
    const scroll = this.box.scrollTop;
    for (let row = 0; row < this.rows.length; ++row) {
      const y = this.top(row) - scroll;
      if (y + kRow < 0 || y > height) continue;
      for (const item of this.rows[row]) this.paintItem(item, y);
    }
  }

  paintItem(item, y) {
    const c = this.context;
    const {node} = item;
    const width = Math.max(item.width - (item.width > 3 ? kGap : 0), 0.5);
    c.globalAlpha = node.depth < this.zoomed.depth ? 0.55 : 1; // above the zoomed frame
    c.fillStyle = item.small ? this.ink.small : this.colorOf(node);
    c.fillRect(item.x, y, width, kRow - kGap);
    c.globalAlpha = 1;
    if (node === this.focused && !item.small && document.activeElement === this.box) {
      c.strokeStyle = this.ink.focus;
      c.lineWidth = 2;
      c.strokeRect(item.x + 1, y + 1, Math.max(width - 2, 1), kRow - kGap - 2);
    }
    if (item.small || width < 22) return;
    const text = this.fit(shortName(this.profile.frames[node.frame].name), width - 8);
    if (!text) return;
    c.fillStyle = this.ink["frame-text"];
    c.fillText(text, item.x + 4, y + kRow / 2);
  }

  colorOf(node) {
    if (this.found) {
      if (this.found[node.frame]) return this.ink.found;
      return this.ink.faded;
    }
    if (this.view.diff) {
      const root = this.view.root;
      return diffColor(change(node.before / (root.before || 1), node.after / (root.after || 1)), this.dark);
    }
    return (this.colors[node.frame] ??= node === this.view.root ? (this.dark ? "hsl(40 12% 62%)" : "hsl(40 25% 84%)") : warm(this.profile.frames[node.frame].name, this.dark));
  }

  // As much of the text as fits, measured letter by letter: asking the canvas for each whole label is slow.
  fit(text, width) {
    let sum = 0;
    const dots = this.widthOf("…");
    let cut = 0;
    for (let i = 0; i < text.length; ++i) {
      sum += this.widthOf(text[i]);
      if (sum > width) return cut >= 2 ? `${text.slice(0, cut)}…` : "";
      if (sum <= width - dots) cut = i + 1;
    }
    return text;
  }

  widthOf(letter) {
    let width = this.textWidths.get(letter);
    if (width === undefined) this.textWidths.set(letter, (width = this.context.measureText(letter).width));
    return width;
  }

  // ---- pointing

  itemAt(clientX, clientY) {
    const edge = this.box.getBoundingClientRect();
    const y = clientY - edge.top + this.box.scrollTop;
    const row = this.upright ? Math.floor((this.height - y) / kRow) : Math.floor(y / kRow);
    return this.rows[row] ? find(this.rows[row], clientX - edge.left) : null;
  }

  listenToPointer() {
    const canvas = this.canvas;
    canvas.addEventListener("pointermove", (event) => {
      if (event.pointerType === "touch") return; // a finger scrolls; a tap tells below what it is on
      const item = this.itemAt(event.clientX, event.clientY);
      canvas.style.cursor = item ? "pointer" : "default";
      this.on.hover(item, event.clientX, event.clientY);
    });
    canvas.addEventListener("pointerleave", () => this.on.hover(null));
    canvas.addEventListener("click", (event) => {
      const item = this.itemAt(event.clientX, event.clientY);
      if (item) this.zoom(item.small ? this.view.group(item.node, item.small) : item.node);
    });
  }

  // ---- keyboard: arrows walk, Enter zooms, Escape and Backspace go back up

  key(event) {
    if (event.ctrlKey || event.altKey || event.metaKey) return;
    const deeper = this.upright ? "ArrowUp" : "ArrowDown";
    const back = this.upright ? "ArrowDown" : "ArrowUp";
    const act = {
      [deeper]: () => this.walk(this.widest(this.focused)),
      [back]: () => this.walk(this.focused.parent),
      ArrowLeft: () => this.walk(this.sibling(-1)),
      ArrowRight: () => this.walk(this.sibling(1)),
      Home: () => this.zoom(this.view.root),
      Enter: () => this.zoom(this.focused),
      " ": () => this.zoom(this.focused),
      Backspace: () => this.zoom(this.zoomed.parent ?? this.zoomed),
      Escape: () => this.zoom(this.view.root),
    }[event.key];
    if (!act) return;
    event.preventDefault();
    act();
  }

  walk(node) {
    if (!node) return;
    if (node.depth < this.zoomed.depth) {
      this.zoom(node);
      return;
    }
    this.focused = node;
    this.on.focus(node);
    this.scrollTo(node);
    this.draw();
  }

  seen(node) {
    return this.rows[node.depth]?.some((item) => item.node === node && !item.small);
  }

  widest(node) {
    return this.view.children(node).reduce((best, kid) => (!best || kid.value > best.value ? kid : best), null);
  }

  // The next frame of the same row, across parents.
  sibling(step) {
    const row = this.rows[this.focused.depth]?.filter((item) => !item.small) ?? [];
    return row[row.findIndex((item) => item.node === this.focused) + step]?.node;
  }

  scrollTo(node) {
    if (!this.seen(node) && node !== this.zoomed) this.zoom(node); // too narrow to be seen: go in
    const y = this.top(node.depth);
    const {scrollTop, clientHeight} = this.box;
    if (y < scrollTop) this.box.scrollTop = y - kRow;
    else if (y + kRow > scrollTop + clientHeight) this.box.scrollTop = y + 2 * kRow - clientHeight;
  }
}
