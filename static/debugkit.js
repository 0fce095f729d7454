// Everything the pages add to their HTML. Each file defines one custom element that wraps HTML which works without it.
import "./theme-toggle.js";
import "./clamp.js";
import "./copy-button.js";
import "./copy-menu.js";
import "./source-code.js";
import "./value-tree.js";
import "./unlock-dialog.js";
import "./lock-button.js";
import "./frame-console.js";
import "./frame-list.js";
import "./panel-tabs.js";
import "./key-help.js";
import "./sticky-header.js";
import "./live-page.js";
import "./live-list.js";
