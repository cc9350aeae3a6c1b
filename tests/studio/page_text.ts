import { assertEquals } from "@std/assert";
import type { SampleStudio } from "./sample_studio.ts";

/** The visible text of a page, in one line. */
export function textOf(page: string): string {
  const body = page.replace(/^.*<main[^>]*>/s, "").replace(/<\/main>.*$/s, "").replace(/<title>.*?<\/title>/gs, " ");
  return body.replace(/<[^>]*>/g, " ").replace(/&#(\d+);/g, (_, code) => String.fromCharCode(Number(code))).replace(
    /\s+/g,
    " ",
  );
}

/** The visible text of the page under an address. */
export async function textAt({ get }: Pick<SampleStudio, "get">, path: string): Promise<string> {
  const response = await get(path);
  assertEquals([path, response.status], [path, 200]);
  return textOf(await response.text());
}
