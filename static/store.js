// localStorage that never throws: it may be full, blocked or absent.

export function remember(key, value) {
  try {
    localStorage.setItem(`debugkit.${key}`, value);
  } catch {
    // Not remembered, then.
  }
}

export function forget(key) {
  try {
    localStorage.removeItem(`debugkit.${key}`);
  } catch {
    // There was nothing.
  }
}

export function recall(key) {
  try {
    return localStorage.getItem(`debugkit.${key}`);
  } catch {
    return null;
  }
}
