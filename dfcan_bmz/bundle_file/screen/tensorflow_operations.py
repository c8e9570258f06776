"""Operations of TensorFlow that networks are made of: each computes its outputs from its inputs, and no more."""

CALLS = {"PartitionedCall", "StatefulPartitionedCall"}
_NAMES = """
    Abs Add AddN AddV2 All Any ArgMax ArgMin AvgPool AvgPool3D BatchMatMul BatchMatMulV2 BatchMatMulV3 BatchToSpace
    BatchToSpaceND BiasAdd BiasAddV1 BroadcastArgs BroadcastTo Cast Ceil ClipByValue Complex ComplexAbs Concat
    ConcatV2 Conj Const Conv2D Conv2DBackpropInput Conv3D Conv3DBackpropInputV2 Cos Cosh Cumprod Cumsum
    DepthToSpace DepthwiseConv2dNative Diag DiagPart Div DivNoNan Einsum Elu EnsureShape Equal Erf Erfc Exp
    ExpandDims Expm1 FFT FFT2D FFT3D Fill Floor FloorDiv FloorMod FusedBatchNorm FusedBatchNormV2 FusedBatchNormV3
    Gather GatherNd GatherV2 Greater GreaterEqual IFFT IFFT2D IFFT3D IRFFT IRFFT2D IRFFT3D Identity IdentityN Imag
    InvertPermutation IsFinite IsInf IsNan L2Loss LRN LeakyRelu Less LessEqual LinSpace Log Log1p LogSoftmax
    LogicalAnd LogicalNot LogicalOr MatMul Max MaxPool MaxPool3D MaxPoolV2 Maximum Mean Min Minimum MirrorPad Mod
    Mul MulNoNan Neg NoOp NotEqual OneHot OnesLike Pack Pad PadV2 Placeholder PlaceholderWithDefault Pow
    PreventGradient Prod RFFT RFFT2D RFFT3D Range Rank Real RealDiv Reciprocal Relu Relu6 Reshape ResizeArea
    ResizeBicubic ResizeBilinear ResizeNearestNeighbor Reverse ReverseV2 Rint Roll Round Rsqrt ScatterNd Select
    SelectV2 Selu Shape ShapeN Sigmoid Sign Sin Sinh Size Slice Softmax Softplus Softsign SpaceToBatch
    SpaceToBatchND SpaceToDepth Split SplitV Sqrt Square SquaredDifference Squeeze StopGradient StridedSlice Sub
    Sum Tan Tanh Tile TopKV2 Transpose TruncateDiv TruncateMod Unpack Where Xdivy Xlogy ZerosLike
"""
OPERATIONS = set(_NAMES.split())
# attributes whose names begin with an underscore are notes of TensorFlow to itself
ATTRIBUTES = {
    "_XlaMustCompile",
    "_class",
    "_cloned",
    "_collective_manager_ids",
    "_construction_context",
    "_grappler_do_not_remove",
    "_has_manual_control_dependencies",
    "_input_shapes",
    "_noinline",
    "_original_func_name",
    "_output_shapes",
    "_read_only_resource_inputs",
    "_tf_keras_layer_name",
    "_user_specified_name",
}
