"""How the page inside a pack looks: a file of its own beside it, so that the page opens from a disk as it is."""

from typing import Final

FILE: Final = "style.css"
CONTENT: Final = b"""\
:root { color-scheme: light dark; --line: light-dark(#d8dce5, #363b47); --soft: light-dark(#f4f6fa, #1b1e26); }
body { margin: 2rem auto; max-width: 90rem; padding: 0 1rem; font: 14px/1.5 system-ui, sans-serif; }
h1 { font-size: 1.5rem; }
h2 { font-size: 1.125rem; margin: 2rem 0 .5rem; padding-top: 1rem; border-top: 1px solid var(--line); }
nav ul { display: flex; flex-wrap: wrap; gap: .25rem 1.25rem; padding: 0; list-style: none; }
.scroll { overflow-x: auto; border: 1px solid var(--line); border-radius: 6px; }
table { border-collapse: collapse; width: 100%; border: 0; font-size: 13px; font-variant-numeric: tabular-nums; }
caption { text-align: start; padding: .5rem .625rem; }
th, td { border: 0; border-top: 1px solid var(--line); padding: .375rem .625rem; }
th, td { text-align: start; vertical-align: top; }
th { background: var(--soft); font-weight: 600; white-space: nowrap; }
td { min-width: 4rem; max-width: 26rem; overflow-wrap: break-word; }
@media print {
  body { margin: 0; max-width: none; font-size: 10px; }
  .scroll { overflow: visible; border: 0; }
  table { font-size: 8px; }
  th { white-space: normal; }
  td { min-width: 0; overflow-wrap: anywhere; }
  h2, tr { break-inside: avoid; }
}
"""
