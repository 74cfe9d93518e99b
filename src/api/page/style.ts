/** The page's style: small, legible in light and dark, and with the visitor's own fonts. */
export const PAGE_STYLE = `:root {
  color-scheme: light dark;
  --page: #f5f6f8; --card: #ffffff; --text: #1b1d21; --soft: #555c66; --line: #d5d9df;
  --link: #0b57d0; --code: #eef0f3; --yes: #14692e; --no: #a61b1b;
}
@media (prefers-color-scheme: dark) {
  :root {
    --page: #131519; --card: #1c1f24; --text: #e7e9ec; --soft: #a3abb6; --line: #363b43;
    --link: #8ab4f8; --code: #101215; --yes: #1b7a3a; --no: #b3261e;
  }
}
* { box-sizing: border-box; }
[hidden] { display: none !important; }
body {
  margin: 0 auto; max-width: 46rem; padding: 1rem 1.25rem 4rem;
  background: var(--page); color: var(--text);
  font: 1rem/1.5 system-ui, sans-serif;
}
header { display: flex; justify-content: space-between; align-items: center; min-height: 3rem; }
.brand { margin: 0; font-weight: 650; letter-spacing: 0.02em; color: var(--soft); }
h1 { margin: 1rem 0 0.25rem; font-size: 1.6rem; line-height: 1.2; }
h1:focus { outline: none; }
h2 { margin: 0 0 0.75rem; font-size: 1.1rem; }
.number { margin: 0 0 1.25rem; color: var(--soft); }
.state {
  margin-left: 0.5rem; padding: 0.1rem 0.6rem; border: 1px solid currentColor; border-radius: 1rem;
  font-size: 0.875rem; font-weight: 600; color: var(--text);
}
.card, #request {
  margin: 0 0 1rem; padding: 1.25rem; background: var(--card);
  border: 1px solid var(--line); border-radius: 0.75rem;
}
pre, code { font: 0.9rem/1.5 ui-monospace, monospace; }
pre {
  margin: 0 0 1rem; padding: 0.8rem 1rem; background: var(--code); border-radius: 0.5rem;
  white-space: pre-wrap; overflow-wrap: anywhere; max-height: 24rem; overflow-y: auto;
}
dl { margin: 0; display: grid; grid-template-columns: minmax(7rem, auto) 1fr; gap: 0.5rem 1.25rem; }
dt { color: var(--soft); }
dd { margin: 0; overflow-wrap: anywhere; }
dd p { margin: 0; }
summary { cursor: pointer; padding: 0.75rem 0 0.5rem; color: var(--link); }
label { display: block; font-weight: 600; }
input {
  width: 100%; min-height: 2.75rem; margin: 0.25rem 0 0.75rem; padding: 0.5rem 0.75rem;
  font: inherit; color: inherit; background: var(--page); border: 1px solid var(--soft); border-radius: 0.5rem;
}
.fields { display: grid; grid-template-columns: 1fr 1fr; gap: 0 1.25rem; }
.fields p { margin: 0; }
.hint { margin: 0 0 0.75rem; color: var(--soft); font-size: 0.9rem; font-weight: 400; }
button {
  min-height: 2.75rem; padding: 0.5rem 1.5rem; border: 1px solid transparent; border-radius: 0.5rem;
  font: inherit; font-weight: 600; color: #ffffff; cursor: pointer;
}
button:disabled { opacity: 0.6; cursor: progress; }
.plain { background: #0b57d0; }
.yes { background: var(--yes); }
.no { background: var(--no); }
.quiet { background: none; color: var(--link); padding: 0.5rem; }
:focus-visible { outline: 3px solid var(--link); outline-offset: 2px; }
.notice { margin: 0 0 1rem; padding: 0.75rem 1rem; background: var(--card); border-left: 4px solid var(--link); }
.notice:empty { margin: 0; padding: 0; border: 0; }
.trouble { border-left-color: var(--no); }
@media (max-width: 34rem) {
  dl, .fields { grid-template-columns: 1fr; }
  dl { gap: 0; }
  dd { margin-bottom: 0.6rem; }
}
`
