// Which frames are wide enough to be seen, row by row. Frames narrower than a pixel are not looked into: neighbours
// among them are drawn as one block. So the work depends on the size of the window, not on that of the profile.
export const kSmallest = 1; // pixels
const kBlock = 16; // a block ends here, so that zooming into one leads on however many there are

// rows[r] = [{x, width, node, small}], from left to right; `small` is null, or the frames of a block (node: their parent).
// The zoomed frame and all above it span the whole width.
export function layout(view, zoomed, width) {
  const rows = [];
  const put = (row, item) => (rows[row] ??= []).push(item);
  for (let node = zoomed; node; node = node.parent) put(node.depth, {x: 0, width, node, small: null});
  const waiting = [];
  if (zoomed.value > 0) waiting.push({x: 0, width, node: zoomed});
  while (waiting.length > 0) {
    const item = waiting.pop();
    const row = item.node.depth + 1;
    const scale = item.width / item.node.value;
    const wide = [];
    let x = item.x;
    let block = null;
    for (const node of view.children(item.node)) {
      const part = node.value * scale;
      if (part >= kSmallest) {
        block = null;
        const seen = {x, width: part, node, small: null};
        put(row, seen);
        wide.push(seen);
      } else if (block && block.width < kBlock) {
        block.width += part;
        block.small.push(node);
      } else {
        put(row, (block = {x, width: part, node: item.node, small: [node]}));
      }
      x += part;
    }
    for (let i = wide.length - 1; i >= 0; --i) waiting.push(wide[i]); // the leftmost next: rows stay in order
  }
  return rows;
}

// What lies at x in a row, or null.
export function find(row, x) {
  let low = 0;
  let high = row.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (row[middle].x <= x) low = middle + 1;
    else high = middle;
  }
  const item = row[low - 1];
  return item && x < item.x + Math.max(item.width, kSmallest) ? item : null;
}
