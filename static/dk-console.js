// <dk-console>: Python in a frame. Streams what a command prints while it runs; keeps its state in the page.
import { command, evaluate } from "./client.js";
import { ConsoleEntry, SLOW } from "./console-entry.js";
import { continuation, prepare, prompts } from "./console-input.js";
import { DebugkitElement } from "./dom.js";
import { hear } from "./events.js";
import { History, parseEntries } from "./history.js";
import { recall, remember } from "./store.js";
import { unlocked } from "./unlocking.js";

const PATIENCE = 1000; // milliseconds that Stop may take to be answered: the server may have no thread free for it
const history = new History(parseEntries(recall("history")), (entries) => remember("history", JSON.stringify(entries)));

export class DkConsole extends DebugkitElement {
  #running = false;
  #pasted = false;
  #entry = null;
  #typed = "";
  #connection = new AbortController();
  #timer;

  connected(signal) {
    const input = this.#input;
    input.disabled = false;
    input.addEventListener("keydown", (event) => this.#pressed(event), { signal });
    input.addEventListener("input", (event) => this.#changed(event), { signal });
    this.addEventListener("submit", (event) => event.preventDefault(), { signal });
    hear("reload", (event) => this.#occupied && event.preventDefault(), signal);
    this.#stop.addEventListener("click", () => this.#interrupt(), { signal });
    this.#form.addEventListener("click", (event) => event.target === input || input.focus(), { signal });
    if (this.dataset.focus !== undefined) input.focus();
  }

  focus() {
    this.#input.focus();
  }

  /** Whether something would be lost with the page: a command that is typed, or runs. */
  get #occupied() {
    return this.#running || this.#input.value.trim() !== "";
  }

  get #input() {
    return this.querySelector("textarea");
  }

  get #form() {
    return this.querySelector("form");
  }

  get #log() {
    return this.querySelector("[role=log]");
  }

  get #stop() {
    return this.querySelector("[data-stop]");
  }

  #pressed(event) {
    if (event.isComposing) return;
    const act = this.#actionFor(event);
    if (act && act() !== false) event.preventDefault();
  }

  #actionFor(event) {
    if (event.ctrlKey && !event.metaKey && !event.altKey) return this.#controlAction(event.key);
    if (event.key === "Enter" && !event.shiftKey && !event.altKey) return () => void this.#run();
    if (event.key === "ArrowUp" && this.#onFirstLine()) return () => this.#recall(history.previous(this.#input.value));
    if (event.key === "ArrowDown" && this.#onLastLine()) return () => this.#recall(history.next());
    return null;
  }

  #controlAction(key) {
    if (key === "l") return () => this.#log.replaceChildren();
    const selected = this.#input.selectionStart !== this.#input.selectionEnd || getSelection().type === "Range";
    if (key === "c" && !selected) return () => (this.#running ? void this.#interrupt() : this.#set(""));
    return null;
  }

  #onFirstLine() {
    return !this.#input.value.slice(0, this.#input.selectionStart).includes("\n");
  }

  #onLastLine() {
    return !this.#input.value.slice(this.#input.selectionEnd).includes("\n");
  }

  #recall(text) {
    if (text === null) return false;
    this.#set(text);
    this.#pasted = text.includes("\n");
    return true;
  }

  #changed(event) {
    if (event.inputType === "insertFromPaste") this.#pasted = this.#input.value.includes("\n");
    if (!this.#input.value) this.#pasted = false;
    this.#fit();
  }

  #set(text) {
    this.#input.value = text;
    this.#pasted = false;
    this.#fit();
  }

  /** The input is as high as its text, with a prompt beside each line. */
  #fit() {
    const input = this.#input;
    input.style.height = "0";
    input.style.height = `${input.scrollHeight}px`;
    input.style.overflowY = input.scrollHeight > input.clientHeight + 2 ? "auto" : "hidden";
    this.querySelector("[data-prompt]").textContent = prompts(input.value);
  }

  async #run() {
    const typed = this.#input.value;
    if (this.#running || !typed.trim()) return;
    this.#begin(typed);
    try {
      await unlocked(this, () => this.#evaluate(typed));
    } catch (error) {
      if (error.name !== "AbortError") this.#fail(typed, error.message);
    } finally {
      this.#end();
    }
  }

  async #evaluate(typed) {
    const source = prepare(typed, this.#pasted);
    for await (const event of evaluate(this.dataset.evaluate, source, this.#connection.signal)) {
      if (event.kind === "done" && event.status === "incomplete") return this.#continue(typed);
      this.#open(typed);
      this.#show(event);
    }
  }

  #begin(typed) {
    this.#running = true;
    this.#entry = null;
    this.#typed = typed;
    this.#connection = new AbortController();
    this.#input.readOnly = true;
    // A command that answers at once needs no button to stop it.
    this.#timer = setTimeout(() => this.#busy(true), SLOW * 1000);
  }

  #end() {
    clearTimeout(this.#timer);
    this.#running = false;
    this.#input.readOnly = false;
    this.#busy(false);
    this.#input.focus({ preventScroll: true });
    this.#fit();
  }

  #busy(yes) {
    this.#stop.hidden = !yes;
    this.querySelector("[role=status]").textContent = yes ? "running" : "";
  }

  #continue(typed) {
    this.#set(continuation(typed));
    this.#input.selectionStart = this.#input.value.length;
  }

  /** The command moves from the input to the log with its first event. */
  #open(typed) {
    if (this.#entry) return;
    const text = typed.trimEnd();
    this.#entry = new ConsoleEntry(text);
    this.#log.append(this.#entry.element);
    history.add(text);
    this.#set("");
    this.#follow();
  }

  #show(event) {
    this.#entry.show(event);
    this.#follow();
  }

  #note(text) {
    this.#open(this.#typed);
    this.#entry.note(text);
  }

  #fail(typed, message) {
    this.#open(typed);
    this.#entry.fail(message);
    this.#follow();
  }

  #follow() {
    this.#log.scrollTop = this.#log.scrollHeight;
    this.#form.scrollIntoView({ block: "nearest", behavior: "instant" });
  }

  async #interrupt() {
    const connection = this.#connection;
    const impatient = setTimeout(() => this.#leave(connection), PATIENCE);
    try {
      const { interrupted } = await command(this.dataset.interrupt, {});
      if (!interrupted && this.#waits(connection)) this.#note("The server says that nothing is running here.");
    } catch (error) {
      if (this.#waits(connection)) this.#note(`Not stopped: ${error.message}`);
    } finally {
      clearTimeout(impatient);
    }
  }

  /** Whether the command of this connection is still on its way. */
  #waits(connection) {
    return this.#running && connection === this.#connection;
  }

  /** A server with one thread hears of Stop after the command; that its reader has left it notices by itself. */
  #leave(connection) {
    if (!this.#waits(connection)) return;
    this.#note("Stop was not answered: the connection was closed instead, which ends the command.");
    connection.abort();
  }
}

customElements.define("dk-console", DkConsole);
