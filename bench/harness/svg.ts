/** A line of a plot. */
export interface Line {
  readonly label: string;
  readonly points: readonly (readonly [x: number, y: number])[];
  /** Whether the line is a reference. */
  readonly isReference: boolean;
}

/** The texts of a plot. */
export interface PlotText {
  readonly title: string;
  readonly x: string;
  readonly y: string;
}

const WIDTH = 900;
const HEIGHT = 460;
const LEFT = 70;
const RIGHT = 250;
const TOP = 50;
const BOTTOM = 60;
const LABEL_HEIGHT = 17;

// Colours that can be distinguished on white and on black, also by colour-blind readers.
const COLOURS = ["#3b82f6", "#e08214", "#12a594", "#d6409f", "#8b5cf6", "#84a30e"];

const STYLE = `
text { font: 13px system-ui, sans-serif; fill: #24292f }
.title { font-size: 15px; font-weight: 600 }
.grid { stroke: #d0d7de; stroke-width: 1 }
.line { fill: none; stroke-width: 2 }
.reference { stroke: #6e7781; stroke-dasharray: 5 4 }
@media (prefers-color-scheme: dark) {
  text { fill: #e6edf3 }
  .grid { stroke: #3d444d }
  .reference { stroke: #9198a1 }
}`;

/** Draws lines with logarithmic axes. */
export function plot(lines: readonly Line[], { title, x: xTitle, y: yTitle }: PlotText): string {
  const all = lines.flatMap(({ points }) => points);
  const xAxis = decades(all.map(([x]) => x));
  const yAxis = decades(all.map(([, y]) => y));
  const right = WIDTH - RIGHT;
  const bottom = HEIGHT - BOTTOM;
  const xOf = (x: number) => LEFT + ((Math.log10(x) - xAxis.from) / (xAxis.to - xAxis.from)) * (right - LEFT);
  const yOf = (y: number) => bottom - ((Math.log10(y) - yAxis.from) / (yAxis.to - yAxis.from)) * (bottom - TOP);
  const ticks = [
    ...xAxis.ticks.map((x) =>
      `<path class="grid" d="M${round(xOf(x))} ${TOP}V${bottom}"/>
<text x="${round(xOf(x))}" y="${bottom + 20}" text-anchor="middle">${x.toLocaleString("en")}</text>`
    ),
    ...yAxis.ticks.map((y) =>
      `<path class="grid" d="M${LEFT} ${round(yOf(y))}H${right}"/>
<text x="${LEFT - 8}" y="${round(yOf(y) + 4)}" text-anchor="end">${y.toLocaleString("en")}</text>`
    ),
  ];
  const colourOf = new Map(lines.filter((it) => !it.isReference).map((it, i) => [it, COLOURS[i % COLOURS.length]]));
  const drawn = lines.map((line) => {
    const colour = colourOf.get(line);
    const path = line.points.map(([x, y]) => `${round(xOf(x))} ${round(yOf(y))}`).join("L");
    return colour === undefined
      ? `<path class="line reference" d="M${path}"/>`
      : `<path class="line" stroke="${colour}" d="M${path}"/>`;
  });
  const ends = lines.map((line) => ({
    line,
    y: yOf(line.points.at(-1)?.[1] ?? 1),
    x: xOf(line.points.at(-1)?.[0] ?? 1),
  }));
  const labels = spreadOut(ends).map(({ line, y, labelY, x }) => {
    const colour = colourOf.get(line);
    const stroke = colour === undefined
      ? `class="line reference"`
      : `class="line" stroke="${colour}" stroke-opacity="0.5"`;
    return `<path ${stroke} style="stroke-width: 1" d="M${round(x)} ${round(y)}L${right + 12} ${round(labelY)}"/>
<text x="${right + 16}" y="${round(labelY + 4)}">${line.label}</text>`;
  });
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img">
<title>${title}</title>
<style>${STYLE}
</style>
<text class="title" x="${LEFT}" y="24">${title}</text>
<text x="${(LEFT + right) / 2}" y="${HEIGHT - 14}" text-anchor="middle">${xTitle}</text>
<text transform="translate(18 ${(TOP + bottom) / 2}) rotate(-90)" text-anchor="middle">${yTitle}</text>
${[...ticks, ...drawn, ...labels].join("\n")}
</svg>
`;
}

interface Axis {
  readonly from: number;
  readonly to: number;
  readonly ticks: readonly number[];
}

function decades(values: readonly number[]): Axis {
  const from = Math.floor(Math.log10(Math.min(...values)));
  const to = Math.max(from + 1, Math.ceil(Math.log10(Math.max(...values))));
  return { from, to, ticks: Array.from({ length: to - from + 1 }, (_, i) => 10 ** (from + i)) };
}

/** Moves overlapping labels apart, from top to bottom, and back up when they leave the picture. */
function spreadOut<T extends { readonly y: number }>(ends: readonly T[]): readonly (T & { readonly labelY: number })[] {
  const sorted = ends.toSorted((a, b) => a.y - b.y);
  const places: number[] = [];
  for (const { y } of sorted) places.push(Math.max(y, (places.at(-1) ?? -Infinity) + LABEL_HEIGHT));
  let limit = HEIGHT - BOTTOM;
  for (let i = places.length - 1; i >= 0; i--) {
    limit = Math.min(limit, places[i] ?? limit);
    places[i] = limit;
    limit -= LABEL_HEIGHT;
  }
  return sorted.map((end, i) => ({ ...end, labelY: places[i] ?? end.y }));
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}
