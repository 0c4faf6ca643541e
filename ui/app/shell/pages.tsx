// Which page a path is. Pages but the first two come in pieces of their own when they are asked for.
import type {ComponentType} from "preact";
import {useEffect, useState} from "preact/hooks";

import type {Resource} from "../base/resource";
import {go, link} from "../base/router";
import type {Verdict} from "../base/types";
import {Overview} from "../pages/overview";
import {Coming, Empty} from "../parts/states";

export interface PageProps {
  verdict: Resource<Verdict>;
}
type Loader = () => Promise<ComponentType<PageProps>>;

const kPages: Record<string, {title: string; load: Loader}> = {
  targets: {title: "Targets", load: async () => (await import("../pages/targets")).TargetsPage},
  pipeline: {title: "Pipeline", load: async () => (await import("../pages/pipeline")).PipelinePage},
  component: {title: "Component", load: async () => (await import("../pages/component")).ComponentPage},
  profiles: {title: "Profiles", load: async () => (await import("../pages/profiles")).ProfilesPage},
  delivery: {title: "Delivery", load: async () => (await import("../pages/delivery")).DeliveryPage},
  live: {title: "Live", load: async () => (await import("../pages/live")).LivePage},
  configuration: {title: "Configuration", load: async () => (await import("../pages/configuration")).ConfigurationPage},
  cluster: {title: "Cluster", load: async () => (await import("../pages/cluster")).ClusterPage},
  remotecfg: {title: "Remote configuration", load: async () => (await import("../pages/remotecfg")).RemotePage},
};

const kMoved: Record<string, string> = {graph: "pipeline", clustering: "cluster", debug: "live"};

// The chunk of a page; a failure to load it is told, not thrown.
function lazy(load: Loader, title: string): ComponentType<PageProps> {
  let known: ComponentType<PageProps> | null = null;
  return function Lazy(props: PageProps) {
    const [, redraw] = useState(0);
    const [failed, setFailed] = useState(false);
    const [since] = useState(Date.now());
    useEffect(() => {
      if (known) return;
      load().then((page) => {
        known = page;
        redraw(1);
      }, () => setFailed(true));
    }, []);
    if (known) {
      const Known = known;
      return <Known {...props}/>;
    }
    if (failed) return <Empty title={`The page ${title} could not be loaded.`}><button class="btn" type="button" onClick={() => location.reload()}>Load again</button></Empty>;
    return <><h1 class="unseen">{title}</h1><Coming what={title} since={since}/></>;
  };
}

const pages = new Map(Object.entries(kPages).map(([name, {title, load}]) => [name, {name, title, Page: lazy(load, title)}]));

export const isPage = (name: string) => name === "overview" || pages.has(name);

function Missing() {
  return <><h1 class="title">There is no such page</h1><Empty title="This address leads nowhere."><a href=".">To the overview</a></Empty></>;
}

export function pageFor(path: string): {name: string; title: string; Page: ComponentType<PageProps>} {
  const [head, ...rest] = path.split("/");
  if (head === "") return {name: "overview", title: "Overview", Page: Overview};
  if (head in kMoved) queueMicrotask(() => go(link([kMoved[head], ...rest].join("/")), {replace: true}));
  return pages.get(head) ?? {name: "missing", title: "No such page", Page: Missing};
}
