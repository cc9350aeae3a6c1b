import { fileURLToPath } from "node:url";

// Bundles the page's script, and serves the page and what it sends its lines to, on this machine only.
//
//   POST /lines  takes a line; of those with one idempotency key, the first
//   GET  /lines  returns all lines

// No code but that of the files, and none that is made of texts; nothing from other servers.
const POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src data:",
  "connect-src 'self'",
  "require-trusted-types-for 'script'",
].join("; ");

const path = (name: string) => fileURLToPath(new URL(name, import.meta.url));
const { success, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
  args: ["bundle", "--quiet", "--platform", "browser", path("main.ts")],
}).output();
if (!success) throw new Error(new TextDecoder().decode(stderr));

const files: Readonly<Record<string, readonly [type: string, content: BodyInit]>> = {
  "/": ["text/html", await Deno.readFile(path("index.html"))],
  "/style.css": ["text/css", await Deno.readFile(path("style.css"))],
  "/main.js": ["text/javascript", stdout],
};
const lines = new Map<string, string>();

Deno.serve({
  hostname: "127.0.0.1",
  port: Number(Deno.env.get("PORT") ?? 3000),
  onListen: ({ port }) => console.log(`The page is at http://127.0.0.1:${port}`),
}, async (request) => {
  const { pathname } = new URL(request.url);
  if (pathname === "/lines") {
    return request.method === "POST" ? await keepLine(request) : Response.json([...lines.values()]);
  }
  const [type, content] = files[pathname] ?? [];
  if (type === undefined) return new Response("There is no such page", { status: 404 });
  return new Response(content, {
    headers: { "content-type": `${type}; charset=utf-8`, "content-security-policy": POLICY },
  });
});

async function keepLine(request: Request): Promise<Response> {
  const key = request.headers.get("idempotency-key");
  if (key === null) return new Response("There is no idempotency key", { status: 400 });
  const line = await request.text();
  if (!lines.has(key)) lines.set(key, line);
  return new Response(null, { status: 204 });
}
