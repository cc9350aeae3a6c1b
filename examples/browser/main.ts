/// <reference lib="dom" />
import { Engine } from "@routilux/routilux";
import { indexedDbStore } from "@routilux/routilux/stores/indexed_db";
import { createFlow, registry, sender, type Sent } from "./outbox.ts";

// The script of the page. Each tab works on the messages, and shows all of them, whatever tab has them.

const store = indexedDbStore({ name: "outbox" });
// A tab that is loaded again, or closed, leaves its messages to the others, or to itself, three seconds later.
const engine = new Engine({ store, registry, durability: { leaseMs: 3_000 } });
const flow = createFlow(engine);
const shown = new Set<string>();

engine.work();
store.watch?.(({ type }) => type === "due" && void showMessages()); // another tab has started one
void navigator.storage.persist(); // asks the browser not to delete what has not been sent
await showMessages();
await showArrived();

const form = find(document, "form", HTMLFormElement);
form.addEventListener("submit", async (event) => {
  event.preventDefault();
  const text = String(new FormData(form).get("text"));
  const lines = text.split("\n").map((line) => line.trim()).filter((line) => line !== "");
  const [first = ""] = lines;
  await flow.start(sender.trigger, { lines }, { tags: { first: first.slice(0, 100) } });
  await showMessages();
});

/** Shows the newest messages that are not on the page yet. */
async function showMessages(): Promise<void> {
  const { jobs } = await engine.list({ flowId: flow.id, newestFirst: true, limit: 20 });
  for (const { jobId, tags } of jobs.toReversed()) {
    if (shown.has(jobId)) continue;
    shown.add(jobId);
    void follow(jobId, `${tags?.["first"]} …`);
  }
}

/** Shows a message, and what becomes of it until it has ended. */
async function follow(jobId: string, name: string): Promise<void> {
  const item = document.importNode(find(document, "#message", HTMLTemplateElement).content, true);
  const [progress, state] = [find(item, "progress", HTMLProgressElement), find(item, "output", HTMLOutputElement)];
  const cancel = find(item, "button", HTMLButtonElement);
  find(item, ".name", HTMLElement).textContent = name;
  state.value = "waiting";
  find(document, "#messages", HTMLElement).prepend(item);

  const message = flow.handle(jobId);
  cancel.addEventListener("click", async () => {
    cancel.disabled = true;
    await message.cancel().catch(() => {}); // it has ended meanwhile
  });
  for await (const { data } of message.outputs()) {
    const { sent, of } = data as Sent;
    Object.assign(progress, { value: sent, max: of });
    state.value = `${sent} of ${of} sent`;
    void showArrived();
  }
  const { status, error } = await message.ended();
  cancel.hidden = true;
  if (!progress.hasAttribute("value")) progress.value = 0;
  state.value = error === undefined ? status : `${status}: ${error.message}`;
}

async function showArrived(): Promise<void> {
  const response = await fetch("/lines");
  const lines: readonly string[] = await response.json();
  find(document, "#arrived", HTMLElement).replaceChildren(...lines.map((line) => {
    const item = document.createElement("li");
    item.textContent = line;
    return item;
  }));
}

function find<T extends Element>(part: ParentNode, selector: string, type: new () => T): T {
  const found = part.querySelector(selector);
  if (found instanceof type) return found;
  throw new Error(`The page has no ${selector}`);
}
