// The button that opens a row of the list of frames in the editor. It is one, and goes to the row that the pointer is
// on: a list would be crowded with one on each. Keys have `e`. Loaded when the pointer comes to the list.

/** `first` is the event by which the pointer came; `open` is called with the link of a row. */
export function onRows(list, button, first, signal, open) {
  const follow = ({ target }) => {
    const link = target.closest?.("li > a[data-open]");
    if (link && link.nextElementSibling !== button && hasFile(link)) link.after(button);
    button.hidden = !link && target.closest?.("button") !== button;
  };
  list.addEventListener("pointerover", follow, { signal });
  list.addEventListener("pointerleave", () => (button.hidden = true), { signal });
  follow(first);
  button.addEventListener("click", () => open(button.previousElementSibling), { signal });
}

/** Code of `exec` and templates of a string are in no file. */
function hasFile({ title }) {
  return !title.startsWith("<");
}
