// <dk-steps>: the steps of a chain. A key leads to the root cause, and from there to the result.
import { DebugkitElement } from "./dom.js";
import { command, isEditable } from "./keys.js";

export class DkSteps extends DebugkitElement {
  connected(signal) {
    document.addEventListener("keydown", (event) => this.#pressed(event), { signal });
  }

  #pressed(event) {
    if (document.querySelector("dialog[open]") || command(event, isEditable(event.target)) !== "root") return;
    const steps = [...this.querySelectorAll("a[data-step]")];
    const to = steps[0]?.hasAttribute("aria-current") ? steps.at(-1) : steps[0];
    to?.click();
  }
}

customElements.define("dk-steps", DkSteps);
