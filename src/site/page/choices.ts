/**
 * The answers that a lesson's question offers.
 *
 * @module
 */

/**
 * The answers that a question names after a colon, as in `How many: one, two, or more?`. A question that begins with an
 * auxiliary verb has the answers `Yes` and `No`. All other questions have none: the reader types an answer.
 *
 * @param text The paragraph up to the end of the question.
 */
export function choicesOf(text: string): string[] {
  const [question = ""] = /[^.?]+\?$/.exec(text.replace(/^.*Predict, then run[.:]/s, "").trim()) ?? [];
  const [, named] = /: (.+)\?$/s.exec(question) ?? [];
  const choices = named?.split(/,? or |, /) ?? [];
  if (choices.length > 1) return choices;
  return /^\s*(Do|Does|Is|Are|Will|Can)\b/.test(question) && !/\bor\b/.test(question) ? ["Yes", "No"] : [];
}
