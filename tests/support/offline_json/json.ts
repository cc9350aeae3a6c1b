// Stands in for `@std/json` where JSR cannot be reached: the two streams that the command line uses, over the Web's TransformStream.

const JSON_SPACE = /^[ \t\r\n]*$/;

/** Parses each chunk that is not blank as one JSON value. */
export class JsonParseStream extends TransformStream<string, unknown> {
  constructor() {
    super({
      transform(chunk, controller) {
        if (!JSON_SPACE.test(chunk)) controller.enqueue(parse(chunk));
      },
    });
  }
}

/** Writes each value as JSON, with a line break after it. */
export class JsonStringifyStream extends TransformStream<unknown, string> {
  constructor() {
    super({
      transform(value, controller) {
        controller.enqueue(`${JSON.stringify(value)}\n`);
      },
    });
  }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    const part = text.length > 30 ? `${text.slice(0, 30)}...` : text;
    throw error instanceof SyntaxError ? new SyntaxError(`${error.message} (parsing: '${part}')`) : error;
  }
}
