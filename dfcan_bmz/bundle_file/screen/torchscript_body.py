"""One function or method of TorchScript code: every name in it, every call, and how often its loops turn.

An operation can be called in many ways: ``torch.save(x, path)``, ``x.save(path)``, ``getattr(x, "save")(path)``, or
by another name that was given to it before. So a name behind a dot is allowed in two places only: it is a listed
operation, or what stands before the dot is certainly an object whose class in this archive declares the name.
"""

import ast
import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

from dfcan_bmz.bundle_file.screen.refusal import Patience, UnlistedError, named
from dfcan_bmz.bundle_file.screen.torchscript_operations import OPERATIONS
from dfcan_bmz.bundle_file.screen.torchscript_text import dotted, names_tuple

if TYPE_CHECKING:
    from dfcan_bmz.bundle_file.screen.torchscript_code import Program

CASTS = {"int", "float", "bool"}
TYPED = {"annotate", "unchecked_cast", "uninitialized"}  # whose first argument is a type
VALUES = {"inf", "nan"}
RESERVED = CASTS | TYPED | VALUES | {"torch", "ops", "CONSTANTS", "__torch__", "getattr", "range"}
EXCEPTION = re.compile(r"builtins\.[A-Za-z]+")
MOST_STEPS = 2_000_000
Loops = tuple[ast.expr, ...]  # what the loops around a place count up to, from the outermost inward


class OwnCall(NamedTuple):
    """A call of a function of the archive, the ends of the loops around it, and its arguments by name."""

    function: str
    loops: Loops
    arguments: dict[str, ast.expr]


class Body:
    """A function under examination.

    Attributes
    ----------
    calls : list of OwnCall
        What it calls of the archive.
    work : list of tuple
        For every other call, the ends of the loops around it.
    bindings : dict
        Every name that it gives, and to what; None where that is one of several values.
    """

    def __init__(self, program: "Program", node: ast.FunctionDef) -> None:
        self.program, self.node = program, node
        self.calls: list[OwnCall] = []
        self.work: list[Loops] = []
        self._patience = Patience(MOST_STEPS)
        arguments = node.args
        if arguments.vararg or arguments.kwarg or arguments.kwonlyargs or arguments.posonlyargs or node.decorator_list:
            raise UnlistedError(f"functions of an unusual kind ({named([node.name])})")
        self.parameters = {argument.arg: argument.annotation for argument in arguments.args}
        self.bindings: dict[str, list[ast.expr | None]] = {}
        for name, value in _bindings(node):
            self.bindings.setdefault(name, []).append(value)
        if taken := RESERVED & (self.bindings.keys() | self.parameters.keys()):
            raise UnlistedError(f"names of operations for other things ({named(taken)})")

    def refuse_unlisted(self) -> None:
        """Raise UnlistedError if it names or calls what is not listed."""
        for default in self.node.args.defaults:
            self._value(default, ())
        for annotation in (*self.parameters.values(), self.node.returns):
            self.program.refuse_type(annotation)
        self._statements(self.node.body, ())

    def _statements(self, statements: list[ast.stmt], loops: Loops) -> None:
        for statement in statements:
            match statement:
                case ast.Pass():
                    pass
                case ast.Assign(value=value) | ast.AnnAssign(value=ast.expr() as value):
                    if isinstance(statement, ast.AnnAssign):
                        self.program.refuse_type(statement.annotation)
                    if self._class(value) is None and not self._functions(value):
                        self._value(value, loops)
                    elif self._class(value) is not None:
                        self._object(value)
                case ast.Expr(value=ast.Call() as value) | ast.Return(value=ast.expr() as value):
                    self._value(value, loops)
                case ast.If():
                    self._value(statement.test, loops)
                    self._statements(statement.body, loops)
                    self._statements(statement.orelse, loops)
                case ast.For(iter=ast.Call(func=ast.Name(id="range"), args=[end], keywords=[])):
                    self._value(end, loops)
                    self._statements([*statement.body, *statement.orelse], (*loops, end))
                case _:
                    raise UnlistedError(f"statements that are not listed ({named([ast.unparse(statement)[:40]])})")

    def _value(self, node: ast.expr, loops: Loops) -> None:
        """Refuse an expression that is more than a number, a tensor, or a list of them."""
        match node:
            case ast.Constant(value=None | bool() | int() | float() | str() | complex()):
                pass
            case ast.UnaryOp(operand=ast.Constant(value=int() | float() | complex())):
                pass
            case ast.List(elts=parts) | ast.Tuple(elts=parts):
                self._values(parts, loops)
            case ast.Dict(keys=keys, values=values) if None not in keys:
                self._values([*filter(None, keys), *values], loops)
            case ast.Name(id=name) if name in VALUES or (self._is_bound(name) and not self._functions(node)):
                if self._class(node) is not None:
                    raise UnlistedError(f"objects instead of values ({named([name])})")
            case ast.Subscript(value=value, slice=index):
                self._values([value, index], loops)
            case ast.Attribute(value=ast.Name(id="CONSTANTS"), attr=attribute) if re.fullmatch(r"c\d+", attribute):
                pass
            case ast.Attribute() if self._class(node) is None:
                self._attribute(node.value, node.attr)
            case ast.Call():
                self._call(node, loops)
            case _:
                raise UnlistedError(f"names that are not listed ({named([ast.unparse(node)[:60]])})")

    def _values(self, nodes: list[ast.expr], loops: Loops) -> None:
        for node in nodes:
            self._value(node, loops)

    def _attribute(self, owner: ast.expr, name: str) -> None:
        declared = self._class(owner)
        if declared is None or name not in self.program.classes[declared].attributes:
            raise UnlistedError(f"names that are not listed ({named([f'{ast.unparse(owner)[:40]}.{name}'])})")
        self._object(owner)

    def _object(self, node: ast.expr) -> None:
        """Refuse an object that is reached otherwise than from attribute to attribute."""
        match node:
            case ast.Name(id=name) if self._is_bound(name):
                pass
            case ast.Attribute(value=owner, attr=name):
                self._attribute(owner, name)
            case ast.Call(func=ast.Name(id="getattr"), args=[owner, ast.Constant(value=str(name))], keywords=[]):
                self._attribute(owner, name)
            case _:
                raise UnlistedError(f"names that are not listed ({named([ast.unparse(node)[:60]])})")

    def _call(self, node: ast.Call, loops: Loops) -> None:
        self.work.append(loops)
        arguments, called = [*node.args, *(keyword.value for keyword in node.keywords)], node.func
        if any(keyword.arg is None for keyword in node.keywords):
            raise UnlistedError("arguments that are not listed")
        if functions := self._functions(called):
            for function in functions:
                self._own_call(node, function, self.program.functions[function], 0, loops)
        elif isinstance(called, ast.Attribute) and (owner := self._class(called.value)) is not None:
            method = self.program.classes[owner].methods.get(called.attr)
            if method is None:
                raise UnlistedError(f"names that are not listed ({named([ast.unparse(called)[:60]])})")
            self._object(called.value)
            self._own_call(node, f"{owner}.{called.attr}", method, 1, loops)
        elif isinstance(called, ast.Name) and called.id == "getattr":
            self._object(node)
        elif isinstance(called, ast.Name) and called.id in TYPED and node.args:
            self.program.refuse_type(node.args[0])
            if self.program.class_of(node.args[0]) or (called.id != "annotate" and names_tuple(node.args[0])):
                raise UnlistedError("one object taken for another")
            self._values(arguments[1:], loops)
        elif (isinstance(called, ast.Name) and called.id in CASTS) or dotted(called) in OPERATIONS:
            self._values(arguments, loops)
            if dotted(called) == "ops.prim.RaiseException" and not _is_exception(node):
                raise UnlistedError("exceptions that are not listed")
        else:
            raise UnlistedError(f"calls that are not listed ({named([ast.unparse(called)[:60]])})")

    def _own_call(self, node: ast.Call, name: str, function: ast.FunctionDef, bound: int, loops: Loops) -> None:
        parameters = [argument.arg for argument in function.args.args][bound:]
        arguments = dict(zip(parameters, node.args, strict=False))
        arguments |= {keyword.arg: keyword.value for keyword in node.keywords if keyword.arg is not None}
        self.calls.append(OwnCall(name, loops, arguments))
        for value in arguments.values():
            if self._class(value) is None:
                self._value(value, loops)
            else:
                self._object(value)
        if len(node.args) > len(parameters):
            raise UnlistedError(f"arguments that are not listed (of {named([name])})")

    def _is_bound(self, name: str) -> bool:
        return name in self.bindings or name in self.parameters

    def _class(self, node: ast.expr | None, seen: frozenset[str] = frozenset()) -> str | None:
        """Name of the class of an object, where every way through the function makes it one of that class."""
        self._patience.step()
        match node:
            case ast.Name(id=name) if self._is_bound(name) and name not in seen:
                found = {self._class(value, seen | {name}) for value in self.bindings.get(name, ())}
                if name in self.parameters:
                    found.add(self.program.class_of(self.parameters[name]))
                return found.pop() if len(found) == 1 else None
            case ast.Attribute(value=owner, attr=name):
                pass
            case ast.Call(func=ast.Name(id="getattr"), args=[owner, ast.Constant(value=str(name))], keywords=[]):
                pass
            case _:
                return None
        declared = self._class(owner, seen)
        return self.program.class_of(self.program.classes[declared].attributes.get(name)) if declared else None

    def _functions(self, node: ast.expr | None) -> list[str]:
        """Functions of the archive that an expression may stand for; none if it may be anything else."""
        if isinstance(node, ast.Name) and node.id in self.bindings and node.id not in self.parameters:
            names = [dotted(value) for value in self.bindings[node.id]]
        else:
            names = [dotted(node)]
        known = [name for name in names if name is not None and name in self.program.functions]
        return known if len(known) == len(names) else []


def _bindings(function: ast.FunctionDef) -> Iterator[tuple[str, ast.expr | None]]:
    """Every name that a function gives, and to what; None where that is one of several values."""
    for node in ast.walk(function):
        match node:
            case ast.Assign(targets=[ast.Name(id=name)], value=value):
                yield name, value
            case ast.AnnAssign(target=ast.Name(id=name), value=ast.expr() as value):
                yield name, value
            case ast.Assign(targets=[ast.Tuple(elts=parts)]) if all(isinstance(part, ast.Name) for part in parts):
                yield from ((part.id, None) for part in parts if isinstance(part, ast.Name))
            case ast.For(target=ast.Name(id=name)):
                yield name, None
            case ast.Assign() | ast.AnnAssign() | ast.For():
                raise UnlistedError(f"assignments that are not listed ({named([ast.unparse(node)[:40]])})")
            case ast.FunctionDef() | ast.ClassDef() if node is not function:
                raise UnlistedError("functions within functions")


def _is_exception(node: ast.Call) -> bool:
    kinds = node.args[1:]
    return all(isinstance(kind, ast.Constant) and EXCEPTION.fullmatch(str(kind.value)) for kind in kinds)
