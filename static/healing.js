// What a page does when the code has changed. Pure: knows no element and no network.

/** A page that healed and is still made by other code, this often, stops trying: it would reload for ever. */
export const TRIES = 3;
/** Milliseconds until the first attempt to connect again: the new worker may serve by now, and lets the client wait. */
const AT_ONCE = 20;
/** Milliseconds until the second attempt, doubled for each further one, and the most they grow to. */
const SOON = 200;
const LONGEST = 5000;
/** Attempts after which the server is said not to answer: about one and a half seconds. */
const PATIENT = 5;

/**
 * @param {{heals: string, generation: string}} page what the server said when it made the page
 * @param {{generation: string, failed: boolean}} hello what runs now
 * @param {{occupied: boolean, tries: number}} now whether reloading would lose something; how often it was tried
 * @returns {"nothing" | "reload" | "offer" | "why"}
 */
export function healing(page, hello, { occupied, tries }) {
  if (page.heals === "list" || hello.generation === page.generation) return "nothing";
  if (page.heals === "reload") return occupied || tries >= TRIES ? "offer" : "reload";
  return hello.failed ? "why" : "offer";
}

/** Milliseconds to wait before connecting again, for the nth time in a row, from 1 on. */
export function pause(attempt) {
  return attempt === 1 ? AT_ONCE : Math.min(LONGEST, SOON * 2 ** (attempt - 2));
}

const SENTENCES = {
  lost: "Reloading…",
  silent: "The server is not responding. This page will continue when it is back.",
  why: "The changed code failed to start.",
  offer: "The code has changed.",
  past: "The code has changed since this error.",
};

/** What to say after `attempt` attempts to connect have failed in a row. */
export function waiting(attempt) {
  return attempt < PATIENT ? SENTENCES.lost : SENTENCES.silent;
}

/** What to say with an offer. */
export function sentence(action, heals) {
  return SENTENCES[action === "offer" && heals === "past" ? "past" : action] ?? "";
}

/** How often the page was reloaded for this generation; `stored` is what `retold` made, or null. */
export function triesFor(generation, stored) {
  const [name, count] = (stored ?? "").split(" ");
  return name === generation ? Number(count) || 0 : 0;
}

export function retold(generation, tries) {
  return `${generation} ${tries}`;
}
