// Events of simulated worlds per second, as `World::step` counts them, by the clock on the wall.
const module = new WebAssembly.Module(Uint8Array.from("MODULE".match(/../g), (digits) => parseInt(digits, 16)));

function measure(few, watched) {
  const { settle, step, memory } = new WebAssembly.Instance(module).exports;
  const nodes = settle(few, watched);
  const kib = memory.buffer.byteLength / 1024 / nodes;
  let events = 0;
  const start = performance.now();
  while (performance.now() - start < 4_000) {
    step(1_000);
    events += 1_000;
  }
  return [(events * 1_000) / (performance.now() - start), kib];
}

const [rate, memory] = measure(false, false);
const [watched] = measure(false, true);
const [small] = measure(true, false);
const figures = {
  wasm_world_events: rate,
  wasm_world_memory_kib_a_node: memory,
  wasm_world_events_with_trace_and_checks: watched,
  wasm_world_events_of_100_nodes: small,
};
