// Everything the pages add to their HTML. A file dk-x.js defines the element dk-x,
// which wraps HTML that works without it, and exports its class, DkX.
import "./dk-theme.js";
import "./dk-clamp.js";
import "./dk-copy.js";
import "./dk-copy-menu.js";
import "./dk-source.js";
import "./dk-editor.js";
import "./dk-value.js";
import "./dk-unlock.js";
import "./dk-lock.js";
import "./dk-console.js";
import "./dk-frames.js";
import "./dk-tabs.js";
import "./dk-replay.js";
import "./dk-keys.js";
import "./dk-search.js";
import "./dk-headline.js";
import "./dk-member.js";
import "./dk-steps.js";
import "./dk-live.js";
import "./dk-recents.js";
