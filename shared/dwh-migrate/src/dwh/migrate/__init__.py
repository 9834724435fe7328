"""What an operator needs: the `dwh` command, and the parts it is made of.

`cli` is the command, one module for each group of commands; `console` shows tables and progress;
`garbage` removes what dead runs left; `compare` says what differs between two versions; `rollout` moves an
environment from one line to the next; `board` shows how everything stands.
"""
