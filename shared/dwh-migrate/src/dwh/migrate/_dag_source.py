"""What a Python source names of dwh, by its syntax tree alone. Nothing of the source is run or imported.

Text that is put together from what the source itself spells out (literals, constants of the module,
f-strings, `+`) is read as the whole. Whether what is named exists is for `usage` to say.
"""

from __future__ import annotations

import ast
import warnings
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

from dwh.migrate._references import (
    UNKNOWN,
    Named,
    named_by_argument,
    named_by_module,
    named_by_reference,
    named_in_commands,
    named_modules,
    without_templates,
)

__all__ = ["Mention", "read_mentions"]

_LONGEST_TEXT = 100_000  # put together from parts: a few lines can ask for more than there is memory

_Function = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True)
class Mention:
    """A place that names something of dwh, or should.

    Attributes:
        dags: the ids of the DAGs that the place is in, else of all DAGs of the source.
        written: how it is written, shortened to what counts.
        certain: whether it can be nothing else; `lodash@4.17` looks like a reference, too.
    """

    line_number: int
    dags: tuple[str, ...]
    written: str
    named: Named
    certain: bool = True


def read_mentions(source: bytes, packages: Mapping[str, str]) -> list[Mention]:
    """Return what a source names, in its order.

    Parameters:
        source: as it is in the file; its encoding is found as Python finds it.
        packages: lines by their import packages; of other packages the label tells the line.

    Raises SyntaxError, ValueError, RecursionError or MemoryError for what this Python cannot parse.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # an invalid escape in a source is not ours to tell
        tree = ast.parse(source)
    return _Reader(tree, packages).read()


class _Reader:
    """One reading of the tree of one source."""

    def __init__(self, tree: ast.Module, packages: Mapping[str, str]) -> None:
        self._tree, self._packages = tree, packages
        self._mentions: list[Mention] = []
        self._done: set[ast.AST] = set()  # read as a part of something larger
        self._nodes = list(ast.walk(tree))
        self._imported = dict(_imported(self._nodes))
        self._constants: dict[str, str] = {}
        self._find_constants()
        self._dags: dict[ast.Call | _Function, str] = {}
        self._dag_variables: dict[str, list[str]] = {}
        self._find_dags()

    def read(self) -> list[Mention]:
        pending: list[tuple[ast.AST, list[str]]] = [(self._tree, self._all_dags())]
        while pending:  # no recursion: a tree may be deep
            node, dags = pending.pop()
            if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
                continue  # a docstring
            dags = self._dags_of(node) or dags
            self._mentions += [replace(mention, dags=tuple(dags)) for mention in self._look_at(node)]
            pending += [(child, dags) for child in reversed(list(ast.iter_child_nodes(node)))]
        return sorted(dict.fromkeys(self._mentions), key=lambda mention: mention.line_number)

    def _look_at(self, node: ast.AST) -> Iterator[Mention]:
        if isinstance(node, ast.Import | ast.ImportFrom):
            yield from self._look_at_import(node)
        elif isinstance(node, ast.Call):
            yield from self._look_at_call(node)
        elif isinstance(node, ast.List | ast.Tuple):
            yield from self._look_at_words(node)
        elif isinstance(node, ast.expr) and (text := self._text(node)) is not None:
            if node not in self._done:
                yield from self._look_at_text(node, without_templates(text))
            self._done.update(ast.iter_child_nodes(node))

    # Imports

    def _look_at_import(self, node: ast.Import | ast.ImportFrom) -> Iterator[Mention]:
        if isinstance(node, ast.ImportFrom) and node.level:
            return
        package = node.module or "" if isinstance(node, ast.ImportFrom) else ""
        found: set[Named] = set()
        for alias in node.names:
            named = named_by_module(f"{package}.{alias.name}" if package else alias.name, self._packages)
            if named and named not in found:
                origin = f"from {package} " if package else ""
                yield Mention(alias.lineno, (), f"{origin}import {alias.name}", named)
                found.add(named)

    # Text

    def _text(self, node: ast.expr) -> str | None:
        """Return the text that an expression is, as far as the source tells; None where it tells nothing."""
        match node:
            case ast.Constant(value=str(text)):
                return text.encode("utf-8", "replace").decode()  # a lone surrogate cannot be printed
            case ast.Name(id=name, ctx=ast.Load()):
                return self._constants.get(name)
            case ast.FormattedValue(value=value, conversion=-1, format_spec=None):
                return self._text(value)
            case ast.JoinedStr(values=parts):
                return _joined(map(self._text, parts))
            case ast.BinOp(left=left, op=ast.Add(), right=right):
                texts = [self._text(left), self._text(right)]
                return None if texts == [None, None] else _joined(texts)
        return None

    def _look_at_text(self, node: ast.expr, text: str) -> Iterator[Mention]:
        if named := named_by_reference(text):
            yield Mention(node.lineno, (), text, named, certain=False)
        for written, named in (*named_modules(text, self._packages), *named_in_commands(text)):
            yield Mention(node.lineno, (), written, named)

    def _look_at_words(self, node: ast.List | ast.Tuple) -> Iterator[Mention]:
        """Look at a command such as `["dwh", "run", "carrier_delays", "--env", "prod"]`."""
        if not node.elts or self._text(node.elts[0]) != "dwh":
            return
        command = _joined(f"{self._text(word) or UNKNOWN} " for word in node.elts)
        for written, named in named_in_commands(without_templates(command)):
            yield Mention(node.lineno, (), written, named)
            self._done.update(node.elts)

    def _find_constants(self) -> None:
        """Find the names that the module gives a text, once, and that nothing else in the file binds.

        Their text counts where they are used, and where they are made only if this file never uses them.
        """
        bound = Counter(name for node in self._nodes for name in _bound(node))
        used = {
            node.id for node in self._nodes if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load)
        }
        for statement in self._tree.body:
            match statement:
                case (
                    ast.Assign(targets=[ast.Name(id=name)], value=value)
                    | ast.AnnAssign(target=ast.Name(id=name), value=ast.expr() as value)
                ) if bound[name] == 1:
                    text = self._text(value)
                    if text is not None and len(text) <= _LONGEST_TEXT:
                        self._constants[name] = text
                        self._done.update([value] if name in used else [])

    # Calls

    def _look_at_call(self, node: ast.Call) -> Iterator[Mention]:
        function = self._full_name(node.func).removesuffix(".partial")
        name, of_dwh = function.rpartition(".")[2], function.startswith("dwh.")
        if name == "DwhRunOperator":
            yield self._job_call(node, name, _argument(node, "job"))
        elif name == "find_job" and of_dwh:
            yield self._job_call(node, name, _argument(node, "reference", 0))
        elif name == "read_table" and of_dwh:
            yield self._table_call(node, name)

    def _job_call(self, node: ast.Call, name: str, job: ast.expr | None) -> Mention:
        environment, version = _argument(node, "environment"), _argument(node, "version")
        named = named_by_argument(
            self._argument_text(job),
            environment=environment is not None,
            version=None if version is None else self._argument_text(version),
        )
        if named.problem == "no version" and _has_unknown_arguments(node):
            named = replace(named, problem="cannot be read")
        return Mention(node.lineno, (), _shortened(node, name, job, environment, version), named)

    def _table_call(self, node: ast.Call, name: str) -> Mention:
        table, line = _argument(node, "name", 1), _argument(node, "line")
        environment = _argument(node, "environment")
        text, version = self._argument_text(table), self._argument_text(line)
        named = Named(table="" if UNKNOWN in text else text, problem="cannot be read")
        if UNKNOWN not in version:
            named = replace(named, version=version, problem=None)
        elif line is None and environment is not None:
            named = replace(named, problem="environment")
        elif line is None and not _has_unknown_arguments(node):
            named = replace(named, problem="no version")
        return Mention(node.lineno, (), _shortened(node, name, table, line, environment), named)

    def _argument_text(self, node: ast.expr | None) -> str:
        """Return the text of an argument, which is read herewith; `UNKNOWN` where it is computed."""
        text = None if node is None else self._text(node)
        if node is None or text is None:
            return UNKNOWN
        self._done.add(node)
        return without_templates(text)

    def _full_name(self, node: ast.expr) -> str:
        """Return what a name means, such as `dwh.core.read_table`; empty for what is computed."""
        words = []
        while isinstance(node, ast.Attribute):
            words.append(node.attr)
            node = node.value
        if not isinstance(node, ast.Name):
            return ""
        return ".".join([self._imported.get(node.id, node.id), *reversed(words)])

    # DAGs

    def _find_dags(self) -> None:
        """Find what makes a DAG, and the variables that hold one."""
        for node in self._nodes:
            if isinstance(node, ast.Call) and self._full_name(node.func).rpartition(".")[2] == "DAG":
                self._dags[node] = self._dag_id(node)
            elif isinstance(node, _Function):
                made = (self._made_by(decorator, node) for decorator in node.decorator_list)
                self._dags.update((node, dag) for dag in made if dag)
        for node in self._nodes:
            match node:
                case (
                    ast.Assign(targets=[ast.Name(id=name)], value=maker)
                    | ast.withitem(context_expr=maker, optional_vars=ast.Name(id=name))
                ) if maker in self._dags:
                    self._dag_variables.setdefault(name, []).append(self._dags[maker])

    def _made_by(self, decorator: ast.expr, function: _Function) -> str | None:
        """Return the id of the DAG that a decorator makes of a function; None if it makes none."""
        call = decorator if isinstance(decorator, ast.Call) else None
        if self._full_name(call.func if call else decorator).rpartition(".")[2] != "dag":
            return None
        return self._dag_id(call) if call and _argument(call, "dag_id", 0) else function.name

    def _dag_id(self, call: ast.Call) -> str:
        named = _argument(call, "dag_id", 0)
        return (None if named is None else self._text(named)) or UNKNOWN

    def _all_dags(self) -> list[str]:
        makers = sorted(self._dags, key=lambda maker: maker.lineno)
        return list(dict.fromkeys(self._dags[maker] for maker in makers))

    def _dags_of(self, node: ast.AST) -> list[str]:
        """Return the DAGs that all of a node belongs to; none if the node does not say."""
        match node:
            case ast.With(items=items) | ast.AsyncWith(items=items):
                return [dag for item in items for dag in self._dags_meant(item.context_expr)]
            case ast.Call(keywords=arguments):
                return [
                    dag for word in arguments if word.arg == "dag" for dag in self._dags_meant(word.value)
                ]
            case ast.FunctionDef() | ast.AsyncFunctionDef() if node in self._dags:
                return [self._dags[node]]
        return []

    def _dags_meant(self, node: ast.expr) -> list[str]:
        if isinstance(node, ast.Name):
            return self._dag_variables.get(node.id, [])
        return [self._dags[node]] if node in self._dags else []


def _imported(nodes: Iterable[ast.AST]) -> Iterator[tuple[str, str]]:
    """Yield each name that an import anywhere in the file binds, with the full name of what it means."""
    for node in nodes:
        if isinstance(node, ast.Import):
            yield from ((alias.asname, alias.name) for alias in node.names if alias.asname)
        elif isinstance(node, ast.ImportFrom) and not node.level:
            names = [(alias.asname, alias.name) for alias in node.names]
            if names == [(None, "*")]:
                names = [(None, name) for name in ("DwhRunOperator", "find_job", "read_table")]
            yield from ((asname or name, f"{node.module}.{name}") for asname, name in names)


def _bound(node: ast.AST) -> list[str]:
    """Return the names that a node itself binds."""
    match node:
        case ast.Name(id=name, ctx=ast.Store() | ast.Del()) | ast.arg(arg=name):
            return [name]
        case ast.alias(name=name, asname=other):
            return [other or name.partition(".")[0]]
        case ast.MatchMapping(rest=str(name)):
            return [name]
    other_name = getattr(node, "name", None)  # of a function, a class, a caught error, a pattern
    return [other_name] if isinstance(other_name, str) else []


def _argument(call: ast.Call, name: str, position: int | None = None) -> ast.expr | None:
    """Return an argument of a call; None where it is left out, or is `None`."""
    for word in call.keywords:
        if word.arg == name:
            return None if isinstance(word.value, ast.Constant) and word.value.value is None else word.value
    return call.args[position] if position is not None and position < len(call.args) else None


def _has_unknown_arguments(call: ast.Call) -> bool:
    """Return whether a call has a `**`, which may hold anything."""
    return any(word.arg is None for word in call.keywords)


def _shortened(call: ast.Call, name: str, *shown: ast.expr | None) -> str:
    """Return a call with those of its arguments that say what it names."""
    positional = [value for value in call.args if value in shown]
    named = [word for word in call.keywords if word.value in shown or word.arg is None]
    return ast.unparse(ast.Call(ast.Name(name), positional, named))


def _joined(parts: Iterable[str | None]) -> str:
    text = "".join(UNKNOWN if part is None else part for part in parts)
    return text if len(text) <= _LONGEST_TEXT else UNKNOWN
