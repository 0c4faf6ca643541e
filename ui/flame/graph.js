// The graph itself: a canvas as large as the window shows, in a box that scrolls over the graph's full height.
// Tells its owner what is pointed at, focused and zoomed; knows nothing of tool bars and tooltips.
import {change, diffColor, warm} from "./colors.js";
import {shortName} from "./format.js";
import {find, layout} from "./layout.js";

const kGap = 1;
const kInks = ["page", "faded", "small", "found", "focus", "frame-text", "diff-text"]; // CSS properties of the box, --page and so on
const kLooks = {
  row: 19,
  font: 'system-ui, -apple-system, "Segoe UI", Roboto, sans-serif',
  color: (frame, dark) => warm(frame.name, dark), // of a frame
  root: (dark) => (dark ? "hsl(40 12% 62%)" : "hsl(40 25% 84%)"),
  note: null, // what stands at the right end of a wide frame, of a node
};

export class Graph {
  // on: {hover(item, x, y), zoom(node), focus(node)}; looks: parts of kLooks
  constructor(profile, box, canvas, on, looks = {}) {
    this.profile = profile;
    this.box = box;
    this.canvas = canvas;
    this.on = on;
    this.looks = {...kLooks, ...looks};
    this.row = this.looks.row;
    this.view = this.zoomed = this.focused = null;
    this.rows = [];
    this.colors = [];
    this.width = this.height = 0;
    this.dark = false;
    this.ink = {};
    this.spacer = box.querySelector("[data-height]");
    this.context = canvas.getContext("2d", {alpha: false});
    this.upright = false; // the root below, flames above
    this.found = null;
    this.textWidths = new Map();
    this.pending = false;
    this.sizes = new ResizeObserver(() => this.arrange());
    this.sizes.observe(box);
    box.addEventListener("scroll", () => {
      this.on.hover(null);
      this.draw();
    });
    this.listenToPointer();
    box.addEventListener("keydown", (event) => this.key(event));
  }

  show(view, profile = this.profile, at = view.root) {
    this.profile = profile;
    this.view = view;
    this.colors = [];
    this.zoom(at);
  }

  close() {
    this.sizes.disconnect();
    this.view = null;
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
    this.textWidths.clear();
    const before = this.box.style.color; // a property as it is written (light-dark(), var()) means nothing to a canvas
    this.ink = Object.fromEntries(kInks.map((name) => {
      this.box.style.color = `var(--${name})`;
      return [name, getComputedStyle(this.box).color];
    }));
    this.box.style.color = before;
    this.draw();
  }

  // ---- drawing

  arrange() {
    if (!this.view) return;
    this.width = this.box.clientWidth;
    this.rows = layout(this.view, this.zoomed, this.width);
    this.height = Math.max(this.rows.length * this.row, this.box.clientHeight);
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
    return this.upright ? this.height - (row + 1) * this.row : row * this.row;
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
    c.font = `12px ${this.looks.font}`;
    c.textBaseline = "middle";
    const scroll = this.box.scrollTop;
    for (let row = 0; row < this.rows.length; ++row) {
      const y = this.top(row) - scroll;
      if (y + this.row < 0 || y > height) continue;
      for (const item of this.rows[row]) this.paintItem(item, y);
    }
  }

  paintItem(item, y) {
    const c = this.context;
    const {node} = item;
    const width = Math.max(item.width - (item.width > 3 ? kGap : 0), 0.5);
    c.globalAlpha = node.depth < this.zoomed.depth ? 0.55 : 1; // above the zoomed frame
    c.fillStyle = item.small ? this.ink.small : this.colorOf(node);
    c.fillRect(item.x, y, width, this.row - kGap);
    c.globalAlpha = 1;
    if (node === this.focused && !item.small && document.activeElement === this.box) {
      c.strokeStyle = this.ink.focus;
      c.lineWidth = 2;
      c.strokeRect(item.x + 1, y + 1, Math.max(width - 2, 1), this.row - kGap - 2);
    }
    if (item.small || width < 22) return;
    c.fillStyle = this.ink[this.view.diff && !this.found ? "diff-text" : "frame-text"];
    const note = width > 110 ? this.looks.note?.(node) : "";
    let room = width - 8;
    if (note) {
      c.font = `600 12px ${this.looks.font}`;
      const long = c.measureText(note).width;
      c.fillText(note, item.x + width - long - 4, y + this.row / 2);
      c.font = `12px ${this.looks.font}`;
      room -= long + 8;
    }
    const text = this.fit(shortName(this.profile.frames[node.frame].name), room);
    if (text) c.fillText(text, item.x + 4, y + this.row / 2);
  }

  colorOf(node) {
    if (this.found) {
      if (this.found[node.frame]) return this.ink.found;
      return this.ink.faded;
    }
    if (this.view.diff) {
      const {before, after} = this.view.whole;
      return diffColor(change(node.before / (before || 1), node.after / (after || 1)), this.dark);
    }
    return (this.colors[node.frame] ??= node === this.view.root ? this.looks.root(this.dark) : this.looks.color(this.profile.frames[node.frame], this.dark));
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
    const row = this.upright ? Math.floor((this.height - y) / this.row) : Math.floor(y / this.row);
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

  // To the next frame (step 1) that the search found and that is wide enough to be drawn, row by row, or to the one before (-1).
  hit(step) {
    const hits = this.found ? this.rows.flatMap((row) => row.filter((item) => !item.small && this.found[item.node.frame])) : [];
    if (hits.length === 0) return;
    const at = hits.findIndex((item) => item.node === this.focused);
    this.box.focus();
    this.walk(hits[at < 0 && step < 0 ? hits.length - 1 : (at + step + hits.length) % hits.length].node);
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
    if (y < scrollTop) this.box.scrollTop = y - this.row;
    else if (y + this.row > scrollTop + clientHeight) this.box.scrollTop = y + 2 * this.row - clientHeight;
  }
}
