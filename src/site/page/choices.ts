/**
 * What a reader can choose from, as the lesson's own question says it.
 *
 * @module
 */

/**
 * The answers that a question names: those after a colon, as in `How many: one, two, or more?`; `Yes` and `No` where it
 * begins with a verb; none where the reader has to find an answer of their own.
 *
 * @param text The question, with what stands before it.
 */
export function choicesOf(text: string): string[] {
  const [question = ""] = /[^.?]+\?$/.exec(text.replace(/^.*Predict, then run[.:]/s, "").trim()) ?? [];
  const [, named] = /: (.+)\?$/s.exec(question) ?? [];
  const choices = named?.split(/,? or |, /) ?? [];
  if (choices.length > 1) return choices;
  return /^\s*(Do|Does|Is|Are|Will|Can)\b/.test(question) && !/\bor\b/.test(question) ? ["Yes", "No"] : [];
}
