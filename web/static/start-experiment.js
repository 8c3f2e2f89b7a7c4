// A worker that runs an experiment. Its module is the page's own, which the browser has: there it runs without a document.
import run from "./chordscope-experiments.js";

await run({ module_or_path: new URL("./chordscope-experiments_bg.wasm", import.meta.url) });
