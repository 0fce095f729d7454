// What the address says is open: "#frame=19&in=deep.py:walk&panel=headers". In the fragment, so that a reload of the
// answer to a POST is still a POST: after the History API it would be a GET. All but `here` and `go` is pure.

let place = parse("");

/** @returns {{frame: number | null, name: string, panel: string}} frame: its number; name: its file and function */
export function parse(hash) {
  const fields = new URLSearchParams(hash.slice(1));
  const frame = /^\d+$/.test(fields.get("frame") ?? "") ? Number(fields.get("frame")) : null;
  return { frame, name: fields.get("in") ?? "", panel: fields.get("panel") ?? "" };
}

export function format({ frame, name, panel }) {
  const fields = [
    ["frame", frame === null ? "" : String(frame)],
    ["in", name],
    ["panel", panel],
  ];
  const kept = fields.filter(([, value]) => value);
  return kept.length ? `#${kept.map(([key, value]) => `${key}=${readable(value)}`).join("&")}` : "";
}

function readable(text) {
  return encodeURIComponent(text).replaceAll("%3A", ":").replaceAll("%2F", "/");
}

/**
 * The place among `frames` that an address means; -1 for none. After a change of the code the number is another one,
 * and the file and the function are mostly the same.
 *
 * @param {{frame: number | null, name: string}} wanted
 * @param {{number: number, name: string}[]} frames
 */
export function nearest({ frame, name }, frames) {
  if (frame === null) return -1;
  const distance = (other) => Math.abs(other.number - frame);
  const alike = frames.filter((other) => (name ? other.name === name : other.number === frame));
  return frames.indexOf(alike.sort((one, other) => distance(one) - distance(other))[0]);
}

/** What is open. A link to a part of the page, such as "#main", changes nothing of it. */
export function here() {
  if (/^(#((frame|in|panel)=.*)?)?$/.test(location.hash)) place = parse(location.hash);
  return place;
}

/** Lets the address tell what is open now. A step is one that Back takes back. */
export function go(changes, { step = false } = {}) {
  place = { ...here(), ...changes };
  const hash = format(place);
  if (hash === location.hash) return;
  if (step) location.hash = hash;
  else location.replace(hash || "#");
}
