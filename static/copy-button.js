// <dk-copy>: copies the text it carries.
import { Element } from "./dom.js";

const SHOWN = 1600; // milliseconds

customElements.define("dk-copy", class extends Element {
  connected(signal) {
    const button = this.querySelector("button");
    const label = button.textContent;
    button.addEventListener("click", async () => {
      await navigator.clipboard.writeText(this.dataset.text);
      button.textContent = "Copied";
      setTimeout(() => (button.textContent = label), SHOWN);
    }, { signal });
  }
});
