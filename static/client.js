// Talks to the debugger. The one module that puts HTML from the server into the page.
import { MOUNT } from "./mount.js";
import { Lines } from "./ndjson.js";
import { sessionKey } from "./session-key.js";

/** A refusal. `code` is for programs, the message for people. */
export class Refusal extends Error {
  constructor(status, code, explanation, details = {}) {
    super(explanation);
    this.status = status;
    this.code = code;
    this.details = details;
  }

  /** Whether entering the PIN would help. */
  get locked() {
    return ["not_unlocked", "no_key"].includes(this.code);
  }
}

const CUT = "The connection ended before the command did: the server may be restarting, or have stopped.";
const GONE = "The server is not responding: it may be restarting, or have stopped. Try again.";

async function request(url, options) {
  let response;
  try {
    response = await fetch(url, { credentials: "same-origin", ...options });
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new Refusal(0, "unreachable", GONE);
  }
  if (!response.ok) throw await refusal(response);
  return response;
}

async function refusal(response) {
  const fallback = `The server answered ${response.status}. If it was restarted, cause the error again.`;
  try {
    const details = await response.json();
    return new Refusal(response.status, details.error ?? "", details.explanation ?? fallback, details);
  } catch {
    return new Refusal(response.status, "", fallback);
  }
}

function send(url, body, signal, key = "1") {
  const headers = { "Content-Type": "application/json", "X-Debugkit": key };
  return request(url, { method: "POST", headers, body: JSON.stringify(body), signal });
}

export async function post(url, body, signal) {
  return (await send(url, body, signal)).json();
}

/** A request about code that runs, which takes both halves of the session. */
export async function command(url, body) {
  return (await send(url, body, undefined, sessionKey() ?? undefined)).json();
}

export async function getText(url, signal, headers = {}) {
  return (await request(url, { headers: { "X-Debugkit": "1", ...headers }, signal })).text();
}

/** The same at once, for what only the handler of a key or click may do. Nothing else happens in the page meanwhile. */
export function getTextNow(url) {
  const asked = new XMLHttpRequest();
  asked.open("GET", url, false);
  asked.setRequestHeader("X-Debugkit", "1");
  asked.send();
  if (asked.status !== 200) throw new Refusal(asked.status, "", GONE);
  return asked.responseText;
}

/** An element of another page of the debugger. */
export async function getElement(url, selector, signal) {
  const page = new DOMParser().parseFromString(await getText(url, signal), "text/html");
  const element = page.querySelector(selector);
  if (!element) throw new Refusal(200, "empty", "The server sent nothing to show.");
  return document.importNode(element, true);
}

/** The one element of a server fragment. */
export async function getFragment(url, signal) {
  return element(await getText(url, signal, { Accept: "text/html" }));
}

/** The same as the answer to a question that should stand in no address. */
export async function postFragment(url, body, signal) {
  return element(await (await send(url, body, signal)).text());
}

/** Scripts in the markup do not run, since they come through a template. */
function element(markup) {
  const template = document.createElement("template");
  template.innerHTML = markup;
  const first = template.content.firstElementChild;
  if (!first) throw new Refusal(200, "empty", "The server sent nothing to show.");
  return document.importNode(first, true);
}

/** The events of one command, as they happen; the last is "done". Over HTTP/1.0 a cut connection looks like an end. */
export async function* evaluate(url, source, signal) {
  const response = await send(url, { source }, signal, sessionKey() ?? undefined);
  let last = null;
  for await (const event of events(response.body.pipeThrough(new TextDecoderStream()).getReader())) {
    last = event.kind;
    yield event;
  }
  if (last !== "done") throw new Refusal(0, "cut", CUT);
}

/** The one event of a replay; null where the connection ended before it. */
export async function replay(url, confirmed, signal) {
  const response = await send(url, { confirmed }, signal, sessionKey() ?? undefined);
  for await (const event of events(response.body.pipeThrough(new TextDecoderStream()).getReader())) return event;
  return null;
}

async function* events(reader) {
  const lines = new Lines();
  try {
    for (let piece = await reader.read(); !piece.done; piece = await reader.read()) yield* lines.push(piece.value);
    yield* lines.end();
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new Refusal(0, "cut", CUT);
  }
}

/** Where the children of values are asked for. */
export function valueUrl(handle) {
  return `${MOUNT}/values/${handle}`;
}

export const UNLOCK_URL = `${MOUNT}/unlock`;
export const LOCK_URL = `${MOUNT}/lock`;
