// <dk-table>: rows of records as a table. The first rows come with the value, more when asked for.
import { command } from "./client.js";
import { DebugkitElement, make } from "./dom.js";
import { unlocked } from "./unlocking.js";

/** A table as the server describes it: {columns, left_out, rows, total, next}; more rows are at `url`. */
export function tableElement(table, url) {
  const element = new DkTable();
  element.dataset.url = url;
  element.fill(table);
  return element;
}

function heading(text, scope) {
  const cell = make("th", { textContent: text });
  cell.scope = scope;
  return cell;
}

/** One cell; a record that lacks the column has an empty one. */
function cellElement(cell) {
  return cell ? make("td", { className: `val ${cell[1]}`, textContent: cell[0] }) : make("td");
}

export class DkTable extends DebugkitElement {
  #body = make("tbody");
  #foot = make("p", { className: "more-rows" });
  #button = make("button", { type: "button", className: "link" });
  #table = null;

  connected(signal) {
    this.#button.addEventListener("click", () => this.#more(), { signal });
  }

  fill(table) {
    const columns = table.columns.map((name) => heading(name, "col"));
    const corner = make("td", { className: "corner" });
    const head = make("thead", {}, make("tr", {}, corner, ...columns));
    const label = `Table of ${table.total.toLocaleString("en")} rows and ${table.columns.length} columns`;
    const scroller = make("div", { className: "scroller", tabIndex: 0, role: "region", ariaLabel: label });
    scroller.append(make("table", {}, head, this.#body));
    this.append(scroller, this.#foot);
    this.#show(table);
  }

  /** Returns the first new row. */
  #show(table) {
    this.#table = table;
    const rows = table.rows.map(([label, cells]) =>
      make("tr", {}, heading(label, "row"), ...cells.map(cellElement), ...this.#missing(cells)),
    );
    this.#body.append(...rows);
    this.#foot.replaceChildren(...this.#notes());
    return rows[0];
  }

  #missing(cells) {
    return Array.from({ length: this.#table.columns.length - cells.length }, () => make("td"));
  }

  #notes() {
    const { total, next, left_out: left } = this.#table;
    const columns = left ? [`${left.toLocaleString("en")} more columns are not shown. `] : [];
    if (next === null) return columns;
    this.#button.textContent = `Show more rows (${(total - next).toLocaleString("en")} left)`;
    return [...columns, this.#button];
  }

  async #more() {
    try {
      const body = { part: "rows", offset: this.#table.next };
      const row = this.#show(await unlocked(this, () => command(this.dataset.url, body)));
      const first = row?.firstElementChild;
      first?.setAttribute("tabindex", "-1");
      first?.focus();
    } catch (error) {
      this.#foot.replaceChildren(make("span", { className: "problem", textContent: error.message }));
    }
  }
}

customElements.define("dk-table", DkTable);
