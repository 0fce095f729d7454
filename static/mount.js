// Everything of the debugger lives below the mount that this module itself was loaded from.
export const MOUNT = import.meta.url.slice(0, import.meta.url.lastIndexOf("/static/"));
