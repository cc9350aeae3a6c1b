import { type DataField, type DataProblem, fieldName, textOfValue } from "../data_fields.ts";
import { exactly, type Html, markup, type Part } from "../html.ts";
import { short } from "./texts.ts";

/** What was filled in before, and what is wrong with it. */
export interface FilledIn {
  readonly given: (name: string) => string | undefined;
  readonly problems: readonly DataProblem[];
}

/**
 * The fields of a form for data, each with what is wrong with it.
 *
 * @param id begins the ids of the fields, which must be no others of the page
 */
export function dataFields(root: DataField, id: string, filled?: FilledIn): Html {
  const problems = new Map<DataField, string[]>();
  for (const { keys, message } of filled?.problems ?? []) {
    const field = fieldAt(root, keys);
    const text = [keys.slice(field.keys.length).join("."), message].join(" ").trim();
    problems.set(field, [...problems.get(field) ?? [], text]);
  }
  return write(root, id);

  function write(field: DataField, id: string): Html {
    const { about, fields, isRequired, keys, kind, label, placeholder } = field;
    const own = problems.get(field);
    const problem: Part = own &&
      markup`<span class="problem" id="${id}-problem">${own.join("; ").slice(0, 1_000)}</span>`;
    const under = markup`${about !== undefined && markup`<span class="hint">${short(about, 300)}</span>`}${problem}`;
    if (kind === "group") {
      const inner = markup`<div class="fields">${fields.map((it, index) => write(it, `${id}-${index}`))}</div>`;
      if (keys.length === 0) return markup`${problem}${inner}`;
      return markup`<fieldset><legend>${short(label)}</legend>${under}${inner}</fieldset>`;
    }
    const marks = markup`id="${id}" name="${exactly(fieldName(field))}"${
      own && markup` aria-invalid="true" aria-describedby="${id}-problem"`
    }`;
    const text = filled === undefined ? textOfValue(field, field.initial) : filled.given(fieldName(field)) ?? "";
    return markup`<div class="field"><label for="${id}">${short(label)}${
      !isRequired && placeholder === undefined && markup` <span class="faint">(may be left empty)</span>`
    }</label>${control(field, marks, text)}${under}</div>`;
  }
}

/** The field that keys lead to, or the last one on the way that there is. */
function fieldAt(field: DataField, keys: readonly string[]): DataField {
  const next = field.fields.find((it) => it.keys.at(-1) === keys[field.keys.length]);
  return next === undefined ? field : fieldAt(next, keys);
}

function control({ choices, initial, isRequired, kind, placeholder = "" }: DataField, marks: Html, text: string): Html {
  const hint = placeholder !== "" && markup` placeholder="${placeholder}"`;
  if (kind === "choice") {
    const options = choices.map((it) => {
      const value = JSON.stringify(it);
      return markup`<option value="${exactly(value)}"${value === text && markup` selected`}>${
        short(typeof it === "string" ? it : value)
      }</option>`;
    });
    const none = isRequired ? initial === undefined && "choose" : "–";
    return markup`<select ${marks}>${none !== false && markup`<option value="">${none}</option>`}${options}</select>`;
  }
  if (kind === "json" || kind === "lines") {
    const rows = kind === "json" ? Math.min(12, Math.max(3, text.split("\n").length)) : 2;
    return markup`<textarea ${marks} rows="${rows}" spellcheck="false"${hint}>
${exactly(text)}</textarea>`;
  }
  if (kind === "instant") return markup`<input ${marks} type="datetime-local" step="1" value="${exactly(text)}">`;
  const mode = kind === "number" || kind === "integer" ? markup` inputmode="decimal"` : undefined;
  return markup`<input ${marks} value="${exactly(text)}" autocomplete="off"${mode}${hint}>`;
}
