"""Operations of PyTorch that networks are made of: each computes its outputs from its inputs, in place or not."""

_TENSORS = """
    __contains__ __derive_index __getitem__ __is__ __isnot__ __not__ __range_length __and__ __or__ __xor__
    _adaptive_avg_pool2d _adaptive_avg_pool3d _convolution _convolution_mode _log_softmax
    _native_multi_head_attention _set_item _shape_as_tensor _softmax _unwrap_optional _upsample_bicubic2d_aa
    _upsample_bilinear2d_aa _upsample_lanczos2d_aa _upsample_nearest_exact1d _upsample_nearest_exact2d
    _upsample_nearest_exact3d _weight_norm abs abs_ absolute adaptive_avg_pool1d adaptive_avg_pool2d
    adaptive_avg_pool3d adaptive_max_pool1d adaptive_max_pool2d adaptive_max_pool3d add add_ addcdiv addcmul addmm
    affine_grid_generator alias all alpha_dropout amax amin angle any append arange argmax argmin argsort as_tensor
    asin atan atan2 avg_pool1d avg_pool2d avg_pool3d baddbmm batch_norm bernoulli bilinear bitwise_and bitwise_not
    bitwise_or bitwise_xor bmm broadcast_tensors broadcast_to cat ceil ceil_ celu channel_shuffle chunk clamp
    clamp_ clamp_max clamp_max_ clamp_min clamp_min_ clip clone complex concat concatenate conj constant_pad_nd
    contiguous conv1d conv2d conv3d conv_transpose1d conv_transpose2d conv_transpose3d copy copy_ cos cosh cross
    cumprod cumsum deg2rad detach device diag dim div div_ divide dot dropout dropout_ einsum elu elu_ embedding
    empty_like eq equal erf erfc exp exp_ expand expand_as expm1 eye feature_alpha_dropout feature_dropout
    feature_dropout_ fft_fft fft_fft2 fft_fftn fft_fftshift fft_ifft fft_ifft2 fft_ifftn fft_ifftshift fft_irfft
    fft_irfft2 fft_irfftn fft_rfft fft_rfft2 fft_rfftn fill fill_ flatten flip fliplr flipud float_power floor
    floor_ floor_divide floordiv fmod format frac full full_like gather ge gelu gelu_ glu grid_sampler group_norm
    gru gt hardshrink hardsigmoid hardsigmoid_ hardswish hardswish_ hardtanh hardtanh_ im2col imag index_add
    index_select instance_norm is_complex is_contiguous is_floating_point is_nonzero is_scripting isfinite isinf
    isnan item kthvalue layer_norm le leaky_relu leaky_relu_ len lerp linalg_norm linalg_vector_norm linear
    linspace list log log10 log1p log2 log_sigmoid log_softmax logical_and logical_not logical_or logical_xor logit
    logsumexp lstm lt masked_fill masked_fill_ matmul max max_pool1d max_pool2d max_pool3d max_pool2d_with_indices
    maximum mean median meshgrid min minimum mish mish_ mm movedim mul mul_ multiply mv nan_to_num narrow ne neg
    neg_ negative new_full new_ones new_zeros norm numel numpy_T one_hot ones ones_like pad permute pixel_shuffle
    pixel_unshuffle polar pow pow_ prelu prod quantile rad2deg real reciprocal reflection_pad1d reflection_pad2d
    reflection_pad3d relu relu6 relu6_ relu_ remainder repeat repeat_interleave replication_pad1d replication_pad2d
    replication_pad3d reshape reshape_as roll rot90 round rrelu rsqrt rsqrt_ rsub scalar_tensor
    scaled_dot_product_attention scatter scatter_add select selu selu_ sigmoid sigmoid_ sign silu silu_ sin sinh
    size slice softmax softplus softshrink sort split split_with_sizes sqrt sqrt_ square square_ squeeze squeeze_
    stack std std_mean sub sub_ subtract sum swapaxes swapdims t tan tanh tanh_ tensor tensordot threshold
    threshold_ tile to topk transpose tril triu true_divide trunc type_as unbind unflatten unfold unsqueeze
    unsqueeze_ upsample_bicubic2d upsample_bilinear2d upsample_linear1d upsample_nearest1d upsample_nearest2d
    upsample_nearest3d upsample_trilinear3d var var_mean view view_as view_as_complex view_as_real warn where zero_
    zeros zeros_like
"""
_PRIMITIVES = (
    "NumToTensor RaiseException TupleIndex data device dtype is_cpu is_cuda layout max min requires_grad unchecked_cast"
)
OPERATIONS = {f"torch.{name}" for name in _TENSORS.split()} | {f"ops.prim.{name}" for name in _PRIMITIVES.split()}
