// The dialog of a replay: asks first where the server wants that, lets the reader stop, and says what came of it.
// Loaded when somebody replays for the first time.
import { Refusal, replay } from "./client.js";
import { make } from "./dom.js";
import { unlocked } from "./unlocking.js";

const CUT = "The connection ended before the answer: the server may be restarting, or have stopped.";

export class ReplayDialog {
  #host;
  #words = make("p", { role: "status" });
  #buttons = make("div", { className: "buttons" });
  #dialog = make(
    "dialog",
    { className: "replay", "aria-labelledby": "replay-title" },
    make("h2", { id: "replay-title", textContent: "Replay" }),
  );
  #stopped = new AbortController();

  constructor(host, signal) {
    this.#host = host;
    this.#dialog.append(make("p", { className: "line", textContent: host.dataset.line }), this.#words, this.#buttons);
    this.#dialog.addEventListener("close", () => this.#leave());
    signal.addEventListener("abort", () => this.#leave());
  }

  run(confirmed = false) {
    if (!this.#dialog.isConnected) this.#host.append(this.#dialog);
    if (!this.#dialog.open) this.#dialog.showModal();
    this.#say(
      "Sending the request again, inside of the server…",
      "",
      this.#button("Stop", () => this.#stop()),
    );
    this.#send(confirmed);
  }

  async #send(confirmed) {
    try {
      const event = await unlocked(this.#host, () => replay(this.#host.dataset.url, confirmed, this.#stopped.signal));
      if (event) this.#show(event);
      else this.#say(CUT, "other", this.#closing());
    } catch (error) {
      this.#failed(error);
    }
  }

  #failed(error) {
    if (error.name === "AbortError") return;
    if (error instanceof Refusal && error.code === "unconfirmed") {
      const send = this.#button("Send it again", () => this.run(true), "button primary");
      this.#say(error.message, "asks", this.#closing("Cancel"), send);
    } else {
      this.#say(error.message, "other", this.#closing());
    }
  }

  #show({ outcome, text, url, seconds }) {
    const link = url && make("a", { className: "button primary", href: url, textContent: "Open the new error" });
    this.#say(`${text} (${seconds} s)`, outcome, this.#closing(), ...(link ? [link] : []));
  }

  #say(text, outcome, ...buttons) {
    this.#words.textContent = text;
    this.#words.dataset.outcome = outcome;
    this.#buttons.replaceChildren(...buttons);
    buttons.at(-1).focus();
  }

  #stop() {
    this.#stopped.abort();
    this.#say("Stopped. What the request has changed by then stays changed.", "other", this.#closing());
  }

  #closing(text = "Close") {
    return this.#button(text, () => this.#dialog.close());
  }

  #button(text, act, className = "button") {
    const button = make("button", { type: "button", className, textContent: text });
    button.addEventListener("click", act);
    return button;
  }

  #leave() {
    this.#stopped.abort();
    this.#dialog.remove();
  }
}
