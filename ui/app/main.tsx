// The web app. It takes the place of the document that the server wrote, which stays as it is where scripts do not run.
import {render} from "preact";

import {startEvents} from "./base/events";
import {startKeys} from "./base/keys";
import {startRouter} from "./base/router";
import {startTheme} from "./base/theme";
import {startClock} from "./base/times";
import {Shell} from "./shell/shell";

startTheme();
startRouter();
startClock();
startKeys();
startEvents();

const root = document.createElement("div");
root.id = "app";
render(<Shell/>, root);
document.querySelector("link[data-plain]")?.remove(); // the style of the page that it takes the place of
document.body.replaceChildren(root);
document.body.className = "app";
