// Runs before the first paint, so it is no module: the chosen theme, and a sign for CSS that scripts run.
{
  const root = document.documentElement;
  root.dataset.js = "";
  try {
    const theme = localStorage.getItem("debugkit.theme");
    if (theme === "light" || theme === "dark") root.dataset.theme = theme;
  } catch {
    // Storage is blocked: the system's theme it is.
  }
}
