// Sentences of the server: what stands between backticks is code.
import {useState} from "preact/hooks";

export function Sentence({text}: {text: string}) {
  const parts = text.split("`");
  return <>{parts.map((part, i) => (i % 2 === 1 && i < parts.length - 1 ? <code key={i}>{part}</code> : i % 2 === 1 ? `\`${part}` : part))}</>;
}

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
