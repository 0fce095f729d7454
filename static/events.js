// How elements talk: by events that bubble up to the document, so that none needs to know who else is in the page.
//
//   debugkit:unlock     asks for the PIN; whoever can ask cancels it, and calls `detail.answer(yes)`
//   debugkit:unlocked   the console is unlocked in this browser; `detail.toConsole`: the reader wants to go on there
//   debugkit:show       asks for the frame at the address `detail.frame`, or the panel of the name `detail.panel`;
//                       who shows it cancels it, and calls `detail.answer(element)`
//   debugkit:locked     it is no longer
//   debugkit:opened     an opened frame was put into the page; it is the target of the event
//   debugkit:theme      the reader has chosen the theme in `detail`: "auto", "light" or "dark"
//   debugkit:reload     the page is about to be reloaded; whoever would lose something by that cancels it
//   debugkit:hello, debugkit:recorded   what the server has sent, in `detail`

/** Tells all who listen; false if one of them has cancelled it. */
export function tell(element, name, detail = null) {
  return element.dispatchEvent(new CustomEvent(`debugkit:${name}`, { bubbles: true, cancelable: true, detail }));
}

/** Listens for as long as `signal` says. */
export function hear(name, listener, signal) {
  document.addEventListener(`debugkit:${name}`, listener, { signal });
}
