// Runs before the first paint, so it is no module: a sign for CSS that scripts run, and the chosen theme.
{
  const KEY = "debugkit.theme";
  const root = document.documentElement;

  const show = (theme) => {
    if (theme === "light" || theme === "dark") root.dataset.theme = theme;
    else delete root.dataset.theme; // The system's it is.
  };

  root.dataset.js = "";
  try {
    show(localStorage.getItem(KEY));
  } catch {
    // Storage is blocked: nothing was chosen.
  }
  document.addEventListener("debugkit:theme", ({ detail }) => {
    show(detail);
    try {
      localStorage.setItem(KEY, detail);
    } catch {
      // Chosen for this page alone.
    }
  });
}
