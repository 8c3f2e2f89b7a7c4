// A worker that runs an experiment: a module of its own, so that the page shows before the simulator has come.
import run from "./chordscope-experiment.js";

await run({ module_or_path: new URL("./chordscope-experiment_bg.wasm", import.meta.url) });
