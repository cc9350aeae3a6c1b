import type { Failure } from "../failure.ts";
import { markup } from "../html.ts";
import type { Call } from "../route.ts";
import { pageAnswer } from "./layout.ts";

const TITLES: Readonly<Record<number, string>> = {
  403: "Not allowed",
  404: "Not found",
  405: "Not possible",
  409: "That cannot be done",
};

/** The page that shows an error. */
export function failurePage({ message, status }: Failure, link: Call["link"]): Response {
  const title = TITLES[status] ?? (status >= 500 ? "Something went wrong" : "That was not understood");
  return pageAnswer(link, {
    title,
    status,
    main: markup`<div class="failure">
<p class="faint">${status}</p>
<h1>${title}</h1>
<p>${message}.</p>
<p><a class="button" href="${link("/")}">All jobs</a></p>
</div>`,
  });
}
