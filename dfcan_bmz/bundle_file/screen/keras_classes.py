"""Classes of Keras that networks are made of, by the module under which a ``.keras`` file names them.

Layers that read files or addresses (`StringLookup`, `TFSMLayer`), bring code or pickles (`Lambda`,
`TorchModuleWrapper`), or loop (`WhileLoop`, recurrent layers) are left out.
"""

_LAYERS = """
    Activation ActivityRegularization Add Average AveragePooling2D AveragePooling3D BatchNormalization Concatenate
    Conv1D Conv2D Conv2DTranspose Conv3D Conv3DTranspose Cropping2D Cropping3D Dense DepthwiseConv2D Dot Dropout
    ELU Flatten GaussianDropout GaussianNoise GlobalAveragePooling2D GlobalAveragePooling3D GlobalMaxPooling2D
    GlobalMaxPooling3D GroupNormalization Identity InputLayer LayerNormalization LeakyReLU MaxPooling2D
    MaxPooling3D Maximum Minimum MultiHeadAttention Multiply Normalization PReLU Permute RMSNormalization ReLU
    RepeatVector Rescaling Reshape Resizing SeparableConv2D Softmax SpatialDropout2D SpatialDropout3D
    SpectralNormalization Subtract UnitNormalization UpSampling2D UpSampling3D ZeroPadding2D ZeroPadding3D
"""
_NUMPY = """
    Abs Absolute Add All Amax Amin Any Arctan Arctan2 Argmax Argmin Average BroadcastTo Ceil Clip Concatenate Copy
    Cos Cosh Cumprod Cumsum Divide DivideNoNan Einsum Equal Exp Exp2 ExpandDims Expm1 Flip Floor FloorDivide Full
    FullLike GetItem Greater GreaterEqual Imag Isfinite Isinf Isnan Less LessEqual Log Log10 Log1p Log2 Logaddexp
    LogicalAnd LogicalNot LogicalOr Matmul Max Maximum Mean Min Minimum Mod Moveaxis Multiply NanToNum Negative
    NotEqual OnesLike Pad Power Prod Real Reciprocal Repeat Reshape Roll Rot90 Round Sign Sin Sinh Split Sqrt
    Square Squeeze Stack Std Subtract Sum Swapaxes Take Tan Tanh Tensordot Tile Transpose TrueDivide Var Where
    ZerosLike
"""
_NN = """
    AveragePool BatchNorm Conv ConvTranspose DepthToSpace DepthwiseConv Elu Gelu Glu HardSigmoid HardSilu HardTanh
    LayerNorm LeakyRelu LogSigmoid LogSoftmax MaxPool Moments Normalize RMSNorm Relu Relu6 Selu SeparableConv
    Sigmoid Silu SoftShrink Softmax Softplus Softsign SpaceToDepth Threshold
"""
_INITIALIZERS = """
    Constant GlorotNormal GlorotUniform HeNormal HeUniform Identity LecunNormal LecunUniform Ones Orthogonal
    RandomNormal RandomUniform TruncatedNormal VarianceScaling Zeros
"""
_OPTIMIZERS = "Adadelta Adafactor Adagrad Adam AdamW Adamax Ftrl Lamb Lion Nadam RMSprop SGD"
_SCHEDULES = "CosineDecay CosineDecayRestarts ExponentialDecay InverseTimeDecay PiecewiseConstantDecay PolynomialDecay"
_LOSSES = """
    BinaryCrossentropy BinaryFocalCrossentropy CategoricalCrossentropy CosineSimilarity Dice Hinge Huber
    KLDivergence LogCosh MeanAbsoluteError MeanAbsolutePercentageError MeanSquaredError MeanSquaredLogarithmicError
    Poisson SparseCategoricalCrossentropy Tversky
"""
_METRICS = "Accuracy BinaryAccuracy BinaryIoU IoU Mean MeanAbsoluteError MeanIoU MeanSquaredError RootMeanSquaredError"
CLASSES = {
    module: set(names.split())
    for module, names in {
        "keras": "DTypePolicy Model Sequential",
        "keras.constraints": "MaxNorm MinMaxNorm NonNeg UnitNorm",
        "keras.initializers": _INITIALIZERS,
        "keras.layers": _LAYERS,
        "keras.losses": _LOSSES,
        "keras.metrics": _METRICS,
        "keras.models": "Model Sequential",
        "keras.optimizers": _OPTIMIZERS,
        "keras.optimizers.schedules": _SCHEDULES,
        "keras.regularizers": "L1 L1L2 L2 OrthogonalRegularizer",
        "keras.src.models.functional": "Functional",
        "keras.src.ops.core": "Cast ConvertToTensor Slice StopGradient Unstack",
        "keras.src.ops.image": "Resize",
        "keras.src.ops.linalg": "Norm",
        "keras.src.ops.math": "Erf FFT FFT2 IFFT2 IRFFT Logsumexp RFFT Rsqrt",
        "keras.src.ops.nn": _NN,
        "keras.src.ops.numpy": _NUMPY,
    }.items()
}
MARKS = {"__bytes__", "__ellipsis__", "__keras_tensor__", "__numpy__", "__slice__", "__tensor__"}
