import { type Html, markup, type Part } from "../html.ts";
import type { Call } from "../route.ts";

/** The parts of a page. */
export interface Page {
  /** Its name, for the title of the window. */
  readonly title: string;
  /** Which of the main links it belongs to. */
  readonly place?: "jobs" | "schedules" | "workers";
  /** The address of the events that tell that it has changed. */
  readonly events?: string;
  readonly main: Html;
  /** @default {200} */
  readonly status?: number;
}

/** The mark of the studio: three routines and their connections. */
const MARK = markup`<svg class="mark" viewBox="0 0 24 24" width="22" height="22" aria-hidden="true">
<path d="M6 12h5m2.5-4.6L11 12l2.5 4.6" />
<circle cx="4.5" cy="12" r="2.5" />
<circle cx="17" cy="5.5" r="2.5" />
<circle cx="17" cy="18.5" r="2.5" />
</svg>`;

/** A whole page as an answer. */
export function pageAnswer(link: Call["link"], { events, main, place, status = 200, title }: Page): Response {
  const current = (name: Page["place"]): Part => place === name && markup` aria-current="page"`;
  const { text } = markup`<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${title} · routilux studio</title>
<link rel="icon" href="${link("/icon.svg")}" type="image/svg+xml">
<link rel="stylesheet" href="${link("/style.css")}">
<script src="${link("/script.js")}" defer></script>
</head>
<body${events === undefined ? undefined : markup` data-events="${events}"`}>
<a class="skip" href="#main">Skip to the content</a>
<header class="top">
<div class="wide">
<a class="brand" href="${link("/")}">${MARK}<span>routilux <b>studio</b></span></a>
<nav aria-label="Main"><a href="${link("/")}"${current("jobs")}>Jobs</a>
<a href="${link("/schedules")}"${current("schedules")}>Schedules</a>
<a href="${link("/workers")}"${current("workers")}>Workers</a></nav>
<span class="live" id="live" hidden><span class="pulse"></span>Live</span>
</div>
</header>
<main id="main" class="wide">${main}</main>
</body>
</html>`;
  return new Response(text, { status, headers: { "content-type": "text/html; charset=utf-8" } });
}

/** A section with a heading: it is renewed while the page is open. */
export function section(title: string, id: string, content: Part, aside: Part = undefined): Html {
  return markup`<section class="card" id="${id}" data-live
aria-labelledby="${id}-title"><div class="card-head"><h2 id="${id}-title">${title}</h2>${aside}</div>
${content}</section>`;
}

/** A table that can be scrolled by itself where it is wide. */
export function table(
  name: string,
  head: readonly string[],
  rows: readonly (readonly Part[])[],
  numbers: readonly number[] = [],
): Html {
  const kind = (column: number): Part => numbers.includes(column) && markup` class="number"`;
  return markup`<div class="scroll" role="group" aria-label="${name}" tabindex="0">
<table>
<thead>
<tr>${head.map((it, column) => markup`<th scope="col" ${kind(column)}>${it}</th>`)}</tr>
</thead>
<tbody>${
    rows.map((row) => markup`<tr>${row.map((cell, column) => markup`<td${kind(column)}>${cell}</td>`)}</tr>`)
  }</tbody>
</table>
</div>`;
}

/** The text that stands in place of an empty section. */
export function nothing(text: string): Html {
  return markup`<p class="nothing">${text}</p>`;
}
