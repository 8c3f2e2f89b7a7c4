// Starts the application: Trunk writes the hashed names of its two files into this script's own element.
const { js, wasm } = document.querySelector("script[data-js]").dataset;
const at = (name) => new URL(name, document.baseURI);
try {
  const { default: start } = await import(at(js));
  await start({ module_or_path: at(wasm) });
} catch (error) {
  const boot = document.getElementById("boot");
  if (boot) {
    boot.textContent =
      "The simulator did not start. Reload the page; if that does not help, use a browser of 2024 or later.";
  }
  throw error;
}
