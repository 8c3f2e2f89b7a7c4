// A worker that runs the tab's peer: a module of its own, so that the page shows before the protocol has come.
import run from "./chordscope-tab.js";

await run({ module_or_path: new URL("./chordscope-tab_bg.wasm", import.meta.url) });
