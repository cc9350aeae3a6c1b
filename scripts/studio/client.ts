/// <reference lib="dom" />
/// <reference lib="dom.iterable" />

// What the pages of the studio do beyond showing: they follow what happens, and their drawings can be moved. Without this they work, too.

const QUIET_MS = 400;
/** By how many pixels the pointer must be moved to move a drawing. */
const LEAST_MOVE = 4;
const FOCUSABLE = "a[href],button,input,select,textarea,summary,[tabindex]";

function isBusy(part: Element): boolean {
  const fields = part.querySelectorAll<HTMLInputElement | HTMLTextAreaElement>("input:not([type=hidden]),textarea");
  return part.querySelector("details[open] form") !== null ||
    Array.from(fields).some((it) => it.value !== it.defaultValue || it === document.activeElement);
}

/** Replaces a part of the page, and keeps what its reader has done to it: what is open, scrolled, focused. */
function replacePart(part: Element, next: Element): void {
  const focused = Array.from(part.querySelectorAll(FOCUSABLE)).findIndex((it) => it === document.activeElement);
  const opened = Array.from(part.querySelectorAll("details")).map((it) => it.open);
  const scrolled = Array.from(part.querySelectorAll(".scroll")).map((it) => [it.scrollLeft, it.scrollTop] as const);
  part.replaceWith(next);
  next.querySelectorAll("details").forEach((it, index) => it.open = opened[index] ?? it.open);
  next.querySelectorAll(".scroll").forEach((it, index) => it.scrollTo(...scrolled[index] ?? [0, 0]));
  if (focused >= 0) next.querySelectorAll<HTMLElement>(FOCUSABLE)[focused]?.focus({ preventScroll: true });
  prepare(next);
}

async function renew(): Promise<void> {
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

/** Renews the page at each change, but only one at a time, and not while nobody looks. */
function follow(address: string): void {
  const events = new EventSource(address);
  const mark = document.getElementById("live");
  let [isRenewing, isOld] = [false, false];
  const changed = async (): Promise<void> => {
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

/** A drawing that is larger than its frame can be moved by the pointer; a click on a link in it is none. */
function makePannable(frame: HTMLElement): void {
  let from: { readonly x: number; readonly y: number } | undefined;
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
      // Only now is the pointer the frame's: before that, it would take the clicks of links away.
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

/** The slider shows which revision it stands at, and goes there when it is let go. */
function makeSlider(form: HTMLFormElement): void {
  const range = form.querySelector<HTMLInputElement>("input[type=range]");
  const shown = form.querySelector("output");
  range?.addEventListener("input", () => {
    if (shown !== null) shown.textContent = range.value;
  });
  range?.addEventListener("pointerup", () => form.requestSubmit());
}

function prepare(part: ParentNode): void {
  part.querySelectorAll<HTMLElement>("[data-pan]").forEach(makePannable);
  part.querySelectorAll<HTMLFormElement>("[data-slider]").forEach(makeSlider);
}

prepare(document);
const address = document.body.dataset["events"];
if (address !== undefined) follow(address);
