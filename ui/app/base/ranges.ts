// A long list of groups as rows on the screen: heads, rows, and "n more" of groups that are shown in part. Pure.
export interface Group {
  key: string;
  count: number;
}

export type Line =
  | {kind: "head"; group: number}
  | {kind: "row"; group: number; offset: number} // place among all rows, groups one after the other
  | {kind: "more"; group: number; left: number};

export type Opening = "closed" | "some" | "all";

interface Part {
  line: number; // of the head
  offset: number; // of the first row
  shown: number;
  left: number;
}

export class Plan {
  readonly length: number;
  private readonly parts: Part[] = [];

  // `heads` false: one list without groups.
  constructor(groups: readonly Group[], opening: (group: number) => Opening, private readonly some = 5, private readonly heads = true) {
    let line = 0;
    let offset = 0;
    groups.forEach(({count}, i) => {
      const how = heads ? opening(i) : "all";
      const shown = how === "closed" ? 0 : how === "all" || count <= this.some + 1 ? count : this.some;
      const left = how === "some" ? count - shown : 0;
      this.parts.push({line, offset, shown, left});
      line += (heads ? 1 : 0) + shown + (left > 0 ? 1 : 0);
      offset += count;
    });
    this.length = line;
  }

  at(line: number): Line {
    let low = 0;
    let high = this.parts.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (this.parts[middle].line <= line) low = middle;
      else high = middle - 1;
    }
    const part = this.parts[low];
    const within = line - part.line - (this.heads ? 1 : 0);
    if (within < 0) return {kind: "head", group: low};
    if (within < part.shown) return {kind: "row", group: low, offset: part.offset + within};
    return {kind: "more", group: low, left: part.left};
  }

  // The line of a row, or -1 when its group hides it.
  lineOf(offset: number): number {
    const part = this.parts.findLast((each) => each.offset <= offset);
    if (!part || offset - part.offset >= part.shown) return -1;
    return part.line + (this.heads ? 1 : 0) + offset - part.offset;
  }
}

// Browsers cut boxes off at some 16 to 33 million pixels: above `limit` the scroll bar moves further than it shows.
export class Scale {
  readonly height: number;

  constructor(private readonly total: number, private readonly view: number, limit = 8_000_000) {
    this.height = Math.min(total, limit);
  }

  // From what the box has scrolled to what is scrolled of the list.
  toList(scrolled: number): number {
    const room = this.height - this.view;
    return room <= 0 || this.height === this.total ? scrolled : (scrolled * (this.total - this.view)) / room;
  }

  toBox(scrolled: number): number {
    const room = this.total - this.view;
    return room <= 0 || this.height === this.total ? scrolled : (scrolled * (this.height - this.view)) / room;
  }
}

// A key as short as a link can bear; of few keys no two are alike.
export function shortKey(key: string): string {
  let h = 2166136261;
  for (let i = 0; i < key.length; ++i) h = Math.imul(h ^ key.charCodeAt(i), 16777619);
  return (h >>> 0).toString(36);
}
