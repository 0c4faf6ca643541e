// A filter over labels that stands in the URL as `q`. What is typed takes effect shortly after; what is wrong with it is said below it.
import {useEffect, useRef, useState} from "preact/hooks";

import {param, setParams} from "../base/router";
import {expressionOf} from "../shell/seek";

const kWait = 150;

export function SearchField({value, error, label, placeholder, told, name = "q", plain = false, main = true}: {value: string; error: string; label: string; placeholder: string; told?: string; name?: string; plain?: boolean; main?: boolean}) {
  const [text, setText] = useState(value);
  const field = useRef<HTMLInputElement>(null);
  const sent = useRef(value);
  useEffect(() => {
    if (value !== sent.current) setText(value);
    sent.current = value;
  }, [value]);
  useEffect(() => {
    const timer = setTimeout(() => {
      const next = plain ? text : expressionOf(text);
      if (next === param(name) || text === param(name)) return;
      sent.current = next;
      setParams({[name]: next || null}, {replace: true});
    }, kWait);
    return () => clearTimeout(timer);
  }, [text]);
  return (
    <div class="search-field">
      <div class={`field${error ? " wrong" : ""}`}>
        <svg width="14" height="14" aria-hidden="true"><circle cx="6" cy="6" r="4.5" class="edge"/><path d="m9.5 9.5 3.5 3.5" class="edge"/></svg>
        <input ref={field} data-search={main ? "" : undefined} type="search" value={text} placeholder={placeholder} aria-label={label} aria-invalid={error !== ""} aria-describedby={error ? `${name}-error` : undefined}
          autocomplete="off" spellcheck={false} onInput={(event) => setText(event.currentTarget.value)}
          onKeyDown={(event) => {
            if (event.key !== "Escape") return;
            event.stopPropagation();
            if (text) setText("");
            else field.current?.blur();
          }}/>
        {told && <span class="soft small told-count">{told}</span>}
        {!text && main && <kbd>/</kbd>}
      </div>
      {error && <p id={`${name}-error`} class="field-error" role="alert">{error}</p>}
    </div>
  );
}
