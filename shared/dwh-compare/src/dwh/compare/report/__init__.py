"""A comparison as people read it: one result, three renderings that say the same in the same order.

* `terminal.print_report` on a console: short when it passes.
* `markdown.to_markdown` for a pull request, or a failed assertion.
* `html.to_html` as one page that needs no network and no script.

`view`, `schema`, `values` and `measured` decide what is said; `dwh.compare.safe_text` makes any value
safe to show.
"""
