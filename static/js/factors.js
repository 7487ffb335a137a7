/* Passkeys, and the page of recovery codes. Nothing of this decides anything: the server checks what comes.
   A form is sent by its own button; the browser asks for fingerprint, face or PIN before that. */

const root = document.documentElement;
const hasPasskeys = Boolean(window.PublicKeyCredential && navigator.credentials);
root.dataset.scripted = hasPasskeys ? "passkeys" : "yes";

function bytes(text) {
  const plain = atob(text.replaceAll("-", "+").replaceAll("_", "/"));
  return Uint8Array.from(plain, (letter) => letter.charCodeAt(0));
}

function text(buffer) {
  const plain = String.fromCharCode(...new Uint8Array(buffer));
  return btoa(plain).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}

async function optionsFrom(url, form) {
  const fields = new URLSearchParams({
    address: new URL(form.action, location.href).pathname,
    csrfmiddlewaretoken: form.elements.csrfmiddlewaretoken.value,
  });
  const answer = await fetch(url, { method: "POST", body: fields });
  if (!answer.ok) throw new Error(`options: ${answer.status}`);
  return (await answer.json()).publicKey;
}

const listed = (credentials) => (credentials ?? []).map((one) => ({ ...one, id: bytes(one.id) }));

async function used(options) {
  const publicKey = {
    ...options,
    challenge: bytes(options.challenge),
    allowCredentials: listed(options.allowCredentials),
  };
  const made = await navigator.credentials.get({ publicKey });
  return described(made, {
    authenticatorData: text(made.response.authenticatorData),
    signature: text(made.response.signature),
    userHandle: made.response.userHandle ? text(made.response.userHandle) : null,
  });
}

async function made(options) {
  const publicKey = {
    ...options,
    challenge: bytes(options.challenge),
    user: { ...options.user, id: bytes(options.user.id) },
    excludeCredentials: listed(options.excludeCredentials),
  };
  const credential = await navigator.credentials.create({ publicKey });
  return described(credential, {
    attestationObject: text(credential.response.attestationObject),
    transports: credential.response.getTransports?.() ?? [],
  });
}

function described(credential, response) {
  return JSON.stringify({
    id: credential.id,
    rawId: text(credential.rawId),
    type: credential.type,
    authenticatorAttachment: credential.authenticatorAttachment,
    clientExtensionResults: credential.getClientExtensionResults(),
    response: { ...response, clientDataJSON: text(credential.response.clientDataJSON) },
  });
}

/* Fill one hidden field by a ceremony. Says in the page when it came to nothing. */
async function fill(form, field, url, ceremony) {
  const refused = [...form.querySelectorAll("[data-passkey-refused]")].at(field.name === "registration" ? 0 : -1);
  refused.hidden = true;
  try {
    field.value = await ceremony(await optionsFrom(url, form));
  } catch (trouble) {
    refused.hidden = false;
    console.info("passkey:", trouble.name, trouble.message);
  }
  return field.value !== "";
}

/* A passkey was used. At the door that is all there is to do; a decision is still made by its own button. */
async function show(button) {
  const form = button.form;
  if (!(await fill(form, form.elements.credential, button.dataset.passkey, used))) return;
  if (form.matches("[data-sends]")) {
    form.requestSubmit();
    return;
  }
  form.querySelector("[data-passkey-shown]").hidden = false;
  form.querySelector("[type=submit]").focus();
}

async function register(form, submitter) {
  if (await fill(form, form.elements.registration, form.dataset.registers, made)) form.requestSubmit(submitter);
}

function copyCodes(button) {
  const items = document.querySelectorAll(`${button.dataset.copy} li`);
  navigator.clipboard.writeText([...items].map((item) => item.textContent.trim()).join("\n"));
  button.querySelector("span").textContent = button.dataset.done;
}

document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-passkey], [data-print], [data-copy]");
  if (!button) return;
  if (button.matches("[data-print]")) print();
  else if (button.matches("[data-copy]")) copyCodes(button);
  else show(button);
});

/* Before anything else hears of it: a form that registers is sent only once there is something to register. */
document.addEventListener(
  "submit",
  (event) => {
    const form = event.target;
    if (!form.matches("[data-registers]") || form.elements.registration.value || !hasPasskeys) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    register(form, event.submitter);
  },
  true,
);

window.addEventListener("pageshow", () => {
  for (const field of document.querySelectorAll("[name=credential], [name=registration]")) field.value = "";
});
