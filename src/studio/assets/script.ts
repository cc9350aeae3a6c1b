/** The script of the pages: made of `scripts/studio/client.ts` by `deno run -A scripts/studio_script.ts`. */
export const SCRIPT: string = `const QUIET_MS = 400;
const LEAST_MOVE = 4;
const FOCUSABLE = "a[href],button,input,select,textarea,summary,[tabindex]";
function isBusy(part ) {
  const fields = part.querySelectorAll ("input:not([type=hidden]),textarea");
  return part.querySelector("details[open] form") !== null ||
    Array.from(fields).some((it) => it.value !== it.defaultValue || it === document.activeElement);
}
function replacePart(part , next ) {
  const focused = Array.from(part.querySelectorAll(FOCUSABLE)).findIndex((it) => it === document.activeElement);
  const opened = Array.from(part.querySelectorAll("details")).map((it) => it.open);
  const scrolled = Array.from(part.querySelectorAll(".scroll")).map((it) => [it.scrollLeft, it.scrollTop] );
  part.replaceWith(next);
  next.querySelectorAll("details").forEach((it, index) => it.open = opened[index] ?? it.open);
  next.querySelectorAll(".scroll").forEach((it, index) => it.scrollTo(...scrolled[index] ?? [0, 0]));
  if (focused >= 0) next.querySelectorAll (FOCUSABLE)[focused]?.focus({ preventScroll: true });
  prepare(next);
}
async function renew() {
  const response = await fetch(location.href, { headers: { accept: "text/html" } });
  if (!response.ok) return;
  const next = new DOMParser().parseFromString(await response.text(), "text/html");
  for (const it of Array.from(next.querySelectorAll("[data-live]"))) {
    const part = document.getElementById(it.id);
    if (part !== null && part.outerHTML !== it.outerHTML && !isBusy(part)) {
      replacePart(part, document.importNode(it, true));
    }
  }
}
function follow(address ) {
  const events = new EventSource(address);
  const mark = document.getElementById("live");
  let [isRenewing, isOld] = [false, false];
  const changed = async () => {
    isOld = true;
    if (isRenewing || document.hidden) return;
    isRenewing = true;
    while (isOld && !document.hidden) {
      isOld = false;
      await renew().catch(() => {});
      await new Promise((resolve) => setTimeout(resolve, QUIET_MS));
    }
    isRenewing = false;
  };
  events.addEventListener("open", () => {
    if (mark !== null) mark.hidden = false;
    void changed();
  });
  events.addEventListener("error", () => {
    if (mark !== null) mark.hidden = true;
  });
  events.addEventListener("change", () => void changed());
  document.addEventListener("visibilitychange", () => {
    if (isOld) void changed();
  });
  addEventListener("pagehide", () => events.close());
}
function makePannable(frame ) {
  let from ;
  let isMoved = false;
  frame.addEventListener("pointerdown", (event) => {
    if (event.button !== 0 || event.pointerType !== "mouse") return;
    isMoved = false;
    from = { x: event.clientX + frame.scrollLeft, y: event.clientY + frame.scrollTop };
  });
  frame.addEventListener("pointermove", (event) => {
    if (from === undefined) return;
    const [left, top] = [from.x - event.clientX, from.y - event.clientY];
    if (!isMoved && Math.hypot(left - frame.scrollLeft, top - frame.scrollTop) < LEAST_MOVE) return;
    if (!isMoved) {
      isMoved = true;
      frame.setPointerCapture(event.pointerId);
      frame.classList.add("is-moved");
    }
    frame.scrollTo(left, top);
  });
  frame.addEventListener("dragstart", (event) => event.preventDefault());
  for (const end of ["pointerup", "pointercancel"]) {
    frame.addEventListener(end, () => {
      from = undefined;
      frame.classList.remove("is-moved");
    });
  }
}
function makeSlider(form ) {
  const range = form.querySelector ("input[type=range]");
  const shown = form.querySelector("output");
  range?.addEventListener("input", () => {
    if (shown !== null) shown.textContent = range.value;
  });
  range?.addEventListener("pointerup", () => form.requestSubmit());
}
function prepare(part ) {
  part.querySelectorAll ("[data-pan]").forEach(makePannable);
  part.querySelectorAll ("[data-slider]").forEach(makeSlider);
}
prepare(document);
const address = document.body.dataset["events"];
if (address !== undefined) follow(address);
`;
