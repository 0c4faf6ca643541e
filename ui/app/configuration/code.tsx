// A file with its lines numbered, coloured, and with what is wrong and what rules do at the line where it is.
import {useEffect, useMemo, useRef} from "preact/hooks";

import {link} from "../base/router";
import type {Diagnostic, RuleLine} from "../base/types";
import {Shape} from "../parts/state";
import {Sentence} from "../parts/text";
import {lines} from "./highlight";
import {ruleWords, type Span} from "./rules";

const kChunk = 100; // lines that the browser lays out together, when they are seen

interface Props {
  label: string;
  text: string;
  diagnostics?: readonly Diagnostic[];
  rules?: readonly RuleLine[];
  differs?: Span; // from the text that it is compared with
  at?: number;
}

export function Code({label, text, diagnostics = [], rules = [], differs, at = 0}: Props) {
  const all = useMemo(() => lines(text), [text]);
  const box = useRef<HTMLDivElement>(null);
  useEffect(() => {
    if (at > 0) box.current?.querySelector(`[data-line="${at}"]`)?.scrollIntoView({block: "center"});
  }, [at, text]);
  const chunks = [];
  for (let first = 0; first < all.length; first += kChunk) {
    const part = all.slice(first, first + kChunk);
    chunks.push(
      <div key={first} class="chunk" style={{containIntrinsicSize: `auto ${part.length * 20}px`}}>
        {part.map((line, i) => {
          const number = first + i + 1;
          const wrong = diagnostics.filter((each) => each.line === number);
          const rule = rules.find((each) => each.line === number);
          const other = differs !== undefined && number >= differs.from && number < differs.to;
          return (
            <div key={number}>
              <div class={`code-line${number === at ? " at" : ""}${wrong.length > 0 ? " wrong" : ""}${other ? " differs" : ""}`} data-line={number}><span class="number" aria-hidden="true">{number}</span><code>{line.map(({kind, text: piece}, k) => <span key={k} class={`k-${kind}`}>{piece}</span>)}{line.length === 0 && " "}</code>{rule && <RuleNote rule={rule}/>}</div>
              {wrong.map((each, k) => <p key={k} class={`code-note ${each.severity}`}><Shape state={each.severity === "error" ? "failing" : "late"}/><span><span class="unseen">Line {number}: </span><Sentence text={each.text}/> <span class="soft small">column {each.column}</span></span></p>)}
            </div>
          );
        })}
      </div>,
    );
  }
  return <div class="file" ref={box} tabIndex={0} role="region" aria-label={label}>{chunks}</div>;
}

function RuleNote({rule}: {rule: RuleLine}) {
  const words = ruleWords(rule);
  return <span class="rule-note small">{rule.of === "targets" ? <a href={link(`configuration/rules/${rule.component}`)}>{words}</a> : words}</span>;
}
