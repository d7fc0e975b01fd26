/**
 * The style of a lesson's page, light and dark, from the width of a phone up.
 *
 * @module
 */

/** The style sheet. Lines of prose have about 70 characters. Code and pictures may be wider and then scroll. */
export const STYLE = `
:root {
  color-scheme: light dark;
  --ground: #fdfcfa; --ink: #23211e; --quiet: #67625a; --line: #e2ddd4; --link: #1d5a96;
  --code: #f5f2ec; --said: #eef3f7; --edge: #5b86ab; --holds: #1b7a45; --fails: #b3261e;
  --keyword: #8a3b8f; --string: #3d6b1f; --number: #9a4a10; --name: #1d5a96; --type: #0f6a6a; --comment: #6d675d;
}
@media (prefers-color-scheme: dark) {
  :root {
    --ground: #17181b; --ink: #dddad3; --quiet: #a09b92; --line: #34363b; --link: #8fbff0;
    --code: #1f2125; --said: #1a242d; --edge: #6d9cc4; --holds: #67c58d; --fails: #ff8a80;
    --keyword: #d5a0dc; --string: #a9cf85; --number: #eab27c; --name: #8fbff0; --type: #7fcfcb; --comment: #989288;
  }
}
* { box-sizing: border-box; }
html { background: var(--ground); color: var(--ink); font: 1.125rem/1.6 ui-serif, serif; text-size-adjust: 100%; }
body { margin: 0; overflow-wrap: break-word; }
main { max-width: 58rem; margin: 0 auto; padding: 2.5rem 1.25rem 4rem; }
p, ul, ol, h1, h2, .notice { max-width: 66ch; }
h1, h2, h3, nav, footer, .course, summary, caption, figcaption, .claim { font-family: ui-sans-serif, system-ui, sans-serif; }
h1, h2, h3 { line-height: 1.25; text-wrap: balance; }
h1 { font-size: 2.1rem; letter-spacing: -0.015em; margin: 0.25rem 0 1.5rem; }
h2 { font-size: 1.4rem; letter-spacing: -0.01em; margin: 3.5rem 0 1rem; scroll-margin-top: 1rem; }
h3 { font-size: 0.95rem; margin: 0 0 0.75rem; }
a { color: var(--link); text-underline-offset: 0.15em; }
li { margin: 0.35rem 0; }
.course { margin: 0; color: var(--quiet); font-size: 0.85rem; letter-spacing: 0.06em; text-transform: uppercase; }
.notice { border: 1px solid var(--fails); border-radius: 6px; padding: 0.6rem 1rem; }
nav { font-size: 0.85rem; line-height: 1.4; margin: 2rem 0; padding: 0.75rem 0; border: solid var(--line); border-width: 1px 0; }
nav ol { list-style: none; margin: 0; padding: 0; }
nav a { color: var(--quiet); text-decoration: none; }
nav a:hover, nav a:focus { color: var(--link); text-decoration: underline; }
footer { margin-top: 4rem; padding-top: 1rem; border-top: 1px solid var(--line); color: var(--quiet); font-size: 0.85rem; }

code, pre, .line { font-family: ui-monospace, monospace; }
code { font-size: 0.85em; background: var(--code); border-radius: 4px; padding: 0.1em 0.3em; }
.word { white-space: nowrap; }
.wide { overflow-x: auto; max-width: 100%; }
.code { background: var(--code); border-radius: 8px; padding: 0.9rem 1.1rem; margin: 1.25rem 0; font-size: 0.72rem; line-height: 1.55; }
.code code { font-size: inherit; background: none; padding: 0; }
details { margin: 1.25rem 0; }
details .code { margin-top: 0.5rem; }
summary { width: fit-content; color: var(--quiet); font-size: 0.85rem; cursor: pointer; }
summary:hover { color: var(--link); }
math { font-family: math, "STIX Two Math", "Cambria Math", "DejaVu Math TeX Gyre"; font-size: 1.08em; }
.maths { margin: 1.25rem 0; padding: 0.25rem 0; overflow-y: hidden; }
.maths math { width: fit-content; margin-left: 1.5rem; }

.said { background: var(--said); border-left: 4px solid var(--edge); border-radius: 0 8px 8px 0; margin: 1.75rem 0; padding: 1rem 1.25rem; }
.said > :first-child { margin-top: 0; }
.said > :last-child { margin-bottom: 0; }
.line, .claim { max-width: none; margin: 0.3rem 0; font-size: 0.82rem; line-height: 1.5; }
.line { white-space: pre-wrap; overflow-wrap: anywhere; }
.claim { padding-left: 1.5em; text-indent: -1.5em; font-variant-numeric: tabular-nums; }
.sign { display: inline-block; width: 1.2em; text-indent: 0; font-weight: bold; }
.holds .sign { color: var(--holds); }
.fails .sign, .fails b { color: var(--fails); }
table { font-family: ui-sans-serif, system-ui, sans-serif; border-collapse: collapse; margin: 0.75rem 0; font-size: 0.85rem; line-height: 1.4; }
caption, figcaption { color: var(--quiet); font-size: 0.85rem; line-height: 1.45; text-align: left; }
caption { padding-bottom: 0.4rem; }
th, td { text-align: left; padding: 0.3rem 1.25rem 0.3rem 0; border-bottom: 1px solid var(--line); vertical-align: top; }
.number { text-align: right; font-variant-numeric: tabular-nums; }
figure { margin: 1.25rem 0; }
figcaption { margin-top: 0.5rem; max-width: 70ch; }
img { display: block; max-width: 100%; height: auto; }
.pixels { image-rendering: pixelated; }
.plot { border-radius: 6px; }
.unseen { position: absolute; width: 1px; height: 1px; margin: 0; overflow: hidden; clip-path: inset(50%); }

.hljs-keyword { color: var(--keyword); }
.hljs-string, .hljs-regexp { color: var(--string); }
.hljs-number, .hljs-literal { color: var(--number); }
.hljs-title { color: var(--name); }
.hljs-built_in, .hljs-title.class_ { color: var(--type); }
.hljs-comment, .hljs-doctag { color: var(--comment); }
.hljs-subst { color: var(--ink); }

@media (min-width: 84rem) {
  main { display: grid; grid-template-columns: 13rem minmax(0, 58rem); column-gap: 3.5rem; max-width: 77rem; }
  main > * { grid-column: 2; }
  nav { grid-column: 1; grid-row: 1 / span 99; align-self: start; position: sticky; top: 2.5rem; margin: 0; border: 0; padding: 0; }
}
@media (max-width: 40rem) {
  html { font-size: 1.05rem; }
  main { padding-top: 1.5rem; }
  h1 { font-size: 1.7rem; }
  .code, .said { max-width: none; margin-left: -1.25rem; margin-right: -1.25rem; border-radius: 0; padding-left: 1.25rem; padding-right: 1.25rem; }
  .said figure > div { margin: 0 -1.25rem; max-width: none; }
  .plot { border-radius: 0; }
  .maths math { margin-left: 0; font-size: 0.95em; }
}
`;
