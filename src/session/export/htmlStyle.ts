/**
 * How a page looks, by day and by night.
 *
 * @internal
 */
export const css = `
:root {
  color-scheme: light dark;
  --paper: #fdfdfc; --ink: #1f2328; --soft: #656d76; --line: #e3e3de; --card: #f5f5f1; --accent: #2f6f5e;
  --ask: #eaf2ee; --good: #2c7a4b; --bad: #b3372f; --add: #e2f4e6; --del: #fbe6e3;
  --cached: #b9d3c9; --fresh: #2f6f5e; --out: #e0a043; --model: #4d78a8; --tools: #b9a4d6;
  --keyword: #8a3f9a; --string: #2a6a3c; --number: #9a5a12; --title: #2b5c9e; --comment: #767d86;
}
@media (prefers-color-scheme: dark) {
  :root {
    --paper: #16181b; --ink: #dfe2e6; --soft: #959ca6; --line: #2d3137; --card: #1e2125; --accent: #7cc3ae;
    --ask: #1d2b27; --good: #6cc58d; --bad: #ef857c; --add: #17311f; --del: #3a1f1d;
    --cached: #35544a; --fresh: #7cc3ae; --out: #dfa851; --model: #7aa5d6; --tools: #8a76ad;
    --keyword: #d09be0; --string: #93cfa3; --number: #e0b06d; --title: #8fb8ee; --comment: #868d97;
  }
}
* { box-sizing: border-box; }
body {
  margin: 0 auto; padding: 2.5rem 1.25rem 4rem; max-width: 52rem; background: var(--paper); color: var(--ink);
  font: 16px/1.6 system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", sans-serif;
  overflow-wrap: anywhere;
}
h1 { margin: 0 0 1rem; font-size: 1.6rem; line-height: 1.25; font-weight: 650; letter-spacing: -.01em; }
h2 { margin: 0; font-size: 1rem; font-weight: 650; }
h2 a { color: inherit; text-decoration: none; }
h2 a:hover { text-decoration: underline; }
h3, h4, h5, h6 { margin: 1.2em 0 .4em; font-size: 1.02rem; line-height: 1.35; }
a { color: var(--accent); text-underline-offset: .15em; }
code, pre { font: .86em/1.55 ui-monospace, SFMono-Regular, Menlo, Consolas, "Liberation Mono", monospace; }
pre { margin: .6rem 0; padding: .75rem .9rem; overflow-x: auto; border-radius: 8px; background: var(--card); overflow-wrap: normal; }
pre code { font-size: 1em; }
:not(pre) > code { padding: .1em .35em; border-radius: 4px; background: var(--card); }
blockquote { margin: .6rem 0; padding-left: .9rem; border-left: 3px solid var(--line); color: var(--soft); }
img { display: block; max-width: 100%; height: auto; margin: .6rem 0; border-radius: 8px; }
hr { border: 0; border-top: 1px solid var(--line); margin: 1.2rem 0; }
.table { overflow-x: auto; }
table { border-collapse: collapse; margin: .6rem 0; font-size: .94em; }
th, td { padding: .3rem .7rem; border: 1px solid var(--line); text-align: left; vertical-align: top; }
th { background: var(--card); }
.facts { display: grid; grid-template-columns: repeat(auto-fill, minmax(10rem, 1fr)); gap: .7rem 1.5rem; margin: 0; }
.facts dt { color: var(--soft); font-size: .8rem; }
.facts dd { margin: 0; font-size: .94rem; }
.chart { margin: 2rem 0 0; padding: 1rem 1rem .8rem; border: 1px solid var(--line); border-radius: 10px; }
.chart svg { display: block; width: 100%; height: auto; }
.chart line { stroke: var(--line); }
.chart line.turn { stroke-dasharray: 3 3; stroke: var(--soft); opacity: .5; }
.chart .hit { fill: transparent; }
.chart g:hover .hit { fill: var(--card); }
.chart figcaption { display: flex; flex-wrap: wrap; gap: .2rem .9rem; margin-top: .7rem; color: var(--soft); font-size: .82rem; }
.chart .legend { white-space: nowrap; }
.chart i { display: inline-block; width: .7em; height: .7em; margin-right: .35em; border-radius: 2px; }
.cached { fill: var(--cached); background: var(--cached); } .fresh { fill: var(--fresh); background: var(--fresh); }
.out { fill: var(--out); background: var(--out); } .model { fill: var(--model); background: var(--model); }
.tools { fill: var(--tools); background: var(--tools); }
.turn { margin-top: 2.5rem; }
.about { margin: 0 0 .6rem; color: var(--soft); font-size: .84rem; }
.prompt { margin: .5rem 0 1.2rem; padding: .8rem 1.1rem; border-radius: 12px; background: var(--ask); border-left: 4px solid var(--accent); }
.prompt > :first-child, .answer > :first-child { margin-top: 0; }
.prompt > :last-child, .answer > :last-child { margin-bottom: 0; }
.answer { margin: 1rem 0; }
.answer.remark { color: var(--soft); }
.note { margin: .7rem 0; color: var(--soft); font-size: .9rem; font-style: italic; }
.note.failed, .note.open { color: var(--bad); }
.address { color: var(--soft); font-size: .9em; }
details { margin: .4rem 0; }
summary { cursor: pointer; list-style: none; }
summary::-webkit-details-marker { display: none; }
summary:focus-visible { outline: 2px solid var(--accent); outline-offset: 2px; border-radius: 6px; }
.thoughts > summary, .told > summary { color: var(--soft); font-size: .9rem; }
.thoughts > summary::before, .told > summary::before { content: "▸ "; }
.thoughts[open] > summary::before, .told[open] > summary::before { content: "▾ "; }
.thoughts > div { padding-left: .9rem; border-left: 3px solid var(--line); color: var(--soft); font-size: .94rem; }
.told { margin-top: 1.6rem; }
.told pre { white-space: pre-wrap; overflow-wrap: anywhere; }
.call { border: 1px solid var(--line); border-radius: 8px; }
.call > summary { display: flex; align-items: baseline; gap: .5rem; padding: .4rem .75rem; font-size: .92rem; }
.call > summary b { flex: none; max-width: 60%; }
.call > summary:hover { background: var(--card); border-radius: 8px; }
.call > summary code { flex: 1 1 auto; min-width: 0; padding: 0; background: none; color: var(--soft); overflow: hidden; white-space: nowrap; text-overflow: ellipsis; }
.call[open] > summary { border-bottom: 1px solid var(--line); }
.call[open] > summary code { white-space: normal; }
.call > :not(summary) { margin: .75rem; }
.call pre { max-height: 32rem; overflow: auto; }
.mark { color: var(--good); } .badly .mark, .badly .took { color: var(--bad); } .open .mark { color: var(--soft); }
.took, .counts { flex: none; color: var(--soft); font-size: .82rem; white-space: nowrap; }
ins { color: var(--good); text-decoration: none; } del { color: var(--bad); text-decoration: none; }
.output { border-left: 3px solid var(--line); padding-left: .75rem; }
.diff figcaption { color: var(--soft); font-size: .86rem; }
.diff pre { padding: .6rem 0; }
.diff pre span { display: inline-block; min-width: 100%; padding: 0 .9rem; }
.diff .added { background: var(--add); } .diff .removed { background: var(--del); } .diff .hunk { color: var(--soft); }
footer { margin-top: 3.5rem; padding-top: 1rem; border-top: 1px solid var(--line); color: var(--soft); font-size: .84rem; }
.hljs-keyword, .hljs-literal, .hljs-selector-tag, .hljs-type, .hljs-built_in { color: var(--keyword); }
.hljs-string, .hljs-regexp, .hljs-symbol, .hljs-bullet { color: var(--string); }
.hljs-addition { color: var(--good); } .hljs-deletion { color: var(--bad); }
.hljs-number, .hljs-attr, .hljs-variable, .hljs-template-variable { color: var(--number); }
.hljs-title, .hljs-section, .hljs-name, .hljs-meta, .hljs-attribute { color: var(--title); }
.hljs-comment, .hljs-quote { color: var(--comment); font-style: italic; }
@media (max-width: 34rem) {
  body { padding: 1.5rem .9rem 3rem; }
  h1 { font-size: 1.35rem; }
  .facts { grid-template-columns: 1fr 1fr; gap: .5rem 1rem; }
  .call > summary { flex-wrap: wrap; gap: .1rem .5rem; }
  .call > summary code { flex: 1 1 100%; order: 3; }
  .took { margin-left: auto; }
}
@media print {
  body { max-width: none; }
  .call pre { max-height: none; }
}
`
