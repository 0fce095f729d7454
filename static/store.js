// The browser's storage, without exceptions: it may be full, blocked or absent. `storage` is "localStorage" or, for
// this tab alone, "sessionStorage"; by name, since where storage is blocked asking for it is what throws.

export function remember(key, value, storage = "localStorage") {
  try {
    globalThis[storage].setItem(`debugkit.${key}`, value);
  } catch {
    // Not remembered, then.
  }
}

export function forget(key, storage = "localStorage") {
  try {
    globalThis[storage].removeItem(`debugkit.${key}`);
  } catch {
    // There was nothing.
  }
}

export function recall(key, storage = "localStorage") {
  try {
    return globalThis[storage].getItem(`debugkit.${key}`);
  } catch {
    return null;
  }
}

/** Hears what other tabs of this origin remember under a key: `listener` gets the new value, or null. */
export function follow(key, listener, signal) {
  const heard = (event) => event.key === `debugkit.${key}` && listener(event.newValue);
  addEventListener("storage", heard, { signal });
}
