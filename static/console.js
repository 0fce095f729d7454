// What makes <dk-console> a console. What is typed goes to the log at Enter, waits for its turn there, and runs; the
// line below is always free. Streams what a command prints; keeps its state in the page.
import { announce } from "./announcing.js";
import { command, evaluate } from "./client.js";
import { CommandQueue } from "./command-queue.js";
import { Editor } from "./console-editor.js";
import { ConsoleEntry, SLOW } from "./console-entry.js";
import { continuation, prepare, together } from "./console-input.js";
import { Log } from "./console-log.js";
import { make } from "./dom.js";
import { History, parseEntries } from "./history.js";
import { generation, keptFor } from "./keeping.js";
import { bounded } from "./kept.js";
import { isEditable } from "./keys.js";
import { stillOpen, unfinished } from "./python-text.js";
import { recall, remember } from "./store.js";
import { unlocked } from "./unlocking.js";

const PATIENCE = 1000; // milliseconds that Stop may take to be answered: the server may have no thread free for it
const history = new History(
  () => parseEntries(recall("history")),
  (entries) => remember("history", JSON.stringify(entries)),
);

export class Console {
  #element;
  #queue = new CommandQueue(
    (typed) => this.#run(typed),
    () => this.#tell(),
  );
  #editor;
  #log;
  #slow = false; // whether what runs has run for a while
  #stopping = false;
  #hint = "";
  #before = []; // commands from before the page was loaded
  #timer;

  /**
   * @param {HTMLElement} element the console  @param {AbortSignal} signal
   * @param {boolean} early whether Enter has been pressed in its text before anything listened
   */
  constructor(element, signal, early) {
    this.#element = element;
    const input = element.querySelector("textarea");
    const log = element.querySelector("[role=log]");
    const prompt = element.querySelector("[data-prompt]");
    this.#editor = new Editor({ input, prompt, entered: () => this.#enter() }, signal);
    this.#log = new Log(log, element.querySelector("form"), signal);
    input.addEventListener("keydown", (event) => this.press(event), { signal });
    input.addEventListener("input", () => this.#hint && this.#say(""), { signal });
    this.#stop.addEventListener("click", () => this.#stopped(), { signal });
    log.addEventListener("keydown", (event) => this.#typedInLog(event), { signal });
    const complete = () => void this.#complete(input, signal);
    if (document.activeElement === input) complete();
    else input.addEventListener("focus", complete, { signal, once: true });
    this.#restore(keptFor(element));
    if (early) this.#catchUp();
    else this.#editor.fit();
  }

  /** Help for somebody who is about to type. */
  async #complete(input, signal) {
    const { completion } = await import("./dk-completion.js");
    if (signal.aborted) return;
    input.form.append(completion(this.#editor, this.#element.dataset.complete, () => history.entries));
  }

  /** What is kept of this console while its page is loaded anew. */
  get record() {
    const { text, start } = this.#editor.state;
    const commands = bounded([...this.#before, ...this.#log.commands]);
    return { commands, draft: text, caret: start, focused: this.#element.contains(document.activeElement) };
  }

  #restore(record) {
    if (!record) return;
    const since = this.#editor.text;
    if (record.draft && !since) {
      this.#editor.set(record.draft, { fromEnd: record.draft.length - record.caret });
    }
    if (record.focused && document.activeElement === document.body) this.#editor.focus();
    if (record.commands.length) void this.#offer(record);
  }

  /** Shows the commands from before, to be read or run once more. */
  async #offer(record) {
    this.#before = record.commands;
    const { strip } = await import("./transcript.js");
    const again = () => {
      this.#forget();
      for (const { text } of record.commands) this.#submit({ text, source: `${text}\n` });
      this.#editor.focus();
    };
    this.#element.prepend(strip(record, { changed: record.generation !== generation(), again }));
  }

  #forget() {
    this.#before = [];
    this.#element.querySelector("[data-before]")?.remove();
  }

  /** Enter that was pressed before anything listened is pressed again, after each of its lines. */
  #catchUp() {
    const lines = this.#editor.text.split("\n");
    const last = lines.pop();
    this.#editor.set("");
    for (const line of lines) {
      this.#editor.insert(line);
      this.#enter();
    }
    this.#editor.insert(last);
  }

  /** Whether something would be lost with the page: a command that is typed, runs or waits. */
  get occupied() {
    return this.#queue.running !== null || this.#editor.text.trim() !== "";
  }

  get #stop() {
    return this.#element.querySelector("[data-stop]");
  }

  /** A key was pressed in the line, or had been before anything listened. */
  press(event) {
    // Safari ends a composition by an Enter that is told from others by its code alone.
    if (event.isComposing || event.keyCode === 229) return;
    const act = this.#actionFor(event);
    if (act && act() !== false) event.preventDefault();
  }

  #actionFor(event) {
    const editor = this.#editor;
    if (event.ctrlKey && !event.metaKey && !event.altKey) return this.#controlAction(event.key);
    if (event.key === "Enter") return () => (event.shiftKey || event.altKey ? editor.newline() : this.#enter());
    if (event.metaKey || event.altKey) return null;
    if (event.key === "Tab") return () => editor.shift(event.shiftKey);
    if (event.key === "ArrowUp" && editor.onFirstLine) return () => this.#recall(history.previous(editor.text));
    if (event.key === "ArrowDown" && editor.onLastLine) return () => this.#recall(history.next(editor.text));
    return null;
  }

  #controlAction(key) {
    if (key === "l") return () => this.#clearLog();
    if (key === "r") return () => void this.#search();
    const selected = this.#editor.selected || getSelection().type === "Range";
    if (key === "c" && !selected) return () => (this.#queue.running ? this.#stopped() : this.#clear());
    return null;
  }

  /** Typing on after a click into the log goes to the line. */
  #typedInLog(event) {
    const press = isEditable(event.target) || (event.key === " " && event.target.closest("button, a, summary"));
    if (event.key.length !== 1 || event.ctrlKey || event.metaKey || event.altKey || press) return;
    event.stopPropagation();
    this.#editor.focus();
  }

  #recall(text) {
    if (text === null) return false;
    this.#editor.set(text, { whole: text.includes("\n") });
    return true;
  }

  async #search() {
    const { HistorySearch } = await import("./history-search.js");
    const done = (text, focused) => {
      if (focused) this.#editor.focus();
      this.#recall(text);
    };
    new HistorySearch(history, done).openBefore(this.#element.querySelector("form"));
  }

  #clearLog() {
    this.#log.clear();
    this.#forget();
  }

  #clear() {
    history.add(this.#editor.text);
    this.#editor.set("");
    this.#say("");
  }

  #enter() {
    const editor = this.#editor;
    if (!editor.text.trim()) return;
    if (editor.opensLine || unfinished(editor.text, editor.whole)) return this.#goOn();
    const text = editor.text.trimEnd();
    this.#submit({ text, source: prepare(editor.text, editor.whole) });
    editor.set("");
  }

  #goOn() {
    this.#editor.newline();
    const open = stillOpen(this.#editor.before);
    if (open) this.#say(`still open: ${open}  Ctrl+C clears`);
  }

  #submit(typed) {
    typed.entry = new ConsoleEntry(typed.text, (act) => this.#log.change(act));
    history.add(typed.text);
    typed.entry.mark("waiting");
    this.#log.append(typed.entry.element);
    this.#queue.add(typed);
  }

  async #run(typed) {
    this.#begin(typed);
    try {
      if ((await unlocked(this.#element, () => this.#evaluate(typed))) === "incomplete") this.#incomplete(typed);
    } catch (error) {
      this.#refused(typed, error);
    } finally {
      this.#end(typed);
    }
  }

  async #evaluate({ source, entry, connection }) {
    for await (const event of evaluate(this.#element.dataset.evaluate, source, connection.signal)) {
      if (event.kind === "done" && event.status === "incomplete") return event.status;
      this.#log.change(() => entry.show(event));
    }
    return "done";
  }

  #begin(typed) {
    typed.connection = new AbortController();
    typed.entry.mark("running");
    this.#stopping = false;
    // A command that answers at once needs no button to stop it.
    this.#timer = setTimeout(() => this.#tell(true), SLOW * 1000);
  }

  #end(typed) {
    clearTimeout(this.#timer);
    typed.entry.mark(null);
    this.#stopping = false;
    if (!this.#queue.waiting) this.#tell(false);
  }

  /** Says what runs and waits. */
  #tell(slow = this.#slow && this.#queue.running !== null) {
    this.#slow = slow;
    const stop = this.#stop;
    if (!slow && stop === document.activeElement) this.#editor.focus();
    stop.hidden = !slow;
    const running = this.#stopping ? "stopping…" : "running";
    const waiting = this.#queue.waiting ? `${this.#queue.waiting} waiting` : "";
    const text = this.#hint || [slow && running, waiting].filter(Boolean).join(", ");
    this.#element.querySelector("[data-says]").textContent = text;
  }

  /** A word about what is being typed; "" takes it back. */
  #say(hint) {
    this.#hint = hint;
    this.#tell();
  }

  /** What the page took for complete is not. Enter, pressed meanwhile, added lines to it. */
  #incomplete(typed) {
    const next = this.#queue.take();
    if (!next) return this.#giveBack([typed]);
    for (const { entry } of [typed, next]) entry.element.remove();
    history.retract(next.text);
    history.retract(typed.text);
    const text = `${typed.text}\n${next.text}`;
    const rest = this.#queue.drop();
    this.#submit({ text, source: `${text}${/\n$/.test(next.source) ? "\n" : ""}` });
    for (const other of rest) {
      this.#log.append(other.entry.element);
      this.#queue.add(other);
    }
  }

  /** Commands that have not run go back into the line, before what has been typed since. */
  #giveBack(commands, join = continuation) {
    for (const { text, entry } of commands.toReversed()) {
      entry.element.remove();
      history.retract(text);
    }
    const since = this.#editor.text;
    const text = join(commands.map((typed) => typed.text).join("\n"), since);
    this.#editor.set(text, { whole: commands.length > 1, fromEnd: since.length - this.#editor.before.length });
  }

  #refused(typed, error) {
    const others = this.#queue.drop();
    if (error.name === "AbortError") return this.#leaveOut(others);
    if (error.locked) {
      return this.#giveBack([typed, ...others], together);
    }
    const offer = [404, 410].includes(error.status) && document.querySelector("dk-live [data-offer]");
    if (offer) return this.#gone([typed, ...others], offer);
    this.#log.change(() => typed.entry.fail(error.message));
    this.#leaveOut(others);
  }

  /** The frame is no more: what was to run stays, for the page that comes. */
  #gone(commands, offer) {
    this.#giveBack(commands, together);
    const button = make("button", { type: "button", className: "button small", textContent: offer.textContent });
    button.addEventListener("click", () => offer.click());
    const sentence = "The code was reloaded, and this frame went with it. What you typed is kept. ";
    this.#log.append(make("p", { className: "note" }, sentence, button));
    announce(sentence);
  }

  /** Commands that waited for one that did not end well do not run. */
  #leaveOut(commands) {
    for (const typed of commands) {
      typed.entry.mark(null);
      this.#log.change(() => typed.entry.note("Not run."));
    }
  }

  #stopped() {
    this.#leaveOut(this.#queue.drop());
    this.#stopping = true;
    this.#tell(true);
    this.#editor.focus();
    void this.#interrupt(this.#queue.running);
  }

  async #interrupt(typed) {
    const impatient = setTimeout(() => this.#leave(typed), PATIENCE);
    try {
      const { interrupted } = await command(this.#element.dataset.interrupt, {});
      if (!interrupted) this.#unstopped(typed, "The server says that nothing is running here.");
    } catch (error) {
      this.#unstopped(typed, `Not stopped: ${error.message}`);
    } finally {
      clearTimeout(impatient);
    }
  }

  #unstopped(typed, sentence) {
    if (this.#queue.running !== typed) return;
    this.#log.change(() => typed.entry.note(sentence));
    this.#stopping = false;
    this.#tell();
  }

  /** A server with one thread hears of Stop after the command; that its reader has left it notices by itself. */
  #leave(typed) {
    if (this.#queue.running !== typed) return;
    this.#unstopped(typed, "Stop was not answered: the connection was closed instead, which ends the command.");
    typed.connection.abort();
  }
}
