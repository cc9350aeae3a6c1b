import { SCRIPT } from "./assets/script.ts";
import { styleSheet } from "./assets/style.ts";

/** A file of the studio itself. */
export interface Asset {
  readonly text: string;
  readonly headers: Readonly<Record<string, string>>;
}

const ICON =
  '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 24 24" fill="#eceffd" stroke="#3548c8" stroke-width="1.8" ' +
  'stroke-linecap="round"><path d="M6 12h5m2.5-4.6L11 12l2.5 4.6"/><circle cx="4.5" cy="12" r="2.5"/><circle cx="17" cy="5.5" r="2.5"/>' +
  '<circle cx="17" cy="18.5" r="2.5"/></svg>\n';

/** The files, by their paths. They contain nothing of any job, so everybody may have them. */
export const ASSETS: ReadonlyMap<string, Asset> = new Map([
  ["/style.css", asset("text/css", styleSheet())],
  ["/script.js", asset("text/javascript", SCRIPT)],
  ["/icon.svg", asset("image/svg+xml", ICON)],
]);

function asset(type: string, text: string): Asset {
  return { text, headers: { "content-type": `${type}; charset=utf-8`, "cache-control": "private, max-age=300" } };
}
