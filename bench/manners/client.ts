import { argv } from "node:process";

// Sends requests to a server, one after the other, and prints the duration of each.

const [url = "", count = "0"] = argv.slice(2);
const PAUSE_MS = 5;

const latencies: number[] = [];
for (let i = 0; i < Number(count); i++) {
  const start = performance.now();
  const response = await fetch(url);
  await response.text();
  latencies.push(performance.now() - start);
  await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
}
console.log(JSON.stringify(latencies));
