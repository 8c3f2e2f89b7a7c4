// A worker: the application's module once more, which here runs the tab's peer.
import run from "./chordscope-live.js";

await run({ module_or_path: new URL("./chordscope-live_bg.wasm", import.meta.url) });
