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
