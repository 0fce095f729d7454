// This origin's half of a session: browsers send a cookie to every port of a host, and keep storage apart.
import { MOUNT } from "./mount.js";
import { follow, forget, recall, remember } from "./store.js";

const NAME = `key ${new URL(MOUNT).pathname}`;
const HANDED = /^#debugkit-key=([0-9a-f]{64})$/;

let kept = null; // where storage is blocked, for this page alone

export function sessionKey() {
  return recall(NAME) ?? kept;
}

export function keepKey(key) {
  kept = key;
  remember(NAME, key);
}

/** Hears of keys that other tabs get or give up. */
export function followKey(listener, signal) {
  follow(NAME, (key) => listener(key !== null), signal);
}

export function forgetKey() {
  kept = null;
  forget(NAME);
}

// The one-time link leads here with the key in the fragment, which must stay neither in the address nor in the history.
const handed = HANDED.exec(location.hash);
if (handed) {
  keepKey(handed[1]);
  history.replaceState(history.state, "", location.pathname + location.search);
}
