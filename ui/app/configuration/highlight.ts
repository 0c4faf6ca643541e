// The language of configurations in colours: pieces of one kind, line by line. It reads what does not parse, too. Pure.
export type Kind = "comment" | "string" | "number" | "word" | "block" | "name" | "secret" | "sign" | "plain";
export interface Piece {
  kind: Kind;
  text: string;
}

const kPattern = /(\/\/[^\n]*|\/\*[\s\S]*?(?:\*\/|$))|("?\(secret\)"?)|("(?:[^"\\\n]|\\.)*"?|`[^`]*`?)|(\b\d+(?:\.\d+)?(?:[eE][+-]?\d+)?\b)|([A-Za-z_][\w]*(?:\.[A-Za-z_]\w*)*)|([{}[\](),=<>!&|+*/%^?:.-])|(\s+)|([\s\S])/g;
const kWords = /^(true|false|null)$/;

export function pieces(text: string): Piece[] {
  const out: Piece[] = [];
  let lineStart = true;
  for (const [whole, comment, secret, string, number, word, sign, space] of text.matchAll(kPattern)) {
    let kind: Kind = "plain";
    if (comment !== undefined) kind = "comment";
    else if (string !== undefined) kind = "string";
    else if (secret !== undefined) kind = "secret";
    else if (number !== undefined) kind = "number";
    else if (sign !== undefined) kind = "sign";
    else if (word !== undefined) kind = kWords.test(word) ? "word" : lineStart ? "name" : "plain";
    out.push({kind, text: whole});
    if (space !== undefined) lineStart = lineStart || space.includes("\n");
    else if (sign === "{" || sign === "}") lineStart = true;
    else lineStart = false;
  }
  return blocks(out);
}

// A name before a label or a brace is a block's, before "=" an attribute's.
function blocks(all: Piece[]): Piece[] {
  for (let i = 0; i < all.length; ++i) {
    if (all[i].kind !== "name") continue;
    let next = i + 1;
    while (next < all.length && all[next].kind === "plain" && !all[next].text.trim()) ++next;
    const after = all[next];
    if (after && (after.kind === "string" || after.text === "{")) all[i] = {kind: "block", text: all[i].text};
  }
  return all;
}

export function lines(text: string): Piece[][] {
  const out: Piece[][] = [[]];
  for (const {kind, text: part} of pieces(text)) {
    part.split("\n").forEach((line, i) => {
      if (i > 0) out.push([]);
      if (line) out.at(-1)!.push({kind, text: line});
    });
  }
  if (text.endsWith("\n")) out.pop();
  return out;
}
