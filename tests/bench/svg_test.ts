import { test } from "node:test";
import { assertEquals, assertStringIncludes } from "@std/assert";
import { plot } from "../../bench/harness/svg.ts";

const text = { title: "A plot", x: "size", y: "ns" };

test("a plot has a line through each of its points, on axes of powers of ten", () => {
  const svg = plot([{ label: "flat", points: [[1, 10], [10, 10], [1_000, 10]], isReference: false }], text);
  const [, path = ""] = /class="line" stroke="#\w+" d="M([^"]*)"/.exec(svg) ?? [];
  const points = path.split("L").map((point) => point.split(" ").map(Number));
  assertEquals(points.length, 3);
  assertEquals(new Set(points.map(([, y]) => y)).size, 1);
  const [first, second, third] = points.map(([x = NaN]) => x);
  assertEquals(Math.round(2 * ((second ?? 0) - (first ?? 0))), Math.round((third ?? 0) - (second ?? 0)));
  for (const tick of ["1", "10", "100", "1,000"]) assertStringIncludes(svg, `>${tick}</text>`);
});

test("labels of lines that end at the same place stand apart", () => {
  const line = (label: string) => ({ label, points: [[1, 10], [10, 10]] as const, isReference: false });
  const svg = plot([line("a"), line("b"), { ...line("c"), isReference: true }], text);
  const places = ["a", "b", "c"].map((label) => Number(new RegExp(`y="([\\d.]+)">${label}</text>`).exec(svg)?.[1]));
  assertEquals(places.toSorted((a, b) => a - b).map((y, i, all) => y - (all[i - 1] ?? y)), [0, 17, 17]);
});
