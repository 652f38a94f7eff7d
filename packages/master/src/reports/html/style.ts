/** How the page looks: light, dark and on paper. Colours are never the only sign: each status has its word too. */

export const STYLE = `
:root {
  color-scheme: light dark;
  --back: #fff; --fore: #1f2328; --soft: #59636e; --edge: #d1d9e0; --tint: #f6f8fa; --link: #0550ae;
  --pass: #1a7f37; --warn: #8a5a00; --skip: #59636e; --xfail: #3f6f7a; --xpass: #8250df;
  --cancel: #6e5b4b; --fail: #c01f2b; --interrupted: #b04500; --error: #a5126a; --running: #0550ae;
  --wait: #ffffffb0; --release: #0550ae;
}
@media (prefers-color-scheme: dark) {
  :root {
    --back: #0d1117; --fore: #e6edf3; --soft: #9198a1; --edge: #3d444d; --tint: #151b23; --link: #6cb0ff;
    --pass: #3fb950; --warn: #d9a21b; --skip: #9198a1; --xfail: #76b5c5; --xpass: #b78bff;
    --cancel: #b8a08c; --fail: #ff6b66; --interrupted: #f08c42; --error: #f778ba; --running: #6cb0ff;
    --wait: #0d1117a8; --release: #6cb0ff;
  }
}
* { box-sizing: border-box; }
body { margin: 0 auto; padding: 1.5rem clamp(0.8rem, 3vw, 2.5rem) 4rem; max-width: 100rem;
  background: var(--back); color: var(--fore); font: 15px/1.5 system-ui, sans-serif; }
h1 { font-size: 1.6rem; line-height: 1.3; margin: 0 0 0.4rem; overflow-wrap: anywhere; }
h2 { font-size: 1.15rem; margin: 2rem 0 0.6rem; }
h3 { font-size: 1rem; margin: 1.2rem 0 0.4rem; }
h4, caption { font-size: 0.85rem; font-weight: 600; color: var(--soft); margin: 1rem 0 0.3rem; text-align: left; }
caption { margin: 0; padding: 0.2rem 0; }
a { color: var(--link); }
small, .note, .no, .words, .time { color: var(--soft); }
small { font-weight: 400; font-size: 0.87em; }
code, pre { font-family: ui-monospace, 'DejaVu Sans Mono', monospace; font-size: 0.87em; }
:focus-visible { outline: 2px solid var(--link); outline-offset: 1px; }
.unseen { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }
.skip-link { position: absolute; left: -100vw; } .skip-link:focus { left: 1rem; top: 0.5rem; background: var(--back); }
dl { display: flex; flex-wrap: wrap; gap: 0.3rem 1.6rem; margin: 0.6rem 0; }
dl div { display: flex; gap: 0.4rem; } dt { color: var(--soft); } dd { margin: 0; }

.badge { display: inline-block; padding: 0 0.45em; border: 1px solid; border-radius: 0.3em; white-space: nowrap;
  font: 600 0.8rem/1.55 system-ui, sans-serif; }
.badge::before { font-weight: 400; padding-right: 0.35em; }
.badge.PASS::before { content: '✓' / ''; } .badge.WARN::before { content: '!' / ''; } .badge.SKIP::before { content: '–' / ''; }
.badge.XFAIL::before { content: '≈' / ''; } .badge.XPASS::before { content: '≠' / ''; } .badge.CANCEL::before { content: '⊘' / ''; }
.badge.FAIL::before { content: '✗' / ''; } .badge.INTERRUPTED::before { content: '◷' / ''; }
.badge.ERROR::before { content: '⚠' / ''; } .badge.RUNNING::before { content: '…' / ''; }
h1 .badge { font-size: 1.1rem; vertical-align: 0.15em; }
.PASS { color: var(--pass); } .WARN, .flaky { color: var(--warn); } .SKIP { color: var(--skip); }
.XFAIL { color: var(--xfail); } .XPASS { color: var(--xpass); } .CANCEL { color: var(--cancel); }
.FAIL { color: var(--fail); } .INTERRUPTED { color: var(--interrupted); } .ERROR { color: var(--error); }
.RUNNING { color: var(--running); }
.badge.FAIL, .badge.ERROR, .badge.INTERRUPTED { background: color-mix(in srgb, currentcolor 12%, transparent); }
.flaky { font-size: 0.8rem; font-weight: 600; white-space: nowrap; }
.cause { overflow-wrap: anywhere; white-space: pre-wrap; }
.cause.first { margin: 0.4rem 0; padding: 0.3rem 0.7rem; border-left: 3px solid var(--fail); background: var(--tint); }

table { border-collapse: collapse; width: 100%; }
th, td { padding: 0.2rem 0.7rem 0.2rem 0; text-align: left; vertical-align: top; border-bottom: 1px solid var(--edge); }
thead th { color: var(--soft); font-weight: 500; font-size: 0.85rem; vertical-align: bottom; white-space: nowrap; }
tbody th { font-weight: 600; }
.num { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
.scroll { overflow-x: auto; margin: 0.4rem 0 0.8rem; }
.barriers, .subtests, .waits { width: auto; min-width: min(100%, 40rem); }
.counts { width: auto; margin-top: 0.6rem; } .counts td { font-size: 1.3rem; font-variant-numeric: tabular-nums; border: 0; }
.subtests th, .subtests td, .barriers th, .barriers td, .waits th, .waits td { padding-right: 1.4rem; }
.end { min-width: 13rem; max-width: 30rem; } .files { white-space: nowrap; font-size: 0.87rem; } .files a + a { margin-left: 0.4em; }
th.when, td.when { width: 42%; min-width: 15rem; padding-right: 1rem; }
.nodes-when th.when, .nodes-when td.when { width: 92%; }
.nodes-when th, .nodes-when td { border: 0; padding-top: 0; padding-bottom: 0; white-space: nowrap; }

svg { display: block; width: 100%; overflow: visible; } .lane { height: 22px; } .axis { height: 28px; }
.axis.short { height: 14px; } .share { height: 12px; border-radius: 6px; overflow: hidden; }
svg text { font-size: 11px; fill: var(--soft); } svg .number { fill: var(--release); font-weight: 600; }
.run { fill: currentcolor; } .lane .run { opacity: 0.75; } .lane a:hover .run { opacity: 1; }
.nodes-when a .run { stroke: var(--back); stroke-width: 1px; }
.wait { fill: var(--wait); } .wait.broken { fill: var(--wait); stroke: var(--fail); stroke-dasharray: 3 2; }
.away { fill: none; stroke: var(--soft); stroke-dasharray: 2 2; }
.release { stroke: var(--release); stroke-width: 1.5px; } .last { fill: var(--release); }
.mark { fill: var(--fore); } .subtest { fill: var(--pass); } .bad-subtest { fill: var(--fail); }
.key { display: flex; flex-wrap: wrap; gap: 0.2rem 1.2rem; color: var(--soft); font-size: 0.85rem; padding: 0; list-style: none; }
.key svg { display: inline-block; width: 26px; height: 16px; vertical-align: -4px; color: var(--pass); }

.tools { display: flex; flex-wrap: wrap; gap: 0.3rem 1rem; font-size: 0.9rem; align-items: center; position: sticky; top: 0; z-index: 1;
  background: var(--back); padding: 0.5rem 0; border-bottom: 1px solid var(--edge); }
.tools[hidden] { display: none; }
.tools fieldset { border: 0; min-width: 0; margin: 0; padding: 0; display: flex; flex-wrap: wrap; gap: 0.2rem 0.8rem; }
.tools label { white-space: nowrap; } .tools input[type='search'] { width: min(22rem, 60vw); }
input, button { font: inherit; color: inherit; }
input[type='search'], button { border: 1px solid var(--edge); border-radius: 0.3em; background: var(--tint); padding: 0.15em 0.6em; }
ol.tests { list-style: none; margin: 0; padding: 0; }
ol.tests > li { content-visibility: auto; contain-intrinsic-size: auto 34px; scroll-margin-top: 6rem; border-bottom: 1px solid var(--edge); }
ol.tests > li[hidden] { display: none; }
summary { cursor: pointer; padding: 0.25rem 0.2rem; overflow-wrap: anywhere; }
summary:hover { background: var(--tint); }
.test > summary > .badge { min-width: 9.6em; }
.name { font-weight: 600; } .no { font-size: 0.85rem; font-variant-numeric: tabular-nums; } .words { font-size: 0.87rem; }
.time { font-variant-numeric: tabular-nums; font-size: 0.87rem; float: right; padding-right: 0.4rem; }
.why { display: block; padding-left: 9.6rem; color: var(--soft); font-size: 0.9rem; }
.attempt .why { padding-left: 1rem; }
.body { padding: 0.2rem 0 1rem 1.2rem; }
.attempt { border-left: 2px solid var(--edge); padding-left: 0.8rem; margin: 0.4rem 0; }
.log { margin: 0; } .log summary { padding: 0.05rem 0.2rem; } .log p { margin: 0.2rem 0.7rem; }
pre { background: var(--tint); border: 1px solid var(--edge); border-radius: 0.3em; padding: 0.5rem 0.7rem; margin: 0.2rem 0;
  max-height: 30rem; overflow: auto; white-space: pre-wrap; overflow-wrap: anywhere; }
.artifacts { margin: 0.2rem 0; padding-left: 1.2rem; columns: 24rem auto; }
footer { margin-top: 3rem; color: var(--soft); font-size: 0.87rem; }

@media (max-width: 45rem) { .tools { position: static; } ol.tests > li { scroll-margin-top: 0; } .why { padding-left: 0.2rem; } .test > summary > .badge { min-width: 0; } .body { padding-left: 0.2rem; } }
@media print {
  body { padding: 0; font-size: 11px; } .tools, .skip-link { display: none; }
  ol.tests > li { content-visibility: visible; break-inside: avoid-page; } pre { max-height: none; } .scroll { overflow: visible; }
  svg, .badge { print-color-adjust: exact; }
}
`;
