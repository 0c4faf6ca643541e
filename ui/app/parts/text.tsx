// Sentences of the server: what stands between backticks is code.
import {useState} from "preact/hooks";

export function Sentence({text}: {text: string}) {
  const parts = text.split("`");
  return <>{parts.map((part, i) => (i % 2 === 1 && i < parts.length - 1 ? <code key={i}>{part}</code> : i % 2 === 1 ? `\`${part}` : part))}</>;
}

export const capital = (text: string) => text.charAt(0).toUpperCase() + text.slice(1);

export async function copy(text: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    const area = document.createElement("textarea"); // plain http from afar has no clipboard of its own
    area.value = text;
    area.className = "unseen";
    document.body.append(area);
    area.select();
    const done = document.execCommand("copy");
    area.remove();
    return done;
  }
}

export function CopyButton({text, label, class: name = "btn"}: {text: string | (() => string); label: string; class?: string}) {
  const [told, tell] = useState("");
  const act = async () => {
    const done = await copy(typeof text === "string" ? text : text());
    tell(done ? "Copied" : "Not copied");
    setTimeout(() => tell(""), 2000);
  };
  return <button type="button" class={name} onClick={act}><span aria-live="polite" class="swap"><span class={told ? "away" : ""}>{label}</span>{told && <span class="told">{told}</span>}</span></button>;
}

export function Labels({labels, without = []}: {labels: Record<string, string>; without?: string[]}) {
  const shown = Object.entries(labels).filter(([name]) => !without.includes(name));
  return <span class="labels">{shown.map(([name, value]) => <code key={name} class="label"><span class="soft">{name}=</span>{value}</code>)}</span>;
}

// As much of Markdown as the documentation of components uses: paragraphs, lists, code.
export function Markdown({text}: {text: string}) {
  const blocks = text.split(/\n{2,}/).filter((block) => block.trim());
  return (
    <div class="markdown">
      {blocks.map((block, i) => {
        const lines = block.split("\n");
        if (lines[0].startsWith("```")) return <pre key={i} class="code" tabIndex={0}>{lines.slice(1, lines.at(-1)?.startsWith("```") ? -1 : undefined).join("\n")}</pre>;
        if (lines.every((line) => /^[-*] |^ {2,}/.test(line))) return <ul key={i} class="bullets">{block.split(/\n(?=[-*] )/).map((item) => <li key={item}><Sentence text={item.replace(/^[-*] /, "").replaceAll("\n", " ")}/></li>)}</ul>;
        const head = /^#+ (.*)$/.exec(block);
        return head ? <h3 key={i}>{head[1]}</h3> : <p key={i}><Sentence text={block.replaceAll("\n", " ")}/></p>;
      })}
    </div>
  );
}
