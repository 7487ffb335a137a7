/* One module for every page. The pages work without it; it makes them pleasant.
   Nothing here decides anything about money: no key approves, no script sends a form by itself. */

const root = document.documentElement;
const TOAST_MILLISECONDS = 6000;
const GO_MILLISECONDS = 1200;

/* Theme: Tabler reads data-bs-theme; "auto" follows the system, now and when it changes. */
const prefersDark = matchMedia("(prefers-color-scheme: dark)");

function applyTheme() {
  const choice = root.dataset.themeChoice;
  root.dataset.bsTheme = choice === "auto" ? (prefersDark.matches ? "dark" : "light") : choice;
}

prefersDark.addEventListener("change", applyTheme);
applyTheme();

/* A choice of theme, density or shortcuts takes effect at once and is kept by the server (a cookie). */
const applyChoice = {
  theme(choice) {
    root.dataset.themeChoice = choice;
    applyTheme();
  },
  density(choice) {
    if (choice === "compact") root.dataset.density = choice;
    else delete root.dataset.density;
  },
  shortcuts(choice) {
    root.dataset.shortcuts = choice;
  },
};

async function keepChoice(form, button) {
  const fields = new FormData(form, button);
  for (const other of form.querySelectorAll("button")) other.setAttribute("aria-pressed", String(other === button));
  applyChoice[fields.get("kind")](button.value);
  const answer = await fetch(form.action, { method: "POST", body: fields, redirect: "manual" });
  if (answer.type !== "opaqueredirect" && !answer.ok) form.submit();
}

/* A form is sent once. The server refuses the second copy as well; this spares people the question. */
function guardTwice(event) {
  const form = event.target;
  if (form.dataset.sent) {
    event.preventDefault();
    return;
  }
  form.dataset.sent = "yes";
  const button = event.submitter;
  // After this turn, so that the button's own name and value still travel with the form.
  setTimeout(() => button?.setAttribute("aria-disabled", "true"));
}

function releaseForms() {
  for (const form of document.querySelectorAll("form[data-sent]")) {
    delete form.dataset.sent;
    for (const button of form.querySelectorAll("button[aria-disabled]")) button.removeAttribute("aria-disabled");
  }
}

document.addEventListener("submit", (event) => {
  const form = event.target;
  if (form.matches("[data-display]")) {
    event.preventDefault();
    keepChoice(form, event.submitter);
  } else if (form.method === "post" && form.matches("[data-once]")) {
    guardTwice(event);
  }
});
window.addEventListener("pageshow", releaseForms); // back from the next page

/* Toasts: success fades, errors stay. Each can be closed; none fades under the pointer or the focus. */
function fadeLater(toast) {
  setTimeout(() => {
    if (toast.matches(":hover, :focus-within")) fadeLater(toast);
    else toast.remove();
  }, TOAST_MILLISECONDS);
}

function wakeToasts() {
  for (const toast of document.querySelectorAll("#toasts [data-fades]:not([data-awake])")) {
    toast.dataset.awake = "yes";
    fadeLater(toast);
  }
}

wakeToasts();

function say(sentence) {
  const toast = document.createElement("div");
  toast.className = "toast-note negative";
  toast.setAttribute("role", "alert");
  const text = document.createElement("p");
  text.textContent = sentence;
  const close = document.createElement("button");
  close.className = "btn btn-quiet";
  close.type = "button";
  close.dataset.dismiss = "";
  close.textContent = "×";
  close.setAttribute("aria-label", document.getElementById("toasts").dataset.closeLabel);
  toast.append(text, close);
  document.getElementById("toasts").append(toast);
}

/* A password can be shown while it is typed; the button is there only where this script is. */
for (const button of document.querySelectorAll("[data-reveal]")) {
  button.hidden = false;
  button.dataset.showLabel = button.textContent;
  button.addEventListener("click", () => {
    const field = document.getElementById(button.dataset.reveal);
    const shown = field.type === "password";
    field.type = shown ? "text" : "password";
    button.textContent = shown ? button.dataset.hideLabel : button.dataset.showLabel;
    button.setAttribute("aria-pressed", String(shown));
    field.focus();
  });
}

/* One box chooses all rows of a page, or none; it follows what is chosen row by row. The rows belong to its form. */
function rowsOf(box) {
  return [...document.querySelectorAll(`input[type=checkbox][name][form="${CSS.escape(box.dataset.chooseAll)}"]`)];
}

function followRows() {
  for (const box of document.querySelectorAll("[data-choose-all]")) {
    const chosen = rowsOf(box).filter((row) => row.checked).length;
    box.closest("[data-needs-script]").hidden = false;
    box.checked = chosen > 0 && chosen === rowsOf(box).length;
    box.indeterminate = chosen > 0 && !box.checked;
  }
}

document.addEventListener("change", (event) => {
  if (event.target.matches("[data-choose-all]")) for (const row of rowsOf(event.target)) row.checked = event.target.checked;
  if (event.target.matches("input[type=checkbox]")) followRows();
});
window.addEventListener("pageshow", followRows); // the browser may bring back what was chosen

/* Menus are <details>: one open at a time, closed by Escape and by a click elsewhere. */
function closeMenus(except) {
  for (const menu of document.querySelectorAll("details[data-menu][open]")) {
    if (!except || !menu.contains(except)) menu.open = false;
  }
}

document.addEventListener("click", (event) => {
  closeMenus(event.target);
  const opener = event.target.closest("[data-open]");
  if (opener) document.getElementById(opener.dataset.open).showModal();
  event.target.closest("[data-dismiss]")?.closest(".toast-note").remove();
  if (event.target.closest('[aria-disabled="true"]')) event.preventDefault();
});

/* A table that fits its card keeps its headings in view; one that does not scrolls sideways instead. */
function measure(scroller) {
  scroller.toggleAttribute("data-fits", scroller.firstElementChild.scrollWidth <= scroller.clientWidth);
}

const sizes = new ResizeObserver((entries) => entries.forEach((entry) => measure(entry.target)));

function watchTables() {
  for (const scroller of document.querySelectorAll("[data-scroll]")) sizes.observe(scroller);
}

watchTables();

/* How long is left: the server wrote it, this keeps it true. Two units, as the server writes them. */
function span(seconds) {
  const [days, hours, minutes] = [Math.floor(seconds / 86400), Math.floor(seconds / 3600) % 24, Math.floor(seconds / 60) % 60];
  const units = document.getElementById("toasts").dataset.units.split("|");
  const parts = [days, hours, minutes, seconds % 60].map((n, i) => (n ? units[i].replace("0", String(n)) : ""));
  const first = parts.findIndex((part) => part !== "");
  return first < 0 ? units[3] : parts.slice(first, first + 2).filter(Boolean).join(" ");
}

function countDown() {
  for (const mark of document.querySelectorAll("[data-until]")) {
    const seconds = Math.floor((Date.parse(mark.dateTime) - Date.now()) / 1000);
    const text = seconds > 0 ? mark.dataset.until.replace("{}", span(seconds)) : mark.dataset.over;
    if (mark.textContent !== text) mark.textContent = text;
  }
}

if (document.querySelector("[data-until], #listing")) setInterval(countDown, 1000);

/* Keyboard: Ctrl-K or / searches, ? helps, g and a letter goes. Single letters can be switched off.
   j and k go through the rows of a list, Enter opens one; a and r go to the fields and the page of a decision. */
let goUntil = 0;

function isTyping(target) {
  return target.closest("input, textarea, select, [contenteditable], dialog[open]") !== null;
}

function focusSearch(event) {
  const search = document.querySelector(".find input");
  if (!search) return;
  event.preventDefault();
  search.focus();
  search.select();
}

function followLetter(event) {
  goUntil = 0;
  const link = document.querySelector(`[data-go="${CSS.escape(event.key)}"]`);
  if (link) link.click();
}

function stepRows(by) {
  const links = [...document.querySelectorAll("#listing tbody a.lead")];
  const here = links.indexOf(document.activeElement);
  const there = here < 0 ? (by > 0 ? 0 : links.length - 1) : Math.min(Math.max(here + by, 0), links.length - 1);
  links[there]?.focus();
  return links.length > 0;
}

/* A form is gone to, never sent: its first field takes the focus. A link, or the button of a form that only reads, is followed. */
function goTo(key) {
  const target = document.querySelector(`[data-key="${CSS.escape(key)}"]`);
  if (!target) return false;
  if (target.matches("form")) target.querySelector("input:not([type=hidden])")?.focus();
  else if (target.matches("a") || target.form?.method === "get") target.click();
  return true;
}

function followKey(event) {
  const by = { j: 1, k: -1 }[event.key];
  if ((by && stepRows(by)) || goTo(event.key)) event.preventDefault();
  else if (event.key === "a" && document.activeElement.matches("#listing a.lead")) document.activeElement.click();
}

document.addEventListener("keydown", (event) => {
  if (event.key === "Escape") {
    const open = document.querySelector("details[data-menu][open]");
    closeMenus();
    open?.querySelector("summary").focus();
    return;
  }
  if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "k") {
    focusSearch(event);
    return;
  }
  if (root.dataset.shortcuts === "off" || event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target)) return;
  if (event.timeStamp < goUntil) followLetter(event);
  else if (event.key === "g") goUntil = event.timeStamp + GO_MILLISECONDS;
  else if (event.key === "/") focusSearch(event);
  else if (event.key === "?") document.getElementById("help")?.showModal();
  else if (event.key.length === 1) followKey(event);
});

/* htmx: empty filters stay out of the address, focus returns to where it was, refusals are said aloud. */
let focusedId = "";
let openWires = new Set();

document.addEventListener("htmx:configRequest", (event) => {
  const { verb, formData } = event.detail;
  if (verb !== "get") return;
  for (const name of new Set(formData.keys())) {
    const filled = formData.getAll(name).filter((text) => text !== "");
    formData.delete(name);
    for (const text of filled) formData.append(name, text);
  }
});

const wires = (state) => [...document.querySelectorAll(`details.wire${state}`)];

document.addEventListener("htmx:beforeSwap", () => {
  focusedId = document.activeElement?.id ?? "";
  openWires = new Set(wires("[open]").map((wire) => wire.textContent));
});

// What somebody reads stays open when the page around it is redrawn; it is known by what it says.
document.addEventListener("htmx:afterSwap", () => {
  for (const wire of wires(":not([open])")) wire.open = openWires.has(wire.textContent);
});

document.addEventListener("htmx:afterSettle", (event) => {
  wakeToasts();
  watchTables();
  releaseForms();
  followRows();
  if (document.activeElement !== document.body) return;
  const before = focusedId && document.getElementById(focusedId);
  const first = event.detail.elt.querySelector?.(".note[role=alert], [aria-invalid=true]");
  if (first) first.focus();
  else if (before) before.focus({ preventScroll: true });
});

// A form that came back with a full load: what is wrong with it may stand far below the top.
document.getElementById("errors")?.focus();

document.addEventListener("htmx:responseError", (event) => {
  const toasts = document.getElementById("toasts");
  if (event.detail.xhr.status !== 401) say(toasts.dataset[`said${event.detail.xhr.status}`] ?? toasts.dataset.saidOther);
});

document.addEventListener("htmx:sendError", () => say(document.getElementById("toasts").dataset.saidOffline));
