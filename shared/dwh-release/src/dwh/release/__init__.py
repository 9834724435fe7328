"""What a maintainer needs so that version numbers, notes, contracts and code agree.

Start at `repository` (which packages there are) and `gate` (what a release is checked for). Then:

- what a package promises: `surface`, made of `api` (by griffe, from source) and of what `looking` sees
  when it imports the package in a process of its own; `record` keeps it in `released/<version>.json`
- what a difference means: `api_changes` and `contract_changes` give `findings`, each with the
  smallest step (`versions`) that allows it; `declared` holds them against a line's own `changes`;
  `waivers` lowers what a person has answered for
- what people say: `fragments` of the changelog, `fixes` that other lines lack, `notes` for readers
- what the gate refuses: `_rules` and its siblings `_…_rules`, each over the same `_facts`
- what edits the tree: `prepare`, `recording`, `port`, `next_line`, `ending`, all through `edits`, which
  undoes a failure; `tag` and `branch` move refs only
- what leaves the house: `build`, `wheels` (what is in them), `environment` (do they install),
  `trial` (do their tests pass, beside the `released` libraries)

`cli` is the command. Nothing here imports pyspark or starts Java, and nothing needs the network
until a build installs its wheels.
"""
