"""How often the loops of TorchScript code turn: they have to count something that is known to be small."""

import ast
from collections.abc import Iterable, Iterator, Mapping

from dfcan_bmz.bundle_file.screen.refusal import Patience, UnlistedError, named
from dfcan_bmz.bundle_file.screen.torchscript_body import Body, Loops
from dfcan_bmz.bundle_file.screen.torchscript_text import dotted

MOST_AXES = 64  # with which PyTorch computes; a view can have more, and then the bound on time ends the loops
MOST_STEPS = 200_000
# what reads a list and keeps no hold of it, so that the list stays as long as it was made
READERS = {
    "torch.len",
    "torch.slice",
    "torch.list",
    "torch.add",
    "torch.format",
    "torch.__is__",
    "torch.__isnot__",
    "torch.__contains__",
    "ops.prim.min",
}


class Bounds:
    """Largest values of numbers and largest lengths of lists, in functions that call each other.

    Parameters
    ----------
    bodies : mapping
        All functions by name.
    """

    def __init__(self, bodies: Mapping[str, Body]) -> None:
        self.patience = Patience(MOST_STEPS)
        self.given: dict[tuple[int, str], list[tuple[Body, ast.expr | None]]] = {}
        for body in bodies.values():
            for call in body.calls:
                self._note(body, bodies[call.function], call.arguments)
        for body in bodies.values():  # called from outside, with tensors alone
            if not any((id(body), name) in self.given for name in body.parameters):
                self._note(body, body, {})
        self.readers = {id(body): _readers(body.node) for body in bodies.values()}

    def _note(self, caller: Body, called: Body, arguments: Mapping[str, ast.expr]) -> None:
        defaults = called.node.args.defaults
        preset = dict(zip(list(called.parameters)[len(called.parameters) - len(defaults) :], defaults, strict=True))
        for name in called.parameters:
            where = (caller, arguments[name]) if name in arguments else (called, preset.get(name))
            self.given.setdefault((id(called), name), []).append(where)

    def turns(self, body: Body, loops: Loops) -> int:
        """How many times what stands in loops is run.

        Raises
        ------
        UnlistedError
            If that is not known.
        """
        product = 1
        for end in loops:
            count = self._number(body, end, frozenset())
            if count is None:
                raise UnlistedError(f"loops that may not end (in {named([body.node.name])})")
            product *= max(count, 1)
        return product

    def _sources(self, body: Body, name: str, seen: frozenset) -> Iterator[tuple[Body, ast.expr | None, frozenset]]:
        """Everything that a name may stand for, here or in what calls this function."""
        known = seen | {(id(body), name)}
        if (id(body), name) in seen:
            yield body, None, known
            return
        yield from ((body, value, known) for value in body.bindings.get(name, ()))
        if name in body.parameters:
            yield from ((where, value, known) for where, value in self.given.get((id(body), name), [(body, None)]))

    def _number(self, body: Body, node: ast.expr | None, seen: frozenset) -> int | None:
        self.patience.step()
        match node:
            case ast.Constant(value=int(value)):
                return value
            case ast.Name(id=name):
                return _largest(self._number(*source) for source in self._sources(body, name, seen))
            case ast.Call(func=function, args=[first, *rest], keywords=[]):
                match dotted(function), rest:
                    case "torch.dim", []:
                        return MOST_AXES
                    case "torch.len", []:
                        return self._items(body, first, seen)
                    case "torch.sub", [ast.Constant(value=int(less))] if less >= 0:
                        return self._number(body, first, seen)
                    case "torch.__range_length", [end, ast.Constant(value=int(step))] if step > 0:
                        start = first.value if isinstance(first, ast.Constant) else None
                        return self._number(body, end, seen) if isinstance(start, int) and start >= 0 else None
                    case "ops.prim.min", []:
                        return self._least(body, first, seen)
        return None

    def _least(self, body: Body, node: ast.expr, seen: frozenset) -> int | None:
        """Of a list that is written out, once."""
        written: ast.expr | None = node
        if isinstance(node, ast.Name) and self._stays(body, node.id) and node.id not in body.parameters:
            (written,) = values if len(values := body.bindings.get(node.id, [])) == 1 else [None]
        parts = written.elts if isinstance(written, ast.List) else []
        return min((value for part in parts if (value := self._number(body, part, seen)) is not None), default=None)

    def _items(self, body: Body, node: ast.expr | None, seen: frozenset) -> int | None:
        """Length of a list."""
        self.patience.step()
        if self._is_none(body, node, seen):
            return 0
        match node:
            case ast.List(elts=parts):
                return len(parts)
            case ast.Name(id=name) if self._stays(body, name):
                return _largest(self._items(*source) for source in self._sources(body, name, seen))
            case ast.Call(func=function, args=[first, *rest], keywords=[]):
                match dotted(function), rest:
                    case "torch.size", []:
                        return MOST_AXES
                    case (("torch.slice" | "torch.list"), _):
                        return self._items(body, first, seen)
                    case "torch.add", [other]:
                        one, two = (self._items(body, part, seen) for part in (first, other))
                        return None if one is None or two is None else one + two
        return None

    def _is_none(self, body: Body, node: ast.expr | None, seen: frozenset) -> bool:
        """Whether an optional list is never given, so that what is computed of it is never run."""
        self.patience.step()
        match node:
            case ast.Constant(value=None):
                return True
            case ast.Name(id=name):
                sources = list(self._sources(body, name, seen))
                return bool(sources) and all(self._is_none(*source) for source in sources)
            case ast.Call(func=ast.Name(id="unchecked_cast"), args=[_, value]):
                return self._is_none(body, value, seen)
            case ast.Call(func=function, args=[value, *_]) if dotted(function) in ("torch.slice", "torch.list"):
                return self._is_none(body, value, seen)
        return False

    def _stays(self, body: Body, name: str) -> bool:
        """Whether a list keeps its length: it is only ever read."""
        return self.readers[id(body)].get(name, True)


def _readers(function: ast.FunctionDef) -> dict[str, bool]:
    """For every name that is used in a function, whether all that is done with it is to read."""
    found: dict[str, bool] = {}
    for node in ast.walk(function):
        reads = isinstance(node, ast.Subscript) or (isinstance(node, ast.Call) and dotted(node.func) in READERS)
        for child in ast.iter_child_nodes(node):
            if isinstance(child, ast.Name) and isinstance(child.ctx, ast.Load):
                index = isinstance(node, ast.Subscript) and child is node.slice
                found[child.id] = found.get(child.id, True) and (reads or index)
    return found


def _largest(values: Iterable[int | None]) -> int | None:
    every = list(values)
    known = [value for value in every if value is not None]
    return max(known) if known and len(known) == len(every) else None
