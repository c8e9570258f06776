"""What a stranger's weights may hold: anything that is on no list is named, and nothing is imported or run to tell."""

import subprocess
import sys
import zipfile

import hostile_weights as hostile
import numpy as np
import pytest
import yaml
from hostile_weights import field, keras_class, onnx_node, pair, tf_call, tf_function, tf_node
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dfcan_bmz.bundle_file.screen import FORMATS, protobuf, unlisted
from dfcan_bmz.bundle_file.screen.keras_classes import CLASSES
from dfcan_bmz.bundle_file.screen.tensorflow_operations import OPERATIONS as OF_TENSORFLOW
from dfcan_bmz.bundle_file.screen.torchscript_operations import OPERATIONS as OF_PYTORCH

NODES = [tf_node("Placeholder", "input"), tf_node("Conv2D", "c", ["input"]), tf_node("Identity", "output", ["c"])]
RELU = [onnx_node("Relu")]
LOOP = "    for i in range({}):\n      y = torch.relu(x)\n    return x\n"


def listed(weight_format, path):
    assert unlisted(weight_format, path) is None
    return True


def refused(weight_format, path, *words):
    """The reason names what was found, in one line."""
    reason = unlisted(weight_format, path)
    assert reason is not None
    assert "\n" not in reason
    assert len(reason) < 400
    for word in words:
        assert word in reason
    return True


# ── SavedModel ──

TENSORFLOW = "tensorflow_saved_model_bundle"


def test_a_frozen_graph_with_functions_is_listed(tmp_path):
    call = tf_node("StatefulPartitionedCall", "call", ["input"], f=tf_call("__inference_conv_1"))
    function = tf_function("__inference_conv_1", tf_node("Conv2D"), tf_node("Relu"))
    assert listed(TENSORFLOW, hostile.saved_model(tmp_path / "w.zip", *NODES, call, functions=[function]))


OPERATIONS = """
    WriteFile ReadFile MatchingFiles ImmutableConst DecodeProtoV2 EncodeProto PyFunc PyFuncStateless EagerPyFunc
    LoadLibrary PrintV2 Print DebugIdentity DebugIdentityV2 DebugNumericSummaryV2 Save SaveV2 SaveSlices RestoreV2
    Restore RestoreSlice MergeV2Checkpoints ShardedFilename TextLineDataset LoadDataset SaveDatasetV2 MapDataset
    TFRecordReader WholeFileReaderV2 InitializeTableFromTextFileV2 LookupTableFindV2 VarHandleOp ReadVariableOp
    AudioSummary WriteSummary CreateSummaryFileWriter Assert While StatelessWhile If Case RemoteCall
    SymbolicGradient ParseExample Enter NextIteration Custom>WriteFile _Send _Recv _HostCast XlaHostCompute
    TPUExecute conv2d
"""


@pytest.mark.parametrize("operation", OPERATIONS.split())
@pytest.mark.parametrize("place", ["unreached node", "unreached function"])
def test_an_operation_that_is_not_listed_is_named_wherever_it_stands(tmp_path, operation, place):
    bad = tf_node(operation, "bad")
    functions = [tf_function("__inference_unused_9", bad)] if "function" in place else []
    nodes = NODES if functions else [*NODES, bad]
    path = hostile.saved_model(tmp_path / "w.zip", *nodes, functions=functions)
    assert refused(TENSORFLOW, path, operation)


COLLECTION = field(4, pair("saved_model_main_op", field(1, field(1, "n"))))


@pytest.mark.parametrize(
    ("meta", "word"),
    [
        (COLLECTION, "collections"),
        (field(4, pair("legacy_init_op", b"")), "collections"),
        (field(4, pair("table_initializer", b"")), "collections"),
        (field(3, field(3, "n")), "a saver"),  # restore_op_name
        (field(6, field(2, "vocabulary.txt")), "assets"),
        (field(7, field(1, field(3, b""))), "tracked objects"),
        (field(5, pair("__saved_model_init_op", b"")), "__saved_model_init_op"),
        (field(99, b""), "field 99"),
    ],
)
def test_whatever_tensorflow_may_run_when_it_loads_is_named(tmp_path, meta, word):
    assert refused(TENSORFLOW, hostile.saved_model(tmp_path / "w.zip", *NODES, meta=meta), word)


def test_a_second_graph_is_looked_through_too(tmp_path):
    evil = field(2, field(2, field(1, tf_node("WriteFile"))))
    whole = hostile.saved_model(tmp_path / "w.zip", *NODES)
    with zipfile.ZipFile(whole) as archive:
        content = archive.read("saved_model.pb") + evil
    assert refused(TENSORFLOW, hostile.zipped(tmp_path / "v.zip", {"saved_model.pb": content}), "WriteFile")


@pytest.mark.parametrize("name", ["WriteFile", "SaveV2", "__inference_of_nobody"])
@pytest.mark.parametrize("within", [lambda call: call, lambda call: field(1, field(9, call[2:]))])
def test_a_call_names_a_function_of_the_graph_and_no_operation(tmp_path, name, within):
    node = tf_node("PartitionedCall", f=within(tf_call(name)))
    assert refused(TENSORFLOW, hostile.saved_model(tmp_path / "w.zip", node), name)


@pytest.mark.parametrize("name", ["WriteFile", "_Send", "__MklDummyPadWithConv2D", "evil op", ""])
def test_a_function_may_not_be_called_like_an_operation(tmp_path, name):
    functions = [tf_function(name, tf_node("Relu"))]
    assert refused(TENSORFLOW, hostile.saved_model(tmp_path / "w.zip", *NODES, functions=functions), "a function of")


@pytest.mark.parametrize(
    ("node", "word"),
    [
        (tf_node("Relu", _gradient_op_type=field(2, "PyFunc")), "_gradient_op_type"),
        (tf_node("Relu", device="/job:worker/replica:0/task:1"), "/job:worker"),
        (tf_node("Const", dtype=field(6, 20)), "handles"),
        (tf_node("Const", value=field(8, field(1, 21))), "handles"),
        (tf_node("Const", value=field(8, field(14, b""))), "field 14 of a constant"),
        (tf_node("Const", value=field(9, "placeholder")), "field 9"),
        (tf_node("PartitionedCall", config_proto=field(2, field(10, b""))), "field 10 of the settings"),
    ],
)
def test_a_node_has_listed_attributes_only(tmp_path, node, word):
    assert refused(TENSORFLOW, hostile.saved_model(tmp_path / "w.zip", node), word)


@pytest.mark.parametrize("key", ["api_implements", "_anything"])
def test_a_function_has_listed_attributes_only(tmp_path, key):
    function = tf_function("__inference_a_1", tf_node("Relu"), attributes=field(5, pair(key, field(2, "x"))))
    assert refused(TENSORFLOW, hostile.saved_model(tmp_path / "w.zip", *NODES, functions=[function]), key)


def test_a_gradient_function_is_named(tmp_path):
    graph = field(2, field(2, pair("__inference_a_1", "__inference_b_1")))
    assert refused(TENSORFLOW, hostile.saved_model(tmp_path / "w.zip", *NODES, graph=graph), "the library of functions")


def test_functions_that_double_the_work_at_every_level_are_refused(tmp_path):
    functions = [tf_function("f0", tf_node("Relu"))]
    for level in range(1, 40):
        calls = [tf_node("PartitionedCall", f"c{side}", f=tf_call(f"f{level - 1}")) for side in range(2)]
        functions.append(tf_function(f"f{level}", *calls))
    few = hostile.saved_model(tmp_path / "few.zip", tf_node("f9"), functions=functions[:10])
    assert listed(TENSORFLOW, few)
    assert refused(
        TENSORFLOW, hostile.saved_model(tmp_path / "w.zip", tf_node("f39"), functions=functions), "1,000,000"
    )
    circle = [tf_function("f", tf_node("g")), tf_function("g", tf_node("f"))]
    assert refused(TENSORFLOW, hostile.saved_model(tmp_path / "c.zip", tf_node("f"), functions=circle), "circle")


@pytest.mark.parametrize(
    "name", ["saved_model.pbtxt", "saved_model.cpb", "SAVED_MODEL.PBTXT", "assets/x", "a/saved_model.pb"]
)
def test_a_file_beside_the_graph_is_named(tmp_path, name):
    assert refused(TENSORFLOW, hostile.saved_model(tmp_path / "w.zip", *NODES, members={name: b""}), name)


# ── TorchScript ──

BODIES = (
    "    x1 = torch.conv2d(x, self.weight, None, [1, 1], [1, 1], [1, 1], 1)\n    return torch.gelu(x1)\n",
    '    y = torch.abs(torch.fft_rfft2(x, None, [-2, -1], "ortho"))\n    return torch.mean(y, [2, 3], True)\n',
    "    h, w, = torch.slice(torch.size(x), -2)\n    if torch.gt(h, 1):\n      y = x\n    else:\n      y = w\n"
    "    return y\n",
    '    if self.training:\n      ops.prim.RaiseException("no", "builtins.ValueError")\n    else:\n      pass\n'
    "    return x\n",
)


@pytest.mark.parametrize("body", BODIES)
def test_code_of_a_network_is_listed(tmp_path, body):
    assert listed("torchscript", hostile.torchscript(tmp_path / "w.pt", body))


CALLS = [
    'torch.save(x, "p")',
    'torch . save(x, "p")',
    'torch.\n      save(x, "p")',
    '(torch).save(x, "p")',
    'ops.aten.save(x, "p")',
    'ops.aten\t.save(x, "p")',
    'ops . aten . save(x, "p")',
    'torch.from_file("p", False, 9)',
    '("p").from_file(False, 9)',
    'x.save("p")',
    'getattr(x, "save")("p")',
    'getattr(torch, "save")(x, "p")',
    'self.weight.save("p")',
    'torch.relu(x).save("p")',
    "torch.\\\n      save(x)",
    'torch.save(x, "p") # comment',
    'ops.profiler._record_function_enter_new("p")',
    "__torch__.torch.classes.profiler._RecordFunction()",
    "ops.quantized.conv2d(x)",
    'debugprims.load_tensor("p")',
    'print("x")',
    "fork(x)",
    "torch._print(x)",
    "torch.manual_seed(1)",
    "torch.empty([9])",
    "torch.as_strided(x, [9], [1])",
    "torch.set_(x, x)",
    "__torch__.nobody(x)",
    "__torch__.Net()",
    "self(x)",
    "self.nothing",
    "self.forward2(x)",
    "nobody(x)",
    "torch",
    "(lambda: x)()",
    "[y for y in x]",
    "x if True else x",
    'f"{x}"',
    "x + x",
    "torch.relu(*x)",
    "torch.relu(**x)",
    "annotate(__torch__.torch.classes.a.B, x)",
    'ops.prim.RaiseException("x", "os.system")',
]


@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize(
    "form",
    [
        "    return {}\n",
        "    y = {}\n    return x\n",
        "    if bool({}):\n      pass\n    else:\n      pass\n    return x\n",
    ],
)
def test_a_call_that_is_not_listed_is_refused_however_it_is_written(tmp_path, call, form):
    assert refused("torchscript", hostile.torchscript(tmp_path / "w.pt", form.format(call)))


@pytest.mark.parametrize(
    "body",
    [
        '    f = torch.save\n    y = f(x, "p")\n    return x\n',
        '    t = torch\n    y = t.save(x, "p")\n    return x\n',
        '    f = x.save\n    y = f("p")\n    return x\n',
        '    torch = x\n    y = torch.save("p")\n    return x\n',
        '    s = self\n    s = x\n    y = s.save("p")\n    return x\n',
        '    s = self\n    if True:\n      s = x\n    else:\n      pass\n    y = s.save("p")\n    return x\n',
        '    for s in range(2):\n      y = s.save("p")\n    return x\n',
        "    while True:\n      y = x\n    return x\n",
        "    self.weight = x\n    return x\n",
        "    with x:\n      pass\n    return x\n",
        "    import os\n    return x\n",
        "    global x\n    return x\n",
        "    return x; torch.save(x)\n",
        "    y = '''a'''\n    return x\n",
        "    y = r'a'\n    return x\n",
        "    return \N{GREEK SMALL LETTER ALPHA}\n",
        "    return x\r    torch.save(x)\n",
        "    return x\x0c\n",
    ],
)
def test_another_name_for_an_operation_does_not_hide_it(tmp_path, body):
    assert refused("torchscript", hostile.torchscript(tmp_path / "w.pt", body))


def test_a_declared_name_does_not_make_an_operation_of_that_name_a_listed_one(tmp_path):
    """The class has an attribute ``save``, but it is the tensor whose ``save`` is called."""
    declared = hostile.CLASS + "  save : Tensor\n"
    assert listed("torchscript", hostile.torchscript(tmp_path / "a.pt", "    return self.save\n", before=declared))
    assert refused(
        "torchscript", hostile.torchscript(tmp_path / "b.pt", '    return x.save("p")\n', before=declared), "x.save"
    )
    method = "  def save(self: __torch__.Net, path: str) -> str:\n    return path\n"
    body = '    y = self.weight\n    z = y.save("p")\n    return x\n'
    assert refused("torchscript", hostile.torchscript(tmp_path / "c.pt", body, after=method), "y.save")


@pytest.mark.parametrize("name", ["__setstate__", "__getstate__", "__init__", "__getattr__", "__del__"])
def test_methods_that_run_unseen_are_refused(tmp_path, name):
    method = f"  def {name}(self: __torch__.Net,\n    x: Tensor) -> Tensor:\n    return torch.relu(x)\n"
    assert refused("torchscript", hostile.torchscript(tmp_path / "w.pt", after=method), name)


@pytest.mark.parametrize(
    "end",
    [
        "9223372036854775807",
        "torch.numel(x)",
        "torch.len(self.weight)",
        "torch.mul(torch.dim(x), 9999999)",
        "torch.size(x, 0)",
    ],
)
def test_a_loop_counts_something_that_is_known_to_be_small(tmp_path, end):
    assert refused("torchscript", hostile.torchscript(tmp_path / "w.pt", LOOP.format(end)), "")


@pytest.mark.parametrize(
    "end", ["3", "torch.dim(x)", "torch.len(torch.size(x))", "torch.sub(torch.len(torch.size(x)), 2)"]
)
def test_a_short_loop_is_listed(tmp_path, end):
    assert listed("torchscript", hostile.torchscript(tmp_path / "w.pt", LOOP.format(end)))


def test_a_list_that_grows_is_not_counted(tmp_path):
    grown = "    l = [1]\n    m = torch.append(l, 1)\n" + LOOP.format("torch.len(l)")
    assert refused("torchscript", hostile.torchscript(tmp_path / "a.pt", grown), "loops that may not end")
    shared = "    l = [1]\n    k = l\n    m = torch.append(k, 1)\n" + LOOP.format("torch.len(l)")
    assert refused("torchscript", hostile.torchscript(tmp_path / "b.pt", shared), "loops that may not end")
    read = "    l = [1]\n    m = l[0]\n" + LOOP.format("torch.len(l)")
    assert listed("torchscript", hostile.torchscript(tmp_path / "c.pt", read))


def test_loops_within_loops_and_calls_that_double_come_to_too_much(tmp_path):
    deep = "".join("    " + "  " * level + f"for i{level} in range(torch.dim(x)):\n" for level in range(5))
    nested = deep + "    " + "  " * 5 + "y = torch.relu(x)\n    return x\n"
    assert refused("torchscript", hostile.torchscript(tmp_path / "a.pt", nested), "1,000,000")
    functions = "def f0(x: Tensor) -> Tensor:\n  return torch.relu(x)\n" + "".join(
        f"def f{n}(x: Tensor) -> Tensor:\n  y = __torch__.f{n - 1}(x, )\n  return __torch__.f{n - 1}(y, )\n"
        for n in range(1, 40)
    )
    body = "    return __torch__.f39(x, )\n"
    assert refused("torchscript", hostile.torchscript(tmp_path / "b.pt", body, after=functions), "1,000,000")


def test_names_that_lead_on_and_on_do_not_hold_up_the_screen(tmp_path):
    steps = "".join(f"    if True:\n      a{n} = a{n - 1}\n    else:\n      a{n} = a{n - 1}\n" for n in range(1, 200))
    body = "    a0 = self\n" + steps + "    return a199.weight\n"
    assert refused("torchscript", hostile.torchscript(tmp_path / "w.pt", body), "more than can be followed")


@pytest.mark.parametrize(
    "name",
    [
        "code/__torch__.PY",
        "code/__TORCH__.py",
        "code/__torch__/a.py.txt",
        "code/other.py",
        "CODE/__torch__/a.py",
        "Data.pkl",
        "bytecode.pkl",
        "model.json",
        "extra/notes",
        "attributes.pkl",
        "code/__torch__/../a.py",
        "../a",
    ],
)
def test_a_member_of_another_name_is_refused(tmp_path, name):
    assert refused("torchscript", hostile.torchscript(tmp_path / "w.pt", members={name: b""}))


def test_members_outside_of_the_one_folder_are_refused(tmp_path):
    path = hostile.torchscript(tmp_path / "w.pt")
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr("other/code/__torch__/a.py", b"x")
    assert refused("torchscript", path)


@pytest.mark.parametrize(
    "change",
    [
        lambda data: b"PK" + data,
        lambda data: data + b"\0",
        lambda data: data[:-2] + b"\5\0aaaaa",
        lambda data: data[:-22] + data[-22:] * 2,
        lambda data: data[: data.index(b"PK\1\2")] + b"gap" + data[data.index(b"PK\1\2") :],
        lambda data: data[: len(data) // 2],
        lambda data: b"",
    ],
)
def test_a_zip_that_two_readers_may_read_differently_is_refused(tmp_path, change):
    path = hostile.torchscript(tmp_path / "w.pt")
    path.write_bytes(change(path.read_bytes()))
    assert refused("torchscript", path)


def test_a_zip_whose_headers_contradict_its_directory_is_refused(tmp_path):
    path = hostile.with_local_name(hostile.torchscript(tmp_path / "a.pt"), b"net/data.pkl", b"net/dat0.pkl")
    assert refused("torchscript", path, "its directory describes differently")
    path = hostile.with_second_directory(hostile.torchscript(tmp_path / "b.pt"))
    assert refused("torchscript", path, "two directories")


def test_names_that_differ_in_their_case_only_are_refused(tmp_path):
    path = hostile.torchscript(tmp_path / "w.pt", members={"code/__torch__/a.py": b"", "code/__torch__/A.py": b""})
    assert refused("torchscript", path, "entries of one name")


PICKLES = {
    "os system": b"\x80\x02cos\nsystem\n(X\x02\x00\x00\x00lstR.",
    "posix system": b"\x80\x02cposix\nsystem\n)R.",
    "builtins eval": b"\x80\x02cbuiltins\neval\n)R.",
    "torch load": b"\x80\x02ctorch\nload\n)R.",
    "a class of PyTorch": b"\x80\x02c__torch__.torch.classes.profiler\n_RecordFunction\n)\x81.",
    "a class that is not declared": b"\x80\x02c__torch__\nOther\n)\x81.",
    "a global by name from the stack": b"\x80\x04X\x02\x00\x00\x00osX\x06\x00\x00\x00system\x93)R.",
    "an extension": b"\x80\x02\x82\x01.",
    "no pickle": b"hello",
    "no end": b"\x80\x02)",
}


@pytest.mark.parametrize("data", PICKLES.values(), ids=PICKLES)
@pytest.mark.parametrize("name", ["data.pkl", "constants.pkl", "code/__torch__.py.debug_pkl", "traced_inputs.pkl"])
def test_a_pickle_holds_listed_objects_only(tmp_path, data, name):
    assert refused("torchscript", hostile.torchscript(tmp_path / "w.pt", members={name: data}))


@pytest.mark.parametrize(
    "weight", [(4, 0, (2, 2), (2, 1)), (4, 3, (1,), (1,)), (4, 0, (9, 4), (0, 1)), (4, 9, (0,), (1,))]
)
def test_a_tensor_within_its_storage_is_listed(tmp_path, weight):
    path = hostile.torchscript(tmp_path / "w.pt", data=hostile.one_weight(*weight), members={"data/0": bytes(16)})
    assert listed("torchscript", path)


@pytest.mark.parametrize(
    "weight",
    [
        (400, 0, (400,), (1,)),  # more numbers than are stored
        (4, 0, (200,), (1,)),
        (4, 1, (4,), (1,)),
        (4, 0, (2, 2), (3, 1)),
        (4, -1, (2,), (1,)),
        (4, 3, (2,), (-1,)),
        (4, 0, (4,), ()),
        (-1, 0, (1,), (1,)),
        (4, 0, (4,), (1,), "../0"),
        (4, 0, (4,), (1,), "1"),
        (99, 0, (99,), (1,), "0", b"K\0"),  # a kind by its number, not by its name
        (99, 0, (99,), (1,), "0", b"ctorch\nQInt8Storage\n"),
    ],
)
def test_a_tensor_that_reaches_into_the_memory_of_the_program_is_refused(tmp_path, weight):
    path = hostile.torchscript(tmp_path / "w.pt", data=hostile.one_weight(*weight), members={"data/0": bytes(16)})
    assert refused("torchscript", path)


INNER = "class Small(Module):\n  training : bool\nclass Big(Module):\n  training : bool\n  a : Tensor\n  b : Tensor\n"
SMALL = b"\x80\x02c__torch__\nNet\n)\x81}(X\x05\0\0\0innerc__torch__\nSmall\n)\x81}X\x08\0\0\0training\x89sbub."


@pytest.mark.parametrize(("declared", "passes"), [("Small", True), ("Big", False), ("Net", False)])
def test_an_attribute_holds_an_object_of_the_class_that_it_is_declared_to_hold(tmp_path, declared, passes):
    """libtorch finds attributes by their place in the class: in another object there may be nothing."""
    before = INNER + hostile.CLASS + f"  inner : __torch__.{declared}\n"
    path = hostile.torchscript(tmp_path / "w.pt", before=before, data=SMALL)
    assert listed("torchscript", path) if passes else refused("torchscript", path, "another form")
    value = INNER + hostile.CLASS + "  inner : Tensor\n"
    assert refused("torchscript", hostile.torchscript(tmp_path / "v.pt", before=value, data=SMALL), "another form")


TUPLE = b"\x80\x02c__torch__\nNet\n)\x81}(X\x08\0\0\0training\x89X\x01\0\0\0t%bub."
LONG, SHORT, NONE = (TUPLE % (b"(" + b"K\1" * length + b"t") for length in (2, 1, 0))


@pytest.mark.parametrize(
    ("declared", "data", "passes"),
    [
        ("Tuple[int, int]", LONG, True),
        ("Tuple[int]", SHORT, True),
        ("Tuple[int, int]", SHORT, False),
        ("Tuple[int, int]", NONE, False),
        ("Tuple[int, int]", hostile.DATA, True),
        ("Tensor", LONG, False),
        ("Tuple[int, Tuple[int, int]]", LONG, False),
        ("Optional[Tuple[int, int]]", LONG, False),
        ("List[Tuple[int, int]]", hostile.DATA, False),
        ("List[__torch__.Big]", hostile.DATA, False),
        ("Dict[str, __torch__.Big]", hostile.DATA, False),
        ("Final[Optional[Tuple[int, int]]]", hostile.DATA, True),
    ],
)
def test_a_tuple_has_as_many_parts_as_it_is_declared_to_have(tmp_path, declared, data, passes):
    """libtorch takes a shorter one apart all the same, beyond the end of its stack."""
    before = INNER + hostile.CLASS_WITHOUT_WEIGHT + f"  t : {declared}\n"
    path = hostile.torchscript(tmp_path / "w.pt", before=before, data=data)
    assert listed("torchscript", path) if passes else refused("torchscript", path, "")


def test_no_tuple_is_taken_for_another(tmp_path):
    body = "    y = (x,)\n    z = unchecked_cast(Tuple[Tensor, Tensor], y)\n    a, b, = z\n    return b\n"
    assert refused("torchscript", hostile.torchscript(tmp_path / "w.pt", body), "taken for another")
    body = "    y = annotate(Tuple[Tensor, Tensor], (x, x))\n    a, b, = y\n    return b\n"
    assert listed("torchscript", hostile.torchscript(tmp_path / "v.pt", body))


def test_no_object_is_taken_for_another(tmp_path):
    body = "    y = __torch__.f(unchecked_cast(__torch__.Big, CONSTANTS.c0), )\n    return y\n"
    after = "def f(x: __torch__.Big) -> Tensor:\n  return x.b\n"
    path = hostile.torchscript(tmp_path / "w.pt", body, before=INNER + hostile.CLASS, after=after)
    assert refused("torchscript", path, "taken for another")
    body = "    return __torch__.f(torch.__getitem__(self.l, 0), )\n"
    before = INNER + hostile.CLASS + "  l : List[__torch__.Big]\n"
    path = hostile.torchscript(tmp_path / "v.pt", body, before=before, after=after)
    assert refused("torchscript", path, "List[__torch__.Big]")


# ── ONNX ──


def test_a_plain_onnx_model_is_listed(tmp_path):
    assert listed("onnx", hostile.onnx_model(tmp_path / "w.onnx", *RELU))


@pytest.mark.parametrize(
    ("build", "word"),
    [
        (lambda p: hostile.onnx_model(p, onnx_node("PyOp", "ai.onnx.contrib")), "PyOp"),
        (lambda p: hostile.onnx_model(p, onnx_node("EPContext", "com.microsoft")), "EPContext"),
        (lambda p: hostile.onnx_model(p, onnx_node("Loop")), "Loop"),
        (lambda p: hostile.onnx_model(p, onnx_node("Scan")), "Scan"),
        (
            lambda p: hostile.onnx_model(p, *RELU, graph=field(5, field(13, pair("location", "/etc/passwd")))),
            "another file",
        ),
        (lambda p: hostile.onnx_model(p, *RELU, graph=field(5, field(14, 1))), "another file"),
        (lambda p: hostile.onnx_model(p, *RELU, graph=field(15, field(1, field(14, 1)))), "another file"),
        (
            lambda p: hostile.onnx_model(p, onnx_node("Constant", attributes=field(5, field(5, field(14, 1))))),
            "another file",
        ),
        (
            lambda p: hostile.onnx_model(
                p, onnx_node("If", attributes=field(5, field(6, field(1, onnx_node("Loop")))))
            ),
            "Loop",
        ),
        (lambda p: hostile.onnx_model(p, *RELU, model=field(20, b"")), "training"),
        (lambda p: hostile.onnx_model(p, *RELU, model=field(25, field(1, "f") + field(7, onnx_node("Loop")))), "Loop"),
        (lambda p: hostile.onnx_model(p, *RELU, graph=field(77, b"")), "field 77"),
    ],
)
def test_an_onnx_model_is_refused_for_what_is_not_listed(tmp_path, build, word):
    assert refused("onnx", build(tmp_path / "w.onnx"), word)


def test_onnx_functions_that_double_the_work_are_refused(tmp_path):
    functions = b"".join(
        field(25, field(1, f"f{n}") + field(10, "d") + field(7, onnx_node(f"f{n - 1}", "d")) * 2) for n in range(1, 40)
    )
    functions += field(25, field(1, "f0") + field(10, "d") + field(7, onnx_node("Relu")))
    assert refused("onnx", hostile.onnx_model(tmp_path / "w.onnx", onnx_node("f39", "d"), model=functions), "1,000,000")


def test_a_model_in_onnxruntime_s_own_format_is_refused(tmp_path):
    path = tmp_path / "w.onnx"
    path.write_bytes(field(2, b"xxORTM" + b"x" * 40) + hostile.onnx_model(tmp_path / "v.onnx", *RELU).read_bytes())
    assert path.read_bytes()[4:8] == b"ORTM"
    assert refused("onnx", path, "onnxruntime's own format")


# ── Keras ──


def test_a_plain_keras_file_is_listed(tmp_path):
    layers = [
        keras_class("InputLayer"),
        keras_class("Conv2D", activation="relu"),
        keras_class("Add", "keras.src.ops.numpy"),
    ]
    assert listed("keras_v3", hostile.keras_file(tmp_path / "w.keras", *layers))


@pytest.mark.parametrize(
    "layer",
    [
        keras_class("Lambda"),
        keras_class("TFSMLayer", filepath="/tmp/model"),
        keras_class("TorchModuleWrapper"),
        keras_class("StringLookup", vocabulary="/etc/passwd"),
        keras_class("TextVectorization", vocabulary="http://127.0.0.1/"),
        keras_class("IntegerLookup"),
        keras_class("JaxLayer"),
        keras_class("WhileLoop", "keras.src.ops.core"),
        keras_class("get_file", "keras.utils"),
        keras_class("Conv2D", "os"),
        keras_class("Conv2D", None),
        keras_class("Conv2D", "keras.src.utils.module_utils"),
        keras_class("function", "builtins") | {"config": "eval"},
        keras_class("__lambda__", None, value="x"),
        keras_class("__typespec__", None),
        keras_class("Conv2D") | {"registered_name": "Custom>Conv2D"},
        keras_class("Conv2D", kernel_initializer=keras_class("Mine", "mine")),
        keras_class("Conv2D") | {"class_name": ["Conv2D"]},
        {"class_name": "Conv2D", "config": {}},
    ],
)
def test_a_keras_class_that_is_not_listed_is_refused(tmp_path, layer):
    assert refused("keras_v3", hostile.keras_file(tmp_path / "w.keras", layer), "classes that are not listed")


def test_weights_that_point_into_other_files_are_refused(tmp_path):
    import h5py

    secret = tmp_path / "secret.bin"
    secret.write_bytes(bytes(400))
    layout = h5py.VirtualLayout((4,), "f4")
    layout[:] = h5py.VirtualSource(str(secret), "x", (4,))
    fills = [
        lambda file: file.__setitem__("x", h5py.ExternalLink(str(secret), "/")),
        lambda file: file.__setitem__("x", h5py.SoftLink("/layers")),
        lambda file: file.create_dataset("layers/x", (100,), "f4", external=[(str(secret), 0, 400)]),
        lambda file: file.create_virtual_dataset("x", layout),
        lambda file: file.create_dataset("x", (10**12,), "f4", chunks=(1024,)),
        lambda file: file.create_dataset("x", data=np.zeros(10**5, "f4"), chunks=(1024,), compression="gzip"),
    ]
    for index, fill in enumerate(fills):
        assert refused("keras_v3", hostile.keras_file(tmp_path / f"{index}.keras", fill=fill), "weights that")


def test_groups_in_a_circle_do_not_hold_up_the_screen(tmp_path):
    circle = hostile.keras_file(
        tmp_path / "w.keras", fill=lambda file: file["layers"].__setitem__("self", file["layers"])
    )
    assert listed("keras_v3", circle)


@pytest.mark.parametrize("name", ["assets/x", "model.weights.npz", "Config.json", "../config.json"])
def test_another_member_of_a_keras_file_is_refused(tmp_path, name):
    assert refused("keras_v3", hostile.keras_file(tmp_path / "w.keras", members={name: b""}), "members")


# ── all of them ──

EMPTY_FIELDS = {
    TENSORFLOW: lambda path, many: hostile.saved_model(path, *[b""] * many),
    "onnx": lambda path, many: hostile.onnx_model(path, *[b""] * many),
}


@pytest.mark.parametrize("weight_format", EMPTY_FIELDS)
def test_fields_without_number_do_not_hold_up_the_screen(tmp_path, monkeypatch, weight_format):
    monkeypatch.setattr(protobuf, "MOST_FIELDS", 1000)
    few, many = (EMPTY_FIELDS[weight_format](tmp_path / f"{count}", count) for count in (900, 1001))
    assert listed(weight_format, few)
    assert refused(weight_format, many, "more than can be followed")


WHOLE = {
    "keras_v3": lambda path: hostile.keras_file(path, keras_class("Conv2D")),
    TENSORFLOW: lambda path: hostile.saved_model(
        path, *NODES, functions=[tf_function("__inference_a_1", tf_node("Relu"))]
    ),
    "torchscript": lambda path: hostile.torchscript(path, sorted(BODIES)[0]),
    "onnx": lambda path: hostile.onnx_model(path, *RELU, graph=field(5, field(1, 3) + field(9, bytes(12)))),
}


@pytest.mark.parametrize("weight_format", FORMATS)
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(changes=st.lists(st.tuples(st.floats(0, 1), st.binary(max_size=6)), max_size=4), cut=st.floats(0.5, 1.5))
def test_damaged_weights_are_listed_or_refused_in_one_line(tmp_path, weight_format, changes, cut):
    path = tmp_path / "whole"
    content = bytearray(WHOLE[weight_format](path).read_bytes())
    for place, garbage in changes:
        position = int(place * len(content))
        content[position : position + len(garbage)] = garbage
    path.write_bytes(content[: int(cut * len(content))])
    reason = unlisted(weight_format, path)
    assert reason is None or "\n" not in reason


@pytest.mark.parametrize("text", ["(" * 300, "-" * 50000 + "1", "x" + ".a" * 50000, "[" * 3000, "x = 1\n" * 100000])
def test_code_that_would_exhaust_a_parser_is_refused(tmp_path, text):
    assert refused("torchscript", hostile.torchscript(tmp_path / "w.pt", code=text))


def test_no_framework_is_imported_to_screen(tmp_path):
    for weight_format, build in WHOLE.items():
        build(tmp_path / weight_format)
    program = (
        "import sys; from pathlib import Path; from dfcan_bmz.bundle_file.screen import FORMATS, unlisted\n"
        "assert all(unlisted(name, Path(sys.argv[1]) / name) is None for name in FORMATS)\n"
        "print(*{'torch', 'tensorflow', 'keras', 'onnx', 'onnxruntime'} & set(sys.modules))"
    )
    answer = subprocess.run([sys.executable, "-c", program, str(tmp_path)], capture_output=True, text=True)
    assert (answer.returncode, answer.stdout.strip()) == (0, ""), answer.stderr


def test_the_lists_hold_what_the_frameworks_have_and_nothing_with_a_state():
    from tensorflow.python.framework import op_def_registry

    known = {name: op_def_registry.get(name) for name in OF_TENSORFLOW}
    assert [name for name, operation in known.items() if operation is None] == []
    assert [name for name, operation in known.items() if operation.is_stateful] == []


def test_the_keras_classes_are_those_of_keras():
    from keras.src.saving.serialization_lib import _retrieve_class_or_fn

    for module, names in CLASSES.items():
        for name in names:
            assert isinstance(_retrieve_class_or_fn(name, None, module, "class", {"registered_name": None}), type)


@pytest.mark.parametrize("kind", ["tiny_bundle", "companion_bundle"])
def test_weights_of_this_project_are_listed(tmp_path, request, kind):
    with zipfile.ZipFile(request.getfixturevalue(kind)) as archive:
        weights = yaml.safe_load(archive.read("rdf.yaml"))["weights"]
        for weight_format, entry in weights.items():
            (tmp_path / "w").write_bytes(archive.read(entry["source"]))
            assert listed(weight_format, tmp_path / "w")


def test_typical_torchscript_of_the_zoo_is_listed(tmp_path):
    torch = pytest.importorskip("torch")
    from zoo_network import UNet

    image = torch.rand(1, 1, 32, 32)
    for norm in ("batch", "instance", "group"):
        for up in ("transposed", "bilinear"):
            network = UNet(norm, up).eval()
            for script in (torch.jit.trace(network, image), torch.jit.script(network)):
                torch.jit.save(script, tmp_path / "w.pt")
                assert listed("torchscript", tmp_path / "w.pt")
    torch.jit.save(torch.jit.freeze(torch.jit.script(network)), tmp_path / "w.pt")
    assert listed("torchscript", tmp_path / "w.pt")


def test_the_operations_of_pytorch_are_known_to_it_and_name_no_file():
    torch = pytest.importorskip("torch")
    schemas = [
        (schema.name, [argument.name for argument in schema.arguments]) for schema in torch._C._jit_get_all_schemas()
    ]
    names = {name.replace("torch.", "aten::").replace("ops.prim.", "prim::") for name in OF_PYTORCH}
    assert names - {name for name, _ in schemas} == set()
    assert [name for name, arguments in schemas if name in names and "filename" in arguments] == []
