/**
 * How the page of a server looks, on top of how a session looks in an export.
 *
 * @internal
 */
export const css = `
[hidden] { display: none !important; }
html, body { height: 100%; }
body { max-width: none; margin: 0; padding: 0; }
body > .start { max-width: 40rem; margin: 3rem auto; padding: 0 1.25rem; }
button, input, textarea { font: inherit; color: inherit; }
button {
  padding: .35rem .9rem; border: 1px solid var(--line); border-radius: 8px; background: var(--card); cursor: pointer;
  max-width: 100%; overflow-wrap: anywhere;
}
button:hover { border-color: var(--soft); }
button.primary { background: var(--accent); border-color: var(--accent); color: var(--paper); }
button.no { color: var(--bad); }
button.link { padding: 0; border: 0; background: none; color: var(--accent); text-decoration: underline; }
button:disabled { opacity: .5; cursor: default; }
input, textarea { padding: .45rem .7rem; border: 1px solid var(--line); border-radius: 8px; background: var(--paper); }
input::placeholder, textarea::placeholder { color: var(--soft); opacity: 1; }
:focus-visible { outline: 2px solid var(--accent); outline-offset: 2px; }
main:focus-visible, .scroller:focus-visible { outline: none; }
kbd { padding: 0 .4em; border: 1px solid var(--line); border-radius: 4px; background: var(--card); font-size: .85em; }
.page { display: grid; grid-template-columns: 19rem minmax(0, 1fr); height: 100dvh; }
nav { display: flex; flex-direction: column; min-height: 0; border-right: 1px solid var(--line); background: var(--card); }
nav > header { display: flex; justify-content: space-between; align-items: center; padding: .7rem .8rem .5rem 1rem; }
nav > input { margin: 0 .8rem .6rem; }
nav > .trouble { margin: 0 .8rem .6rem; }
.list { flex: 1; margin: 0; padding: 0 .5rem .5rem; overflow-y: auto; list-style: none; }
.list .note { padding: 0 .5rem; }
.list a {
  display: grid; grid-template-columns: .6rem minmax(0, 1fr) auto; gap: 0 .55rem; align-items: baseline;
  padding: .4rem .5rem; border-radius: 8px; color: inherit; text-decoration: none; line-height: 1.35;
}
.list a:hover { background: var(--line); }
.list a[aria-current] { background: var(--ask); }
.list .title { grid-column: 2; overflow: hidden; white-space: nowrap; text-overflow: ellipsis; }
.list .where { grid-column: 2; grid-row: 2; color: var(--soft); font-size: .8rem; overflow: hidden; white-space: nowrap; text-overflow: ellipsis; }
.list time { grid-column: 3; grid-row: 1; color: var(--soft); font-size: .8rem; }
.dot { width: .55rem; height: .55rem; border-radius: 50%; background: var(--soft); align-self: center; }
.dot.completed { background: var(--good); } .dot.failed { background: var(--bad); } .dot.limited { background: var(--out); }
.dot.open { background: var(--model); animation: pulse 1.6s ease-in-out infinite; }
.dot.asking { width: 1.1rem; height: 1.1rem; margin-left: -.25rem; border-radius: 50%; background: var(--out); color: var(--paper); font: bold .8rem/1.1rem sans-serif; text-align: center; }
@keyframes pulse { 50% { opacity: .35; } }
.place { min-width: 0; min-height: 0; }
main { display: flex; flex-direction: column; height: 100%; min-height: 0; }
main > header { display: flex; align-items: center; gap: .6rem; padding: .6rem 1.25rem; border-bottom: 1px solid var(--line); }
main > header > div { min-width: 0; flex: 1; }
main h1 { margin: 0; font-size: 1.05rem; overflow: hidden; white-space: nowrap; text-overflow: ellipsis; }
main > header .about { margin: 0; }
main > header .about span + span::before { content: " · "; }
.back { display: none; padding: 0 .5rem; font-size: 1.7rem; line-height: 1; text-decoration: none; }
.connection { margin: 0; padding: .3rem 1.25rem; background: var(--del); font-size: .9rem; }
.scroller { flex: 1; min-height: 0; overflow-y: auto; padding: 1rem 1.25rem 2rem; }
.transcript, .composer > *, .new .scroller > * { max-width: 52rem; margin-left: auto; margin-right: auto; }
.turn { margin-top: 1.5rem; }
.prompt p, .prompt li { white-space: pre-wrap; }
.queued { margin: .6rem 0 0; padding: .4rem .9rem; border: 1px dashed var(--line); border-radius: 10px; color: var(--soft); white-space: pre-wrap; overflow-wrap: anywhere; }
.queued span { font-size: .85rem; }
.turn:first-child { margin-top: 0; }
.transcript .note { white-space: pre-wrap; }
.item { margin: .4rem 0; }
.item > details { margin: 0; }
.call .body { margin: 0; padding: .1rem .75rem .5rem; }
.call .body:empty { display: none; }
.live { margin: .2rem 0 .4rem; padding: .3rem .75rem; border-left: 3px solid var(--model); border-radius: 0; background: none; color: var(--soft); }
.open .mark { display: inline-block; animation: pulse 1.2s ease-in-out infinite; }
.thought { padding-left: .9rem; border-left: 3px solid var(--line); color: var(--soft); font-size: .94rem; }
.thoughts > div { padding-left: .9rem; }
.task { list-style: none; margin-left: -1.3em; }
.diff { margin: .5rem 0; }
.diff pre { max-height: 32rem; overflow: auto; }
.question {
  margin: 1rem 0; padding: .8rem 1rem 1rem; border: 2px solid var(--out); border-radius: 12px; background: var(--paper);
}
.question h3 { margin: 0 0 .4rem; }
.question .exact { white-space: pre-wrap; overflow-wrap: anywhere; max-height: 40dvh; overflow: auto; }
.answers { display: flex; flex-wrap: wrap; gap: .5rem; margin-top: .7rem; }
.answers button { text-align: left; }
.answers input { flex: 1 1 14rem; min-width: 0; }
.trouble { color: var(--bad); font-size: .92rem; }
.composer { padding: .6rem 1.25rem .9rem; border-top: 1px solid var(--line); }
.composer .trouble { margin: 0 auto .5rem; }
.write { display: flex; gap: .5rem; align-items: flex-end; }
.write textarea { flex: 1; min-width: 0; resize: none; field-sizing: content; min-height: 2.55rem; max-height: 40dvh; }
.keys { display: flex; gap: .5rem; }
.keys button { padding: .5rem .9rem; }
.new label { display: block; margin-bottom: 1rem; color: var(--soft); font-size: .9rem; }
.new label input { display: block; width: 100%; margin-top: .25rem; color: var(--ink); font-size: 1rem; }
.welcome { align-items: center; justify-content: center; }
.sign-in { max-width: 26rem; margin: 12dvh auto 0; padding: 0 1.25rem; display: flex; flex-direction: column; gap: .8rem; }
.sign-in p { margin: 0; }
dialog { border: 1px solid var(--line); border-radius: 12px; background: var(--paper); color: var(--ink); }
dialog::backdrop { background: #0006; }
dialog dl { display: grid; grid-template-columns: auto 1fr; gap: .35rem 1rem; margin: 0 0 1rem; }
dialog dt { display: flex; gap: .25rem; } dialog dd { margin: 0; }
@media (max-width: 46rem) {
  .page { grid-template-columns: minmax(0, 1fr); }
  nav { border: 0; }
  [data-view="list"] .place, [data-view="session"] nav { display: none; }
  .back { display: block; }
  main > header { padding: .45rem .6rem; }
  .scroller { padding: .8rem .9rem 1.5rem; }
  .composer { padding: .5rem .7rem max(.6rem, env(safe-area-inset-bottom)); }
  input, textarea { font-size: 16px; }
}
@media (prefers-reduced-motion: reduce) { .dot.open, .open .mark { animation: none; } }
`
