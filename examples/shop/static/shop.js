// Asks for the live stock, and posts the orders of the front page. Errors are shown where they happen.

/** The status of an answer in words, with the address of the error's page when the debugger gave one. */
function show(output, response, text) {
  output.textContent = response.ok ? text : `${response.status} ${response.statusText}`.trim();
  const traceback = response.headers.get("X-Debugkit-Traceback");
  if (traceback) {
    const link = document.createElement("a");
    link.href = traceback;
    link.textContent = "see why";
    output.append(" · ", link);
  }
}

for (const card of document.querySelectorAll("[data-stock]")) {
  const response = await fetch(`/api/stock?product=${card.dataset.stock}`, { headers: { Accept: "application/json" } });
  const text = response.ok ? `${(await response.json()).stock} in stock` : "";
  show(card.querySelector("output"), response, text);
}

for (const button of document.querySelectorAll("button[data-post]")) {
  button.addEventListener("click", async () => {
    const response = await fetch(button.dataset.post, {
      method: "POST",
      headers: { "Content-Type": "application/json", Accept: "application/json" },
      body: button.dataset.json,
    });
    show(button.closest(".card").querySelector("output"), response, "ordered");
  });
}
