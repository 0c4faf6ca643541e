// What the keys do, as a dialog; here they can be switched off.
import {useEffect, useRef} from "preact/hooks";

import {groupsOfKeys, helpOpen, keysOn} from "../base/keys";

const shown = (key: string) => (key.length > 1 && key.startsWith("g") ? [key[0], key[1]] : [key === " " ? "Space" : key]);

export function Help() {
  const dialog = useRef<HTMLDialogElement>(null);
  useEffect(() => {
    const element = dialog.current;
    if (helpOpen.value) element?.showModal();
    else element?.close();
  }, [helpOpen.value]);
  return (
    <dialog ref={dialog} class="help" aria-labelledby="help-title" onClose={() => (helpOpen.value = false)} onClick={(event) => event.target === dialog.current && dialog.current?.close()}>
      <div class="help-body">
        <h2 id="help-title">Keys</h2>
        <div class="help-groups">
          {groupsOfKeys().filter(({keys}) => keys.length > 0).reverse().map(({title, keys}) => (
            <section key={title}>
              <h3>{title}</h3>
              <dl>{keys.map(({key, what}) => <div key={key}><dt>{shown(key).map((each) => <kbd key={each}>{each}</kbd>)}</dt><dd>{what}</dd></div>)}</dl>
            </section>
          ))}
          <section>
            <h3>In tables and graphs</h3>
            <dl>
              <div><dt><kbd>j</kbd><kbd>k</kbd></dt><dd>Next, previous row</dd></div>
              <div><dt><kbd>Enter</kbd></dt><dd>Open</dd></div>
              <div><dt><kbd>Esc</kbd></dt><dd>Close, zoom out</dd></div>
            </dl>
          </section>
        </div>
        <p class="help-foot">
          <label><input type="checkbox" checked={keysOn.value === "on"} onChange={(event) => (keysOn.value = event.currentTarget.checked ? "on" : "off")}/> Single letters act as keys</label>
          <button type="button" class="btn" onClick={() => dialog.current?.close()}>Close</button>
        </p>
      </div>
    </dialog>
  );
}
