// What a tab keeps of its consoles and pages while they are loaded anew. Pure: knows no element and no storage.
//
// A console is known by the place of its frame, file and function; a page by its address. A record is
// {place, generation, commands: [{text, parts: [{kind, text}]}], draft, caret, focused}; a page {address, place, ...}.

const PLACES = 12; // of consoles, and of pages
const COMMANDS = 50; // of one console
const PART = 2_000; // characters of what came of a command, each
const ALL = 60_000; // characters of the commands of one console, newest first

/** What was stored; nothing if it is missing or was damaged. */
export function parseKept(text) {
  try {
    const { consoles, pages } = JSON.parse(text ?? "{}");
    return { consoles: records(consoles, "place"), pages: records(pages, "address") };
  } catch {
    return { consoles: [], pages: [] };
  }
}

function records(list, key) {
  return Array.isArray(list) ? list.filter((record) => typeof record?.[key] === "string") : [];
}

/** What is kept after the page `page` with these consoles: what they have now counts for their places. */
export function merged(kept, page, consoles) {
  const own = new Map();
  for (const record of consoles) own.set(record.place, joined(own.get(record.place), record));
  const worth = [...own.values()].filter((record) => record.commands.length || record.draft);
  const others = kept.consoles.filter((record) => !own.has(record.place));
  return {
    consoles: [...others, ...worth].slice(-PLACES),
    pages: [...kept.pages.filter((other) => other.address !== page.address), page].slice(-PLACES),
  };
}

/** Frames of a recursion have one place. */
function joined(first, second) {
  if (!first) return second;
  const typed = first.draft ? first : second;
  return { ...typed, commands: bounded([...first.commands, ...second.commands]) };
}

/** The newest commands that a console may keep, with what came of them cut. */
export function bounded(commands) {
  const last = commands.slice(-COMMANDS).map(({ text, parts }) => ({ text, parts: parts.map(cut) }));
  let left = ALL;
  const size = ({ text, parts }) => parts.reduce((sum, part) => sum + part.text.length, text.length);
  const from = last.findLastIndex((typed) => {
    left -= size(typed);
    return left < 0;
  });
  return last.slice(from + 1);
}

function cut({ kind, text }) {
  return { kind, text: text.length > PART ? `${text.slice(0, PART - 1)}…` : text };
}

/**
 * The record for a console in `place`, or, for the first console of a page, that of the frame which was open on the
 * page before and is none of its `places` any more.
 */
export function recordFor(kept, place, { address = "", places = null } = {}) {
  const record = kept.consoles.find((other) => other.place === place);
  if (record || !places) return record ?? null;
  const before = kept.pages.find((page) => page.address === address)?.place;
  if (before === undefined || places.includes(before)) return null;
  return kept.consoles.find((other) => other.place === before) ?? null;
}

/** "4 commands before the change" */
export function label(count, changed) {
  return `${count} ${count === 1 ? "command" : "commands"} ${changed ? "before the change" : "from before"}`;
}
