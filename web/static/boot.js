// Shows the application that the address asks for, and starts it when it is shown for the first time. The others
// go on, unseen. The names of all files are written into this script's own element.
const { dataset } = document.querySelector("script[data-ring-js]");
const at = (name) => new URL(name, document.baseURI);
const element = (id) => document.getElementById(id);
const PAGES = new Map([["", "home"], ["/lesson", "lesson"], ["/ring", "ring"], ["/swarm", "swarm"], ["/directory", "directory"], ["/cap", "cap"], ["/experiments", "experiments"], ["/live", "live"]]);
const LOADING = element("boot-status").textContent;
const started = new Set();
const ready = new Set();

// The application's name; none where there is no such page.
function wanted() {
  const [path, query] = location.hash.slice(1).split("?");
  const page = path.startsWith("/") ? path.replace(/\/$/, "") : "";
  // The ring page had the root once: links to a run on it, and to its stage alone, lead to it still.
  const isRun = query || /[?&]embed(=1)?(&|$)/.test(location.search);
  return page === "" && isRun ? "ring" : PAGES.get(page);
}

function show() {
  const name = wanted();
  for (const page of PAGES.values()) element(page).hidden = page !== name;
  element("boot").hidden = ready.has(name);
  element("boot-home").hidden = name !== "home";
  element("boot-pages").hidden = name !== undefined;
  element("boot-status").textContent = name ? LOADING : `There is no page ${location.hash.split("?")[0]} here.`;
}

async function start(name) {
  const style = dataset[`${name}Css`];
  if (style) {
    const link = document.createElement("link");
    document.head.append(Object.assign(link, { rel: "stylesheet", href: at(style) }));
  }
  // Both files at once: the script would ask for the module only when it has come itself.
  const module = fetch(at(dataset[`${name}Wasm`]));
  const { default: run } = await import(at(dataset[`${name}Js`]));
  await run({ module_or_path: module });
}

async function route() {
  const name = wanted();
  show();
  if (!name || started.has(name)) return;
  started.add(name);
  try {
    await start(name);
    ready.add(name);
    show();
  } catch (error) {
    started.delete(name);
    element("boot-status").textContent =
      "The page did not start. Reload it; if that does not help, use a browser of 2024 or later.";
    throw error;
  }
}

// A menu closes when something in it is chosen.
addEventListener("click", ({ target }) => target.closest("[popover]:popover-open")?.hidePopover());
addEventListener("hashchange", route);
await route();
