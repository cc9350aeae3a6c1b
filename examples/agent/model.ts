/** What has been said so far: by the user, by tools, by the human who was asked. */
export interface Message {
  readonly from: "user" | "model" | "tool" | "human";
  readonly text: string;
}

/** What the model wants: to call a tool, to ask a human, or to answer. */
export type Wish =
  | { readonly kind: "tool"; readonly tool: string; readonly input: string }
  | { readonly kind: "ask" | "answer"; readonly text: string };

/** Stands in for a language model: it knows what to do after so many messages, and thinks aloud word by word. */
export async function* think(messages: readonly Message[]): AsyncGenerator<string, Wish, void> {
  const said = messages.filter(({ from }) => from !== "model");
  const wishes: readonly Wish[] = [
    { kind: "tool", tool: "weather", input: "Oslo" },
    { kind: "tool", tool: "flights", input: "Oslo" },
    { kind: "ask", text: `Book the flight for ${said.at(-1)?.text}?` },
    { kind: "answer", text: `${said[1]?.text}; ${said.at(-1)?.text === "yes" ? "booked" : "not booked"}` },
  ];
  const wish = wishes[Math.min(said.length, wishes.length) - 1] ?? { kind: "answer", text: "nothing was asked" };
  for (const word of `I want to ${wish.kind === "tool" ? `use ${wish.tool}` : wish.kind}`.split(" ")) {
    await new Promise((resolve) => setTimeout(resolve, 5));
    yield word;
  }
  return wish;
}
