// localStorage that never throws: it may be full, blocked or absent.

export function remember(key, value) {
  try {
    localStorage.setItem(`debugkit.${key}`, value);
  } catch {
    // Not remembered, then.
  }
}

export function recall(key) {
  try {
    return localStorage.getItem(`debugkit.${key}`);
  } catch {
    return null;
  }
}
