"""Python by `ast`: one walk over the tree."""

from __future__ import annotations

import ast
import warnings
from collections.abc import Iterator

from cutover.assessment.code.model import (
    Binding,
    Call,
    Function,
    Import,
    Literal,
    Member,
    Mutation,
    View,
)

_CHANGES = frozenset(
    {"append", "add", "update", "setdefault", "pop", "extend", "insert", "clear", "remove", "popitem"}
)
_COLLECTIONS = frozenset(
    {"dict", "list", "set", "defaultdict", "OrderedDict", "deque", "Counter", "TTLCache", "LRUCache"}
)
_CACHES = frozenset({"lru_cache", "cache", "functools.lru_cache", "functools.cache", "cached", "ttl_cache"})


def view(path: str, text: str) -> View:
    """Read one file. What does not parse has a ``trouble`` and nothing else."""
    lines = tuple(text.splitlines())
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            tree = ast.parse(text)
        walk = _Walk()
        walk.visit(tree)
    except SyntaxError as error:
        return View(
            path=path,
            language="python",
            lines=lines,
            trouble=f"It does not parse as Python 3: {error.msg}.",
            trouble_line=error.lineno or 1,
        )
    except (ValueError, RecursionError, MemoryError) as error:
        return View(
            path=path,
            language="python",
            lines=lines,
            trouble=f"It cannot be parsed: {type(error).__name__}.",
            trouble_line=1,
        )
    return View(
        path=path,
        language="python",
        lines=lines,
        imports=tuple(walk.imports),
        calls=tuple(walk.calls),
        bindings=tuple(walk.bindings),
        functions=tuple(walk.functions),
        literals=tuple(walk.literals),
        members=tuple(walk.members),
        mutations=tuple(one for one in walk.mutations if one.name in walk.top),
        environment=tuple(walk.environment),
        exports=walk.exports,
        open_exports=walk.open_exports,
    )


class _Walk(ast.NodeVisitor):
    def __init__(self) -> None:
        self.imports: list[Import] = []
        self.calls: list[Call] = []
        self.bindings: list[Binding] = []
        self.functions: list[Function] = []
        self.literals: list[Literal] = []
        self.members: list[Member] = []
        self.mutations: list[Mutation] = []
        self.environment: list[Literal] = []
        self.exports: dict[str, int] = {}
        self.open_exports = False
        self.top: set[str] = set()
        self.collections: set[str] = set()
        self._owners: list[int] = []
        self._locals: list[set[str]] = []
        self._tries = 0
        self._floating: set[int] = set()

    # ---------------------------------------------------------------------------------------- imports

    def visit_Import(self, node: ast.Import) -> None:
        for one in node.names:
            local = one.asname or one.name.partition(".")[0]
            self.imports.append(
                Import(module=one.name, line=node.lineno, names={"*": local}, guarded=self._guarded)
            )
            self._name(local)

    def visit_ImportFrom(self, node: ast.ImportFrom) -> None:
        module = "." * node.level + (node.module or "")
        names = {one.name: one.asname or one.name for one in node.names}
        self.imports.append(Import(module=module, line=node.lineno, names=names, guarded=self._guarded))
        self.open_exports |= "*" in names
        for local in names.values():
            self._name(local)

    def visit_Try(self, node: ast.Try) -> None:
        self._tries += 1
        self.generic_visit(node)
        self._tries -= 1

    @property
    def _guarded(self) -> bool:
        return bool(self._tries or self._owners)

    # -------------------------------------------------------------------------------------- functions

    def visit_FunctionDef(self, node: ast.FunctionDef) -> None:
        self._function(node, is_async=False)

    def visit_AsyncFunctionDef(self, node: ast.AsyncFunctionDef) -> None:
        self._function(node, is_async=True)

    def _function(self, node: ast.FunctionDef | ast.AsyncFunctionDef, *, is_async: bool) -> None:
        self._name(node.name, function=len(self.functions))
        for one in node.decorator_list:
            called = one.func if isinstance(one, ast.Call) else one
            if _dotted(called) in _CACHES:
                self.mutations.append(Mutation(name=node.name, line=one.lineno))
                self.top.add(node.name)
            self.visit(one)
        parameters = [*node.args.posonlyargs, *node.args.args]
        self._owners.append(len(self.functions))
        self.functions.append(
            Function(
                name=node.name,
                line=node.lineno,
                end_line=node.end_lineno or node.lineno,
                parameters=tuple(one.arg for one in parameters),
                is_async=is_async,
            )
        )
        self._locals.append({one.arg for one in parameters})
        shared: set[str] = set()
        for child in node.body:
            for inner in ast.walk(child):
                if isinstance(inner, ast.Global):
                    shared.update(inner.names)
        self._locals[-1] |= {
            inner.id
            for child in node.body
            for inner in ast.walk(child)
            if isinstance(inner, ast.Name) and isinstance(inner.ctx, ast.Store) and inner.id not in shared
        }
        for default in (*node.args.defaults, *node.args.kw_defaults):
            if default is not None:
                self.visit(default)
        for child in node.body:
            self.visit(child)
        self._locals.pop()
        self._owners.pop()

    def visit_ClassDef(self, node: ast.ClassDef) -> None:
        self._name(node.name)
        self.generic_visit(node)

    # ------------------------------------------------------------------------------------------ calls

    def visit_Expr(self, node: ast.Expr) -> None:
        if isinstance(node.value, ast.Call):
            self._floating.add(id(node.value))
        if not isinstance(node.value, ast.Constant):  # a docstring says nothing to the computer
            self.generic_visit(node)

    def visit_Call(self, node: ast.Call) -> None:
        name, text = _dotted(node.func), _first_string(node)
        self.calls.append(
            Call(
                name=name,
                line=node.lineno,
                text=text,
                owner=self._owner,
                floating=id(node) in self._floating,
            )
        )
        if name in ("os.getenv", "os.environ.get", "environ.get", "getenv", "os.environ.pop") and text:
            self.environment.append(Literal(text=text, line=node.lineno))
        if name in ("__import__", "importlib.import_module", "import_module"):
            self.imports.append(Import(module=text or "?", line=node.lineno, guarded=True))
        owner, _, method = name.rpartition(".")
        if method in _CHANGES and owner in self.collections:
            self._mutation(owner, node.lineno)
        for word in node.keywords:
            if isinstance(word.value, ast.Constant) and isinstance(word.value.value, str):
                self.literals.append(
                    Literal(text=word.value.value, line=word.value.lineno, key=word.arg or "")
                )
        self.generic_visit(node)

    def visit_Assign(self, node: ast.Assign) -> None:
        for target in node.targets:
            self._assigned(target, node.value, node.lineno)
        self.generic_visit(node)

    def visit_AnnAssign(self, node: ast.AnnAssign) -> None:
        if node.value is not None:
            self._assigned(node.target, node.value, node.lineno)
        self.generic_visit(node)

    def visit_AugAssign(self, node: ast.AugAssign) -> None:
        self._changed(node.target, node.lineno)
        self.generic_visit(node)

    def visit_With(self, node: ast.With) -> None:
        for one in node.items:
            if one.optional_vars is not None:
                self._assigned(one.optional_vars, one.context_expr, node.lineno)
        self.generic_visit(node)

    def _assigned(self, target: ast.expr, value: ast.expr, line: int) -> None:
        name = _dotted(target)
        if isinstance(target, ast.Name):
            self._name(target.id)
            if not self._owners and _is_collection(value):
                self.collections.add(target.id)
        self._changed(target, line)
        if isinstance(value, ast.Await):
            value = value.value
        if isinstance(value, ast.Call):
            self.bindings.append(
                Binding(
                    name=name,
                    call=_dotted(value.func),
                    text=_first_string(value),
                    line=line,
                    owner=self._owner,
                )
            )
        elif isinstance(value, ast.Constant) and isinstance(value.value, str):
            self.literals.append(Literal(text=value.value, line=line, key=name))

    def _changed(self, target: ast.expr, line: int) -> None:
        while isinstance(target, ast.Subscript | ast.Attribute):
            target = target.value
        if isinstance(target, ast.Name):
            self._mutation(target.id, line)

    def _mutation(self, name: str, line: int) -> None:
        if self._owners and not any(name in names for names in self._locals):
            self.mutations.append(Mutation(name=name, line=line))

    def _name(self, name: str, function: int = -1) -> None:
        if not self._owners:
            self.exports[name] = function
            self.top.add(name)

    @property
    def _owner(self) -> int:
        return self._owners[-1] if self._owners else -1

    # ---------------------------------------------------------------------------------------- the rest

    def visit_Attribute(self, node: ast.Attribute) -> None:
        self.members.append(Member(owner=_dotted(node.value), name=node.attr, line=node.lineno))
        self.generic_visit(node)

    def visit_Subscript(self, node: ast.Subscript) -> None:
        if isinstance(node.slice, ast.Constant) and isinstance(node.slice.value, str):
            owner = _dotted(node.value)
            self.members.append(Member(owner=owner, name=node.slice.value, line=node.lineno))
            if owner in ("os.environ", "environ"):
                self.environment.append(Literal(text=node.slice.value, line=node.lineno))
        self.generic_visit(node)

    def visit_Dict(self, node: ast.Dict) -> None:
        for key, value in zip(node.keys, node.values, strict=True):
            if (
                isinstance(key, ast.Constant)
                and isinstance(value, ast.Constant)
                and isinstance(value.value, str)
            ):
                self.literals.append(Literal(text=value.value, line=value.lineno, key=str(key.value)))
        self.generic_visit(node)

    def visit_JoinedStr(self, node: ast.JoinedStr) -> None:
        """Give an f-string as one text, with `{}` for what is put in."""
        parts = [str(one.value) if isinstance(one, ast.Constant) else "{}" for one in node.values]
        self.literals.append(Literal(text="".join(parts), line=node.lineno))
        for one in node.values:
            if not isinstance(one, ast.Constant):
                self.visit(one)

    def visit_Constant(self, node: ast.Constant) -> None:
        if isinstance(node.value, str):
            self.literals.append(Literal(text=node.value, line=node.lineno))


def _is_collection(value: ast.expr) -> bool:
    """Tell whether a value is something that methods change in place."""
    if isinstance(value, ast.Call):
        return _dotted(value.func).rpartition(".")[2] in _COLLECTIONS
    return isinstance(value, ast.Dict | ast.List | ast.Set | ast.ListComp | ast.DictComp | ast.SetComp)


def _dotted(node: ast.expr) -> str:
    """Give a dotted name without arguments; "?" stands for what is computed."""
    return "".join(reversed(list(_parts(node))))


def _parts(node: ast.expr) -> Iterator[str]:
    while True:
        if isinstance(node, ast.Name):
            yield node.id
            return
        if isinstance(node, ast.Attribute):
            yield "." + node.attr
            node = node.value
        elif isinstance(node, ast.Call):
            yield "()"
            node = node.func
        elif isinstance(node, ast.Await):
            node = node.value
        else:
            yield "?"
            return


def _first_string(node: ast.Call) -> str:
    first = node.args[0] if node.args else None
    return first.value if isinstance(first, ast.Constant) and isinstance(first.value, str) else ""
