// What may take the PIN first.
import { Refusal } from "./client.js";
import { tell } from "./events.js";

/** The result of `action`; if the debugger is locked, asks for the PIN and tries once more. */
export async function unlocked(element, action) {
  try {
    return await action();
  } catch (error) {
    if (!(error instanceof Refusal && error.locked)) throw error;
    if (!(await asked(element, error.code === "no_key" ? error.message : ""))) throw error;
    return action();
  }
}

/** Whether somebody has entered the PIN; false at once where nobody can. */
function asked(element, reason) {
  return new Promise((answer) => {
    if (tell(element, "unlock", { reason, answer })) answer(false);
  });
}
